#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Is the table of lib/ike/COLLISIONS.md the one that test_sim_collisions tests?

    collisions_table.py COLLISIONS.md TEST-PROGRAM
"""
import subprocess
import sys


def main(document, program):
    tested = subprocess.run([program, '--table'], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    with open(document, encoding='utf-8') as f:
        published = [line.rstrip('\n') for line in f if line.startswith('|')]
    if published == tested:
        return 0
    for line in sorted(set(tested) ^ set(published)):
        print('only in the', 'test:    ' if line in tested else 'document:', line)
    return 1


sys.exit(main(*sys.argv[1:]))
