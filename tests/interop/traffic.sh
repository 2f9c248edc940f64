# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Waiting, and traffic through the tunnel. Sourced by run.

until_true() # SECONDS COMMAND...
{
    local left=$(($1 * 20))
    shift
    while ! "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.05
    done
}

ping_through() # FROM TO [COUNT]
{
    ip netns exec "$1" ping -q -c "${3:-3}" -i 0.1 -W 1 "$2" >"$STATE/ping" 2>&1
}

ping_both() { ping_through "$HOST_A" 192.168.2.10 && ping_through "$HOST_B" 192.168.1.10; }

tcp_through() # 256 KiB each way, compared octet by octet
{
    head -c 262144 /dev/urandom >"$STATE/blob"
    tcp_one_way "$HOST_A" "$HOST_B" 192.168.2.10 && tcp_one_way "$HOST_B" "$HOST_A" 192.168.1.10
}

tcp_one_way() # FROM TO ADDRESS
{
    rm -f "$STATE/got"
    ip netns exec "$2" timeout 20 python3 tests/interop/tcp.py receive "$STATE/got" 5201 &
    local receiver=$!
    ip netns exec "$1" timeout 20 python3 tests/interop/tcp.py send "$STATE/blob" "$3" 5201 &&
        wait "$receiver" && cmp -s "$STATE/blob" "$STATE/got"
}

# A command under a stream of pings (PINGS of them, 50 a second): none may be lost.
under_pings() # COMMAND...
{
    ip netns exec "$HOST_A" bash -c '. examples/common/pings.sh; ping_stream "$1" 0.02 192.168.2.10' - "${PINGS:-60}" \
        >"$STATE/stream" 2>&1 &
    local stream=$! result=0
    sleep 0.2
    "$@" >"$STATE/command" 2>&1 || result=1
    wait "$stream"
    lost_pings "$STATE/stream" >"$STATE/ping" || result=1
    return $result
}
