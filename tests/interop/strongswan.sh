# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# One strongSwan with userspace ESP (kernel-libipsec) in namespace GW_B, its state in $SWAN. Sourced by
# run. kernel-libipsec always encapsulates in UDP and so claims to be behind a NAT; it has neither ESN nor
# transport mode.

CHARON=/usr/lib/ipsec/charon

swan_available() # sets SWAN_WHY
{
    SWAN_WHY=
    [ -x "$CHARON" ] || SWAN_WHY="no strongSwan (package strongswan-charon)"
    [ -e /usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so ] ||
        SWAN_WHY="no kernel-libipsec plugin (package libcharon-extra-plugins)"
    command -v swanctl >/dev/null || SWAN_WHY="no swanctl (package strongswan-swanctl)"
    [ -z "$SWAN_WHY" ]
}

# An explicit list: Debian's defaults contain plugins that change routes and marks.
swan_plugins()
{
    local name
    for name in random nonce aes sha1 sha2 pem pkcs1 pkcs8 x509 pubkey openssl gmp curve25519 gcm ctr hmac \
        kdf chapoly drbg kernel-libipsec kernel-netlink socket-default vici updown counters; do
        [ ! -e "/usr/lib/ipsec/plugins/libstrongswan-$name.so" ] || printf '%s ' "$name"
    done
}

swan_daemon_conf()
{
    cat <<EOF
charon {
    load = $(swan_plugins)
    filelog { test { path = /run/charon.log
        flush_line = yes
        time_format = %T
        default = 1
        ike = 2
        cfg = 2 } }
    syslog { daemon { default = -1 } auth { default = -1 } }
    plugins { vici { socket = unix:///run/charon.vici } }
    retransmit_tries = 3
    retransmit_timeout = 1
}
swanctl { load = pem pkcs1 pkcs8 x509 pubkey openssl random nonce }
EOF
}

swan_connection_conf() # IKE ESP DPD
{
    cat <<EOF
connections { site {
    version = 2
    local_addrs = 10.9.0.2
    remote_addrs = 10.9.0.1
    proposals = $1
    rekey_time = 0
    mobike = no
    dpd_delay = $3
    local { auth = psk
        id = b.interop }
    remote { auth = psk
        id = a.interop }
    children { net {
        local_ts = 192.168.2.0/24
        remote_ts = 192.168.1.0/24
        esp_proposals = $2
        rekey_time = 0
    } }
} }
secrets { ike-site { secret = "$PSK" } }
EOF
}

# In the daemon's namespaces: its /run is $SWAN.
swanctl_in()
{
    local command=$1 pid
    pid=$(cat "$SWAN/pid")
    shift
    env STRONGSWAN_CONF=/run/strongswan.conf SWANCTL_DIR=/run/swanctl \
        nsenter -t "$pid" -m -r -n swanctl "$command" --uri unix:///run/charon.vici "$@"
}

swan_start() # IKE ESP [DPD]
{
    local i
    rm -rf "$SWAN"
    mkdir -p "$SWAN/swanctl/conf.d"
    swan_daemon_conf >"$SWAN/strongswan.conf"
    swan_connection_conf "$1" "$2" "${3:-0}" >"$SWAN/swanctl/swanctl.conf"
    # shellcheck disable=SC2016 # the inner shell expands
    SWAN="$SWAN" CHARON="$CHARON" STRONGSWAN_CONF=/run/strongswan.conf ip netns exec "$GW_B" \
        unshare -m sh -c 'mount --make-rprivate / && echo $$ >"$SWAN/pid" &&
            mount --bind "$SWAN" /run && exec "$CHARON"' </dev/null >"$SWAN/out" 2>&1 &
    for i in $(seq 100); do
        [ ! -S "$SWAN/charon.vici" ] || ! swanctl_in --stats >/dev/null 2>&1 || break
        sleep 0.05
    done
    swanctl_in --load-all >"$SWAN/load" 2>&1 || {
        cat "$SWAN/out" "$SWAN/load"
        return 1
    }
}

swan_stop()
{
    local pid i
    [ -s "$SWAN/pid" ] || return 0
    pid=$(cat "$SWAN/pid")
    kill "$pid" 2>/dev/null || return 0
    for i in $(seq 60); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    kill -9 "$pid" 2>/dev/null
    wait 2>/dev/null
    rm -f "$SWAN/pid"
}

swan_sas()
{
    swanctl_in --list-sas 2>/dev/null
}
