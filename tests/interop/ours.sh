# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# This library's side: one ipsec-two-site in namespace GW_A. Sourced by run. What a job sets:
#
#   IKE ESP          the proposals of both ends; OUR_IKE, OUR_ESP: ours where they differ
#   ROLE             initiator or responder
#   MODE             tunnel, or transport between the two gateways
#   LIVENESS         off, or seconds
#   OUR_GATEWAY OUR_SITE OUR_CHILD      more lines for the sections
#   OUR_LOCAL        the address the sockets are open on; the default is the one we have
#   OUR_REMOTE       the peer's address as we see it; the default is where it is

ours_conf()
{
    printf '%s\n' "$PSK" >"$STATE/psk"
    chmod 600 "$STATE/psk"
    cat <<EOF
[gateway]
address = ${OUR_LOCAL:-$OUR_ADDRESS}
tun = ipsec0
tun_address = 192.168.1.1
mtu = 1380
retransmit = 1s
retransmit_tries = 3
control = $STATE/ours.sock
$OUR_GATEWAY

[site b]
remote = ${OUR_REMOTE:-$PEER_ADDRESS}
local_id = a.interop
remote_id = b.interop
role = $ROLE
ike = ${OUR_IKE:-$IKE}
liveness = $LIVENESS
${OUR_AUTH:-secret_file = $STATE/psk}
$OUR_SITE

[child net]
site = b
$([ "$MODE" = transport ] && echo "mode = transport" || printf '%s\n' "local_ts = 192.168.1.0/24" "remote_ts = 192.168.2.0/24")
esp = ${OUR_ESP:-$ESP}
$OUR_CHILD
EOF
}

ours_start()
{
    ours_conf >"$STATE/ours.conf"
    ip netns exec "$GW_A" "$PROGRAM" run "$STATE/ours.conf" </dev/null >"$STATE/ours.log" 2>&1 &
    ours=$!
    until_true 5 test -S "$STATE/ours.sock"
}

ours_do() { ip netns exec "$GW_A" "$PROGRAM" "$@" "$STATE/ours.conf"; }

ours_stop()
{
    [ -n "$ours" ] || return 0
    kill "$ours" 2>/dev/null
    wait "$ours" 2>/dev/null
    ours=
}

ours_log_has() { grep -Eq -- "$1" "$STATE/ours.log"; }
ours_count() { grep -Ec -- "$1" "$STATE/ours.log"; }
