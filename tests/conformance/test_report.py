# SPDX-License-Identifier: Apache-2.0
"""Tests of the conformance report: what a name claims, and what its results come to."""
import importlib.machinery
import importlib.util
import os
import stat
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import rows  # noqa: E402

loader = importlib.machinery.SourceFileLoader('report', os.path.join(HERE, 'report'))
report = importlib.util.module_from_spec(importlib.util.spec_from_loader('report', loader))
loader.exec_module(report)

CLAIMS = rows.Claims(rows.load_rows(), rows.load_bugs())
ENDS_WELL = '''
mkdir -p "$(dirname "$CMOCKA_XML_FILE")"
cat >"${CMOCKA_XML_FILE%%%%g.xml}x.xml" <<'END'
<testsuites><testsuite name="x">
<testcase name="init_07_good"></testcase>
<testcase name="init_08_bad"><failure><![CDATA[no]]></failure></testcase>
<testcase name="init_09_later"><skipped/></testcase>
</testsuite></testsuites>
END
exit %d
'''


class Names(unittest.TestCase):
    def test_rows_and_bugs(self):
        for name, expected in (
                ('init_07_no_proposal', ['INIT-07']),
                ('init_07_auth_21_both', ['INIT-07', 'AUTH-21']),
                ('init_13_14_both', ['INIT-13', 'INIT-14']),
                ('ts_01_cve_2023_23009_counts', ['TS-01', 'cve_2023_23009']),
                ('ts_01_vpp_ab63c830114_lengths', ['TS-01', 'vpp_ab63c830114']),
                ('sec_01_deviation_attack', ['SEC-01', 'deviation_attack']),
                ('init_99_unknown', ['INIT-99']),
                ('reinit_07_x', []),
                ('auth_256_bits', []),
                ('at_most_255_blocks', [])):
            self.assertEqual(CLAIMS.of(name), expected, name)

    def test_ranges_are_seen(self):
        self.assertTrue(CLAIMS.has_range('coll_01_to_03_children'))
        self.assertFalse(CLAIMS.has_range('coll_01_03_up_to_10'))


class Results(unittest.TestCase):
    def verdict(self, outcomes, reason=''):
        return report.judge([report.Result('p', 'f', o) for o in outcomes], reason)

    def test_judge(self):
        self.assertEqual(self.verdict(['pass']), 'pass')
        self.assertEqual(self.verdict(['pass', 'skip']), 'pass')
        self.assertEqual(self.verdict(['pass', 'fail']), 'FAIL')
        self.assertEqual(self.verdict(['skip']), 'FAIL')
        self.assertEqual(self.verdict([]), 'FAIL')
        self.assertEqual(self.verdict([], 'not built in'), 'excepted')
        self.assertEqual(self.verdict(['fail'], 'not built in'), 'FAIL')
        self.assertEqual(self.verdict(['pass'], 'no longer so'), 'pass')

    def outcomes(self, script, inside=('init_07_good',), whole=()):
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, 'program')
            with open(program, 'w', encoding='utf-8') as f:
                f.write('#!/bin/sh\n' + script)
            os.chmod(program, stat.S_IRWXU)
            test = {'name': 'x', 'cmd': [program], 'env': {}, 'workdir': None, 'timeout': 5}
            return {r.function: r.outcome for r in report.run_program(test, inside, whole)}

    def test_each_function_counts_for_itself(self):
        found = self.outcomes(ENDS_WELL % 1)
        self.assertEqual(found, {'init_07_good': 'pass', 'init_08_bad': 'fail',
                                 'init_09_later': 'skip'})

    def test_a_program_that_dies_fails_all_it_holds(self):
        self.assertEqual(self.outcomes('kill -9 $$'), {'init_07_good': 'fail'})
        self.assertEqual(self.outcomes('exit 1'), {'init_07_good': 'fail'})
        self.assertEqual(self.outcomes('exit 77'), {'init_07_good': 'skip'})
        self.assertEqual(self.outcomes('echo "<x" >"${CMOCKA_XML_FILE%%g.xml}x.xml"'),
                         {'init_07_good': 'fail'})

    def test_a_whole_program(self):
        self.assertEqual(self.outcomes('exit 0', (), ['sec_07']), {'sec_07': 'pass'})
        self.assertEqual(self.outcomes('exit 3', (), ['sec_07']), {'sec_07': 'fail'})


unittest.main()
