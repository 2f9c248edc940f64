# SPDX-License-Identifier: Apache-2.0
"""clang-format decides the layout. Other versions lay some lines out differently, so only the one that
the rules were written with is asked."""
import os
import re
import shutil
import subprocess
import sys

import tree

VERSION = '14'


def find():
    for name in (f'clang-format-{VERSION}', 'clang-format'):
        tool = shutil.which(name)
        if tool:
            out = subprocess.run([tool, '--version'], capture_output=True, text=True).stdout
            match = re.search(r'version (\d+)', out)
            if match and match.group(1) == VERSION:
                return tool
    return None


def main(root):
    tool = find()
    if tool is None:
        tree.skip(f'clang-format {VERSION} is not installed')
    paths = tree.files(root, ('.c', '.h', '.cc'))
    findings = []
    for path in paths:
        full = os.path.join(root, path)
        out = subprocess.run([tool, '--style=file', full], capture_output=True, check=True).stdout
        with open(full, 'rb') as f:
            if f.read() != out:
                findings.append(f'{path}: not as clang-format lays it out')
    tree.finish(findings, len(paths))


main(sys.argv[1])
