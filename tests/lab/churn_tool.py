# SPDX-License-Identifier: BSD-3-Clause
"""Stations by the thousand, as frames on a trunk: they announce a service each, or say where they are now.

    churn_tool.py INTERFACE join|move COUNT PER_SECOND
    churn_tool.py SECRET start|stop COUNT SESSIONS

Station i is on VLAN 10 + i % 4 after `join`, on 20 + i % 4 after `move`; addresses 10.VLAN.x.y. start and stop are
accounting requests, sent until each has its reply (radclient takes minutes for as many)."""
import hashlib
import os
import select
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "pktgen-scripts"))
import traffic  # noqa: E402  pylint: disable=wrong-import-position

LINKS = 4


def mac(i):
    return b"\x02\x10" + i.to_bytes(4, "big")


def address(i, vlan):
    host = i // LINKS + 256
    return f"10.{vlan}.{host >> 8}.{host & 255}"


def message(i, address4, whole):
    m = traffic.Message(0x8400)
    host = [b"h%d" % i, b"local"]
    if whole:
        stype = [b"_http", b"_tcp", b"local"]
        instance = [b"S%d" % i] + stype
        m.record(traffic.ANSWER, stype, traffic.PTR, 4500, (b"", instance))
        m.record(traffic.ANSWER, instance, traffic.SRV, 4500, (struct.pack(">HHH", 0, 0, 80), host), True)
        m.record(traffic.ANSWER, instance, traffic.TXT, 4500, b"\x03a=b", True)
    m.record(traffic.ANSWER, host, traffic.A, 4500, socket.inet_aton(address4), True)
    return m.bytes()


def request(secret, status, i, session):
    """An Accounting-Request (RFC 2866 3); its Identifier is i's last byte."""
    values = ((40, struct.pack("!I", status)), (44, f"{session}-{i}".encode()), (1, f"user{i}".encode()),
              (31, mac(i).hex("-").encode()))
    body = b"".join(bytes([t, len(v) + 2]) + v for t, v in values)
    head = struct.pack("!BBH", 4, i & 255, len(body) + 20)
    return head + hashlib.md5(head + bytes(16) + body + secret.encode()).digest() + body


def account(secret, status, count, session):
    """At most 256 under way, each Identifier once."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(("127.0.0.1", 1813))
    waiting, i = {}, 0
    while i < count or waiting:
        while i < count and i & 255 not in waiting:
            waiting[i & 255] = request(secret, status, i, session)
            sock.send(waiting[i & 255])
            i += 1
        if select.select([sock], [], [], 2)[0]:
            waiting.pop(sock.recv(4096)[1], None)
        else:
            for packet in waiting.values():
                sock.send(packet)
    return 0


def main():
    if sys.argv[2] in ("start", "stop"):
        return account(sys.argv[1], 1 if sys.argv[2] == "start" else 2, int(sys.argv[3]), sys.argv[4])
    interface, what, count, per_second = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.bind((interface, 0))
    start = time.monotonic()
    for i in range(count):
        vlan = (10 if what == "join" else 20) + i % LINKS
        ip = address(i, vlan)
        sock.send(traffic.to_group(mac(i), ip, vlan, message(i, ip, what == "join")))
        if i % 32 == 31:
            time.sleep(max(0, start + i / per_second - time.monotonic()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
