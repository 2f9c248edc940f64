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

# Who calls is a user with a password, who answers has a certificate: usual remote access. What the rows say:
#
#   plain      the user's name is its identity in IKE      asked    and EAP asks for it once more
#   other      the user has another name: EAP has to ask   refused  a wrong password
#   lease      the user is given an inner address
#   alone      no certificate: RFC 5998, which strongSwan as the client does only with methods it holds to
#              prove both ends, and this is none of them
check_eap() # HOW
{
    IKE=$AUTH_IKE ESP=$AUTH_ESP
    local end=b user
    eap_built_in || { skip "eap" "ipsec-two-site is built without EAP: no nettle"; return; }
    with_certificates rsa2048 || { fail certificates "not made"; return; }
    [ "$ROLE" != initiator ] || end=a
    user=$end.interop
    [ "$1" != other ] || user='INTEROP\carol'
    "eap_$ROLE" "$1" "$user"
    SWAN_MORE="secrets { eap-user { id = $user
        secret = \"$PSK\" } }"
    case $1 in
    refused)
        eap_refused
        return
        ;;
    lease)
        lease_sides
        lease_life
        return
        ;;
    esac
    connect || return
    verdict method "no EAP" eap_succeeded "$end"
    check_traffic
    check_rekeys
    check_delete
    finish_life
}

# Without it a configuration with EAP is refused in these words.
eap_built_in()
{
    printf 'password\n' >"$STATE/eap"
    chmod 600 "$STATE/eap"
    cat >"$STATE/eap.conf" <<EOF
[site b]
local = 10.9.0.1
remote = 10.9.0.2
local_id = a.interop
role = initiator
auth = eap
eap_password_file = eap
[child net]
site = b
local_ts = 192.168.1.0/24
remote_ts = 192.168.2.0/24
EOF
    ! "$PROGRAM" check "$STATE/eap.conf" 2>&1 | grep -q 'EAP is not built in'
}

# We are the client.
eap_initiator() # HOW USER
{
    SWAN_LOCAL="auth = pubkey
        certs = b.pem" SWAN_REMOTE='auth = eap-mschapv2'
    case $1 in asked | other) SWAN_REMOTE="$SWAN_REMOTE
        eap_id = %any" ;; esac
    OUR_AUTH="local_auth = eap
remote_auth = certificate
ca_file = $CERTS/ca.pem
eap_password_file = $STATE/psk"
    case $1 in
    other) OUR_SITE="eap_identity = $2" ;;
    alone)
        SWAN_LOCAL='auth = eap-mschapv2' OUR_AUTH="auth = eap
eap_password_file = $STATE/psk"
        ;;
    refused)
        printf 'wrong\n' >"$STATE/wrong"
        chmod 600 "$STATE/wrong"
        OUR_AUTH=${OUR_AUTH%/psk}/wrong
        ;;
    esac
}

# We are the server.
eap_responder() # HOW USER
{
    SWAN_LOCAL='auth = eap-mschapv2' SWAN_REMOTE='auth = pubkey'
    [ "$1" != other ] || SWAN_LOCAL="$SWAN_LOCAL
        eap_id = $2"
    printf '# users\n\nnobody:nothing\n%s:%s\n' "$2" "$PSK" >"$STATE/users"
    [ "$1" != refused ] || printf '%s:wrong\n' "$2" >"$STATE/users"
    chmod 600 "$STATE/users"
    OUR_AUTH="local_auth = certificate
cert_file = $CERTS/a-chain.pem
key_file = $CERTS/a.key
remote_auth = eap
eap_users_file = $STATE/users"
    case $1 in
    asked) OUR_SITE='eap_ask_identity = yes' ;;
    other) OUR_SITE='eap_ask_identity = yes
eap_any_id = yes' ;;
    esac
}

eap_succeeded() # CLIENT
{
    peer_log_has 'EAP method EAP_MSCHAPV2 succeeded, MSK established' &&
        peer_log_has "authentication of '$1.interop' (with EAP successful|\(myself\) with EAP)"
}

eap_refused()
{
    begin || fail begin "could not start"
    if [ "$ROLE" = initiator ]; then
        verdict reason "not said" until_true 8 ours_log_has 'EAP: the server refused .* error 691, wrong name'
    else
        verdict reason "not said" until_true 8 ours_log_has 'EAP: wrong password: user "b.interop"'
        verdict told "the peer was not told" peer_log_has 'failed with error ERROR_AUTHENTICATION_FAILURE'
    fi
    verdict nothing-left "SAs remain" none_left
    finish_life
}
