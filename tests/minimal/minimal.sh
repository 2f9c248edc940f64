#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The page of C of the README, for real: two of it in network namespaces, a ping each way through the
# tunnel. Argument: the program. Exit status 77: skipped, with the reason.
set -u
program=$1
a=ipsec-min-a-$$
b=ipsec-min-b-$$
pids=

skip() {
    echo "SKIP: $1"
    exit 77
}

clean() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null
    done
    wait
    ip netns del "$a" 2>/dev/null
    ip netns del "$b" 2>/dev/null
    rm -f "$log"
}

for tool in ip ping; do
    command -v $tool >/dev/null || skip "no $tool here"
done
[ "$(id -u)" = 0 ] || skip "needs root for namespaces and TUN"
[ -c /dev/net/tun ] || skip "no /dev/net/tun"
log=$(mktemp)
trap clean EXIT
trap 'exit 1' INT TERM
ip netns add "$a" 2>/dev/null || skip "no network namespace may be made"
ip netns add "$b" || exit 1

ip link add wan netns "$a" type veth peer name wan netns "$b" || skip "no veth devices"
ip -n "$a" addr add 192.0.2.1/24 dev wan
ip -n "$b" addr add 192.0.2.2/24 dev wan
for ns in "$a" "$b"; do
    ip -n "$ns" link set lo up
    ip -n "$ns" link set wan up
done
# The hosts of either LAN are addresses of the gateway itself.
ip -n "$a" addr add 192.168.1.10/32 dev lo
ip -n "$b" addr add 192.168.2.10/32 dev lo

TUNNEL_SECRET="a secret for this test"
export TUNNEL_SECRET
ip netns exec "$a" "$program" 192.0.2.1 192.0.2.2 192.168.1.0/24 192.168.2.0/24 >"$log" 2>&1 &
pids="$!"
ip netns exec "$b" "$program" 192.0.2.2 192.0.2.1 192.168.2.0/24 192.168.1.0/24 >>"$log" 2>&1 &
pids="$pids $!"

wait_device() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        ip -n "$1" link show vpn0 >/dev/null 2>&1 && return 0
        sleep 0.25
    done
    cat "$log"
    exit 1
}
wait_device "$a"
wait_device "$b"
ip -n "$a" route add 192.168.2.0/24 dev vpn0 src 192.168.1.10
ip -n "$b" route add 192.168.1.0/24 dev vpn0 src 192.168.2.10

# The first packets are dropped while the tunnel comes up.
if ! ip netns exec "$a" ping -c 4 -i 0.5 -w 15 192.168.2.10 ||
    ! ip netns exec "$b" ping -c 3 -i 0.2 -w 5 192.168.1.10; then
    cat "$log"
    exit 1
fi
exit 0
