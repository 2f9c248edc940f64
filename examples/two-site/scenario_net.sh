# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
#
# The network mode of the scenario: four namespaces, two processes. Sourced by examples/two-site/run.
# Names carry the script's process id, so that runs do not meet.

ns=two-site-$$
pid_a=
pid_b=
jobs_pids=()
extra_options=() # of the next gateway started

# 0: root, namespaces and TUN are there; says what is missing otherwise.
net_possible()
{
    local tool
    if [ "$(id -u)" != 0 ]; then
        echo "not root: no network namespaces. Both gateways run in one process instead."
        return 1
    fi
    if [ ! -c /dev/net/tun ] || ! (exec 3<>/dev/net/tun) 2>/dev/null; then
        echo "no TUN device (/dev/net/tun). Both gateways run in one process instead."
        return 1
    fi
    for tool in ip ping tcpdump iperf3; do
        if ! command -v $tool >/dev/null; then
            echo "no $tool. Both gateways run in one process instead."
            return 1
        fi
    done
    if ! ip netns add "$ns-try" 2>/dev/null; then
        echo "network namespaces can not be made here. Both gateways run in one process instead."
        return 1
    fi
    ip netns del "$ns-try"
}

# Not for the background: a shell would stand between, and $! would be the shell's.
in_ns()
{
    local name=$1
    shift
    ip netns exec "$ns-$name" "$@"
}

net_up()
{
    local name
    for name in ha ga gb hb; do
        ip netns add "$ns-$name" || return 1
        ip -n "$ns-$name" link set lo up
    done
    link ga wan 10.9.0.1/24 gb wan 10.9.0.2/24 &&
        link ha eth0 192.168.1.10/24 ga lan 192.168.1.1/24 &&
        link hb eth0 192.168.2.10/24 gb lan 192.168.2.1/24 || return 1
    ip -n "$ns-ha" route add default via 192.168.1.1
    ip -n "$ns-hb" route add default via 192.168.2.1
    for name in ga gb; do
        in_ns $name sysctl -qw net.ipv4.ip_forward=1
    done
    # What misses the tunnel has a way in clear: so the check for leaks can fail.
    ip -n "$ns-ga" route add 192.168.2.0/24 via 10.9.0.2 metric 500
    ip -n "$ns-gb" route add 192.168.1.0/24 via 10.9.0.1 metric 500
}

# link NS DEVICE ADDRESS NS DEVICE ADDRESS
link()
{
    ip -n "$ns-$1" link add "$2" type veth peer name "$5" netns "$ns-$4" &&
        ip -n "$ns-$1" addr add "$3" dev "$2" && ip -n "$ns-$4" addr add "$6" dev "$5" &&
        ip -n "$ns-$1" link set "$2" up && ip -n "$ns-$4" link set "$5" up
}

net_down()
{
    local name pid
    stop_gateways
    for pid in "${jobs_pids[@]}"; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    for name in ha ga gb hb try; do
        ip netns del "$ns-$name" 2>/dev/null
    done
    return 0
}

# ---- Gateways ------------------------------------------------------------------------------------

# start_gateway a|b SETS; the process id is in pid_a or pid_b.
start_gateway()
{
    local end=$1 options=()
    sets_to_options --set "$2"
    ip netns exec "$ns-g$end" "$program" run "$dir/gateway-$end.conf" --control "$dir/$end.sock" \
        "${options[@]}" "${extra_options[@]}" >>"$dir/$end.log" 2>&1 &
    eval "pid_$end=$!"
    wait_for "$end" ' ready: ' 50
}

stop_gateway()
{
    local name=pid_$1
    [ -n "${!name}" ] || return 0
    kill "${!name}" 2>/dev/null
    wait "${!name}" 2>/dev/null
    eval "$name="
}

stop_gateways()
{
    stop_gateway a
    stop_gateway b
}

# wait_for END PATTERN TENTHS
wait_for()
{
    local i
    for ((i = 0; i < $3; i++)); do
        [ -f "$dir/$1.log" ] && says "$1" "$2" && return 0
        sleep 0.1
    done
    says "$1" "$2"
}

control()
{
    local end=$1
    shift
    "$program" "$@" --control "$dir/$end.sock" >>"$dir/control.log" 2>&1
}

# net_pair SETS-A SETS-B failure|rekey|up
net_pair()
{
    stop_gateways
    keep_logs
    start_gateway b "$2"
    start_gateway a "$1"
    case $3 in
    failure) wait_for a 'failed: ' 50 ;;
    up) wait_for a 'child net established' 50 ;;
    rekey)
        wait_for a 'child net established' 50
        control a rekey child net
        wait_for a 'failed: ' 50
        ;;
    esac
    sleep 0.2
    stop_gateways
}

# Nobody runs at the other end, and nothing there answers.
net_silent()
{
    stop_gateways
    keep_logs
    start_gateway a "$1"
    wait_for a 'failed: ' 100
    stop_gateways
}

# ---- Traffic -------------------------------------------------------------------------------------

pings()
{
    in_ns "$1" ping -q -c 5 -i 0.05 -W 2 "$2" 2>&1 | tee "$dir/ping.log" | grep -q ' 0% packet loss'
}

no_ping()
{
    ! in_ns ha ping -q -c 2 -i 0.1 -W 1 192.168.2.10 >/dev/null 2>&1
}

# A TCP transfer from host A to host B, or the other way with -R.
transfer()
{
    local i
    ip netns exec "$ns-hb" timeout 60 iperf3 -s -1 >"$dir/iperf-server.log" 2>&1 &
    jobs_pids+=($!)
    for ((i = 0; i < 30; i++)); do
        in_ns hb ss -ltn 2>/dev/null | grep -q ':5201 ' && break
        sleep 0.1
    done
    in_ns ha timeout 50 iperf3 -c 192.168.2.10 -n 16M "$@" >"$dir/iperf.log" 2>&1 &&
        grep -E ' (sender|receiver)$' "$dir/iperf.log" | sed 's/^/  /'
}

# capture FILE FILTER...: on gateway A's outer side; stop_capture ends it.
capture()
{
    local file=$1 i
    shift
    : >"$dir/tcpdump.log" # not what the last one said
    ip netns exec "$ns-ga" tcpdump -U --immediate-mode -Z root -n -i wan -w "$file" "$@" >"$dir/tcpdump.log" 2>&1 &
    pid_capture=$!
    jobs_pids+=("$pid_capture")
    for ((i = 0; i < 50; i++)); do
        grep -q 'listening on' "$dir/tcpdump.log" && return 0
        sleep 0.1
    done
    return 1
}

stop_capture()
{
    sleep 0.2
    kill "$pid_capture" 2>/dev/null
    wait "$pid_capture" 2>/dev/null
}

# How many packets of a capture match.
captured()
{
    tcpdump -n -r "$dir/$1.pcap" "$2" 2>/dev/null | wc -l
}

nothing_in_clear()
{
    local clear esp
    clear=$(captured wan 'net 192.168.0.0/16') # the hosts' addresses are inside ESP only
    esp=$(captured wan 'ip proto 50')
    echo "  captured: $esp ESP packets, $clear in clear"
    [ "$clear" = 0 ] && [ "$esp" -gt 100 ]
}

# ---- The scenario --------------------------------------------------------------------------------

net_scenario()
{
    headline "two gateways, four namespaces"
    start_gateway b "" && start_gateway a ""
    wait_for a 'child net established' 50
    show a
    check_established
    check "gateway B says the same" says b 'child net established'
    net_traffic
    net_packet
    net_rekeys
    net_commands
    net_end
    net_udp
    net_vanish
}

net_traffic()
{
    headline "traffic"
    capture "$dir/wan.pcap"
    check "ping from host A to host B" pings ha 192.168.2.10
    sed -n '/packet/s/^/  /p' "$dir/ping.log"
    check "ping from host B to host A" pings hb 192.168.1.10
    check "TCP from host A to host B" transfer
    check "TCP from host B to host A" transfer -R
    stop_capture
    check "nothing crossed the Internet in clear" nothing_in_clear
}

net_packet()
{
    headline "one ESP packet, captured on the wire (a ping of 84 octets inside)"
    capture "$dir/one.pcap" 'ip proto 50'
    in_ns ha ping -q -c 1 -s 56 192.168.2.10 >/dev/null 2>&1
    stop_capture
    "$program" packet "$dir/one.pcap" --esp aes256-sha256 --inner 84 >"$dir/packet.log" 2>&1
    check "layout of an ESP packet" [ $? = 0 ]
    sed 's/^/  /' "$dir/packet.log"
    check "its parts are there" grep -q '^  ICV  *16 ' "$dir/packet.log"
}

# rekey_under_traffic NAME PATTERN CONTROL-WORDS...
rekey_under_traffic()
{
    local name=$1 pattern=$2 before
    shift 2
    before=$(grep -cE -- "$pattern" "$dir/a.log")
    ip netns exec "$ns-ha" bash -c '. examples/common/pings.sh; ping_stream 200 0.01 192.168.2.10' \
        >"$dir/flow.log" 2>&1 &
    local flow=$!
    sleep 0.5
    control a "$@"
    wait "$flow"
    sed -n '/packets/s/^/  /p' "$dir/flow.log"
    check "$name" [ "$(grep -cE -- "$pattern" "$dir/a.log")" -gt "$before" ]
    check "$name: no packet lost" lost_pings "$dir/flow.log"
    show_cost "$pattern"
}

net_rekeys()
{
    headline "rekeys under traffic (a packet every 10 ms)"
    rekey_under_traffic "child rekey with PFS" \
        'child net rekeyed with PFS \(MODP-2048.*octets' rekey child net
    rekey_under_traffic "child rekey without PFS" \
        'child net rekeyed without PFS.*octets' rekey child net --without-pfs
    rekey_under_traffic "IKE SA rekey" 'IKE SA rekeyed.*octets' rekey ike b
    check "gateway B can rekey too" control b rekey child net
    check "and does" wait_for b 'child net rekeyed with PFS .* in .* ms' 30
    check "ping goes on" pings ha 192.168.2.10
}

net_commands()
{
    headline "status, log, down, up"
    "$program" status --control "$dir/a.sock" >"$dir/status.log" 2>&1
    sed 's/^/  /' "$dir/status.log"
    check "status" grep -q 'child net installed' "$dir/status.log"
    "$program" status --json --control "$dir/a.sock" >"$dir/status-json.log" 2>&1
    check "status --json" python3 -c 'import json, sys
s = json.load(open(sys.argv[1]))
assert s["sites"][0]["children"][0]["packets_in"] > 0' "$dir/status-json.log"
    "$program" log --control "$dir/a.sock" >"$dir/log.log" 2>&1
    check "log" grep -q 'IKE_SA_INIT' "$dir/log.log"
    check "the socket is private" [ "$(stat -c %a "$dir/a.sock")" = 600 ]
    check "down" control a down b
    check "both ends closed" wait_for b 'IKE SA closed' 30
    check "and nothing passes, nor leaks" no_ping
    check "up" control a up b
    sleep 0.5
    check "ping works again" pings ha 192.168.2.10
}

net_end()
{
    headline "SIGTERM"
    stop_gateway a
    check "A deletes on exit" says a ' closed$'
    check "B heard it" [ "$(grep -c 'IKE SA closed' "$dir/b.log")" -ge 2 ]
    check "A's device and socket are gone" gone
    stop_gateway b
    keep_logs
}

gone()
{
    [ ! -e "$dir/a.sock" ] && ! ip -n "$ns-ga" link show ipsec0 >/dev/null 2>&1
}

# Gateway B is killed and comes back; nobody tells A, whose traffic goes nowhere meanwhile.
net_vanish()
{
    local quick="gateway.retransmit=200ms|gateway.retransmit_tries=2"
    headline "the peer vanishes, and returns"
    start_gateway b "" && start_gateway a "$quick|site b.liveness=1s"
    wait_for a 'child net established' 50
    kill -9 "$pid_b"
    wait "$pid_b" 2>/dev/null
    pid_b=
    check "A notices" wait_for a 'IKE SA closed: the peer no longer answers' 60
    check "and says so once" [ "$(grep -c 'No answer\|no answer \[' "$dir/a.log")" = 1 ]
    mv "$dir/b.log" "$dir/b-killed.log"
    start_gateway b ""
    check "the stale socket was in nobody's way" says b ' ready: '
    check "ping works again" pings_soon ha 192.168.2.10
    show_matching a 'closed|failed|attempt|established'
    stop_gateways
    keep_logs
}

# The next attempt may take a few seconds to come.
pings_soon()
{
    local i
    for ((i = 0; i < 15; i++)); do
        pings "$@" && return 0
        sleep 0.5
    done
    return 1
}

net_udp()
{
    headline "the same with ESP in UDP"
    start_gateway b "" && start_gateway a "site b.encapsulation=always"
    wait_for a 'child net established' 50
    show_matching a 'established'
    check "ESP in UDP" says a 'child net established.*ESP in UDP'
    capture "$dir/udp.pcap" 'ip proto 50 or udp port 4500'
    check "ping through it" pings ha 192.168.2.10
    stop_capture
    check "and it is UDP on the wire" only_udp
    stop_gateways
    keep_logs
}

only_udp()
{
    local raw udp
    raw=$(captured udp 'ip proto 50')
    udp=$(captured udp 'udp port 4500')
    echo "  captured: $raw in IP, $udp in UDP"
    [ "$raw" = 0 ] && [ "$udp" -ge 10 ]
}
