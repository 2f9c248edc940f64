# SPDX-License-Identifier: Apache-2.0
"""What the lints share: the project's files, and the report of findings."""
import os
import sys

SKIP = 77  # the exit status that Meson shows as "skipped"
LAYERS = {
    'base': set(),
    'wire': {'base'},
    'crypto': {'base', 'wire'},
    'esp': {'base', 'wire', 'crypto'},
    'ike': {'base', 'wire', 'crypto'},
    'gw': {'base', 'wire', 'crypto', 'esp', 'ike'},
}


def files(root, suffixes=None, below=''):
    """Paths relative to root, sorted; build folders and hidden folders left out."""
    found = []
    for folder, folders, names in os.walk(os.path.join(root, below)):
        folders[:] = [f for f in folders
                      if not f.startswith(('.', 'build', '__pycache__', 'corpus'))
                      and not os.path.exists(os.path.join(folder, f, 'meson-private'))]
        for name in names:
            if suffixes is None or name.endswith(tuple(suffixes)):
                found.append(os.path.relpath(os.path.join(folder, name), root))
    return sorted(found)


def lines(root, path):
    with open(os.path.join(root, path), encoding='utf-8', errors='replace') as f:
        return f.read().split('\n')


def finish(findings, checked):
    """Prints the findings and leaves with the test's status. Nothing checked is a failure too."""
    for finding in findings:
        print(finding)
    print(f'{checked} checked, {len(findings)} findings')
    sys.exit(1 if findings or checked == 0 else 0)


def skip(reason):
    print(f'SKIP: {reason}')
    sys.exit(SKIP)
