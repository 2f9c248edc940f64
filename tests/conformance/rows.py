# SPDX-License-Identifier: Apache-2.0
"""The two checklists beside this file, and which of their rows a test's name claims.

A test function claims the conformance rows whose IDs stand in its name in lower case, with an
underscore: init_07_... claims INIT-07, init_07_auth_21_... two rows, init_07_08_... INIT-07 and
INIT-08. It claims a published bug with that bug's tag: ..._cve_2016_5391_..., ..._vpp_ab63c830114.
"""
import collections
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
LEVELS = ('must', 'should', 'may')
LAYERS = ('ike', 'esp')

Row = collections.namedtuple('Row', 'id layer level rfc reason title')
Bug = collections.namedtuple('Bug', 'tags layer rows reason title')


def table(name):
    with open(os.path.join(HERE, name), encoding='utf-8') as f:
        return [line.rstrip('\n').split('\t') for line in f if not line.startswith('#')]


def load_rows():
    return [Row(*fields[:4], '' if fields[4] == '-' else fields[4], fields[5])
            for fields in table('rows.tsv')]


def load_bugs():
    return [Bug(fields[0].split(','), fields[1], fields[2].split(','),
                '' if fields[3] == '-' else fields[3], fields[4]) for fields in table('bugs.tsv')]


class Claims:
    """Finds claims in names."""

    def __init__(self, rows, bugs):
        groups = sorted({row.id.split('-')[0].lower() for row in rows})
        self.known = {row.id for row in rows} | {tag for bug in bugs for tag in bug.tags}
        self.rows = re.compile(r'(?<![a-z0-9])(%s)((?:_[0-9]{2}(?![0-9a-z]))+)' % '|'.join(groups))
        self.range = re.compile(r'(?<![a-z0-9])(?:%s)_[0-9]{2}(?:_[0-9]{2})*_to_[0-9]{2}'
                                % '|'.join(groups))
        words = sorted({tag for bug in bugs for tag in bug.tags if not re.search(r'[0-9]', tag)})
        self.bugs = re.compile(r'(?<![a-z0-9])(cve_[0-9]{4}_[0-9]{4,}|(?:vpp|openiked)_[0-9a-f]{7,11}'
                               r'%s)(?![a-z0-9])' % ''.join('|' + word for word in words))

    def of(self, name):
        """IDs and tags, whether they exist or not."""
        found = []
        for group, numbers in self.rows.findall(name):
            found += [f'{group.upper()}-{number}' for number in numbers.strip('_').split('_')]
        return found + self.bugs.findall(name)

    def has_range(self, name):
        return self.range.search(name) is not None
