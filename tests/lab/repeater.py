# SPDX-License-Identifier: BSD-3-Clause
"""The dumbest mDNS repeater: what it hears on one interface it says on all others, from its own address.

    repeater.py IFNAME IFNAME...

It looks at nothing, remembers nothing and filters nothing.
"""
import select
import socket
import struct
import sys

GROUPS = {socket.AF_INET: "224.0.0.251", socket.AF_INET6: "ff02::fb"}


def listener(family, ifname):
    index = socket.if_nametoindex(ifname)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, ifname.encode())
    group = socket.inet_pton(family, GROUPS[family])
    if family == socket.AF_INET:
        member = group + struct.pack("=4si", b"\0\0\0\0", index)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, member)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + struct.pack("=i", index))
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    sock.bind((GROUPS[family], 5353, 0, index) if family == socket.AF_INET6
              else (GROUPS[family], 5353))
    return sock


def main():
    sockets = {}
    for ifname in sys.argv[1:]:
        for family in GROUPS:
            sockets[listener(family, ifname)] = (family, ifname)
    print("repeating", flush=True)
    while True:
        for sock in select.select(list(sockets), [], [])[0]:
            data = sock.recv(9000)
            family, ifname = sockets[sock]
            for other, (its_family, its_name) in sockets.items():
                if its_family == family and its_name != ifname:
                    other.sendto(data, (GROUPS[family], 5353))


main()
