# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The scenario and its checks, the same in both modes. Sourced by examples/two-site/run, which sets mode and
# program. What only the network mode does is in scenario_net.sh.

passed=0
failed=0
dir=

headline()
{
    printf '\n== %s\n' "$*"
}

pass()
{
    passed=$((passed + 1))
    printf 'PASS %s\n' "$*"
}

fail()
{
    failed=$((failed + 1))
    printf 'FAIL %s\n' "$*"
}

# check NAME COMMAND...
check()
{
    local name=$1
    shift
    if "$@"; then
        pass "$name"
    else
        fail "$name"
    fi
}

cleanup()
{
    trap - EXIT INT TERM HUP
    [ "$mode" != network ] || net_down
    [ -z "$dir" ] || rm -rf "$dir"
}

scenario_begin()
{
    dir=$(mktemp -d) || exit 1
    trap cleanup EXIT
    trap 'exit 130' INT TERM HUP
    cp "$here/gateway-a.conf" "$here/gateway-b.conf" "$dir/"
    umask 077
    psk="scenario-$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')"
    printf '%s\n' "$psk" >"$dir/two-site.psk"
    printf '%s-wrong\n' "$psk" >"$dir/wrong.psk"
}

scenario_end()
{
    check "no output holds the secret" no_secret
    cleanup
    printf '\ntwo-site: %s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" = 0 ]
}

# Everything the gateways and the commands ever said was added to all.log.
no_secret()
{
    cat "$dir"/*.log >>"$dir/all.log" 2>/dev/null
    [ -s "$dir/all.log" ] && ! grep -qF "$psk" "$dir/all.log"
}

keep_logs()
{
    cat "$dir"/[ab].log >>"$dir/all.log" 2>/dev/null
    rm -f "$dir"/[ab].log
}

says()
{
    grep -qE -- "$2" "$dir/$1.log"
}

# The lines of a log without their times.
show()
{
    sed 's/^/  /' "$dir/$1.log"
}

show_matching()
{
    grep -E -- "$2" "$dir/$1.log" | sed 's/^/  /'
}

# What a rekey cost, without the SA's particulars.
show_cost()
{
    show_matching a "$1" | tail -n 1 | sed 's/^ *[0-9:.]* *[a-z]* *//; s/\(octets\): .*/\1/; s/^/  /'
}

# ---- The tunnel ----------------------------------------------------------------------------------

ladder_is_whole()
{
    local part
    for part in '-> IKE_SA_INIT request 0' '<- IKE_SA_INIT response 0' \
        '-> IKE_AUTH request 1' '<- IKE_AUTH response 1'; do
        says a "$part" || return 1
    done
}

check_established()
{
    check "message ladder of the set-up" ladder_is_whole
    check "negotiated suites are shown" says a 'IKE SA established.*AES-CBC-256.*MODP-2048'
    check "SPIs and lifetimes are shown" says a 'child net established.*SPIs in [0-9a-f]{8} out [0-9a-f]{8}.*rekey in'
    check "lifetimes are called local" says a 'lifetimes are local'
}

# ---- Mismatches ----------------------------------------------------------------------------------

# One report must name its cause, and say what to do where.
report_is_there()
{
    says "$1" "failed: $2( |\$)"
}

# A colon-separated pair of expectations: for A's log and for B's; "-" for none.
check_report()
{
    local name=$1 end=$2 expected=$3
    [ "$expected" = - ] && return
    if report_is_there "$end" "$expected"; then
        pass "$name: report on $end ($expected)"
    else
        fail "$name: no report \"$expected\" on $end"
    fi
    show_report "$end"
}

show_report()
{
    echo "  on gateway $(echo "$1" | tr ab AB):"
    awk '/failed: /{on=1} /next attempt|IKE SA closed| closing$|(->|<-) /{on=0} on' "$dir/$1.log" | head -n 26 | sed 's/^/    /'
}

# mismatch NAME SETS-A SETS-B CAUSES-A CAUSES-B [MORE]; sets are separated by '|', causes are a regular
# expression, MORE is a regular expression that one of the logs must hold.
mismatch()
{
    local name=$1 more=${6-}
    headline "mismatch: $name"
    keep_logs
    run_pair "$2" "$3" failure
    check_report "$name" a "$4"
    check_report "$name" b "$5"
    if [ -n "$more" ]; then
        check "$name: says $more" said_by_either "$more"
    fi
}

said_by_either()
{
    says a "$1" || says b "$1"
}

mismatches()
{
    mismatch "ESP AES-256 against AES-128" \
        "child net.esp=aes256-sha256-modp2048" "child net.esp=aes128-sha256-modp2048" \
        no-proposal no-proposal 'AES-CBC-128'
    mismatch "IKE AES-256 against AES-128" \
        "site b.ike=aes256-sha256-modp2048" "site a.ike=aes128-sha256-modp2048" \
        no-proposal no-proposal 'AES-CBC-128'
    mismatch "SHA-256 against SHA-512" \
        "site b.ike=aes256-sha256-modp2048" "site a.ike=aes256-sha512-modp2048" \
        no-proposal no-proposal 'HMAC-SHA2-512'
    mismatch "PRF SHA-256 against SHA-384" \
        "site b.ike=aes256gcm16-prfsha256-modp2048" "site a.ike=aes256gcm16-prfsha384-modp2048" \
        no-proposal no-proposal 'SHA2-384'
    mismatch "cipher AES-GCM against ChaCha20-Poly1305" \
        "child net.esp=aes256gcm16-modp2048" "child net.esp=chacha20poly1305-modp2048" \
        no-proposal no-proposal 'CHACHA20|ChaCha20'
    mismatch "group 14 against 20" \
        "site b.ike=aes256-sha256-modp2048" "site a.ike=aes256-sha256-ecp384" \
        'no-proposal|ke-group' 'no-proposal|ke-group' 'ECP-384|group 20'
    mismatch "ESN required against ESN refused" \
        "child net.esp=aes256-sha256-esn" "child net.esp=aes256-sha256-noesn" \
        no-proposal no-proposal 'xtended sequence|ESN'
    mismatch "selectors" \
        "child net.remote_ts=192.168.3.0/24" "" selectors selectors '192\.168\.3\.0/24'
    mismatch "identity" \
        "site b.local_id=gateway-x.example" "" \
        'authentication|identity|peer-refused|no-connection' 'identity|no-connection|authentication' \
        'gateway-x\.example'
    mismatch "wrong pre-shared key" \
        "site b.secret_file=wrong.psk" "" authentication authentication 'secret|pre-shared'
    mismatch "no such peer" \
        "" "site a.remote=10.9.0.99" 'no-proposal|no-connection|peer-refused' no-connection
    mismatch "not built in, on A" \
        "child net.esp=3des-sha256-modp2048" "" not-built-in - '3DES'
    mismatch "not built in, on B" \
        "child net.esp=aes256-sha256-modp2048" "child net.esp=3des-sha256-modp2048" \
        no-proposal not-built-in '3DES'
    mismatch_silent
    mismatch_pfs
    mismatch_lifetime
}

mismatch_silent()
{
    headline "mismatch: silent peer"
    keep_logs
    run_silent "gateway.retransmit=200ms|gateway.retransmit_tries=3"
    check_report "silent peer" a silent-peer
}

mismatch_pfs()
{
    headline "mismatch: PFS on against off"
    keep_logs
    run_pair "child net.esp=aes256-sha256-modp2048" "child net.esp=aes256-sha256" rekey
    check "PFS on against off: the tunnel comes up all the same" says a 'child net established'
    check_report "PFS on against off" a no-proposal
    check_report "PFS on against off" b no-proposal
    check "PFS on against off: says PFS" said_by_either 'PFS'
}

mismatch_lifetime()
{
    headline "mismatch: lifetime 3600 against 28800"
    keep_logs
    run_pair "child net.lifetime=3600|site b.ike_lifetime=3600" \
        "child net.lifetime=28800|site a.ike_lifetime=28800" up
    check "lifetime 3600 against 28800: connects" says a 'child net established'
    check "lifetime 3600 against 28800: no failure on either end" no_failure
    check "lifetime 3600 against 28800: A says that lifetimes are local" \
        says a 'lives 1h here; lifetimes are local'
    check "lifetime 3600 against 28800: B says that lifetimes are local" \
        says b 'lives 8h here; lifetimes are local'
    show_matching a 'lifetimes are local'
    show_matching b 'lifetimes are local'
}

no_failure()
{
    ! said_by_either 'failed'
}

# ---- Both gateways in one process ----------------------------------------------------------------

sets_to_options()
{
    local option=$1 IFS='|' set
    for set in $2; do
        options+=("$option" "$set")
    done
}

# in_process SETS-A SETS-B STEPS [MORE]: the exit status of the program.
in_process()
{
    local options=()
    sets_to_options --set "$1"
    sets_to_options --set-b "$2"
    timeout 120 "$program" in-process "$dir/gateway-a.conf" "$dir/gateway-b.conf" \
        --steps "$3" --log-a "$dir/a.log" --log-b "$dir/b.log" "${options[@]}" ${4+"$4"} \
        >"$dir/steps.log" 2>&1
}

# run_pair SETS-A SETS-B failure|rekey|up
run_pair()
{
    local steps=up
    [ "$3" = rekey ] && steps="up rekey-child"
    if [ "$mode" = network ]; then
        net_pair "$@"
    else
        in_process "$1" "$2" "$steps"
    fi
}

run_silent()
{
    if [ "$mode" = network ]; then
        net_silent "$1"
    else
        in_process "$1" "" up --lose-all
    fi
}

step_says()
{
    grep -qE -- "$1" "$dir/steps.log"
}

in_process_scenario()
{
    headline "both gateways in one process, over a link in memory, in virtual time"
    check "the whole scenario" in_process "" "" \
        "up ping stream ping packet rekey-child rekey-child-without-pfs rekey-ike ping down"
    show a
    check_established
    headline "traffic"
    sed -n '/^ping\|^stream/s/^/  /p' "$dir/steps.log"
    check "ping: all answered" step_says '^ping: 20 sent, 20 answered, 0 lost'
    check "stream of full-size packets both ways: nothing lost" \
        step_says '^stream: 1000 sent, 1000 answered, 0 lost'
    headline "one ESP packet"
    sed -n '/^One ESP/,/more$/s/^/  /p' "$dir/steps.log"
    check "layout of an ESP packet" step_says '^  ICV +16 '
    headline "rekeys under traffic"
    show_cost 'rekeyed with PFS'
    show_cost 'rekeyed without PFS'
    show_cost 'IKE SA rekeyed'
    sed -n '/^rekey\|^under/s/^/  /p' "$dir/steps.log"
    check "child rekey with PFS" says a 'child net rekeyed with PFS \(MODP-2048.*octets'
    check "child rekey without PFS" says a 'child net rekeyed without PFS.*octets'
    check "IKE SA rekey" says a 'IKE SA rekeyed.*octets'
    check "no packet lost in any rekey" no_loss_under_way
    check "the other end closed too" says b 'IKE SA closed'
    keep_logs
    headline "the same with ESP in UDP"
    check "ESP in UDP" in_process "site b.encapsulation=always" "" "up ping packet down"
    check "ESP in UDP is said" says a 'ESP in UDP'
}

no_loss_under_way()
{
    [ "$(grep -c '^under way: .* 0 lost' "$dir/steps.log")" = 3 ]
}

scenario()
{
    check_check
    if [ "$mode" = network ]; then
        net_scenario
    else
        in_process_scenario
    fi
    mismatches
    keep_logs
}

# What the program says about a configuration before the first packet.
check_check()
{
    headline "check: what is questionable, and the other box's settings"
    "$program" check "$dir/gateway-a.conf" --set "site b.ike=aes256-sha256-modp2048s256" \
        >"$dir/check.log" 2>&1
    check "check accepts the sample" [ $? = 0 ]
    sed 's/^/  /' "$dir/check.log"
    check "check warns of group 24" grep -q 'group 24 is a SHOULD NOT' "$dir/check.log"
    check "check prints the mirror" grep -q '^local_ts = 192.168.2.0/24' "$dir/check.log"
    check "check prints a swanctl.conf" grep -q 'esp_proposals = aes256-sha256-modp2048' "$dir/check.log"
    chmod 644 "$dir/two-site.psk"
    "$program" check "$dir/gateway-a.conf" >"$dir/check2.log" 2>&1
    check "a secret that others can read is refused" [ $? = 1 ]
    check "with file and line" grep -q 'gateway-a.conf:12: .*chmod 600' "$dir/check2.log"
    sed "s|$dir/||g; s/^/  /" "$dir/check2.log"
    chmod 600 "$dir/two-site.psk"
}
