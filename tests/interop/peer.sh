# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the peers' files share: one daemon in namespace GW_B, its /run being the folder $PEER, in the Debian
# root $PEER_ROOT when that is set. Sourced by run and by tests/two-site/swanctl. Each kind of peer has
#
#   KIND_root RELEASE   the root it needs, as "SUITE PACKAGES"; nothing: this machine has it
#   KIND_start          waits until it answers         KIND_initiate
#   KIND_rekey_child    KIND_rekey_ike, if it can      KIND_delete
#   KIND_up, KIND_gone  its view: a child is there, nothing is
#   KIND_no_probe       if there is such: why it never asks for a sign of life
#   KIND_no_traffic     why no packet can pass; nothing when they do

peer_daemon() # COMMAND...
{
    # shellcheck disable=SC2016 # the inner shell expands
    PEER=$PEER ROOT=$PEER_ROOT ip netns exec "$GW_B" unshare -m sh -c '
        mount --make-rprivate / && echo $$ >"$PEER/pid" || exit
        [ -n "$ROOT" ] || { mount --bind "$PEER" /run && exec "$@"; exit; }
        mount -t proc proc "$ROOT/proc" && mount -t sysfs sysfs "$ROOT/sys" &&
            mount --rbind /dev "$ROOT/dev" && mount --bind "$PEER" "$ROOT/run" && exec chroot "$ROOT" "$@"
    ' peer "$@" </dev/null >"$PEER/out" 2>&1 &
    disown
}

# In the daemon's namespaces and root. Not later than 10 s, whatever it waits for.
peer_in() # COMMAND...
{
    timeout 10 nsenter -t "$(cat "$PEER/pid")" -m -r -n "$@"
}

peer_log_has() { grep -Eq -- "$1" "$PEER/log"; }

peer_stop()
{
    local pid i
    [ -s "$PEER/pid" ] || return 0
    pid=$(cat "$PEER/pid")
    rm -f "$PEER/pid"
    kill "$pid" 2>/dev/null || return 0
    for i in $(seq 60); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    kill -9 "$pid" 2>/dev/null
}

# The libraries of noesp/ stand in for what a kernel without ESP lacks.
peer_noesp_build() # FILE
{
    cc -O2 -Wall -fPIC -shared -o "$1" tests/interop/noesp/*.c -lpthread
}

kernel_has_esp() # in GW_B
{
    local sa="src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1001"
    # shellcheck disable=SC2086 # words
    ip -n "$GW_B" xfrm state add $sa mode tunnel enc 'cipher_null' '' auth 'hmac(sha1)' \
        0x000102030405060708090a0b0c0d0e0f10111213 2>/dev/null &&
        ip -n "$GW_B" xfrm state delete $sa
}
