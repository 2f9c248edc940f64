# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# Debian packages, by group, installed where they are missing. Sourced by tests/run and by the scripts of
# the examples:
#
#   . examples/common/packages.sh
#   packages_need build test || exit 1      # 0: all there. 1: packages_missing says what is not
#
# As root on Debian what is missing is installed, after saying what; otherwise, and with
# PACKAGES_NO_INSTALL set, it is only named. No service is started by an installation.

packages_missing=
packages_foreign= # left out, since this architecture has none

packages_of()
{
    case $1 in
    build) echo "gcc g++ libc6-dev meson ninja-build pkg-config python3 libmbedtls-dev libssl-dev nettle-dev libipsec-mb-dev libmnl-dev" ;;
    # The last two: what a static libcrypto of OpenSSL 3.5 names; libssl-dev does not bring them.
    test) echo "libcmocka-dev libjansson-dev binutils zlib1g-dev libzstd-dev" ;;
    two-site) echo "libinih-dev libpopt-dev libjansson-dev" ;;
    network) echo "iproute2 iputils-ping procps tcpdump iperf3 ca-certificates" ;;
    tshark) echo "tshark" ;;
    # For tests/bench/marks alone.
    plots) echo "gnuplot-nox" ;;
    dpdk) echo "libdpdk-dev librte-crypto-ipsec-mb23" ;;
    throughput)
        echo "strongswan-charon strongswan-swanctl libstrongswan-standard-plugins" \
            "libstrongswan-extra-plugins libcharon-extra-plugins wireguard-go wireguard-tools"
        ;;
    memory) echo "clang libclang-rt-dev" ;;
    cross) echo "gcc-arm-none-eabi libnewlib-arm-none-eabi" ;;
    interop)
        echo "strongswan-charon strongswan-swanctl libstrongswan-standard-plugins" \
            "libstrongswan-extra-plugins libcharon-extra-plugins libcharon-extauth-plugins nftables" \
            "debootstrap openssl python3"
        ;;
    *)
        echo "packages.sh: no group '$1'" >&2
        return 1
        ;;
    esac
}

# Those that Debian builds for some architectures only.
packages_exists()
{
    case $1 in
    libipsec-mb-dev) [ "$(dpkg --print-architecture)" = amd64 ] ;;
    esac
}

packages_installed()
{
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Which of the groups' packages are not installed: sets packages_missing.
packages_look()
{
    packages_missing=
    packages_foreign=
    for packages_group in "$@"; do
        for packages_name in $(packages_of "$packages_group"); do
            if ! packages_exists "$packages_name"; then
                packages_foreign="$packages_foreign${packages_foreign:+ }$packages_name"
                continue
            fi
            packages_installed "$packages_name" ||
                packages_missing="$packages_missing${packages_missing:+ }$packages_name"
        done
    done
}

# In a subshell, so that the trap is its own. policy-rc.d answers "no" to every start of a service.
packages_install()
(
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        trap 'exit 130' INT TERM HUP
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
    # A mirror may be half updated and the packages there all the same: the installation decides.
    apt-get -q -o DPkg::Lock::Timeout=300 update </dev/null ||
        echo "packages: apt-get update failed; trying with what is known"
    # shellcheck disable=SC2086 # a list of names
    apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 --no-install-recommends \
        install $packages_missing </dev/null
)

packages_need()
{
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        packages_missing=
        echo "packages: not a Debian system; going on with what is there"
        return 0
    fi
    packages_look "$@"
    [ -z "$packages_foreign" ] || echo "packages: left out, this architecture has none: $packages_foreign"
    [ -n "$packages_missing" ] || return 0
    if [ -n "${PACKAGES_NO_INSTALL-}" ]; then
        echo "packages: missing, and PACKAGES_NO_INSTALL is set: $packages_missing"
        return 1
    fi
    if [ "$(id -u)" != 0 ]; then
        echo "packages: missing, and not root, so not installed: $packages_missing"
        return 1
    fi
    echo "packages: installing $packages_missing"
    packages_log=$(mktemp)
    if ! packages_install >"$packages_log" 2>&1; then
        tail -n 30 "$packages_log"
    fi
    rm -f "$packages_log"
    packages_look "$@"
    [ -n "$packages_missing" ] || return 0
    echo "packages: could not be installed: $packages_missing"
    return 1
}
