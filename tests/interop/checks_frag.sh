# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # set for and by the sourced files
#
# IKE fragmentation (RFC 7383) against strongSwan: messages in pieces both ways, and a path that loses what
# IP cuts. Sourced by run; see checks.sh.

# Both ends cut at so many octets of IP packet; a whole life.
check_fragments() # BYTES IKE ESP
{
    SWAN_DAEMON="fragment_size = $1"
    SWAN_CONNECTION='fragmentation = force'
    OUR_GATEWAY="fragment_bytes = $1"
    check_suite "$2" "$3"
    verdict sent "nothing left in fragments" ours_log_has '-> (IKE_AUTH|CREATE_CHILD_SA) .*SKF 2/'
    verdict taken "nothing came in fragments" ours_log_has '<- (IKE_AUTH|CREATE_CHILD_SA) .*SKF 2/'
    verdict read-by-peer "nothing was put together there" \
        peer_log_has 'reassembled fragmented IKE message'
}

# IKE_SA_INIT fits the path; a rekey with a large group does not.
check_lossy_path() # IKE ESP
{
    IKE=$1 ESP=$2
    AFTER_START=lose_ip_fragments
    OUR_GATEWAY='fragment_bytes = 576'
    SWAN_DAEMON='fragment_size = 576'
    connect || return
    check_rekey rekey-child-by-us 'child net rekeyed with PFS' ours_do rekey child net
    check_rekey rekey-child-by-peer 'child net rekeyed with PFS' peer rekey_child
    verdict in-fragments "it went whole" ours_log_has 'CREATE_CHILD_SA .*SKF 2/'
    finish_life
    OUR_SITE='fragmentation = no'
    begin && until_true 10 up
    ours_do rekey child net >"$STATE/command" 2>&1
    until_true 5 ours_log_has 'CREATE_CHILD_SA request .*sent again'
    verdict path-is-lossy "a whole message went through" not ours_log_has 'child net rekeyed'
    finish_life
}
not() { ! "$@"; }

lose_ip_fragments()
{
    local ns
    for ns in "$GW_A" "$GW_B"; do
        ip -n "$ns" link set wan mtu 600
        ip netns exec "$ns" nft 'add table ip cut; add chain ip cut in { type filter hook prerouting priority -500; };
            add rule ip cut in ip frag-off & 0x3fff != 0 drop' || return 1
    done
}
