# SPDX-License-Identifier: Apache-2.0
"""Functions of 60 lines and 5 parameters at most, C files of 600 lines at most. What is over stands in
baseline.txt with its measure (a file never over 900); an entry may only shrink, and goes when it is no
longer needed."""
import os
import re
import sys

import tree

FUNCTION_LINES = 60
FILE_LINES = 600
FILE_LINES_EVER = 900
PARAMETERS = 5
NAME = re.compile(r'(\w+)\s*\(')


def signature(text, at):
    """Lines of the signature above the brace at line index `at`, and the index of its first."""
    first = at
    while first > 0 and text[first - 1].strip() and not re.search(r'[;}]\s*$|\*/\s*$|^#',
                                                                  text[first - 1]):
        first -= 1
    return ' '.join(text[first:at]), first


def parameters(sig):
    inside = sig[sig.index('(') + 1:sig.rindex(')')]
    depth = 0
    count = 1
    for c in inside:
        depth += (c == '(') - (c == ')')
        count += c == ',' and depth == 0
    return count


def functions(text):
    """(name, lines, parameters) of each function; the layout has its braces in column 0."""
    start = None
    for at, line in enumerate(text):
        if line == '{' and start is None:
            sig, first = signature(text, at)
            match = NAME.search(sig)
            if match:
                start = (match.group(1), first, parameters(sig))
        elif line.startswith('}') and start is not None:
            yield start[0], at - start[1] + 1, start[2]
            start = None


def measure(root):
    over = {}
    checked = 0
    for path in tree.files(root, ('.c', '.h', '.cc')):
        text = tree.lines(root, path)
        length = len(text) - (text[-1] == '')
        if length > FILE_LINES:
            over[path] = length
        for name, size, count in functions(text):
            checked += 1
            if size > FUNCTION_LINES:
                over[f'{path}:{name}'] = size
            # Backends and test doubles have the parameters of the table that they fill.
            if count > PARAMETERS and not path.startswith(('tests/', 'lib/backend/')):
                over[f'{path}:{name}:parameters'] = count
    return over, checked


def baseline(path):
    entries = {}
    with open(path, encoding='utf-8') as f:
        for line in f:
            if line.strip() and not line.startswith('#'):
                what, size = line.split()
                entries[what] = int(size)
    return entries


def main(root):
    over, checked = measure(root)
    listed = baseline(os.path.join(root, 'tests/lint/baseline.txt'))
    findings = []
    for what, size in sorted(over.items()):
        if ':' not in what and size > FILE_LINES_EVER:
            findings.append(f'{what}: {size} lines, {FILE_LINES_EVER} are the very most')
        elif what not in listed:
            findings.append(f'{what}: {size}, and not in baseline.txt')
        elif size > listed[what]:
            findings.append(f'{what}: {size}, and {listed[what]} in baseline.txt: may only shrink')
    for what, size in sorted(listed.items()):
        if over.get(what, 0) < size:
            findings.append(f'{what}: {over.get(what, "within limits")} now: shrink baseline.txt')
    tree.finish(findings, checked)


main(sys.argv[1])
