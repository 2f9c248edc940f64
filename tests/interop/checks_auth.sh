# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Rows about who the ends are, against strongSwan: certificates, small and large, and EAP. Sourced by run.

AUTH_IKE=aes256-sha256-ecp256 AUTH_ESP=aes256-sha256

# Both ends have certificates of one CA.
with_certificates() # TYPE [OPTIONS OF certs]
{
    CERTS=$STATE/certs
    rm -rf "$CERTS"
    tests/interop/certs "$CERTS" "$@" || return 1
    OUR_AUTH="auth = certificate
cert_file = $CERTS/a-chain.pem
key_file = $CERTS/a.key
ca_file = $CERTS/ca.pem"
}

# How strongSwan's log names a good signature of ours.
signature_text() # TYPE HOW
{
    case $1-$2 in
    rsa*-classic) echo 'RSA signature successful' ;;
    rsa*-signature) echo 'RSA_EMSA_PKCS1_SHA2_[0-9]+ successful' ;;
    rsa*-pss) echo 'RSA_EMSA_PSS_SHA2_256.* successful' ;;
    ecdsa*-classic) echo "ECDSA-${1#ecdsa} signature successful" ;;
    ecdsa*-signature) echo 'ECDSA_WITH_SHA[0-9]+_DER successful' ;;
    esac
}

check_certificates() # TYPE classic|signature|pss [OPTIONS OF certs]
{
    local type=$1 how=$2 auth=pubkey
    shift 2
    IKE=$AUTH_IKE ESP=$AUTH_ESP
    with_certificates "$type" "$@" || { fail certificates "not made"; return; }
    [ "$how" != classic ] || SWAN_DAEMON='signature_authentication = no'
    [ "$how" != pss ] || auth=ike:rsa/pss-sha256 OUR_SITE='signatures = rsa-pss-sha256'
    # Method 1 means SHA-1, which has to be named.
    [ "$type-${how}" != rsa2048-classic ] || OUR_SITE='signatures = rsa-sha1
remote_signatures = rsa-sha1'
    SWAN_LOCAL="auth = $auth
        certs = b.pem" SWAN_REMOTE="auth = $auth"
    connect || return
    verdict method "strongSwan saw another method" \
        peer_log_has "authentication of 'a.interop' with $(signature_text "$type" "$how")"
    check_traffic
    check_rekeys
    finish_life
}

# A link that drops what is fragmented at the IP layer, and takes only small packets.
drop_ip_fragments()
{
    local ns
    for ns in "$GW_A" "$GW_B"; do
        ip -n "$ns" link set wan mtu 1280 && ip netns exec "$ns" nft 'add table ip cut;
            add chain ip cut in { type filter hook prerouting priority -500; };
            add rule ip cut in ip frag-off & 0x3fff != 0 counter drop' || return 1
    done
}

# RFC 7383: the chains have 4,000 octets.
check_fragmentation() # TYPE
{
    IKE=$AUTH_IKE ESP=$AUTH_ESP
    with_certificates "$1" --big || { fail certificates "not made"; return; }
    SWAN_LOCAL="auth = pubkey
        certs = b.pem" SWAN_REMOTE='auth = pubkey'
    SWAN_CONNECTION='fragmentation = yes
    send_cert = always' SWAN_DAEMON='fragment_size = 1200'
    AFTER_START=drop_ip_fragments
    connect || return
    verdict from-us "not in fragments" peer_log_has 'reassembled fragmented IKE message'
    verdict from-peer "not in fragments" peer_log_has 'splitting IKE message'
    # No TCP: what the inner packets' size does on such a link is another matter.
    verdict ping "lost" ping_both
    check_rekeys
    finish_life
}

# Who calls is a user with a password, who answers has a certificate. The program that calls has no CA of
# the other side's users, and the one that answers none of the caller.
check_eap() # METHOD
{
    IKE=$AUTH_IKE ESP=$AUTH_ESP
    with_certificates ecdsa256 || { fail certificates "not made"; return; }
    if [ "$ROLE" = initiator ]; then
        SWAN_LOCAL="auth = pubkey
        certs = b.pem" SWAN_REMOTE="auth = eap-$1
        eap_id = %any"
        OUR_AUTH="ca_file = $CERTS/ca.pem
eap = $1
eap_password_file = $STATE/psk"
    else
        SWAN_LOCAL="auth = eap-$1
        eap_id = b.interop" SWAN_REMOTE='auth = pubkey'
        OUR_AUTH="$OUR_AUTH
remote_eap = $1
eap_password_file = $STATE/psk"
    fi
    SWAN_MORE="secrets { eap-user { id = $([ "$ROLE" = initiator ] && echo a || echo b).interop
        secret = \"$PSK\" } }"
    SWAN_CONNECTION='send_cert = always'
    connect || return
    verdict method "no EAP" peer_log_has "EAP method EAP_${1^^} succeeded"
    check_traffic
    finish_life
}
