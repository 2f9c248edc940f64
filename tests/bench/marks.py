# SPDX-License-Identifier: Apache-2.0
"""Gathers the reports of the benchmark programs into one, and shows its marks.

  marks.py gather REPORTS THROUGHPUT OUT   REPORTS: tests/bench/run --json. THROUGHPUT: lines
                                           `name value mark held|missed` among others
  marks.py show OUT                        exits 1 when a mark is missed, 2 when there is none
"""
import json
import os
import platform
import re
import sys

# What the table of marks is about, by the names of the marks: one of each has to be there, or it is
# said why it is not.
FAMILIES = [
    ('mbedtls-esp', r'^esp_(seal|open)_aes', 'no Mbed TLS'),
    ('mbedtls-handshakes', r'^ike-of-bare-psk-', 'no Mbed TLS'),
    ('openssl-esp', r'^esp_(seal|open)_openssl_', 'no OpenSSL'),
    ('openssl-handshakes', r'^ike-handshakes-per-s-openssl-', 'no OpenSSL'),
    ('ipsec-mb-esp', r'^esp_.*(ipsec|i)[-_]?mb', 'no ipsec-mb'),
    ('dpdk', r'^dpdk_', 'no DPDK 22.11'),
    ('tunnels', r'tunnels', 'no subject for it'),
    ('throughput', r'^(throughput|two-site)', 'no network namespaces, or no peers, or no program'),
]
MARK = re.compile(r'^(\S+) (-?[0-9.]+) (-?[0-9.]+) (held|missed)$')
# Those that decide which code the crypto libraries run.
FEATURES = ['aes', 'vaes', 'pclmulqdq', 'vpclmulqdq', 'avx2', 'avx512f', 'sha_ni']


def machine():
    flags = set()
    try:
        with open('/proc/cpuinfo', encoding='utf-8') as f:
            for line in f:
                if line.startswith('flags'):
                    flags = set(line.split())
                    break
    except OSError:
        pass
    return {'architecture': platform.machine(), 'processors': os.cpu_count(),
            'features': [name for name in FEATURES if name in flags]}


def marks_of(reports, lines):
    marks = [mark for report in reports for mark in report['marks']]
    for line in lines:
        match = MARK.match(line.strip())
        if match:
            marks.append({'name': match[1], 'value': float(match[2]), 'mark': float(match[3]),
                          'held': match[4] == 'held'})
    return marks


def gather(reports_path, lines_path, out_path):
    with open(reports_path, encoding='utf-8') as f:
        reports = json.load(f)
    with open(lines_path, encoding='utf-8') as f:
        lines = f.read().splitlines()
    out = {'machine': machine(), 'reports': reports, 'marks': marks_of(reports, lines)}
    with open(out_path, 'w', encoding='utf-8') as f:
        json.dump(out, f, indent=1)
        f.write('\n')


def show(path):
    with open(path, encoding='utf-8') as f:
        marks = json.load(f)['marks']
    missed = 0
    for mark in marks:
        missed += not mark['held']
        print(f"{mark['name']} {mark['value']:.3f} {mark['mark']:.3f} "
              f"{'held' if mark['held'] else 'missed'}")
    for name, pattern, reason in FAMILIES:
        if not any(re.search(pattern, mark['name']) for mark in marks):
            print(f'{name} - - not-built {reason}')
    print(f'marks: {len(marks)}, held {len(marks) - missed}, missed {missed}')
    return 2 if not marks else 1 if missed else 0


def main():
    if len(sys.argv) == 5 and sys.argv[1] == 'gather':
        gather(*sys.argv[2:])
        return 0
    if len(sys.argv) == 3 and sys.argv[1] == 'show':
        return show(sys.argv[2])
    print(__doc__, file=sys.stderr)
    return 2


sys.exit(main())
