# SPDX-License-Identifier: Apache-2.0
"""Rules on the text of functions: no #if inside one (features are tables, functions or files), in the
core no assert (a peer must never reach one) and no alloca, and goto only forward."""
import re
import sys

import tree


def bodies(text):
    """(first line number, lines) of each function; the layout has its braces in column 0."""
    start = None
    for at, line in enumerate(text):
        if line == '{' and start is None:
            start = at
        elif line.startswith('}') and start is not None:
            yield start + 1, text[start:at + 1]
            start = None


def findings_of(path, core, first, body):
    labels = {}
    for at, line in enumerate(body):
        match = re.match(r'^(\w+):$', line)
        if match:
            labels[match.group(1)] = at
    for at, line in enumerate(body):
        where = f'{path}:{first + at}'
        if re.match(r'\s*#\s*(if|ifdef|ifndef|else|elif|endif)\b', line):
            yield f'{where}: #if inside a function'
        if core and re.search(r'\b(assert|alloca)\s*\(', line):
            yield f'{where}: assert or alloca in the core'
        match = re.search(r'\bgoto (\w+);', line)
        if match and labels.get(match.group(1), len(body)) <= at:
            yield f'{where}: goto goes back'


def main(root):
    findings = []
    checked = 0
    for path in tree.files(root, ('.c', '.h')):
        part = path.split('/')
        if part[0] not in ('lib', 'include', 'examples'):
            continue
        core = part[0] == 'lib' and part[1] in tree.LAYERS
        for first, body in bodies(tree.lines(root, path)):
            checked += 1
            findings += findings_of(path, core, first, body)
    tree.finish(findings, checked)


main(sys.argv[1])
