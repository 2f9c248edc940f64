# SPDX-License-Identifier: Apache-2.0
"""No function of the core calls itself, straight or through others, so that the stack is bounded. Reads
the calls of the built layers with objdump; calls through pointers are not seen."""
import re
import subprocess
import sys

import tree

OBJECT = re.compile(r'^(\S+):\s+file format')
FUNCTION = re.compile(r'^[0-9a-f]+ <([\w.]+)>:')
# A call or a tail call to the start of a function of the same object ...
NEAR = re.compile(r'\b(?:callq?|jmpq?|bl|b)\s+[0-9a-f]+ <([\w.]+)>')
# ... or to one that the linker finds.
FAR = re.compile(r'R_\w+\s+(ipseci?_\w+)')


def calls(tool, archive):
    """Pairs (caller, callee); a name is object:name until it is known to be global."""
    out = subprocess.run([tool, '-dr', archive], check=True, capture_output=True, text=True).stdout
    where = caller = None
    lines = out.split('\n')
    for line, after in zip(lines, lines[1:] + ['']):
        match = OBJECT.match(line)
        if match:
            where = match.group(1)
            continue
        match = FUNCTION.match(line)
        if match:
            caller = (where, match.group(1))
            yield caller, None
            continue
        match = FAR.search(line)
        if match:
            yield caller, (None, match.group(1))
            continue
        match = NEAR.search(line)
        # With a relocation in the next line the address shown is not yet the one it goes to.
        if not match or 'R_' in after:
            continue
        # A jump to one's own start is a loop.
        if (where, match.group(1)) != caller or re.search(r'\b(callq?|bl)\s', line):
            yield caller, (where, match.group(1))


def graph_of(tool, archives):
    pairs = [pair for archive in archives for pair in calls(tool, archive)]
    # Functions with the library's prefix have linkage: one name, one function.
    name = lambda f: f[1] if re.match(r'ipseci?_', f[1]) else ':'.join(f)
    graph = {}
    for caller, callee in pairs:
        graph.setdefault(name(caller), set())
        if callee is not None:
            graph[name(caller)].add(name(callee))
    return graph


def in_cycles(graph):
    """What is left when functions that call nothing left, or that nothing left calls, are removed."""
    left = {f: {c for c in callees if c in graph} for f, callees in graph.items()}
    while True:
        called = set().union(*left.values()) if left else set()
        gone = {f for f, callees in left.items() if not callees or f not in called}
        if not gone:
            return sorted(left)
        left = {f: callees - gone for f, callees in left.items() if f not in gone}


def main(tool, archives):
    graph = graph_of(tool, archives)
    edges = sum(len(callees) for callees in graph.values())
    print(f'{edges} calls')
    findings = [f'{f}: in a cycle of calls' for f in in_cycles(graph)]
    tree.finish(findings, len(graph) if edges else 0)


main(sys.argv[1], sys.argv[2:])
