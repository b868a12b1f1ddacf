#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Make inputs for the DNS fuzz targets: hand-made messages, and payloads out of captures.

  make_corpus.py bad DIR               writes the hand-made, mostly malformed messages
  make_corpus.py extract DIR PCAP...   writes each distinct UDP/5353 payload of the captures
  make_corpus.py steps DIR MESSAGES    writes inputs of fuzz_gateway (steps.h): stories of its own, and
                                       the messages of corpus/dns_message, six to a story

corpus/dns_message was made by both, the second over captures recorded for this project and then
thinned by `fuzz_dns_message -merge=1`. Captures of others are not to be copied into the project.
"""
import pathlib
import struct
import sys

HOST = b"\x04host\x05local\x00"
A, PTR, HINFO, TXT, SRV, NSEC, OPT, SOA, NAPTR = 1, 12, 13, 16, 33, 47, 41, 6, 35
FLUSH_IN = 0x8001


def header(qd=0, an=0, ns=0, ar=0, flags=0x8400, ident=0):
    return struct.pack(">6H", ident, flags, qd, an, ns, ar)


def rr(name, rrtype, rdata, rrclass=FLUSH_IN, ttl=120, rdlen=None):
    rdlen = len(rdata) if rdlen is None else rdlen
    return name + struct.pack(">HHIH", rrtype, rrclass, ttl, rdlen) + rdata


def ptr(off):
    return struct.pack(">H", 0xC000 | off)


def one(rrtype, rdata, **more):
    return header(an=2) + rr(HOST, rrtype, rdata, **more) + rr(ptr(12), A, b"\x0a\0\0\1")


def bad_messages():
    ladder = b"\0" + b"".join(b"\x01a" + ptr(12 if i == 0 else 9 + 4 * i) for i in range(127))
    chain = b"\0" + b"".join(ptr(12 if i == 0 else 11 + 2 * i) for i in range(400))
    return {
        "empty": b"",
        "half-header": header()[:6],
        "claims-65535": struct.pack(">6H", 0, 0, *[65535] * 4),
        "claims-65535-records": header(an=65535) + rr(b"\0", 10, b"") * 60,
        "question-cut": header(qd=1, flags=0) + HOST + b"\0\1",
        "pointer-self": header(an=1) + rr(ptr(12), A, b"\x0a\0\0\1"),
        "pointer-forward": header(an=1) + rr(ptr(14), A, HOST),
        "pointer-loop": header(qd=1) + b"\x01a" + ptr(12) + b"\0\1\0\1",
        "pointer-header": header(an=1) + rr(ptr(4), A, b"\x0a\0\0\1"),
        "pointer-chain": header(an=1) + rr(HOST, 10, chain) + rr(ptr(12 + 22 + 799), A, b"abcd"),
        "labels-127": header(qd=1) + b"\x01a" * 127 + b"\0" + b"\0\x0c\0\1",
        "labels-128": header(qd=1) + b"\x01a" * 128 + b"\0" + b"\0\x0c\0\1",
        "label-ladder": header(an=1) + rr(b"\0", 10, ladder),
        "name-255": header(qd=1) + (b"\x3f" + b"x" * 63) * 3 + b"\x3d" + b"y" * 61 + b"\0\0\x0c\0\1",
        "name-256": header(qd=1) + (b"\x3f" + b"x" * 63) * 3 + b"\x3e" + b"y" * 62 + b"\0\0\x0c\0\1",
        "label-type-40": header(qd=1) + b"\x41a\0\0\1\0\1",
        "label-type-80": header(an=1) + rr(b"\x80a\0", A, b"abcd"),
        "rdlength-long": header(an=1) + rr(HOST, A, b"\x0a\0\0\1", rdlen=400),
        "rdlength-short": one(SRV, b"\0\0\0\0\2\x77"),
        "a-3-bytes": one(A, b"\x0a\0\0"),
        "ptr-trailing": one(PTR, ptr(12) + b"x"),
        "srv-root": one(SRV, b"\0\0\0\0\0\0\0"),
        "txt-empty": one(TXT, b""),
        "txt-lies": one(TXT, b"\x05abc"),
        "txt-strings": one(TXT, b"\x03a=b\x00\x04\xff\x1b\"\\"),
        "hinfo": one(HINFO, b"\x03ARM\x05Linux"),
        "hinfo-one-string": one(HINFO, b"\x03ARM"),
        "soa": one(SOA, ptr(12) + b"\x05admin" + ptr(12) + b"\0" * 20),
        "naptr": one(NAPTR, b"\0\1\0\2\1s\3SIP\0" + ptr(12)),
        "nsec-next-wrong": one(NSEC, b"\x05other" + ptr(17) + b"\0\4\x40\0\0\x08"),
        "nsec-two-blocks": one(NSEC, ptr(12) + b"\0\1\x40\1\1\x40"),
        "nsec-block-33": one(NSEC, ptr(12) + b"\0\x21" + b"\1" * 33),
        "nsec-no-bitmap": one(NSEC, ptr(12)),
        "ttl-top-bit": one(A, b"\x0a\0\0\1", ttl=0x80000001),
        "opt-owner-tsr": header(ar=1) + rr(b"\0", OPT, b"\0\4\0\x08\0\1\2\0\0\0\0\1"
                                         b"\xfd\xea\0\x0a" + b"\0" * 10, 0x05A0, 0x1194),
        "opt-lies": header(ar=1) + rr(b"\0", OPT, b"\0\4\0\x09\0\1\2\0\0\0\0\1", 0x05A0, 0x1194),
        "opt-in-answers": header(an=1) + rr(b"\0", OPT, b"", 0x05A0),
        "embedded-lengths": header(qd=1, flags=0) + b"\x0b\x04_ipp\x04_tcp\x00"[:12] +
        b"\x05_http\x04_tcp\x05local\0\0\x0c\0\1",
        "mixed-case": header(qd=1, an=1, flags=0) + b"\x04_IPP\x04_tcp\x05LOCAL\0\0\x0c\x80\1" +
        rr(b"\x04_ipp\x04_TCP" + ptr(22), PTR, b"\x01a" + ptr(12), 1),
    }


def frames(pcap):
    data = pcap.read_bytes()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    pos = 24
    while pos + 16 <= len(data):
        length = struct.unpack_from(order + "I", data, pos + 8)[0]
        yield data[pos + 16:pos + 16 + length]
        pos += 16 + length


def payload(frame):
    """The UDP/5353 payload of an Ethernet frame, VLAN tags or not; None if it has none."""
    pos = 12
    while frame[pos:pos + 2] in (b"\x81\x00", b"\x88\xa8"):
        pos += 4
    proto, pos = frame[pos:pos + 2], pos + 2
    if proto == b"\x08\x00" and frame[pos + 9] == 17:
        pos += 4 * (frame[pos] & 0xF)
    elif proto == b"\x86\xdd" and frame[pos + 6] == 17:
        pos += 40
    else:
        return None
    sport, dport, length = struct.unpack_from(">HHH", frame, pos)
    return frame[pos + 8:pos + length] if 5353 in (sport, dport) else None


# --- stories for a whole gateway --------------------------------------------------------------

MESSAGE, FRAGMENTS, FRAME, PASS, PORT = range(5)
IPV6, LEGACY, DIRECT, BURST = 0x08, 0x10, 0x20, 0x40


def step(kind, data=b"", link=0, station=1, size=0, flags=0):
    return struct.pack("<BBBH", kind | flags, link << 4 | station, size, len(data)) + data


def name(*labels):
    return b"".join(bytes([len(l)]) + l for l in labels) + b"\0"


IPP = name(b"_ipp", b"_tcp", b"local")
HOST_OF = {link: name(b"printer%d" % link, b"local") for link in range(3)}
INSTANCE = {link: name(b"Printer %d" % link, b"_ipp", b"_tcp", b"local") for link in range(3)}


def announcement(link, ttl=120, address=None):
    srv = struct.pack(">3H", 0, 0, 631) + HOST_OF[link]
    where = bytes([10, 10 * (link + 1), 0, 17]) if address is None else address
    return header(an=5) + rr(IPP, PTR, INSTANCE[link], rrclass=1, ttl=ttl) + rr(INSTANCE[link], SRV, srv, ttl=ttl) + \
        rr(INSTANCE[link], TXT, b"\x03a=b\x06rp=ipp", ttl=ttl) + rr(HOST_OF[link], A, where, ttl=ttl) + \
        rr(HOST_OF[link], NSEC, HOST_OF[link] + b"\0\x04\x40\0\0\x08", ttl=ttl)


def question(qname, qtype, qu=False, known=b"", tc=False, probe=b"", opt=b""):
    return header(qd=1, an=1 if known else 0, ns=1 if probe else 0, ar=1 if opt else 0, flags=0x0200 if tc else 0) + \
        qname + struct.pack(">HH", qtype, 0x8001 if qu else 1) + known + probe + opt


def stories():
    known = rr(IPP, PTR, INSTANCE[0], rrclass=1)
    srv = rr(INSTANCE[0], SRV, struct.pack(">3H", 0, 0, 631) + name(b"other", b"local"), rrclass=1)
    learn = step(MESSAGE, announcement(0)) + step(PASS, size=4)
    yield "found", learn + step(MESSAGE, question(IPP, PTR), link=2) + step(PASS, size=2) + \
        step(MESSAGE, question(IPP, PTR, qu=True), link=1, flags=IPV6) + step(MESSAGE, question(INSTANCE[0], SRV), link=2)
    yield "again", learn + step(MESSAGE, question(IPP, PTR), link=1) * 4 + step(PASS, size=5) + \
        step(MESSAGE, announcement(0)) * 3 + step(MESSAGE, question(IPP, PTR, known=known), link=1) * 3
    yield "missed", step(MESSAGE, question(IPP, PTR), link=2) + step(PASS, size=3) + learn + step(PASS, size=6)
    yield "legacy", learn + step(MESSAGE, question(HOST_OF[0], A), link=2, flags=LEGACY) + \
        step(MESSAGE, question(HOST_OF[0], 255), link=2, flags=DIRECT)
    yield "goodbye", learn + step(MESSAGE, question(IPP, PTR), link=2) + step(PASS, size=4) + \
        step(MESSAGE, announcement(0, ttl=0)) + step(PASS, size=5)
    yield "truncated", learn + step(MESSAGE, question(IPP, PTR, tc=True, known=known), link=2) + step(PASS, size=1) + \
        step(MESSAGE, header(an=1, flags=0) + known, link=2) + step(PASS, size=3)
    yield "probe", learn + step(MESSAGE, question(INSTANCE[0], 255, qu=True, probe=srv), link=2) + step(PASS, size=3) + \
        step(MESSAGE, question(INSTANCE[0], 255, probe=srv), link=2) + step(PASS, size=4)
    yield "conflict", learn + step(MESSAGE, announcement(0, address=b"\x0a\x1e\0\x11"), link=2, station=2) + step(PASS, size=5) * 3
    yield "fragments", step(FRAGMENTS, announcement(0), size=4) + step(FRAGMENTS, announcement(1), link=1, size=9, flags=IPV6) + \
        step(PASS, size=4) + step(FRAGMENTS, question(IPP, PTR), link=2, size=0)
    yield "carrier", learn + step(PORT, size=0) + step(PASS, size=5) + step(PORT, size=1) + step(PASS, size=6)
    yield "roams", step(MESSAGE, announcement(1), link=1) + step(PASS, size=5) + step(MESSAGE, announcement(1), link=0) + \
        step(PASS, size=7)
    yield "late", learn + step(MESSAGE, question(IPP, PTR), link=2) + step(PASS, size=8) * 2 + step(PASS, size=9)
    yield "frames", step(FRAME, bytes.fromhex("ffffffffffff02000000140181000014080600010800060400010200000014010a1400110000000000000a140002")) + \
        step(FRAME, bytes.fromhex("01005e00000102000000140181000014080046c00020000000000102") + b"\0" * 40)
    opt = b"\0" + struct.pack(">HHIH", OPT, 1440, 0, 18) + struct.pack(">HH", 4, 14) + b"\0\1" + b"\x02" * 6 + b"\x02" * 6
    yield "options", learn + step(MESSAGE, question(IPP, PTR, opt=opt), link=2) + step(MESSAGE, announcement(0)[:10] + b"\0\1" +
                                                                                     announcement(0)[12:] + opt)


def steps(out, messages):
    for title, story in stories():
        (out / f"made-{title}").write_bytes(story)
    small = [m for m in (p.read_bytes() for p in sorted(pathlib.Path(messages).iterdir())) if len(m) < 600]
    for at in range(0, len(small), 6):
        story = b"".join(step(MESSAGE, m, link=i % 3, station=1 + i % 7, flags=BURST if i % 2 else 0)
                         for i, m in enumerate(small[at:at + 6]))
        (out / f"messages-{at // 6:02}").write_bytes(story + step(PASS, size=5))


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("bad", "extract", "steps"):
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    if sys.argv[1] == "bad":
        for name, message in bad_messages().items():
            (out / ("made-" + name)).write_bytes(message)
        return
    if sys.argv[1] == "steps":
        steps(out, sys.argv[3])
        return
    for pcap in map(pathlib.Path, sys.argv[3:]):
        distinct = dict.fromkeys(filter(None, map(payload, frames(pcap))))
        for number, message in enumerate(distinct):
            (out / f"{pcap.stem}-{number:03}").write_bytes(message)


if __name__ == "__main__":
    main()
