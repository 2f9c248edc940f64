# SPDX-License-Identifier: Apache-2.0
"""Includes point one way: a layer includes itself and the layers below it, nothing includes "../",
backends and examples see public headers only, no header includes itself through others, and base
names are unique, so that a bare name means one file."""
import os
import re
import sys

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')
PUBLIC_SYSTEM = {'stdbool.h', 'stddef.h', 'stdint.h'}
# Freestanding headers, the one of memcpy and its relatives, and atomics, which are code of the compiler
# where they are no locks.
CORE_SYSTEM = PUBLIC_SYSTEM | {'limits.h', 'stdalign.h', 'stdatomic.h', 'string.h'}


def includes(root, path):
    for number, line in enumerate(tree.lines(root, path), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def unique_names(paths):
    seen = {}
    for path in paths:
        name = os.path.basename(path)
        # include/ipsec/X.h is always written <ipsec/X.h>; a program's C files are its own.
        if path.startswith('include/') or (name.endswith('.c') and not path.startswith('lib/')):
            continue
        if name in seen:
            yield f'{path}: has the base name of {seen[name]}'
        seen[name] = path


def core_rules(where, quoted, system, own, layer_of):
    if quoted is not None:
        target = layer_of.get(quoted)
        if target is None:
            yield f'{where}: "{quoted}" is not a header of a layer'
        elif target != own and target not in tree.LAYERS[own]:
            yield f'{where}: {own} may not include "{quoted}" of {target}'
    elif not system.startswith('ipsec/') and system not in CORE_SYSTEM:
        yield f'{where}: <{system}> is not for the core'
    elif system.startswith('ipsec/backend_'):
        yield f'{where}: the core does not know backends'


def public_rules(where, quoted, system):
    if quoted is not None:
        yield f'{where}: public headers are included as <ipsec/...>'
    elif not system.startswith('ipsec/') and system not in PUBLIC_SYSTEM:
        yield f'{where}: <{system}> in a public header'


def outside_rules(where, quoted, layer_of):
    if quoted in layer_of:
        yield f'{where}: "{quoted}" is internal; backends and examples include public headers only'


def findings_of(root, path, layer_of):
    part = path.split(os.sep)
    for number, quoted, system in includes(root, path):
        where = f'{path}:{number}'
        if '..' in (quoted or system).split('/'):
            yield f'{where}: ".." in an include'
        if part[0] == 'include':
            yield from public_rules(where, quoted, system)
        elif part[0] == 'lib' and part[1] in tree.LAYERS:
            yield from core_rules(where, quoted, system, part[1], layer_of)
        elif part[0] in ('lib', 'examples'):
            yield from outside_rules(where, quoted, layer_of)


def cycles(root, paths):
    """Headers are removed as long as one includes no other that is left."""
    name = {os.path.basename(p): p for p in paths if not p.startswith('include/')}
    left = {}
    for path in paths:
        if path.endswith('.h'):
            left[path] = set()
            for _, quoted, system in includes(root, path):
                target = name.get(quoted) if quoted else os.path.join('include', system)
                left[path].add(target)
    while True:
        free = [p for p, targets in left.items() if not targets & set(left)]
        if not free:
            break
        for path in free:
            del left[path]
    return [f'{path}: in or above a cycle of includes' for path in sorted(left)]


def main(root):
    paths = tree.files(root, ('.c', '.h', '.cc'))
    layer_of = {os.path.basename(p): p.split(os.sep)[1] for p in paths
                if p.startswith('lib') and p.endswith('.h') and p.split(os.sep)[1] in tree.LAYERS}
    findings = list(unique_names(paths)) + cycles(root, paths)
    for path in paths:
        findings += findings_of(root, path, layer_of)
    tree.finish(findings, len(paths))


main(sys.argv[1])
