# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Debian roots, for daemons of another release and for packages that conflict with this machine's. Sourced
# by run.
#
#   root_make bookworm "libreswan openiked"     makes the root that root_of names, unless it is there
#
# Each is made once, in build/interop-roots (or $INTEROP_ROOTS), and takes its name only when it is whole.
# Nothing in it is started.

ROOTS=${INTEROP_ROOTS:-$PWD/build/interop-roots}

root_of() { echo "$ROOTS/$1-${2%% *}"; } # SUITE PACKAGES

# The first archive (not the security one) that apt itself would use.
root_mirror()
{
    # shellcheck disable=SC2016 # apt's own variable
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        grep -v security | sed -n '1s#/*$##p'
}

root_why_not() # why none can be made here; nothing when one can
{
    command -v debootstrap >/dev/null || { echo "no debootstrap"; return; }
    [ -n "$(root_mirror)" ] || { echo "apt names no archive"; return; }
    [ -z "${PACKAGES_NO_INSTALL-}" ] || echo "PACKAGES_NO_INSTALL is set"
}

# In namespaces of its own: what it mounts and starts ends with it, also when it is killed. To be run in the
# background, where it becomes the program.
root_fill() # DIR SUITE PACKAGES
{
    local script=
    [ -e "/usr/share/debootstrap/scripts/$2" ] || script=/usr/share/debootstrap/scripts/sid
    # shellcheck disable=SC2016 # the inner shell expands
    DIR=$1 SUITE=$2 PACKAGES=$3 MIRROR=$(root_mirror) SCRIPT=$script LC_ALL=C \
        DEBIAN_FRONTEND=noninteractive exec timeout 900 nice unshare -mpf --kill-child sh -euc '
            mount --make-rprivate /
            debootstrap --variant=minbase "$SUITE" "$DIR" "$MIRROR" $SCRIPT
            printf "#!/bin/sh\nexit 101\n" >"$DIR/usr/sbin/policy-rc.d"
            chmod +x "$DIR/usr/sbin/policy-rc.d"
            mount --rbind /dev "$DIR/dev"
            cat /etc/resolv.conf >"$DIR/etc/resolv.conf"
            cat /etc/hosts >"$DIR/etc/hosts"
            for file in /etc/apt/apt.conf.d/*prox*; do
                [ ! -e "$file" ] || cp "$file" "$DIR/etc/apt/apt.conf.d/"
            done
            chroot "$DIR" apt-get -qq update
            chroot "$DIR" apt-get -qq -y --no-install-recommends install $PACKAGES
            rm -rf "$DIR"/var/lib/apt/lists/* "$DIR"/var/cache/apt/archives/*.deb'
}

# Sets ROOT_WHY, and fails, when there is none and none can be made. One run at a time makes it. What it
# waits for is $root_job, and $root_new to
# be removed, for whoever ends it early.
root_make() # SUITE PACKAGES
{
    local dir lock result=0
    dir=$(root_of "$@")
    mkdir -p "$ROOTS"
    exec {lock}>"$dir.lock"
    flock "$lock" &
    root_job=$!
    wait "$root_job"
    [ "$(cat "$dir/.packages" 2>/dev/null)" = "$2" ] || root_make_locked "$dir" "$lock" "$@" || result=1
    exec {lock}>&-
    return $result
}

root_make_locked() # DIR LOCK SUITE PACKAGES
{
    local dir=$1 lock=$2
    root_new=$dir.new
    ROOT_WHY=$(root_why_not)
    [ -z "$ROOT_WHY" ] || return 1
    rm -rf "$dir" "$root_new"
    # Without the lock: who outlives this shell must not hold it.
    root_fill "$root_new" "$3" "$4" {lock}>&- </dev/null >"$dir.log" 2>&1 &
    root_job=$!
    if ! wait "$root_job"; then
        ROOT_WHY=$(grep -E -m 1 '^(E|W|unshare): ' "$dir.log" || tail -n 1 "$dir.log")
        rm -rf "$root_new"
        return 1
    fi
    printf '%s' "$4" >"$root_new/.packages"
    mv "$root_new" "$dir"
}
