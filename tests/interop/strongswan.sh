# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# strongSwan with userspace ESP (kernel-libipsec), after peer.sh. Sourced by run and tests/two-site/swanctl.
# kernel-libipsec always encapsulates in UDP and so claims to be behind a NAT; it has neither ESN nor
# transport mode. What a job sets, besides what ours.sh names:
#
#   DPD              seconds of silence after which strongSwan asks; 0: never
#   SWAN_DAEMON SWAN_CONNECTION SWAN_CHILD SWAN_MORE    more lines: strongswan.conf, the connection, the
#                                                       child, and top level of swanctl.conf
#   SWAN_LOCAL SWAN_REMOTE   the authentication sections; default: the secret
#   CERTS            a folder made by certs: strongSwan is b, and trusts the CA
#   PEER_REMOTE      where strongSwan finds us; the default is where we are

CHARON=/usr/lib/ipsec/charon
SWAN_PACKAGES="strongswan-charon strongswan-swanctl libstrongswan-standard-plugins
    libstrongswan-extra-plugins libcharon-extra-plugins libcharon-extauth-plugins"

swan_available() # sets SWAN_WHY
{
    SWAN_WHY=
    [ -x "$CHARON" ] || SWAN_WHY="no strongSwan (package strongswan-charon)"
    [ -e /usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so ] ||
        SWAN_WHY="no kernel-libipsec plugin (package libcharon-extra-plugins)"
    command -v swanctl >/dev/null || SWAN_WHY="no swanctl (package strongswan-swanctl)"
    [ -z "$SWAN_WHY" ]
}

strongswan_root() # RELEASE
{
    local own suite=bookworm
    own=$("$CHARON" --version 2>/dev/null)
    case $own in *"strongSwan $1."*) swan_available && return ;; esac
    [ "$1" != 6.0 ] || suite=trixie
    echo "$suite" $SWAN_PACKAGES
}

# An explicit list: Debian's defaults contain plugins that change routes and marks.
swan_plugins()
{
    local name
    for name in random nonce aes sha1 sha2 md5 mgf1 pem pkcs1 pkcs8 x509 pubkey constraints openssl gmp \
        curve25519 gcm ccm ctr cmac xcbc hmac kdf chapoly drbg kernel-libipsec kernel-netlink socket-default vici updown \
        eap-identity eap-md5 eap-mschapv2 counters; do
        [ ! -e "$PEER_ROOT/usr/lib/ipsec/plugins/libstrongswan-$name.so" ] || printf '%s ' "$name"
    done
}

swan_daemon_conf()
{
    cat <<END
charon {
    load = $(swan_plugins)
    filelog { test { path = /run/log
        flush_line = yes
        time_format = %T
        default = 1
        ike = 2
        cfg = 2 } }
    syslog { daemon { default = -1 } auth { default = -1 } }
    plugins { vici { socket = unix:///run/charon.vici } }
    retransmit_tries = 3
    retransmit_timeout = 1
    $SWAN_DAEMON
}
swanctl { load = pem pkcs1 pkcs8 x509 pubkey openssl random nonce }
END
}

swan_connection_conf()
{
    cat <<END
connections { site {
    version = 2
    local_addrs = ${PEER_LOCAL:-$PEER_ADDRESS}
    remote_addrs = ${PEER_REMOTE:-$OUR_ADDRESS}
    proposals = $IKE
    rekey_time = 0
    mobike = ${SWAN_MOBIKE:-no}
    dpd_delay = $DPD
    local { ${SWAN_LOCAL:-auth = psk}
        id = b.interop }
    remote { ${SWAN_REMOTE:-auth = psk}
        id = a.interop }
    children { net {
        $([ "${MODE:-}" = transport ] && echo "mode = transport" ||
            printf '%s\n        %s' "local_ts = 192.168.2.0/24" "remote_ts = 192.168.1.0/24")
        esp_proposals = $ESP
        rekey_time = 0
        $SWAN_CHILD
    } }
    $SWAN_CONNECTION
} }
secrets { ike-site { secret = "$PSK" } }
$SWAN_MORE
END
}

swanctl_in() # --COMMAND [OPTIONS]
{
    local command=$1
    shift
    peer_in env STRONGSWAN_CONF=/run/strongswan.conf SWANCTL_DIR=/run/swanctl \
        swanctl "$command" --uri unix:///run/charon.vici "$@"
}

# The intermediates are known, not trusted.
swan_credentials()
{
    [ -n "${CERTS:-}" ] || return 0
    cp "$CERTS/b.pem" "$PEER/swanctl/x509/" && cp "$CERTS/b.key" "$PEER/swanctl/private/" &&
        cp "$CERTS/ca.pem" "$PEER/swanctl/x509ca/" || return 1
    local intermediate
    for intermediate in "$CERTS"/sub*.pem; do
        [ ! -e "$intermediate" ] || cp "$intermediate" "$PEER/swanctl/x509/"
    done
}

strongswan_start()
{
    mkdir -p "$PEER"/swanctl/{conf.d,x509,x509ca,private}
    swan_credentials || return 1
    swan_daemon_conf >"$PEER/strongswan.conf"
    swan_connection_conf >"$PEER/swanctl/swanctl.conf"
    peer_daemon env STRONGSWAN_CONF=/run/strongswan.conf "$CHARON"
    until_true 5 swanctl_in --stats
    swanctl_in --load-all >"$PEER/load" 2>&1 || {
        cat "$PEER/out" "$PEER/load"
        return 1
    }
}

swan_has() { swanctl_in --list-sas 2>/dev/null | grep -q "$1"; }

strongswan_initiate() { swanctl_in --initiate --child net --timeout 8; }
strongswan_rekey_child() { swanctl_in --rekey --child net; }
strongswan_rekey_ike() { swanctl_in --rekey --ike site; }
strongswan_delete() { swanctl_in --terminate --ike site --timeout 5; }
strongswan_up() { swan_has INSTALLED; }
strongswan_gone() { ! swan_has ESTABLISHED; }
strongswan_no_traffic() { :; }
