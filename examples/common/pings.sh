# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A stream of pings of which none may be lost. Sourced by examples/two-site/run and tests/interop/run.

# ping_stream COUNT INTERVAL ADDRESS: until that many answers are there, 10 s at most. By itself ping waits two round
# trips for the last ones and calls them lost: on a busy machine a late answer is not a lost one.
ping_stream()
{
    ping -n -c "$1" -i "$2" -w 10 "$3"
}

# lost_pings LOG: the numbers without an answer below the last one answered; all, when none was. Nothing, and success,
# when there are none. An answer that was overtaken is one.
lost_pings()
{
    awk '
        match($0, /icmp_seq=[0-9]+/) && /time=/ {
            seq = substr($0, RSTART + 9, RLENGTH - 9) + 0
            seen[seq] = 1
            if (seq > last) last = seq
        }
        END {
            if (last == 0) print "all"
            for (i = 1; i < last; i++) if (!(i in seen)) lost = lost " " i
            if (lost != "") print "lost of " last ":" lost
            exit last == 0 || lost != ""
        }' "$1"
}
