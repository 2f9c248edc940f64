# SPDX-License-Identifier: Apache-2.0
"""Conformance rows and published bugs that tests and comments name exist, and the two lists of them
in tests/conformance are well formed. How a name claims a row stands in tests/conformance/rows.py."""
import os
import re
import sys

import tree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                'conformance'))
import rows  # noqa: E402


def twice(names):
    return sorted({name for name in names if names.count(name) > 1})


def check_lists(all_rows, all_bugs):
    ids = [row.id for row in all_rows]
    known = set(ids) | {name.split('-')[0] for name in ids}
    tags = [tag for bug in all_bugs for tag in bug.tags]
    found = [f'rows.tsv: {name} stands there twice' for name in twice(ids)]
    found += [f'bugs.tsv: {tag} stands there twice' for tag in twice(tags)]
    for row in all_rows:
        if row.layer not in rows.LAYERS or row.level not in rows.LEVELS or not row.title:
            found.append(f'rows.tsv: {row.id}: layer, level or title')
    for bug in all_bugs:
        missing = sorted(set(bug.rows) - known)
        if bug.layer not in rows.LAYERS or missing or not bug.title:
            found.append(f'bugs.tsv: {bug.tags[0]}: layer, title or rows {" ".join(missing)}')
    return found


def check_line(place, line, claims, comment):
    found = []
    for word in re.findall(r'[a-z_][a-z0-9_]*', line):
        found += [f'{place}: {word}: there is no {claim}' for claim in claims.of(word)
                  if claim not in claims.known]
        if claims.has_range(word):
            found.append(f'{place}: {word}: spell the rows out, one by one')
    found += [f'{place}: there is no row {name}' for name in comment.findall(line)
              if name not in claims.known]
    return found


def main(root):
    all_rows = rows.load_rows()
    all_bugs = rows.load_bugs()
    claims = rows.Claims(all_rows, all_bugs)
    comment = re.compile(r'\b(?:%s)-[0-9]{2}\b'
                         % '|'.join(sorted({row.id.split('-')[0] for row in all_rows})))
    findings = check_lists(all_rows, all_bugs)
    paths = tree.files(root, ('.c', '.h', 'meson.build'))
    for path in paths:
        for number, line in enumerate(tree.lines(root, path), 1):
            findings += check_line(f'{path}:{number}', line, claims, comment)
    tree.finish(findings, len(paths))


main(sys.argv[1])
