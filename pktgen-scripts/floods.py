# SPDX-License-Identifier: BSD-3-Clause
"""
./run bench --peers, second part: what one CPU answers of as many queries as the other can put on an interface.

linkspan gets the hot load of the benchmarks through a `kernel:` port and an `xdp:` one; Avahi legacy mDNS queries for
its own 64 services, which each have an answer; Knot queries of unicast DNS for 64 TXT records of the size of such an
answer, through its sockets and through AF_XDP. What comes out is taken at the interface (Sink), then by the other end
of a veth, where whoever sends pays for the reception too. What AF_XDP sends passes the sink by.
"""

import contextlib
import csv
import os
import socket
import time
from dataclasses import dataclass
from typing import Callable

import ground
import live
import peers
import traffic
from proc import Failed, run

NAMES, FRAMES = 64, 4096
SECONDS = 2
HEAD = f"\n{'who':<17} {'queries/s':>10} {'answers/s':>10} {'into a veth':>11} {'CPU':>5} {'MiB':>6}"

KNOT = """\
server:
  rundir: {where}
  {listen}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
{xdp}database:
  storage: {where}
zone:
  - domain: bench
    file: {where}/bench.zone
"""


@dataclass
class Flooded:
    """Who is flooded."""

    name: str
    make: Callable         # starts it on feed0
    frames: Callable       # the queries
    addressed: bool        # it goes by the kernel's addresses
    own_xdp: bool = False  # it has an XDP program on feed0


class Linkspan(ground.Gateway):
    """The gateway of the benchmarks, with a feed from the kernel."""

    def __init__(self, build, providers, feed):
        super().__init__(build, ground.config(feed=feed, idle="auto"))
        self.connect()
        self.find_worker(1)
        providers.announce(traffic.services(NAMES, txt_len=175), self)

    def rss(self):
        return peers.rss(self.process.pid)

    def cpu(self):
        return super().cpu() / 1e9


def station_frames(payloads, to, dport):
    """Queries of the stations in turn; to: (MAC, address)."""
    dst_mac, dst = to
    frames = []
    for i in range(FRAMES):
        mac, src = peers.station(i % peers.STATIONS)
        s, d = socket.inet_aton(src), socket.inet_aton(dst)
        frames.append(traffic.ether(dst_mac, mac, None, traffic.ip(s, d, 17, traffic.udp(s, d, 40000, dport,
                                                                                         payloads[i % NAMES]))))
    return frames


def queries(name, qtype):
    """name(i): what is asked for."""
    out = []
    for i in range(NAMES):
        m = traffic.Message(ident=i)
        m.question(name(i), qtype)
        out.append(m.bytes())
    return out


def hot():
    """Browse queries of mDNS, of 1,024 stations on 16 links."""
    return list(traffic.load("hot", FRAMES, traffic.Campus(), NAMES))


def legacy():
    """Browse queries by mDNS of who wants an answer of his own."""
    return station_frames(queries(lambda i: traffic.services(1, NAMES, first=i)[0].type, traffic.PTR),
                          (bytes.fromhex("01005e0000fb"), traffic.GROUP4), 5353)


def dns():
    """Queries of unicast DNS, for TXT."""
    return station_frames(queries(lambda i: [b"printer-%d" % i, b"bench"], traffic.TXT), (mac_of("feed0"), "10.1.0.1"), 53)


def mac_of(dev):
    text = run("ip", "-o", "link", "show", "dev", dev)
    return bytes.fromhex(text.split("link/ether ")[1][:17].replace(":", ""))


def knot(xdp):
    where = os.path.abspath("knot-xdp" if xdp else "knot")
    os.makedirs(where)
    with open(f"{where}/bench.zone", "w", encoding="ascii") as f:
        f.write("$TTL 4500\n@ SOA ns admin 1 3600 600 86400 60\n@ NS ns\nns A 10.1.0.1\n")
        f.writelines(f'printer-{i} TXT "{"v" * 120}" "{"v" * 120}"\n' for i in range(NAMES))
    with open(f"{where}/knot.conf", "w", encoding="ascii") as f:
        f.write(KNOT.format(where=where, listen="listen: 127.0.0.1@53" if xdp else "listen: 10.1.0.1@53",
                            xdp="xdp:\n  listen: feed0@53\n" if xdp else ""))
    p = peers.Peer("Knot, AF_XDP" if xdp else "Knot", ["knotd", "-c", f"{where}/knot.conf"], f"{where}/log")
    p.wait("server started")
    run("taskset", "-a", "-c", "-p", str(ground.CPUS[1]), str(p.process.pid))  # its workers choose for themselves
    return p


def rates(peer, feed, came_out):
    """(sent, come out, CPU seconds) a second."""
    time.sleep(1)
    feed.check()
    sent, out, cpu, start = feed.sent(), came_out(), peer.cpu(), time.monotonic()
    time.sleep(SECONDS)
    sent, out, cpu, took = feed.sent() - sent, came_out() - out, peer.cpu() - cpu, time.monotonic() - start
    return sent / took, out / took, cpu / took


def flood(who):
    """A row."""
    peer = who.make()
    try:
        row = {"who": who.name}
        with live.Feed(who.frames(), "feed0", ground.CPUS[0], "feed1" if who.own_xdp else None) as feed:
            if not who.own_xdp:
                with live.Sink("feed0") as sink:
                    row["sent"], row["answers"], row["cpu"] = rates(peer, feed, sink.taken)
            sent, row["into_veth"], cpu = rates(peer, feed, lambda: ground.sent("feed0"))
            row.setdefault("sent", sent)
            row.setdefault("cpu", cpu)
        row["rss"] = peer.rss()
        return row
    finally:
        peer.end()


def line(r):
    answers = f"{r['answers']:,.0f}" if "answers" in r else ""
    return (f"{r['who']:<17} {r['sent']:>10,.0f} {answers:>10} {r['into_veth']:>11,.0f} {r['cpu']:>5.0%} {r['rss']:>6.0f}")


@contextlib.contextmanager
def link(addressed):
    """feed0 and feed1; addressed: with the kernel's addresses and the stations' MACs."""
    ground.veth("feed0", "feed1")
    try:
        if addressed:
            peers.address("feed0", "10.1.0.1/16")
        yield
    finally:
        run("ip", "link", "del", "feed0")


def bench(build, out):
    """All of it. Returns how many could not be measured."""
    rows, failed = [], 0
    providers = ground.Providers()
    whos = (
        Flooded("linkspan", lambda: Linkspan(build, providers, "kernel:feed0"), hot, False),
        Flooded("linkspan, AF_XDP", lambda: Linkspan(build, providers, "xdp:feed0"), hot, False, own_xdp=True),
        Flooded("Knot", lambda: knot(False), dns, True),
        Flooded("Knot, AF_XDP", lambda: knot(True), dns, True, own_xdp=True),
        Flooded("Avahi, responder", lambda: peers.avahi("responder", "feed0", traffic.services(NAMES)), legacy, True),
    )
    print(HEAD, flush=True)
    try:
        for who in whos:
            try:
                with link(who.addressed):
                    rows.append(flood(who))
                    print(line(rows[-1]), flush=True)
            except (Failed, OSError) as e:
                print(f"{who.name:<17} failed: {e}", flush=True)
                failed += 1
    finally:
        providers.close()
    with open(os.path.join(out, "floods.csv"), "w", newline="", encoding="ascii") as f:
        table = csv.DictWriter(f, ("who", "sent", "answers", "into_veth", "cpu", "rss"))
        table.writeheader()
        table.writerows(rows)
    print(f"\nwritten: {out}/floods.csv")
    return failed
