# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# libreswan, after peer.sh. Sourced by run. Its ESP is the kernel's: without that, noesp/ lets its IKE side
# run alone. Its Debian package and strongSwan's exclude each other: it lives in a root of its own.

libreswan_root() { echo "bookworm libreswan openiked libnss3-tools iproute2"; }

# In its own words: aes256-sha256-modp2048 is aes256-sha2_256;modp2048 there.
libreswan_proposal() # PROPOSAL
{
    sed -E 's/aes([0-9]+)gcm16/aes_gcm\1/; s/chacha20poly1305/chacha20_poly1305/; s/-(prf)?sha([0-9]+)/-sha2_\2/
        s/-ecp256/;dh19/; s/-ecp384/;dh20/; s/-curve25519/;dh31/; s/-modp2048s256/;dh24/
        s/-modp2048/;modp2048/' <<<"$1"
}

libreswan_ends()
{
    if [ "$MODE" = transport ]; then
        printf '\ttype=transport'
    else
        printf '\tleftsubnet=192.168.2.0/24\n\trightsubnet=192.168.1.0/24'
    fi
}

libreswan_conf()
{
    local pfs=no
    case $ESP in *-modp* | *-ecp* | *-curve25519) pfs=yes ;; esac
    cat <<END
config setup
	logfile=/run/log
	uniqueids=no
conn site
	ikev2=yes
	authby=secret
	auto=add
	left=$PEER_ADDRESS
	leftid=@b.interop
	right=$OUR_ADDRESS
	rightid=@a.interop
$(libreswan_ends)
	ike=$(libreswan_proposal "$IKE")
	esp=$(libreswan_proposal "${ESP%-esn}")
	esn=$(case $ESP in *-esn) echo yes ;; *) echo no ;; esac)
	pfs=$pfs
	rekey=no
	retransmit-timeout=10s
	retransmit-interval=1000
END
    [ "$DPD" = 0 ] || printf '\tdpddelay=%s\n\tdpdtimeout=30s\n\tdpdaction=clear\n' "$DPD"
}

# Not "ipsec initnss": without a terminal it asks for ever.
libreswan_start()
{
    mkdir -p "$PEER/pluto" "$PEER/nss"
    libreswan_conf >"$PEER/ipsec.conf"
    printf ': PSK "%s"\n' "$PSK" >"$PEER/ipsec.secrets"
    chmod 600 "$PEER/ipsec.secrets"
    cp "$NOESP" "$PEER/noesp.so"
    peer_daemon sh -c 'certutil -N -d sql:/run/nss --empty-password && export LD_PRELOAD=/run/noesp.so &&
        exec /usr/libexec/ipsec/pluto --nofork --config /run/ipsec.conf --secretsfile /run/ipsec.secrets \
            --nssdir /run/nss --rundir /run/pluto --logfile /run/log'
    until_true 10 peer_log_has 'loading secrets'
}

whack_in() { peer_in ipsec whack --ctlsocket /run/pluto/pluto.ctl "$@"; }

libreswan_initiate() { whack_in --name site --initiate; }
libreswan_rekey_child() { whack_in --name site --rekey-ipsec; }
libreswan_rekey_ike() { whack_in --name site --rekey-ike; }
libreswan_delete() { whack_in --name site --terminate; }
libreswan_up() { whack_in --showstates | grep -q ESTABLISHED_CHILD_SA; }
libreswan_gone() { ! whack_in --showstates | grep -q ESTABLISHED; }
libreswan_no_traffic() { kernel_has_esp || echo "the kernel has no ESP, and libreswan none of its own"; }
