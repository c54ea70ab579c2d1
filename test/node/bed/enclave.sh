#!/usr/bin/env bash
# The first process in network, mount and process namespaces of its own: makes them a place where a node can live, then runs the
# command. When it ends, the kernel ends all processes and takes back all mounts and devices: nothing can be left behind.
set -euo pipefail
address=$1
shift

# What containerd, kubelet and CNI plugins keep at fixed places, the machine's own must not see.
for folder in /run /var/lib /var/log; do mount -t tmpfs tmpfs "$folder"; done

ip link set lo up
ip link add node0 type bridge
ip address add "$address/24" dev node0
ip link set node0 up
# Addresses of services are translated after routing, so they need a route, wherever it leads.
ip route add default dev node0
echo 1 >/proc/sys/net/ipv4/ip_forward

# A shell, because it also takes in processes that lost their parents.
"$@" &
wait $!
