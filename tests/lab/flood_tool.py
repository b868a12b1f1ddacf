# SPDX-License-Identifier: BSD-3-Clause
"""The far end of a trunk: well-behaved stations that count their answers, and floods of every kind.

  flood_tool.py IF good QUESTIONS PER_SECOND   announces PROVIDERS services on VLAN 10, says "asking" when the gateway
                                               answers, asks from VLAN 20, prints what came of it as JSON
  flood_tool.py IF flood KIND [PER_SECOND]     sends until its standard input ends, prints how many frames
  flood_tool.py FILE pcap KIND                 writes a flood's frames, or those of all kinds ("all"), to be played
                                               on VLANs 110, 120 and 130 as fast as a worker polls
"""
import json
import os
import random
import select
import socket
import struct
import sys
import time

PROVIDERS = 50
CONSUMERS = 32
GROUP_MAC = bytes.fromhex("01005e0000fb")
GROUP = bytes([224, 0, 0, 251])
A, PTR, TXT, SRV, ANY = 1, 12, 16, 33, 255
IPP = b"\x04_ipp\x04_tcp\x05local\x00"
POOL = 4096  # frames made beforehand
SHIFT = 0    # of VLANs and networks


def name(*labels):
    return b"".join(bytes([len(l)]) + l for l in labels) + b"\0"


def mac(vlan, number):
    return bytes([2, 0, vlan, number >> 16 & 255, number >> 8 & 255, number & 255])


def addr(vlan, number):
    return bytes([10, vlan + SHIFT, number >> 8 & 255, number & 255])


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ethernet(vlan, smac, ethertype, payload, dmac=GROUP_MAC):
    return dmac + smac + struct.pack(">HHH", 0x8100, vlan + SHIFT, ethertype) + payload


def ipv4(src, dst, proto, payload, ident=0, fragment=0, ttl=255):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), ident, fragment, ttl, proto, 0) + src + dst
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def mdns(vlan, smac, src, message, sport=5353):
    head = struct.pack(">HHHH", sport, 5353, 8 + len(message), 0)
    pseudo = src + GROUP + struct.pack(">BBH", 0, 17, 8 + len(message))
    total = checksum(pseudo + head + message) or 0xffff
    return ethernet(vlan, smac, 0x0800, ipv4(src, GROUP, 17, head[:6] + struct.pack(">H", total) + message))


def message(questions=(), answers=(), authorities=(), flags=0):
    head = struct.pack(">6H", 0, flags, len(questions), len(answers), len(authorities), 0)
    return head + b"".join(questions) + b"".join(answers) + b"".join(authorities)


def question(qname, qtype, qu=True):
    return qname + struct.pack(">HH", qtype, 0x8001 if qu else 1)


def record(owner, rrtype, rdata, ttl=4500, unique=True):
    return owner + struct.pack(">HHIH", rrtype, 0x8001 if unique else 1, ttl, len(rdata)) + rdata


def instance(i):
    return name(b"Printer %d" % i, b"_ipp", b"_tcp", b"local")


def host(i):
    return name(b"printer-%d" % i, b"local")


def announcement(i, ttl=4500):
    return message(flags=0x8400, answers=[
        record(IPP, PTR, instance(i), ttl, unique=False),
        record(instance(i), SRV, struct.pack(">3H", 0, 0, 631) + host(i), ttl),
        record(instance(i), TXT, b"\x06rp=ipp", ttl),
        record(host(i), A, addr(10, 100 + i), ttl)])


# --- well-behaved stations --------------------------------------------------------------------

def trunk(ifname):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    s.setsockopt(263, 23, 1)  # SOL_PACKET, PACKET_IGNORE_OUTGOING: floods of others on this end are not heard
    s.bind((ifname, 0))
    return s


def asked_for(frame):
    """The providers that a question on VLAN 10 is about: none, one, or all."""
    if len(frame) < 54 or frame[12:14] not in (b"\x08\x00", b"\x81\x00") or not (
            frame[0:3] == bytes([2, 0, 10]) or frame[0:6] == GROUP_MAC):
        return ()
    at = 14 if frame[12:14] == b"\x08\x00" else 18
    if frame[at - 2:at] != b"\x08\x00" or frame[at + 9] != 17 or frame[at + 12:at + 14] != bytes([10, 10]):
        return ()
    dns = frame[at + 28:]
    if dns[2] & 0x80:
        return ()
    if frame[0:3] == bytes([2, 0, 10]):
        return (int.from_bytes(frame[3:6], "big") - 1,)
    return [i for i in range(PROVIDERS) if b"Printer %d" % i in dns or b"printer-%d" % i in dns]


def answered_by(frame):
    """The consumer that an answer is for, and the name its first record has; else None."""
    if frame[0:3] != bytes([2, 0, 20]) or len(frame) < 14 + 28 + 12:
        return None
    at = 14 if frame[12:14] == b"\x08\x00" else 18  # the kernel takes the tag away
    if frame[at - 2:at] != b"\x08\x00" or frame[at + 9] != 17:
        return None
    dns = frame[at + 28:]
    if not dns[2] & 0x80:
        return None
    end = 12
    while dns[end]:
        end += 1 + dns[end]
    return int.from_bytes(frame[3:6], "big"), dns[12:end + 1]


class Consumers:
    """Each has one question under way at a time."""

    def __init__(self, sock):
        self.sock = sock
        self.waiting = {}  # (consumer, name): when it asked
        self.delays = []
        self.asked = 0

    def ask(self, number):
        consumer, i = number % CONSUMERS, number * 7 % PROVIDERS
        key = (1 + consumer, instance(i))
        self.waiting[key] = time.monotonic()
        self.asked += 1
        self.sock.send(mdns(20, mac(20, 1 + consumer), addr(20, 100 + consumer),
                            message([question(instance(i), SRV)])))

    def hear(self, timeout):
        """Takes in what is there."""
        while select.select([self.sock], [], [], timeout)[0]:
            timeout = 0
            frame = self.sock.recv(2048)
            found = answered_by(frame)
            for i in asked_for(frame) if not found else ():  # a provider answers for itself
                self.sock.send(mdns(10, mac(10, 1 + i), addr(10, 100 + i), announcement(i)))
            asked = self.waiting.pop(found, None) if found else None
            if asked is not None:
                self.delays.append(time.monotonic() - asked)


def good(ifname, questions, per_second):
    sock = trunk(ifname)
    consumers = Consumers(sock)
    for i in range(PROVIDERS):
        sock.send(mdns(10, mac(10, 1 + i), addr(10, 100 + i), announcement(i)))
    deadline = time.monotonic() + 60
    for i in range(CONSUMERS):  # each is known, and each service is held
        consumers.ask(i)
    while len(consumers.delays) < CONSUMERS:
        consumers.hear(0.2)
        if consumers.waiting and time.monotonic() < deadline:
            for i in range(PROVIDERS):
                sock.send(mdns(10, mac(10, 1 + i), addr(10, 100 + i), announcement(i)))
            for i in range(CONSUMERS):
                if (1 + i, instance(i * 7 % PROVIDERS)) in consumers.waiting:
                    consumers.ask(i)
        elif consumers.waiting:
            sys.exit(f"no answers: {len(consumers.delays)}")
        else:
            break
    print("asking", flush=True)
    sys.stdin.readline()  # the flood has begun
    consumers = Consumers(sock)
    begin = time.monotonic()
    while consumers.asked < questions:
        if time.monotonic() - begin >= consumers.asked / per_second:
            consumers.ask(consumers.asked)
        consumers.hear(0.001)
    last = time.monotonic()
    while consumers.waiting and time.monotonic() - last < 3:
        consumers.hear(0.1)
    delays = sorted(consumers.delays)
    print(json.dumps({"asked": consumers.asked, "answered": len(delays),
                      "p50_ms": round(1000 * delays[len(delays) // 2], 2) if delays else None,
                      "p99_ms": round(1000 * delays[len(delays) * 99 // 100], 2) if delays else None}), flush=True)


# --- floods -----------------------------------------------------------------------------------

def stranger(rng, vlan=20):
    """A MAC nobody has seen, an address of the link."""
    return bytes([2, 0xff, *rng.randbytes(4)]), addr(vlan, rng.randrange(2000, 65000))


def some_name(rng):
    return name(b"n-%x" % rng.getrandbits(40), b"_ipp", b"_tcp", b"local")


def flood_random(rng):
    return mdns(20, *stranger(rng), rng.randbytes(rng.randrange(0, 400)))


def flood_strangers(rng):
    return mdns(20, *stranger(rng), message([question(IPP, PTR, qu=rng.random() < 0.5)]))


def flood_names(rng):
    number = rng.randrange(64)
    return mdns(20, mac(20, 5000 + number), addr(20, 5000 + number), message([question(some_name(rng), SRV)]))


def flood_goodbyes(rng):
    """Of services there are, by stations that have none, and of some there never were."""
    vlan = rng.choice((10, 20, 30))
    if rng.random() < 0.5:
        return mdns(vlan, *stranger(rng, vlan), announcement(rng.randrange(PROVIDERS), ttl=0))
    return mdns(vlan, *stranger(rng, vlan), message(flags=0x8400, answers=[record(IPP, PTR, some_name(rng), 0, False)]))


def flood_announcements(rng):
    return mdns(30, *stranger(rng, 30), message(flags=0x8400, answers=[record(IPP, PTR, some_name(rng), 4500, False)]))


def flood_legacy(rng):
    return mdns(20, *stranger(rng), message([question(IPP, PTR, qu=False)]), sport=rng.randrange(1024, 65000))


def flood_fragments(rng):
    smac, src = stranger(rng)
    offset = rng.randrange(0, 100)
    return ethernet(20, smac, 0x0800, ipv4(src, GROUP, 17, rng.randbytes(8 * rng.randrange(1, 60)), rng.getrandbits(16),
                                           0x2000 | offset))


def flood_hosts(rng):
    smac, src = stranger(rng)
    kind = rng.randrange(3)
    if kind == 0:
        return ethernet(20, smac, 0x0806, struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + smac + src + bytes(6) +
                        addr(20, 2), b"\xff" * 6)
    if kind == 1:
        igmp = struct.pack(">BBH4s", 0x11, 10, 0, bytes(4))
        igmp = igmp[:2] + struct.pack(">H", checksum(igmp)) + igmp[4:]
        return ethernet(20, smac, 0x0800, ipv4(src, bytes([224, 0, 0, 1]), 2, igmp, ttl=1), bytes.fromhex("01005e000001"))
    target = bytes.fromhex("fd000020000000000000000000000002")
    source = bytes.fromhex("fd00002000000000") + rng.randbytes(8)
    body = struct.pack(">BBHI", 135, 0, 0, 0) + target + b"\x01\x01" + smac
    pseudo = source + target + struct.pack(">IHBB", len(body), 0, 0, 58)
    body = body[:2] + struct.pack(">H", checksum(pseudo + body)) + body[4:]
    return ethernet(20, smac, 0x86dd, struct.pack(">IHBB", 6 << 28, len(body), 58, 255) + source + target + body,
                    bytes.fromhex("3333ff000002"))


def flood_probes(rng):
    """Everybody wants the name of a printer that another link has."""
    i = rng.randrange(PROVIDERS)
    claim = record(instance(i), SRV, struct.pack(">3H", 0, 0, 631) + name(b"thief-%x" % rng.getrandbits(24), b"local"),
                   120, unique=False)
    return mdns(20, *stranger(rng), message([question(instance(i), ANY)], authorities=[claim]))


FLOODS = {key[6:]: value for key, value in globals().items() if key.startswith("flood_")}


def flood(ifname, kind, per_second=0):
    rng = random.Random(kind)
    frames = [FLOODS[kind](rng) for _ in range(POOL)]
    sock = trunk(ifname)
    sock.setsockopt(263, 20, 1)  # SOL_PACKET, PACKET_QDISC_BYPASS
    os.set_blocking(0, False)
    sent, begin = 0, time.monotonic()
    print("flooding", flush=True)
    while True:
        for frame in frames[sent % POOL:sent % POOL + 64]:
            try:
                sock.send(frame)
            except OSError:
                pass  # the queue is full: it is a flood
        sent += 64
        if per_second and sent > per_second * (time.monotonic() - begin):
            time.sleep(0.002)
        if sent % 4096 == 0 or per_second:
            try:
                if os.read(0, 1) == b"":
                    break
            except BlockingIOError:
                pass
    print(json.dumps({"sent": sent, "seconds": round(time.monotonic() - begin, 2)}), flush=True)


def pcap(path, kind):
    global SHIFT
    SHIFT = 100
    rng = random.Random(kind)
    kinds = list(FLOODS.values()) if kind == "all" else [FLOODS[kind]]
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(POOL):
            frame = kinds[i % len(kinds)](rng)
            f.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)


if __name__ == "__main__":
    if sys.argv[2] == "pcap":
        pcap(sys.argv[1], sys.argv[3])
    elif sys.argv[2] == "good":
        good(sys.argv[1], int(sys.argv[3]), int(sys.argv[4]))
    else:
        flood(sys.argv[1], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 0)
