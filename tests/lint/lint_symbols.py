# SPDX-License-Identifier: Apache-2.0
"""Symbols by nm: the shared library exports ipsec_* only; layers and backends define ipsec_* and
ipseci_* only; the core needs nothing but itself, the octet functions of string.h and the compiler's
own support (so no heap, clock, socket, stdio or abort), and has no object that can be written."""
import re
import subprocess
import sys

import tree

OWN = re.compile(r'ipseci?_')
# KAME's libipsec has these.
TAKEN = {'ipsec_strerror', 'ipsec_set_policy', 'ipsec_get_policylen', 'ipsec_dump_policy'}
OCTETS = {'memcpy', 'memmove', 'memset', 'memcmp', 'memchr', 'strchr', 'strlen', 'strcmp', 'strncmp', 'bcmp'}
# __stack_chk_fail, __memcpy_chk and the like, 64-bit arithmetic, position-independent code, sanitizers,
# coverage, libFuzzer.
COMPILER = re.compile(r'__(stack_chk|\w+_chk$|u?div|u?mod|ash|lsh|popcount|clz|ctz|mul|aeabi|bswap|'
                      r'asan|ubsan|sanitizer|tsan|msan|gcov|sancov|llvm)|_GLOBAL_OFFSET_TABLE_|'
                      r'__start___sancov|__stop___sancov')
READ_ONLY = re.compile(r'\.(rodata|text|data\.rel\.ro|eh_frame|gnu|init_array|fini_array|note|comment|'
                       r'debug)')


def nm(tool, *args):
    out = subprocess.run([tool, *args], check=True, capture_output=True, text=True).stdout
    return out.split('\n')


def exported(tool, path):
    for line in nm(tool, '-D', '--defined-only', '-P', path):
        if line:
            yield line.split()[0].split('@')[0]


def symbols(tool, path):
    """(name, class, section) of an archive; the class of an undefined symbol is U."""
    for line in nm(tool, '-f', 'sysv', path):
        field = [f.strip() for f in line.split('|')]
        if len(field) >= 7 and field[0] and field[0] != 'Name':
            yield field[0], field[2], field[6]


def check_exports(tool, path):
    for name in exported(tool, path):
        if not name.startswith('ipsec_'):
            yield f'{path}: exports {name}'
        if name in TAKEN:
            yield f'{path}: {name} is a name of another library'


def check_names(path, table):
    for name, kind, _ in table:
        if kind.isupper() and kind not in 'UN' and not OWN.match(name) and not COMPILER.match(name):
            yield f'{path}: defines {name}'


def check_core(path, table, sanitized):
    for name, kind, section in table:
        if kind in 'Uw' and not (OWN.match(name) or name in OCTETS or COMPILER.match(name)):
            yield f'{path}: needs {name}'
        if not sanitized and kind in 'bBdDcCsS' and not READ_ONLY.match(section):
            yield f'{path}: {name} can be written ({section})'


def main(tool, shared, core, backends):
    findings = []
    checked = 0
    for path in core + backends:
        table = list(symbols(tool, path))
        checked += len(table)
        findings += check_names(path, table)
        if path in core:
            # Sanitizers and coverage keep their own tables in writable sections.
            sanitized = any(re.match(r'__(asan|ubsan|gcov|sanitizer)', name) for name, _, _ in table)
            findings += check_core(path, table, sanitized)
    for path in shared:
        names = list(exported(tool, path))
        checked += len(names)
        if 'ipsec_status_text' not in names and 'libipsec-core.so' in path:
            findings.append(f'{path}: exports no ipsec_status_text')
        findings += check_exports(tool, path)
    tree.finish(findings, checked)


groups = {'--shared': [], '--core': [], '--backend': []}
current = None
for argument in sys.argv[2:]:
    if argument in groups:
        current = groups[argument]
    else:
        current.append(argument)
main(sys.argv[1], groups['--shared'], groups['--core'], groups['--backend'])
