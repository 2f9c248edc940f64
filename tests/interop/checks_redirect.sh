# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# Checks of redirects to other gateways (RFC 5685): the gateway has two addresses, and the second one stands
# for the other gateway. Sourced by run. strongSwan follows redirects of each kind, and sends those of an
# IKE SA that is up (swanctl --redirect); the others take a plugin that Debian does not have.

second_address_ours() { mobile_add "$GW_A" 10.9.0.11; }
second_address_peer() { mobile_add "$GW_B" 10.9.0.22; }

redirect_sides()
{
    OUR_LOCAL=any PEER_LOCAL=%any OUR_SITE='local = 10.9.0.1'
    AFTER_START=second_address_ours
    [ "$ROLE" = responder ] || AFTER_START=second_address_peer
}

redirected_life()
{
    verdict arrived "not at the other address" until_true 8 swan_has '10\.9\.0\.11\['
    verdict from "not said" ours_log_has 'was redirected to us by 10\.9\.0\.1$'
    check_traffic
    check_rekeys
    check_delete
    finish_life
}

# Sent away by us before anything is up.
check_redirect_first() # IKE ESP
{
    IKE=$1 ESP=$2
    redirect_sides
    OUR_SITE+=$'\nredirect_to = 10.9.0.11 at-once'
    connect || return
    verdict sent "not in IKE_SA_INIT" ours_log_has '-> IKE_SA_INIT response .*N\(REDIRECT\)'
    redirected_life
}

swan_broken() { grep -q 'double free' "$PEER/out"; }
there_or_broken() { swan_broken || swan_has '10\.9\.0\.11\['; }

# strongSwan 5.9.8 takes it, and breaks while it makes the next IKE_SA_INIT: no fault of ours to look for.
check_redirect_known() # IKE ESP
{
    IKE=$1 ESP=$2
    redirect_sides
    OUR_SITE+=$'\nredirect_to = 10.9.0.11'
    begin || { fail connect "not started"; finish_life; return; }
    verdict sent "not in IKE_AUTH" until_true 5 ours_log_has '-> IKE_AUTH response .*AUTH N\(REDIRECT\)'
    verdict taken "not by the peer" until_true 5 peer_log_has 'redirected to 10\.9\.0\.11'
    until_true 8 there_or_broken
    if swan_broken; then
        skip arrived "strongSwan frees something twice here, and ends"
        finish_life
        return
    fi
    traffic_why_not=$(peer no_traffic)
    verdict connect "no tunnel" until_true 10 up
    redirected_life
}

redirect_command()
{
    if [ "$ROLE" = responder ]; then
        ours_do redirect b 10.9.0.11
    else
        swanctl_in --redirect --ike site --gateway 10.9.0.22
    fi
}

only_one_left()
{
    [ "$(swanctl_in --list-sas 2>/dev/null | grep -c ESTABLISHED)" = 1 ] && ours_do status | grep -Fq "$1"
}

# Sent away while the tunnel is up, by whoever was called.
check_redirect() # IKE ESP
{
    local to=10.9.0.11
    IKE=$1 ESP=$2
    redirect_sides
    [ "$ROLE" = responder ] || { to=10.9.0.22 OUR_SITE+='
follow_redirects = authenticated'; }
    connect || return
    redirect_command >"$STATE/command" 2>&1
    verdict sent "no redirect" until_true 5 ours_log_has 'INFORMATIONAL request .*N\(REDIRECT\)'
    verdict moved "not at the other gateway" until_true 8 only_one_left "$to"
    check_traffic
    check_rekeys
    check_delete
    finish_life
}
