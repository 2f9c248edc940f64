# SPDX-License-Identifier: Apache-2.0
"""Compiles every public header alone (twice in a row), in the language given: the compiler with its
arguments follows on the command line."""
import glob
import os
import subprocess
import sys

STRICT = ['-pedantic-errors', '-Wall', '-Wextra', '-Werror', '-Wundef', '-fsyntax-only']


def compile_text(compiler, language, include, text):
    return subprocess.run([*compiler, *STRICT, '-I', include, '-x', language, '-'], input=text,
                          capture_output=True, text=True)


def main(root, language, compiler):
    include = os.path.join(root, 'include')
    failed = 0
    headers = sorted(glob.glob(os.path.join(include, 'ipsec', '*.h')))
    for path in headers:
        name = os.path.basename(path)
        once = f'#include <ipsec/{name}>\n'
        # One declaration more, as ISO C wants one in a translation unit of macros only.
        result = compile_text(compiler, language, include, once + once + 'extern int used;\n')
        print(f'{"ok" if result.returncode == 0 else "FAILED"}: {name}')
        if result.returncode != 0:
            print(result.stderr)
            failed += 1
    if compile_text(compiler, language, include, '#include <ipsec/no_such.h>\n').returncode == 0:
        print('FAILED: a header that does not exist was taken')
        failed += 1
    sys.exit(1 if failed or not headers else 0)


main(sys.argv[1], sys.argv[2], sys.argv[3:])
