#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the message ladder of an ipsec-two-site log with what tshark decrypted from a capture.

usage: compare_ladder.py LOG TSHARK-FIELDS

TSHARK-FIELDS: one line a packet, separated by tabs: ispi rspi exchangetype flag_response messageid
length payload-types notify-types fragment fragments, of which payload-types and notify-types are
comma-separated lists and the last two are empty but for SKF. Every message of the ladder must
be in the capture with the same payloads in the same order and the same notifies, and the other way
round. Prints what differs; the exit status says whether anything does.
"""
import re
import sys

EXCHANGES = {34: 'IKE_SA_INIT', 35: 'IKE_AUTH', 36: 'CREATE_CHILD_SA', 37: 'INFORMATIONAL'}
PAYLOADS = {33: 'SA', 34: 'KE', 35: 'IDi', 36: 'IDr', 37: 'CERT', 38: 'CERTREQ', 39: 'AUTH',
            40: 'Nonce', 41: 'N', 42: 'D', 43: 'V', 44: 'TSi', 45: 'TSr', 46: 'SK', 47: 'CP',
            48: 'EAP', 53: 'SKF'}
ALIASES = {'Ni': 'Nonce', 'Nr': 'Nonce', 'No': 'Nonce'}
NOTIFIES = {14: 'NO_PROPOSAL_CHOSEN', 17: 'INVALID_KE_PAYLOAD', 24: 'AUTHENTICATION_FAILED',
            38: 'TS_UNACCEPTABLE', 16384: 'INITIAL_CONTACT', 16385: 'SET_WINDOW_SIZE',
            16388: 'NAT_DETECTION_SOURCE_IP', 16389: 'NAT_DETECTION_DESTINATION_IP',
            16390: 'COOKIE', 16391: 'USE_TRANSPORT_MODE', 16393: 'REKEY_SA',
            16394: 'ESP_TFC_PADDING_NOT_SUPPORTED', 16395: 'NON_FIRST_FRAGMENTS_ALSO',
            16396: 'MOBIKE_SUPPORTED',
            16404: 'MULTIPLE_AUTH_SUPPORTED', 16418: 'CHILDLESS_IKEV2_SUPPORTED',
            16430: 'IKEV2_FRAGMENTATION_SUPPORTED', 16431: 'SIGNATURE_HASH_ALGORITHMS'}
LINE = re.compile(r'(->|<-) (\S+) (request|response) (\d+), (\d+) octets?(, [a-z ]+ again)?:?(.*)')


def ladder(path):
    messages = []
    for line in open(path, encoding='utf-8'):
        found = LINE.search(line)
        if not found or found.group(6):
            continue
        words = found.group(7).replace('{', ' ').replace('}', ' ').split()
        payloads = []
        notifies = []
        fragment = ''
        for word in words:
            if re.fullmatch(r'\d+/\d+', word):
                fragment = word
                continue
            if word.startswith('N('):
                payloads.append('N')
                notifies.append(word[2:-1])
            else:
                payloads.append(ALIASES.get(word, word))
        messages.append((found.group(2), found.group(3), int(found.group(4)),
                         int(found.group(5)), payloads, notifies, fragment))
    return messages


def number(text):
    return int(text, 0)


def captured(path):
    messages = []
    seen = set()
    for line in open(path, encoding='utf-8'):
        fields = line.rstrip('\n').split('\t')
        if len(fields) < 10 or not fields[0]:
            continue
        key = tuple(fields)
        if key in seen:  # sent again
            continue
        seen.add(key)
        response = fields[3].lower() in ('1', 'true')
        payloads = [PAYLOADS.get(number(p), p) for p in fields[6].split(',')
                    if p and number(p) > 32]  # 2 and 3 are proposals and transforms
        notifies = [NOTIFIES.get(number(n), n) for n in fields[7].split(',') if n]
        messages.append((EXCHANGES.get(number(fields[2]), fields[2]),
                         'response' if response else 'request', number(fields[4]),
                         number(fields[5]), payloads, notifies,
                         '%d/%d' % (number(fields[8]), number(fields[9])) if fields[8] else ''))
    return messages


def main():
    ours = ladder(sys.argv[1])
    theirs = captured(sys.argv[2])
    bad = 0
    for i in range(max(len(ours), len(theirs))):
        a = ours[i] if i < len(ours) else None
        b = theirs[i] if i < len(theirs) else None
        if a != b:
            bad += 1
            print('  ladder: ', a)
            print('  capture:', b)
    inside = sum(len(m[4]) - 1 for m in theirs if m[4][:1] in (['SK'], ['SKF']))
    print('  %d messages in the ladder, %d in the capture, %d payloads decrypted, %d differ'
          % (len(ours), len(theirs), inside, bad))
    return 0 if ours and inside and not bad else 1


sys.exit(main())
