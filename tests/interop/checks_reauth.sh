# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# Checks of reauthentication: a whole new IKE SA before the old one goes (RFC 7296 2.8.3, RFC 4478). Sourced by run.

REAUTH_SECONDS=10

new_ike_sa() { more_than "$1" 'IKE SA established'; }

one_ike_sa_left() { [ "$(swanctl_in --list-sas 2>/dev/null | grep -c ' ESTABLISHED,')" = 1 ]; }

# The new IKE SA is there, and the old one gone, on both ends.
reauthenticated() # BEFORE
{
    until_true 8 new_ike_sa "$1" && until_true 5 ours_log_has 'IKE SA closed' && until_true 5 one_ike_sa_left
}

reauth_by_peer() # more lines for its connection
{
    SWAN_DAEMON='make_before_break = yes'
    SWAN_CONNECTION="${SWAN_CONNECTION:-}
    reauth_time = ${REAUTH_SECONDS}s
    over_time = 5s
    rand_time = 0s"
}

# Who begins does it when its time is nearly up.
check_reauth() # IKE ESP
{
    local before
    IKE=$1 ESP=$2
    if [ "$ROLE" = initiator ]; then OUR_SITE="reauth_time = ${REAUTH_SECONDS}s"; else reauth_by_peer; fi
    connect || return
    before=$(ours_count 'IKE SA established')
    sleep $((REAUTH_SECONDS - 3))
    if PINGS=250 under_pings reauthenticated "$before"; then
        pass renewed
    else
        fail renewed "$(tail -qn 3 "$STATE/ping" "$STATE/command" 2>/dev/null | tr '\n' ' ')"
    fi
    verdict ping "lost" ping_both
    check_delete
    finish_life
}

# The end that was called says when (AUTH_LIFETIME): strongSwan, where it has given an address and so can not
# begin itself. The address is kept.
check_reauth_told() # IKE ESP
{
    local before
    IKE=$1 ESP=$2
    lease_sides
    reauth_by_peer
    begin || { fail begin "could not start"; finish_life; return; }
    verdict assigned "no child with the address" until_true 10 lease_up
    verdict told "no AUTH_LIFETIME" ours_log_has '<- IKE_AUTH response .*N\(AUTH_LIFETIME\)'
    before=$(ours_count 'IKE SA established')
    sleep $((REAUTH_SECONDS - 3))
    verdict renewed "no new IKE SA, or the old one stays" reauthenticated "$before"
    verdict address "another one, or none" lease_up
    lease_traffic ping
    check_delete
    finish_life
}
