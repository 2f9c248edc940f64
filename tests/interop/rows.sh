# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The rows: what is checked against whom. Sourced by run.
#
#   WHEN    always | all: only with --all | pending: shown by --pending, not run: the program lacks it yet
#   PEER    the kind of peer and its release
#   ROLES   of this library: initiator, responder, or both (a job each)
#   CHECK   a function check_... of checks.sh, after the row's name, with its arguments

rows()
{
    rows_strongswan strongswan-5.9 always
    rows_strongswan strongswan-6.0 all
    cat <<'END'
always strongswan-5.9 initiator keepalive keepalive aes256-sha256-modp2048 aes256-sha256
all strongswan-6.0 initiator keepalive keepalive aes256-sha256-modp2048 aes256-sha256
always strongswan-5.9 initiator eap-mschapv2-alone eap alone
always strongswan-6.0 initiator eap-mschapv2-alone eap alone
always libreswan both aes256-sha256-modp2048 suite aes256-sha256-modp2048 aes256-sha256-modp2048
all libreswan both aes256-sha256-ecp256 suite aes256-sha256-ecp256 aes256-sha256-ecp256
all libreswan both aes256-sha256-ecp384 suite aes256-sha256-ecp384 aes256-sha256-ecp384
always libreswan both aes256gcm16-prfsha256-ecp256 suite aes256gcm16-prfsha256-ecp256 aes256gcm16-ecp256
all libreswan both chacha20poly1305-prfsha256-curve25519 suite chacha20poly1305-prfsha256-curve25519 chacha20poly1305-curve25519
all libreswan both without-pfs suite aes256-sha256-modp2048 aes256-sha256
always libreswan both esn suite aes256-sha256-modp2048 aes256-sha256-modp2048-esn
always libreswan both transport transport aes256-sha256-modp2048 aes256-sha256-modp2048
always libreswan both liveness liveness aes256-sha256-modp2048 aes256-sha256
always libreswan both refused refused ike aes256-sha256-modp2048 aes256-sha256 aes128-sha256-modp2048 aes256-sha256
always libreswan both refused refused esp aes256-sha256-modp2048 aes256-sha256 aes256-sha256-modp2048 aes256-sha512
always openiked both aes256-sha256-modp2048 suite aes256-sha256-modp2048 aes256-sha384-modp2048
all openiked both aes256-sha256-ecp256 suite aes256-sha256-ecp256 aes256-sha384-ecp256
all openiked both aes256-sha256-ecp384 suite aes256-sha256-ecp384 aes256-sha384-ecp384
always openiked both aes256gcm16-prfsha256-ecp256 suite aes256gcm16-prfsha256-ecp256 aes256-sha384-ecp256
all openiked both aes256gcm16-prfsha256-curve25519 suite aes256gcm16-prfsha256-curve25519 aes256-sha384-curve25519
all openiked both without-pfs suite aes256-sha256-modp2048 aes256-sha384
always openiked both esn agreed aes256-sha256-modp2048 aes256-sha384-modp2048-esn no.support.for.extended.sequence.numbers OpenIKED has none with PF_KEY
always openiked both transport transport aes256-sha256-modp2048 aes256-sha384-modp2048
always openiked both liveness liveness aes256-sha256-modp2048 aes256-sha384
always openiked both refused refused ike aes256-sha256-modp2048 aes256-sha384 aes128-sha256-modp2048 aes256-sha384
always openiked both refused refused esp aes256-sha256-modp2048 aes256-sha384 aes256-sha256-modp2048 aes256-sha512
END
}

rows_strongswan() # PEER WHEN
{
    rows_waiting "$1"
    sed "s/^/always $1 initiator /" <<'END'
reauth-told reauth_told aes256-sha256-modp2048 aes256-sha256-modp2048
END
    sed "s/^/always $1 responder /" <<'END'
redirect-in-ike-sa-init redirect_first aes256-sha256-modp2048 aes256-sha256
redirect-in-ike-auth redirect_known aes256-sha256-modp2048 aes256-sha256
END
    sed "s/^/$2 $1 both /" <<'END'
aes256-sha256-modp2048s256 suite aes256-sha256-modp2048s256 aes256-sha256-modp2048s256
aes256-sha256-ecp256 suite aes256-sha256-ecp256 aes256-sha256-ecp256
aes256-sha256-ecp384 suite aes256-sha256-ecp384 aes256-sha256-ecp384
chacha20poly1305-prfsha256-curve25519 suite chacha20poly1305-prfsha256-curve25519 chacha20poly1305-curve25519
without-pfs suite aes256-sha256-modp2048 aes256-sha256
liveness liveness aes256-sha256-modp2048 aes256-sha256
refused refused ike aes256-sha256-modp2048 aes256-sha256 aes128-sha256-modp2048 aes256-sha256
refused refused esp aes256-sha256-modp2048 aes256-sha256 aes256-sha256-modp2048 aes256-sha512
eap-mschapv2-asked eap asked
eap-mschapv2-other-name eap other
eap-mschapv2-refused eap refused
END
    # Against each release: what they do differently.
    sed "s/^/always $1 both /" <<'END'
aes256-sha256-modp2048 suite aes256-sha256-modp2048 aes256-sha256-modp2048
aes256gcm16-prfsha256-ecp256 suite aes256gcm16-prfsha256-ecp256 aes256gcm16-ecp256
cookies cookies aes256-sha256-modp2048 aes256-sha256
nat nat aes256-sha256-modp2048 aes256-sha256-modp2048
nat-rebinding nat_rebinding aes256-sha256-modp2048 aes256-sha256
mobike mobike aes256-sha256-modp2048 aes256-sha256
mobike-nat mobike_nat aes256-sha256-modp2048 aes256-sha256
lease lease aes256-sha256-modp2048 aes256-sha256-modp2048
childless childless_start aes256-sha256-modp2048 aes256-sha256-modp2048
rsa-method-1 certificates rsa2048 classic
rsa-signature certificates rsa2048 signature
rsa-pss certificates rsa2048 pss
rsa-chain certificates rsa2048 signature --intermediates 2
ecdsa256-method-9 certificates ecdsa256 classic
ecdsa256-signature certificates ecdsa256 signature
ecdsa384-method-10 certificates ecdsa384 classic
ecdsa384-signature certificates ecdsa384 signature
fragmentation fragmentation rsa2048
fragments fragments 256 aes256-sha256-modp2048 aes256-sha256-modp2048
fragments-gcm fragments 600 aes256gcm16-prfsha256-modp4096 aes256gcm16-modp4096
lossy-path lossy_path aes256-sha256-modp2048 aes256-sha256-modp4096
END
    # The other ciphers and MACs of ESP, some for IKE as well.
    sed "s/^/$2 $1 both /" <<'END'
aes256ctr-sha256-ecp256 suite aes256ctr-sha256-ecp256 aes256ctr-sha256-ecp256
aes256ccm16-ecp256 suite aes256ccm16-prfsha256-ecp256 aes256ccm16-ecp256
aes128-aescmac-ecp256 suite aes128-aescmac-prfaescmac-ecp256 aes128-aescmac-ecp256
aes128-aesxcbc-ecp256 suite aes128-aesxcbc-prfaesxcbc-ecp256 aes128-aesxcbc-ecp256
aes256gmac agreed aes256-sha256-ecp256 aes256gmac-ecp256 selected.proposal:.ESP:NULL_AES_GMAC_256/ kernel-libipsec has no ENCR_NULL_AUTH_AES_GMAC
esn agreed aes256-sha256-ecp256 aes256-sha256-ecp256-esn selected.proposal:.ESP:.*/EXT_SEQ kernel-libipsec has no extended sequence numbers
transport agreed_transport aes256-sha256-ecp256 aes256-sha256-ecp256 IPsec.SA:.unsupported.mode kernel-libipsec has tunnels only
END
    sed "s/^/all $1 both /" <<'END'
aes192-sha384-ecp256 suite aes192-sha384-ecp256 aes192-sha384-ecp256
aes128-sha512-ecp521 suite aes128-sha512-ecp521 aes128-sha512-ecp521
aes128ctr-aesxcbc-ecp256 suite aes128-sha256-ecp256 aes128ctr-aesxcbc-ecp256
aes128gcm12-ecp256 suite aes128gcm12-prfsha256-ecp256 aes128gcm12-ecp256
aes192gcm8-ecp256 suite aes192gcm8-prfsha256-ecp256 aes192gcm8-ecp256
aes128ccm12-ecp256 suite aes128ccm12-prfsha256-ecp256 aes128ccm12-ecp256
aes192ccm8-ecp256 suite aes192ccm8-prfsha256-ecp256 aes192ccm8-ecp256
aes256-sha1-ecp256 suite aes256-sha1-ecp256 aes256-sha1-ecp256
null-sha256-ecp256 suite aes256-sha256-ecp256 null-sha256-ecp256
END
}

# For what the program lacks yet: a line here waits, shown by --pending, until it can move up.
rows_waiting() # PEER
{
    sed "s/^/pending $1 both /" <<'END'
END
}
