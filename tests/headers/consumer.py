# SPDX-License-Identifier: Apache-2.0
"""Builds and installs the library, shared and static, into a folder of its own, and then other
projects' programs in C and C++ against what was installed, by pkg-config alone; runs them.

    consumer.py SOURCE WORK C-COMPILER [C++-COMPILER]"""
import glob
import os
import shutil
import subprocess
import sys

WARNINGS = ['-Wall', '-Wextra', '-pedantic-errors', '-Werror']


def run(command, **kwargs):
    print('+', ' '.join(command), flush=True)
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            **kwargs)
    print(result.stdout, flush=True)
    if result.returncode != 0:
        sys.exit(f'FAILED with {result.returncode}: {command[0]}')
    return result.stdout


def install(source, work):
    build = os.path.join(work, 'build')
    prefix = os.path.join(work, 'prefix')
    if not os.path.exists(os.path.join(build, 'build.ninja')):
        run(['meson', 'setup', build, source, f'--prefix={prefix}', '--libdir=lib',
             '-Ddefault_library=both', '-Dtests=false', '-Dexamples=false', '-Dfuzz=false'])
    run(['ninja', '-C', build])
    shutil.rmtree(prefix, ignore_errors=True)
    run(['meson', 'install', '-C', build, '--no-rebuild'])
    return prefix


def check_files(source, prefix):
    """All public headers but those of backends that are not built, and no internal ones."""
    have = {os.path.basename(p) for p in glob.glob(f'{prefix}/include/**/*.h', recursive=True)}
    public = {os.path.basename(p) for p in glob.glob(f'{source}/include/ipsec/*.h')}
    missing = {name for name in public - have if not name.startswith('backend_')}
    if missing or have - public:
        sys.exit(f'FAILED: headers missing {sorted(missing)}, too many {sorted(have - public)}')
    if not glob.glob(f'{prefix}/lib/libipsec-core.so.*.*.*'):
        sys.exit('FAILED: no shared library with a version')


def modules(prefix):
    names = [os.path.basename(p)[:-3] for p in glob.glob(f'{prefix}/lib/pkgconfig/*.pc')]
    if 'ipsec-core' not in names:
        sys.exit('FAILED: no ipsec-core.pc')
    return sorted(names)


def pkg_config(env, *args):
    return run(['pkg-config', *args], env=env).split()


def build_and_run(work, compiler, standard, program, flags, static):
    env = {**os.environ, 'LD_LIBRARY_PATH': os.path.join(work, 'prefix', 'lib')}
    out = os.path.join(work, 'program')
    run([*compiler, *standard, *WARNINGS, program, '-o', out, *flags])
    needed = 'libipsec-core' in run(['readelf', '-d', out])
    if needed == static:
        sys.exit(f'FAILED: {"static" if static else "shared"} build {"needs" if needed else "does not need"} '
                 'the shared library')
    run([out], env=env)


def languages(compilers):
    """The compilers' commands are joined with blanks."""
    yield compilers[0].split(), ['-x', 'c', '-std=c99']
    if len(compilers) > 1:
        yield compilers[1].split(), ['-x', 'c++', '-std=c++11']


def main(source, work, compilers):
    os.makedirs(work, exist_ok=True)
    prefix = install(source, work)
    check_files(source, prefix)
    here = os.path.join(source, 'tests', 'headers')
    env = {**os.environ, 'PKG_CONFIG_PATH': f'{prefix}/lib/pkgconfig'}
    for static in (False, True):
        if static:
            for path in glob.glob(f'{prefix}/lib/*.so*'):
                os.remove(path)
        for module in modules(prefix):
            flags = pkg_config(env, *(['--static'] if static else []), '--cflags', '--libs', module)
            backend = module.replace('ipsec-core', '').strip('-')
            program = os.path.join(here, f'consumer_{backend}.c' if backend else 'consumer.c')
            if not os.path.exists(program):
                program = os.path.join(here, 'consumer.c')
            for compiler, standard in languages(compilers):
                # "-x none": what follows the program is libraries again.
                build_and_run(work, compiler, standard, program, ['-x', 'none', *flags], static)
    print('all consumers built and ran')


main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3:])
