# SPDX-License-Identifier: Apache-2.0
"""Plots what tests/bench/marks has measured, by gnuplot: plots.py JSON FOLDER writes an SVG each for
ESP, DPDK, handshakes, rekeys and cores, of those that the JSON has rows for."""
import json
import os
import subprocess
import sys

HEAD = """set terminal svg size 720,400 font 'sans-serif,12' background 'white' noenhanced
set output '{out}'
set title '{title}'
set ylabel '{unit}'
set grid ytics lc rgb '#dddddd'
set border 3
set xtics nomirror
set ytics nomirror
set key outside right top
"""
COLOURS = ['#1f6fb4', '#8cc0e8', '#d9541e', '#f3b08f', '#3a8a3f', '#a6d3a8', '#7a4fa0', '#c9b3dd']


def quoted(text):
    return '"' + text.replace('"', '') + '"'


def plot(out, title, unit, columns, table, style, more=''):
    """table: a list of (label, [value per column]); None: no value."""
    lines = [HEAD.format(out=out, title=title, unit=unit), more, '$data << EOD']
    for label, values in table:
        cells = ['?' if value is None else f'{value:.4g}' for value in values]
        lines.append(' '.join([quoted(label) if style == 'bars' else label, *cells]))
    lines.append('EOD')
    lines.append("set datafile missing '?'")
    drawn = []
    for i, column in enumerate(columns):
        if style == 'bars':
            how = f"using {i + 2}:xtic(1) with histograms fs solid 1 noborder lc rgb '{COLOURS[i]}'"
        else:
            dash = ' dt 2' if column.endswith('(raw)') else ''
            how = f"using 1:{i + 2} with linespoints pt 7 ps 0.5 lw 2{dash} lc rgb '{COLOURS[i]}'"
        drawn.append(f'$data {how} title {quoted(column)}')
    lines.append('plot ' + ', '.join(drawn))
    subprocess.run(['gnuplot'], input='\n'.join(lines) + '\n', text=True, check=True)
    print(out)


def bars(out, title, unit, columns, table, more=''):
    plot(out, title, unit, columns, table, 'bars',
         'set style histogram clustered gap 1\nset yrange [0:*]\n' + more)


def rows_of(reports, subject):
    return [row for report in reports if report['subject'] == subject for row in report['rows']]


def split_suite(text):
    """'openssl aes256gcm16' -> provider, suite; Mbed TLS goes without a name."""
    provider, _, suite = text.rpartition(' ')
    return provider or 'mbedtls', suite


def gigabits(octets, ns):
    return octets * 8 / ns


def plot_esp(reports, folder):
    rows = [row for row in rows_of(reports, 'esp')
            if row['what'] == 'seal' and split_suite(row['suite'])[1] == 'aes256gcm16']
    providers = list(dict.fromkeys(split_suite(row['suite'])[0] for row in rows))
    octets = sorted({row['octets'] for row in rows})
    table = []
    for size in octets:
        values = []
        for provider in providers:
            row = next((r for r in rows if r['octets'] == size
                        and split_suite(r['suite'])[0] == provider), None)
            values += [row and gigabits(size, row['ns']), row and gigabits(size, row['raw_ns'])]
        table.append((str(size), values))
    columns = [name for provider in providers for name in (provider, f'{provider} (raw)')]
    plot(os.path.join(folder, 'esp.svg'), 'ESP seal, AES-256-GCM, one core, bursts of 32',
         'Gbit/s of inner packets', columns, table, 'lines',
         "set xlabel 'octets of an inner packet'\nset yrange [0:*]")


def plot_dpdk(reports, folder):
    rows = rows_of(reports, 'dpdk')
    best = {}
    for row in rows:
        _, suite, way = row['suite'].split(' ')
        if row['octets'] in (64, 1420):
            key = (suite, row['octets'], row['what'], way)
            best[key] = max(best.get(key, 0), row['of_raw'])
    labels = list(dict.fromkeys((suite, octets) for suite, octets, _, _ in best))
    columns = [(what, way) for way in ('async', 'sync') for what in ('seal', 'open')]
    table = [(f'{suite} {octets}', [best.get((suite, octets, *column)) for column in columns])
             for suite, octets in labels]
    bars(os.path.join(folder, 'dpdk.svg'), 'ESP beside DPDK 22.11 rte_ipsec, the best provider',
         'times as fast as DPDK', [' '.join(column) for column in columns], table,
         'set xtics rotate by -20\n'
         "set arrow from graph 0,first 1 to graph 1,first 1 nohead lc rgb '#444444' dt 3 front\n")


def plot_handshakes(reports, folder):
    rows = [row for row in rows_of(reports, 'ike') if row['what'] == 'responder']
    names = [row['suite'] if row['suite'].startswith('openssl') else 'mbedtls ' + row['suite']
             for row in rows]
    table = [(name, [row['handshakes_per_s'], 1e6 / row['bare_us']])
             for name, row in zip(names, rows)]
    bars(os.path.join(folder, 'handshakes.svg'), 'IKEv2 handshakes, responder, one core',
         'a second', ['ours', 'its crypto alone'], table,
         'set xtics rotate by -35\nset logscale y\nset yrange [10:*]\n')


def plot_rekey(reports, folder):
    rows = rows_of(reports, 'rekey')
    providers = list(dict.fromkeys(row['what'] for row in rows))
    groups = list(dict.fromkeys(row['suite'] for row in rows))
    table = []
    for group in groups:
        values = []
        for provider in providers:
            row = next((r for r in rows if (r['what'], r['suite']) == (provider, group)), None)
            values.append(row and row['initiator_us'])
        table.append((group, values))
    plot(os.path.join(folder, 'rekey.svg'), 'Rekey of a Child SA by PFS group, initiator',
         'microseconds of processor time', providers, table, 'bars',
         'set style histogram clustered gap 1\nset logscale y\nset yrange [1:*]\n'
         'set xtics rotate by -35\n')


def plot_cores(reports, folder):
    rows = [row for row in rows_of(reports, 'cores') if row['octets'] == 1420]
    names = [' '.join(split_suite(row['suite'])) for row in rows]
    table = [(name, [row['gbps_one'], row['gbps_two_shared'], row['gbps_two']])
             for name, row in zip(names, rows)]
    bars(os.path.join(folder, 'cores.svg'), 'ESP seal on one and two cores, 1420 octets',
         'Gbit/s of inner packets', ['one core', 'two, one SA', 'two, an SA each'], table,
         'set xtics rotate by -35\n')


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    path, folder = sys.argv[1:]
    with open(path, encoding='utf-8') as f:
        reports = json.load(f)['reports']
    os.makedirs(folder, exist_ok=True)
    for subject, draw in (('esp', plot_esp), ('dpdk', plot_dpdk), ('ike', plot_handshakes),
                          ('rekey', plot_rekey), ('cores', plot_cores)):
        if rows_of(reports, subject):
            draw(reports, folder)
    return 0


sys.exit(main())
