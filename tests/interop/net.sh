# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The interop network, all of it in namespaces of its own. Sourced by run.
#
#   direct     HOST_A 192.168.1.10 - GW_A 10.9.0.1 ===== 10.9.0.2 GW_B - 192.168.2.10 HOST_B
#                            (this library)              (the peer)
#   nat-ours   GW_A 10.8.0.1 - ROUTER masquerades as 10.9.0.254 - 10.9.0.2 GW_B
#   nat-peer   GW_A 10.9.0.1 - 10.9.0.254 as ROUTER masquerades - 10.8.0.2 GW_B
#
# The inner networks are blackholed outside a tunnel, so that a leak can not pass for a tunnel.

net_names() # PREFIX
{
    HOST_A=$1-ha GW_A=$1-ga ROUTER=$1-r GW_B=$1-gb HOST_B=$1-hb
}

net_make_one() # NAMESPACE: forwards, without reverse path filter
{
    ip netns add "$1" && ip -n "$1" link set lo up &&
        ip netns exec "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 \
            net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.all.send_redirects=0 \
            net.ipv4.conf.default.send_redirects=0
}

net_pair() # NS-A IF-A ADDR-A NS-B IF-B ADDR-B
{
    ip -n "$1" link add "$2" type veth peer name "$5" netns "$4" &&
        ip -n "$1" addr add "$3" dev "$2" && ip -n "$4" addr add "$6" dev "$5" &&
        ip -n "$1" link set "$2" up && ip -n "$4" link set "$5" up
}

net_lans()
{
    net_make_one "$HOST_A" && net_make_one "$GW_A" && net_make_one "$GW_B" && net_make_one "$HOST_B" &&
        net_pair "$HOST_A" eth0 192.168.1.10/24 "$GW_A" lan 192.168.1.1/24 &&
        net_pair "$HOST_B" eth0 192.168.2.10/24 "$GW_B" lan 192.168.2.1/24 &&
        ip -n "$HOST_A" route add default via 192.168.1.1 &&
        ip -n "$HOST_B" route add default via 192.168.2.1 &&
        ip -n "$GW_A" route add blackhole 192.168.2.0/24 metric 500 &&
        ip -n "$GW_B" route add blackhole 192.168.1.0/24 metric 500
}

# Hides the gateway: who is outside can not reach it unasked.
net_router() # GATEWAY ADDRESS OUTSIDE ADDRESS
{
    net_make_one "$ROUTER" &&
        net_pair "$1" wan "$2/24" "$ROUTER" inside 10.8.0.254/24 &&
        net_pair "$3" wan "$4/24" "$ROUTER" outside 10.9.0.254/24 &&
        ip -n "$1" route add default via 10.8.0.254 &&
        net_masquerade
}

net_masquerade()
{
    ip netns exec "$ROUTER" nft -f - <<NFT
table ip nat {
    chain out {
        type nat hook postrouting priority 100;
        oifname "outside" meta l4proto udp masquerade to :20000-30000 random
    }
}
table ip hide {
    chain through {
        type filter hook forward priority 0; policy accept;
        iifname "outside" ct state new drop
    }
}
NFT
}

# The router takes another address; with the old one it forgets who spoke through it.
net_renumber()
{
    ip -n "$ROUTER" addr add 10.9.0.253/24 dev outside
    ip -n "$ROUTER" addr del 10.9.0.254/24 dev outside
    ip -n "$ROUTER" addr replace 10.9.0.253/24 dev outside
}

net_up() # direct | nat-ours | nat-peer: sets OUR_ADDRESS and PEER_ADDRESS
{
    OUR_ADDRESS=10.9.0.1 PEER_ADDRESS=10.9.0.2
    net_lans || return 1
    case $1 in
    direct) net_pair "$GW_A" wan 10.9.0.1/24 "$GW_B" wan 10.9.0.2/24 ;;
    nat-ours) OUR_ADDRESS=10.8.0.1 && net_router "$GW_A" 10.8.0.1 "$GW_B" 10.9.0.2 ;;
    nat-peer) PEER_ADDRESS=10.8.0.2 && net_router "$GW_B" 10.8.0.2 "$GW_A" 10.9.0.1 ;;
    *) return 1 ;;
    esac
}

# Ends whatever runs in the namespaces, too.
net_down()
{
    local ns pid
    for ns in "$HOST_A" "$GW_A" "$ROUTER" "$GW_B" "$HOST_B"; do
        [ -e "/run/netns/$ns" ] || continue
        for pid in $(ip netns pids "$ns"); do
            kill -9 "$pid" 2>/dev/null
        done
        ip netns del "$ns"
    done
}
