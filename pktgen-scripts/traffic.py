#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
The traffic of the benchmarks: DNS messages, frames and loads, the same bytes for the same seed.

    traffic.py LOAD OUT.pcap [--packets N] [--seed S] [--links L] [--stations S] [--names N] [--family 4|6]
               [--providers]

A load is what stations of the links 0..L-1 (VLAN 100 + link) send to the mDNS group:

    hot        browse queries                        known      ... with 8 known answers each
    direct     SRV, TXT and A queries                questions  browse queries with 3 questions
    nothing    queries for what nobody has           flood      browse queries of one station
    announce   the stations' own services            churn      ... with another TXT every other time
    changed    ... with other TTLs every other time  goodbye    ... withdrawn and announced again
    mixed      a campus link: some of all            other      no mDNS: TCP, UDP, IPv6, ARP
    inline     5 % hot in it                         campus     mixed in other, half and half

The names asked for are those of `services()`, announced from the provider link (VLAN 1000): by the benchmark before it
measures, or with --providers at the beginning of the file.
"""

import argparse
import random
import socket
import struct
import sys

GROUP4, GROUP6 = "224.0.0.251", "ff02::fb"
A, PTR, TXT, AAAA, SRV = 1, 12, 16, 28, 33
QU = FLUSH = 0x8000
VLAN0 = 100
PROVIDERS = 1000  # VLAN of the link with the providers
OWN = 1 << 19     # stations' own services are numbered from here


# --- DNS -------------------------------------------------------------------------------------


class Message:
    """A DNS message with compressed names (RFC 1035 §4.1.4)."""

    def __init__(self, flags=0, ident=0):
        self.head = [ident, flags, 0, 0, 0, 0]
        self.body = bytearray()
        self.seen = {}

    def name(self, labels):
        out = bytearray()
        at = 12 + len(self.body)
        while labels:
            key = tuple(label.lower() for label in labels)
            if key in self.seen:
                self.body += out + struct.pack(">H", 0xC000 | self.seen[key])
                return
            if at + len(out) < 0x4000:
                self.seen[key] = at + len(out)
            out += bytes([len(labels[0])]) + labels[0]
            labels = labels[1:]
        self.body += out + b"\0"

    def question(self, labels, qtype, qu=False):
        self.name(labels)
        self.body += struct.pack(">HH", qtype, 1 | (QU if qu else 0))
        self.head[2] += 1

    def record(self, section, labels, rrtype, ttl, rdata, flush=False):
        """rdata: bytes, or (bytes before, labels) of what ends in a name."""
        self.name(labels)
        self.body += struct.pack(">HHIH", rrtype, 1 | (FLUSH if flush else 0), ttl, 0)
        at = len(self.body)
        if isinstance(rdata, bytes):
            self.body += rdata
        else:
            self.body += rdata[0]
            self.name(rdata[1])
        struct.pack_into(">H", self.body, at - 2, len(self.body) - at)
        self.head[3 + section] += 1

    def bytes(self):
        return struct.pack(">6H", *self.head) + bytes(self.body)


ANSWER, AUTHORITY, ADDITIONAL = 0, 1, 2


class Service:
    """One DNS-SD instance: PTR, SRV, TXT, A, AAAA."""

    def __init__(self, n, types, txt_len, v6, ttl=4500):
        self.n = n
        self.type = [b"_%s%d" % (b"own" if n >= OWN else b"bench", n % types), b"_tcp", b"local"]
        self.instance = [b"Printer %d on the floor" % n] + self.type
        self.host = [b"printer-%d" % n, b"local"]
        self.txt = txt(txt_len)
        self.a = bytes([10, 1, n >> 8 & 0xFF, n & 0xFF]) if n < 65536 else bytes([10, 1 + (n >> 16), n >> 8 & 0xFF, n & 0xFF])
        self.aaaa = bytes.fromhex("fd000001") + n.to_bytes(12, "big") if v6 else None
        self.ttl = ttl

    def announcement(self):
        m = Message(0x8400)
        m.record(ANSWER, self.type, PTR, self.ttl, (b"", self.instance))
        m.record(ANSWER, self.instance, SRV, self.ttl, (struct.pack(">HHH", 0, 0, 631), self.host), True)
        m.record(ANSWER, self.instance, TXT, self.ttl, self.txt, True)
        m.record(ANSWER, self.host, A, self.ttl, self.a, True)
        if self.aaaa:
            m.record(ANSWER, self.host, AAAA, self.ttl, self.aaaa, True)
        return m.bytes()

    def provider(self):
        """MAC and IPv4 address of the host on the provider link."""
        return mac(0xFE000000 + self.n), socket.inet_ntoa(self.a)


def txt(length):
    out = bytearray()
    i = 0
    while len(out) < length:
        left = length - len(out)
        s = (b"key%02d=" % i + b"v" * 60)[: min(60, left - 1)]
        out += bytes([len(s)]) + s
        i += 1
    return bytes(out)


def services(n, types=None, txt_len=120, v6=False, first=0):
    """`n` services of `types` service types (default: each of a type of its own)."""
    return [Service(first + i, types or n, txt_len, v6) for i in range(n)]


# --- frames ----------------------------------------------------------------------------------


def mac(n):
    return b"\x02\x00" + n.to_bytes(4, "big")


def other(i):
    """The MAC of a station that is in no load."""
    return b"\x02\x01" + i.to_bytes(4, "big")


def checksum(data):
    if len(data) & 1:
        data += b"\0"
    s = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


def udp(src, dst, sport, dport, payload):
    v6 = len(src) == 16
    length = 8 + len(payload)
    head = struct.pack(">HHHH", sport, dport, length, 0)
    if v6:
        pseudo = src + dst + struct.pack(">IBBBB", length, 0, 0, 0, 17)
    else:
        pseudo = src + dst + struct.pack(">BBH", 0, 17, length)
    ck = checksum(pseudo + head + payload) or 0xFFFF
    return struct.pack(">HHHH", sport, dport, length, ck) + payload


def ip(src, dst, proto, data, ttl=255):
    if len(src) == 16:
        return struct.pack(">IHBB", 6 << 28, len(data), proto, ttl) + src + dst + data
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(data), 0, 0, ttl, proto, 0) + src + dst
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + data


def ether(dst, src, vlan, data):
    """vlan: None leaves the frame untagged."""
    proto = b"\x86\xdd" if data[0] >> 4 == 6 else b"\x08\x00"
    tag = b"" if vlan is None else struct.pack(">HH", 0x8100, vlan)
    frame = dst + src + tag + proto + data
    return frame + b"\0" * (60 - len(frame))


def to_group(src_mac, src, vlan, payload, sport=5353):
    """A frame to the mDNS group; src: text address of either family."""
    v6 = ":" in src
    family, group = (socket.AF_INET6, GROUP6) if v6 else (socket.AF_INET, GROUP4)
    s, d = socket.inet_pton(family, src), socket.inet_pton(family, group)
    dst_mac = bytes.fromhex("3333000000fb" if v6 else "01005e0000fb")
    return ether(dst_mac, src_mac, vlan, ip(s, d, 17, udp(s, d, sport, 5353, payload)))


def write_pcap(path, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, frame in enumerate(frames):
            f.write(struct.pack("<IIII", 0, i, len(frame), len(frame)) + frame)


# --- loads -----------------------------------------------------------------------------------


def networks(link):
    """The IPv4 /20 and the IPv6 /64 of consumer link number `link`: (10 << 24 | ..., "fd00:...")."""
    return 10 << 24 | (16 + (link >> 4)) << 16 | (link & 15) << 12, "fd00:%x" % (VLAN0 + link)


def address4(network, host):
    return socket.inet_ntoa(struct.pack(">I", network + host))


class Campus:
    """Who asks: `stations` of them, dealt out to `links` links of the feed port."""

    def __init__(self, links=16, stations=1024, family=4, seed=1):
        self.links, self.n, self.family = links, stations, family
        self.random = random.Random(seed)

    def station(self, i):
        """(MAC, address, VLAN) of station i."""
        link, host = i % self.links, i // self.links
        v4, v6 = networks(link)
        address = v6 + "::%x" % (host + 256) if self.family == 6 else address4(v4, host + 256)
        return mac(link << 12 | host), address, VLAN0 + link

    def frames(self, n, payload):
        """n frames of payload(i), each from a random station."""
        for i in range(n):
            src_mac, address, vlan = self.station(self.random.randrange(self.n))
            yield to_group(src_mac, address, vlan, payload(i))


def mixed_case(rng, labels):
    """One name in eight has capitals, as some stacks send."""
    return [label.swapcase() if rng.randrange(8) == 0 else label for label in labels]


def browse(campus, names, known=0):
    """PTR queries; with known answers of the TTL of our own answers."""
    pool = services(names)

    def payload(_):
        s = campus.random.choice(pool)
        m = Message()
        m.question(mixed_case(campus.random, s.type), PTR)
        if known:
            m.record(ANSWER, s.type, PTR, s.ttl, (b"", s.instance))
        for i in range(1, known):
            m.record(ANSWER, s.type, PTR, s.ttl, (b"", [b"Gone %d" % i] + s.type))
        return m.bytes()

    return payload


def direct(campus, names, questions=1):
    """SRV, TXT and A queries of what browsing found."""
    pool = services(names)

    def payload(_):
        m = Message()
        for _ in range(questions):
            s = campus.random.choice(pool)
            what = campus.random.choice(((s.instance, SRV), (s.instance, TXT), (s.host, A)))
            m.question(mixed_case(campus.random, what[0]), what[1])
        return m.bytes()

    return payload


def several(campus, names, questions=3, different=None):
    """Browse queries with several questions: any of them, or so many different queries."""
    pool = services(names)
    asked = [campus.random.sample(pool, questions) for _ in range(different or 0)]

    def payload(_):
        m = Message()
        for s in campus.random.choice(asked) if asked else campus.random.sample(pool, questions):
            m.question(s.type, PTR)
        return m.bytes()

    return payload


def nothing(campus):
    """Queries for types that nobody has."""

    def payload(_):
        m = Message()
        m.question([b"_nothing%d" % campus.random.randrange(64), b"_tcp", b"local"], PTR)
        return m.bytes()

    return payload


def other_frames(rng, n):
    """What a campus carries beside mDNS: TCP, UDP, IPv6, ARP, of the usual sizes."""
    for _ in range(n):
        src, dst, vlan = mac(rng.randrange(1 << 24)), mac(rng.randrange(1 << 24)), VLAN0 + rng.randrange(16)
        kind = rng.randrange(20)
        size = rng.choice((60, 60, 80, 120, 120, 200))
        s4, d4 = (bytes([10, 100 + rng.randrange(16), rng.randrange(256), 1 + rng.randrange(250)]) for _ in "sd")
        if kind < 10:
            body = struct.pack(">HHIIHHHH", 443, 50000, 1, 1, 0x5010, 1000, 0, 0) + b"\0" * size
            yield ether(dst, src, vlan, ip(s4, d4, 6, body, 64))
        elif kind < 15:
            yield ether(dst, src, vlan, ip(s4, d4, 17, udp(s4, d4, 443, 40000, b"\0" * size), 64))
        elif kind < 19:
            s6, d6 = (bytes.fromhex("20010db8") + rng.randrange(1 << 64).to_bytes(12, "big") for _ in "sd")
            yield ether(dst, src, vlan, ip(s6, d6, 17, udp(s6, d6, 443, 40000, b"\0" * size), 64))
        else:
            arp = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + src + s4 + b"\0" * 6 + d4
            yield b"\xff" * 6 + src + struct.pack(">HHH", 0x8100, vlan, 0x0806) + arp + b"\0" * 14


def load(name, packets, campus, names):
    """The frames of a load."""
    if name in ("browse", "hot"):
        return campus.frames(packets, browse(campus, names))
    if name == "flood":
        campus.n = 1
        return campus.frames(packets, browse(campus, names))
    if name in ("announce", "churn", "changed", "goodbye"):
        return own_services(campus, packets, name)
    if name == "known":
        return campus.frames(packets, browse(campus, names, known=8))
    if name == "direct":
        return campus.frames(packets, direct(campus, names))
    if name == "questions":
        return campus.frames(packets, several(campus, names, different=names))
    if name == "any-questions":
        return campus.frames(packets, several(campus, names))
    if name == "nothing":
        return campus.frames(packets, nothing(campus))
    if name == "other":
        return other_frames(campus.random, packets)
    if name == "mixed":
        return mixed(campus, packets, names)
    if name in ("inline", "campus"):
        ours = list(campus.frames(packets // 20, browse(campus, names)) if name == "inline"
                    else mixed(campus, packets // 2, names))
        rest = list(other_frames(campus.random, packets - len(ours)))
        frames = ours + rest
        campus.random.shuffle(frames)
        return frames
    raise SystemExit("traffic: no such load: %s" % name)


def own_services(campus, packets, how):
    """Each station announces a service of its own, again and again; churn: with another TXT every other time; changed:
    with another TTL of all its records; goodbye: it is withdrawn every other time."""
    own = [Service(OWN | i, 64, 120, False) for i in range(campus.n)]
    for i in range(packets):
        turn, service = i // campus.n % 2, own[i % campus.n]
        src_mac, address, vlan = campus.station(i % campus.n)
        if how == "churn":
            service.txt = txt(120 - turn)
        service.ttl = 0 if how == "goodbye" and turn == 1 else 4499 if how == "changed" and turn == 1 else 4500
        yield to_group(src_mac, address, vlan, service.announcement())


def announced(names):
    """The provider link's services, each from a host of its own."""
    for service in services(names):
        provider_mac, address = service.provider()
        yield to_group(provider_mac, address, PROVIDERS, service.announcement())


def mixed(campus, packets, names):
    """What a campus link says: browse with known answers 40 %, direct 25 %, unchanged announcements 20 %, queries for
    nothing we have 10 %, probes 5 %."""
    pool = services(names)
    kinds = (browse(campus, names, known=4), direct(campus, names), None, nothing(campus), None)
    own = [Service(OWN | i, 64, 120, False) for i in range(campus.n)]

    def probe():
        m = Message()
        s = campus.random.choice(pool)
        m.question([b"New one %d" % campus.random.randrange(1 << 20)] + s.type, 255, True)
        m.record(AUTHORITY, [b"New one"] + s.type, SRV, 120, (struct.pack(">HHH", 0, 0, 80), s.host))
        return m.bytes()

    for _ in range(packets):
        kind = campus.random.choices(range(5), (40, 25, 20, 10, 5))[0]
        i = campus.random.randrange(campus.n)
        src_mac, address, vlan = campus.station(i)
        if kind == 2:
            yield to_group(src_mac, address, vlan, own[i].announcement())
        else:
            yield to_group(src_mac, address, vlan, probe() if kind == 4 else kinds[kind](0))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("load")
    p.add_argument("out")
    p.add_argument("--packets", type=int, default=4096)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--links", type=int, default=16)
    p.add_argument("--stations", type=int, default=1024)
    p.add_argument("--names", type=int, default=64)
    p.add_argument("--family", type=int, default=4, choices=(4, 6))
    p.add_argument("--providers", action="store_true")
    a = p.parse_args()
    campus = Campus(a.links, a.stations, a.family, a.seed)
    frames = list(announced(a.names)) if a.providers else []
    write_pcap(a.out, frames + list(load(a.load, a.packets, campus, a.names)))


if __name__ == "__main__":
    sys.exit(main())
