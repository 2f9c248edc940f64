# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the rows check. Sourced by run, which runs each job in a shell of its own: what a check sets is gone
# after it. Each prints lines "PASS|FAIL|SKIP name".

pass() { echo "PASS $NAME/$1"; }
skip() { echo "SKIP $NAME/$1: $2"; }
fail() # WHAT WHY: with the ends of both logs
{
    echo "FAIL $NAME/$1: $2"
    echo "--- this library"; tail -n 25 "$STATE/ours.log" 2>/dev/null | cut -c1-240
    echo "--- $PEER_NAME"; tail -n 25 "$PEER/log" 2>/dev/null | cut -c1-240
    echo "---"
}

verdict() # WHAT WHY COMMAND...
{
    local what=$1 why=$2
    shift 2
    if "$@"; then pass "$what"; else fail "$what" "$why"; fi
}

peer() { "${PEER_NAME%%-*}_$1"; }

# ---- a tunnel ------------------------------------------------------------------------------------

begin() # [NET]: both ends started, and who begins began
{
    net_down
    rm -rf "$PEER" "$STATE/ours.log"
    mkdir -p "$PEER"
    net_up "${1:-direct}" || return 1
    peer start && ${AFTER_START:-:} && ours_start || return 1
    [ "$ROLE" = initiator ] || peer initiate >"$STATE/command" 2>&1
    return 0
}

finish_life()
{
    ours_stop
    peer_stop
    net_down
}

traffic_why_not=
up()
{
    peer up && ours_do status -j | grep -q '"spi_in"' || return 1
    [ -n "$traffic_why_not" ] || reaches
}

reaches()
{
    if [ "$MODE" = transport ]; then ping_hosts; else ping_through "$HOST_A" 192.168.2.10 1; fi
}

ping_hosts() { ping_through "$GW_A" "$PEER_ADDRESS" && ping_through "$GW_B" "$OUR_ADDRESS"; }

connect() # [NET]
{
    if begin "$@"; then
        traffic_why_not=$(peer no_traffic)
        if until_true 10 up; then
            pass connect
            return 0
        fi
    fi
    fail connect "no tunnel"
    finish_life
    return 1
}

check_traffic()
{
    if [ -n "$traffic_why_not" ]; then
        skip ping "$traffic_why_not"
    elif [ "$MODE" = transport ]; then
        verdict ping "lost" ping_hosts
    else
        verdict ping "lost" ping_both
        verdict tcp "a transfer differs" tcp_through
    fi
}

# ---- rekeys --------------------------------------------------------------------------------------

more_than() { [ "$(ours_count "$2")" -gt "$1" ]; }

# The command makes one more line like PATTERN in our log.
makes_one_more() # PATTERN COMMAND...
{
    local pattern=$1 before
    shift
    before=$(ours_count "$pattern")
    "$@" || return 1
    until_true 5 more_than "$before" "$pattern"
}

under_traffic() # COMMAND...
{
    if [ -n "$traffic_why_not" ]; then
        "$@" >"$STATE/command" 2>&1
    elif [ "$MODE" = transport ]; then
        "$@" >"$STATE/command" 2>&1 && ping_hosts
    else
        under_pings "$@" && ping_through "$HOST_B" 192.168.1.10
    fi
}

check_rekey() # WHAT PATTERN COMMAND...
{
    local what=$1 pattern=$2
    shift 2
    if under_traffic makes_one_more "$pattern" "$@"; then
        pass "$what"
    else
        fail "$what" "$(tail -qn 3 "$STATE/ping" "$STATE/command" 2>/dev/null | tr '\n' ' ')"
    fi
}

check_rekeys() # the child and the IKE SA, by each side
{
    local child='child net rekeyed without PFS'
    # A group in the ESP proposal means PFS; a proposal without one has at most a cipher and a MAC.
    case $ESP in *-modp* | *-ecp* | *-curve25519) child='child net rekeyed with PFS' ;; esac
    check_rekey rekey-child-by-us "$child" ours_do rekey child net
    check_rekey rekey-ike-by-us 'IKE SA rekeyed' ours_do rekey ike b
    check_rekey rekey-child-by-peer "$child" peer rekey_child
    ! declare -F "${PEER_NAME%%-*}_rekey_ike" >/dev/null ||
        check_rekey rekey-ike-by-peer 'IKE SA rekeyed' peer rekey_ike
}

none_left() { peer gone && ! ours_do status -j | grep -q '"spi_in"'; }

check_delete() # who began, ends
{
    if [ "$ROLE" = initiator ]; then
        ours_do down b >"$STATE/command" 2>&1
    else
        peer delete >"$STATE/command" 2>&1
    fi
    verdict delete "SAs remain" until_true 5 none_left
}

# ---- the rows' checks ----------------------------------------------------------------------------

check_suite() # IKE ESP [LABEL]: a whole life
{
    IKE=$1 ESP=$2
    connect || return
    check_traffic
    check_rekeys
    check_delete
    finish_life
}

check_transport() # IKE ESP: the same between the two gateways themselves
{
    MODE=transport IKE=$1 ESP=$2
    connect || return
    verdict mode "a tunnel" ours_log_has 'child net established: 10.9.0.1 === 10.9.0.2: .*transport mode'
    check_traffic
    check_rekeys
    check_delete
    finish_life
}

# What the peer's IKE agrees to, and its ESP can not do.
check_agreed() # IKE ESP PATTERN WHY...: in its log
{
    IKE=$1 ESP=$2
    local pattern=$3
    shift 3
    begin || fail begin "could not start"
    verdict agreed "not chosen" until_true 8 peer_log_has "$pattern"
    skip ping "$*"
    finish_life
}

check_agreed_transport() # as check_agreed
{
    MODE=transport
    check_agreed "$@"
}

# One side asks at a time: what one asks is a sign of life to the other.
check_liveness() # IKE ESP
{
    IKE=$1 ESP=$2
    DPD=1s
    if declare -F "${PEER_NAME%%-*}_no_probe" >/dev/null; then
        skip probed-by-peer "$(peer no_probe)"
    elif connect; then
        verdict probed-by-peer "no request" until_true 8 ours_log_has '<- INFORMATIONAL request .* SK\{\}'
        finish_life
    fi
    DPD=0 LIVENESS=1s
    if connect; then
        verdict probed-by-us "no request" until_true 6 ours_log_has '-> INFORMATIONAL request'
        check_peer_dies
        finish_life
    fi
}

check_peer_dies()
{
    ip netns exec "$GW_B" ip link set wan down
    verdict peer-dies "not noticed" until_true 25 ours_log_has 'silent-peer|no answer'
}

check_refused() # WHAT THEIR-IKE THEIR-ESP OUR-IKE OUR-ESP
{
    IKE=$2 ESP=$3 OUR_IKE=$4 OUR_ESP=$5
    begin || fail begin "could not start"
    verdict "$1" "no report" until_true 8 ours_log_has 'no-proposal|Refused by: the peer, with NO_PROPOSAL_CHOSEN'
    finish_life
}

# Who answers demands a cookie: we always; strongSwan because another's attempt is half open.
check_cookies() # IKE ESP
{
    IKE=$1 ESP=$2
    if [ "$ROLE" = responder ]; then
        OUR_GATEWAY='cookies = always'
    else
        SWAN_DAEMON='cookie_threshold = 1'
        AFTER_START=leave_half_open
    fi
    connect || return
    verdict demanded "no cookie was asked for" ours_log_has 'IKE_SA_INIT response .*N\(COOKIE\)'
    verdict returned "no cookie came back" ours_log_has 'IKE_SA_INIT request .*N\(COOKIE\)'
    verdict ping "lost" ping_both
    finish_life
}

# An IKE_SA_INIT without what should follow.
leave_half_open()
{
    ip netns exec "$GW_A" nft 'add table ip cut; add chain ip cut out { type filter hook output priority 0; };
        add rule ip cut out udp dport 4500 drop'
    ours_start && until_true 5 ours_log_has '-> IKE_AUTH request'
    kill -9 "$ours"
    wait "$ours" 2>/dev/null
    rm -f "$STATE/ours.sock"
    ip netns exec "$GW_A" nft 'delete table ip cut'
}

# Who answers is reached by its address and sees the router's; ESP goes in UDP, both ways.
check_nat() # IKE ESP
{
    IKE=$1 ESP=$2
    nat_sides
    connect "$nat_net" || return
    verdict router-seen "another address" outer_sees 10.9.0.254
    verdict nat-noticed "no NAT noticed" ours_log_has "NAT in front of ($nat_front|both)"
    verdict esp-in-udp "not encapsulated" ours_log_has 'ESP in UDP'
    check_traffic
    check_rekeys
    check_delete
    finish_life
}

nat_sides()
{
    if [ "$ROLE" = initiator ]; then
        nat_net=nat-ours nat_front=us PEER_REMOTE=%any
    else
        nat_net=nat-peer nat_front='the peer' OUR_REMOTE=any PEER_REMOTE=10.9.0.1
    fi
}

outer_sees() # ADDRESS: of who is behind the router
{
    if [ "$ROLE" = initiator ]; then swan_has "$1\["; else ours_do status | grep -Fq "$1"; fi
}

# The router forgets and takes another address: the outer one follows who is behind it, by what it sends.
check_nat_rebinding() # IKE ESP
{
    IKE=$1 ESP=$2
    LIVENESS=1s DPD=1s
    nat_sides
    connect "$nat_net" || return
    net_renumber
    verdict followed "still at the old address" until_true 15 outer_sees 10.9.0.253
    verdict ping "lost" until_true 5 ping_both
    finish_life
}
