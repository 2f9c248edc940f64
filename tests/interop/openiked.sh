# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# OpenIKED, after peer.sh. Sourced by run. It does not start without PF_KEY; noesp/ answers for the kernel,
# so that its IKE side runs alone. Its ESP on Linux knows no HMAC-SHA2-256: use sha384.

openiked_root() { echo "bookworm libreswan openiked libnss3-tools iproute2"; }

# In its own words: aes256-sha256-modp2048 is "enc aes-256 auth hmac-sha2-256 group modp2048" there.
openiked_proposal() # PROPOSAL
{
    sed -E 's/^aes([0-9]+)gcm16/enc aes-\1-gcm/; s/^aes([0-9]+)/enc aes-\1/; s/^chacha20poly1305/enc chacha20-poly1305/
        s/-prfsha([0-9]+)/ prf hmac-sha2-\1/; s/-sha([0-9]{3})/ auth hmac-sha2-\1/
        s/-(modp|ecp|curve)/ group \1/; s/-esn/ esn/' <<<"$1"
}

openiked_conf()
{
    local prf=
    case $IKE in *-prf*) ;; *) prf="prf hmac-sha2-256" ;; esac
    echo "set passive"
    local mode="esp from 192.168.2.0/24 to 192.168.1.0/24"
    [ "$MODE" != transport ] || mode="transport esp from $PEER_ADDRESS to $OUR_ADDRESS"
    cat <<END
ikev2 "site" $([ "$ROLE" = initiator ] && echo passive || echo active) $mode local $PEER_ADDRESS peer $OUR_ADDRESS \\
    ikesa $(openiked_proposal "$IKE") $prf childsa $(openiked_proposal "$ESP") \\
    srcid b.interop dstid a.interop ikelifetime ${IKED_IKE_SECONDS:-0} lifetime ${IKED_CHILD_SECONDS:-3600} \\
    psk "$PSK"
END
}

openiked_keys() # its own; it wants them even where only secrets are used
{
    mkdir -p "$PEER"/iked/{ca,certs,crls,private,pubkeys/fqdn}
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$PEER/iked/private/local.key" &&
        openssl pkey -in "$PEER/iked/private/local.key" -pubout -out "$PEER/iked/local.pub"
}

openiked_start()
{
    openiked_conf >"$PEER/iked.conf"
    chmod 600 "$PEER/iked.conf"
    openiked_keys 2>/dev/null || return 1
    cp "$NOESP" "$PEER/noesp.so"
    peer_daemon sh -c 'mount --bind /run/iked /etc/iked && export LD_PRELOAD=/run/noesp.so &&
        exec /usr/sbin/iked -d -v -v -f /run/iked.conf -s /run/iked.sock >/run/log 2>&1'
    # It loads its configuration late, and drops every SA when it does.
    until_true 10 peer_log_has stickyaddress && sleep 1
}

ikectl_in() { peer_in ikectl -s /run/iked.sock "$@"; }

openiked_initiate() { ikectl_in active; }
openiked_rekey_child() { touch "$PEER/expire"; } # noesp/ tells it that the SA's soft lifetime is over
openiked_delete() { ikectl_in reset sa; }
openiked_up() { ikectl_in show sa | grep -q 'sa_childsas: .* ESP .* in .*(LA)'; }
openiked_gone() { ! ikectl_in show sa | grep -q ESTABLISHED; }
openiked_no_probe() { echo "OpenIKED asks only while its own packets leave and none come, which needs ESP"; }
openiked_no_traffic() { echo "OpenIKED's IKE runs alone here: a stand-in answers for the kernel's PF_KEY"; }
