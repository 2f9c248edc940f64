# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# Checks of outer addresses that change (MOBIKE, RFC 4555) and of NAT keepalives. Sourced by run.

# The gateway's second address stays when the first one goes.
mobile_add() # GATEWAY ADDRESS
{
    ip netns exec "$1" sysctl -qw net.ipv4.conf.all.promote_secondaries=1 net.ipv4.conf.wan.promote_secondaries=1
    ip -n "$1" addr add "$2/24" dev wan
}

mobile_lose() # GATEWAY ADDRESS
{
    ip -n "$1" addr del "$2/24" dev wan
}

mobile_sides()
{
    SWAN_MOBIKE=yes PEER_LOCAL=%any OUR_LOCAL=any
    OUR_SITE="local = $1"
}

ours_at() { ours_do status | grep -F "$1" | grep -Fq "$2"; }

# The end that began moves: we by command, strongSwan because its address is taken away.
check_mobike() # IKE ESP
{
    IKE=$1 ESP=$2
    mobile_sides 10.9.0.1
    connect || return
    verdict negotiated "not in both messages" ours_log_has '-> IKE_AUTH .*N\(MOBIKE_SUPPORTED\)'
    verdict negotiated-by-peer "not in its message" ours_log_has '<- IKE_AUTH .*N\(MOBIKE_SUPPORTED\)'
    if [ "$ROLE" = initiator ]; then
        mobile_add "$GW_A" 10.9.0.11
        ours_do move b 10.9.0.11 >"$STATE/command" 2>&1
        mobile_lose "$GW_A" 10.9.0.1
        verdict moved "not at the new address" until_true 8 swan_has '10.9.0.11\['
    else
        mobile_add "$GW_B" 10.9.0.22
        mobile_lose "$GW_B" 10.9.0.2
        verdict moved "not at the new address" until_true 8 ours_log_has 'addresses changed: .* to .*10\.9\.0\.22:4500'
        verdict checked "no COOKIE2 of ours" until_true 8 ours_log_has '-> INFORMATIONAL request .*N\(COOKIE2\)'
    fi
    verdict update "no update" ours_log_has 'INFORMATIONAL request .*N\(UPDATE_SA_ADDRESSES\)'
    verdict ping-moved "lost" until_true 5 ping_both
    check_rekeys
    check_delete
    finish_life
}

# A NAT that forgets: who is behind it finds out and tells.
check_mobike_nat() # IKE ESP
{
    IKE=$1 ESP=$2
    LIVENESS=1s DPD=1s SWAN_MOBIKE=yes
    nat_sides
    connect "$nat_net" || return
    # strongSwan compares with what its first probe was told; with its second it shows that it has heard that.
    until_true 8 more_than 1 '-> INFORMATIONAL response .*N\(NAT_DETECTION_DESTINATION_IP\)'
    net_renumber
    verdict updated "still at the old address" until_true 20 outer_sees 10.9.0.253
    verdict update "no update" until_true 5 ours_log_has 'INFORMATIONAL request .*N\(UPDATE_SA_ADDRESSES\)'
    verdict ping "lost" until_true 5 ping_both
    finish_life
}

# One octet 0xFF to the peer's port 4500.
keepalive_seen() # NAMESPACE
{
    [ "$(ip netns exec "$1" nft list chain ip seen in 2>/dev/null | sed -n 's/.*packets \([0-9]*\).*/\1/p')" -ge 2 ]
}

count_keepalives() # NAMESPACE
{
    ip netns exec "$1" nft 'add table ip seen; add chain ip seen in { type filter hook prerouting priority -300; };
        add rule ip seen in udp dport 4500 udp length 9 @th,64,8 0xff counter'
}

# Who is behind the NAT sends them when it says nothing else; strongSwan (20 s) is not waited for.
check_keepalive() # IKE ESP
{
    IKE=$1 ESP=$2
    OUR_SITE='keepalive = 1s'
    nat_sides
    connect "$nat_net" || return
    count_keepalives "$GW_B"
    verdict seen "none came" until_true 8 keepalive_seen "$GW_B"
    check_traffic
    check_delete
    finish_life
}
