# SPDX-License-Identifier: Apache-2.0
"""Every source file says its licence in its first line (the second, after #!)."""
import os
import sys

import tree

SUFFIXES = ('.c', '.h', '.cc', '.py', '.sh', '.ini')
NAMES = ('meson.build', 'meson_options.txt')
TAG = 'SPDX-License-Identifier: Apache-2.0'


def is_source(root, path):
    name = os.path.basename(path)
    # Vectors and samples are data, under the licences their folder states.
    if path.startswith(os.path.join('tests', 'vectors')) and not name.endswith(('.c', '.h', '.py')):
        return False
    if name.endswith(SUFFIXES) or name in NAMES:
        return True
    with open(os.path.join(root, path), 'rb') as f:
        return f.read(2) == b'#!'


def main(root):
    findings = []
    paths = [p for p in tree.files(root) if is_source(root, p)]
    if os.path.exists(os.path.join(root, '.ci/run')):
        paths.append('.ci/run')
    for path in paths:
        head = tree.lines(root, path)[:2]
        if TAG not in head[1 if head[0].startswith('#!') else 0]:
            findings.append(f'{path}: no "{TAG}" in its first line')
    tree.finish(findings, len(paths))


main(sys.argv[1])
