# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Inner addresses given by one end to the other, and IKE SAs without a child to begin with. Sourced by run.

LEASE=

# Who calls asks, who answers has a pool; the address takes the place of the caller's network.
check_lease() # IKE ESP
{
    IKE=$1 ESP=$2
    lease_sides
    lease_life
}

lease_sides()
{
    if [ "$ROLE" = initiator ]; then
        SWAN_CONNECTION='pools = inner'
        SWAN_CHILD='remote_ts = dynamic'
        SWAN_MORE="$SWAN_MORE
        pools { inner {
            addrs = 192.168.1.200-192.168.1.210
            dns = 192.168.2.53 } }"
        OUR_SITE='request_address = ipv4, dns' OUR_CHILD='local_ts = dynamic'
        LEASE=192.168.1.200
    else
        SWAN_CONNECTION='vips = 0.0.0.0'
        SWAN_CHILD='local_ts = dynamic'
        OUR_SITE='pool = 192.168.2.200-192.168.2.210' OUR_CHILD='remote_ts = dynamic'
        LEASE=192.168.2.200
    fi
}

lease_life()
{
    begin || { fail begin "could not start"; finish_life; return; }
    verdict assigned "no child with the address" until_true 10 lease_up
    lease_traffic ping
    lease_rekeys
    lease_traffic ping-again
    check_delete
    finish_life
}

lease_up()
{
    peer up && ours_do status -j | grep -q '"spi_in"' && ours_do status | grep -q "$LEASE"
}

lease_ping() # from the end that was given the address
{
    if [ "$ROLE" = initiator ]; then
        ip netns exec "$GW_A" ping -q -c 3 -i 0.1 -W 1 -I "$LEASE" 192.168.2.10 >"$STATE/ping" 2>&1
    else
        ip netns exec "$GW_B" ping -q -c 3 -i 0.1 -W 1 -I "$LEASE" 192.168.1.10 >"$STATE/ping" 2>&1
    fi
}

lease_traffic() # WHAT
{
    if lease_ping; then pass "$1"; else fail "$1" "$(tail -n 2 "$STATE/ping" | tr '\n' ' ')"; fi
}

# No traffic of the hosts passes here, so the rekeys are without.
lease_rekeys()
{
    local traffic_why_not="only the leased address is in the tunnel"
    check_rekeys
}

# RFC 6023: an IKE SA alone, then each child by an exchange of its own.
check_childless_start() # IKE ESP
{
    IKE=$1 ESP=$2
    SWAN_CONNECTION='childless = force' OUR_SITE='childless = always'
    connect || return
    verdict alone "a child came with IKE_AUTH" childless_first
    check_traffic
    check_rekeys
    check_delete
    finish_life
}

childless_first()
{
    ours_log_has 'IKE_AUTH response .*AUTH' && ! ours_log_has 'IKE_AUTH (request|response) .*TSi' &&
        ours_log_has 'CREATE_CHILD_SA response .*TSi'
}
