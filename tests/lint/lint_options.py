# SPDX-License-Identifier: Apache-2.0
"""Meson options are sorted and described."""
import re
import sys

import tree


def main(root):
    text = '\n'.join(tree.lines(root, 'meson_options.txt'))
    options = re.findall(r"^option\(\s*'([^']+)'(.*?)\)\s*$", text, re.M | re.S)
    names = [name for name, _ in options]
    findings = [f'{b}: after {a}, but options are sorted' for a, b in zip(names, names[1:]) if a > b]
    for name, rest in options:
        described = re.search(r"description:\s*'([^']+)'", rest)
        if not described or len(described.group(1)) < 10:
            findings.append(f'{name}: not described')
    tree.finish(findings, len(options))


main(sys.argv[1])
