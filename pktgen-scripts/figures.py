# SPDX-License-Identifier: BSD-3-Clause
"""What is measured of a gateway alone, with no testpmd to hold it against: learning, answers while it learns, kernel
interfaces, memory."""

import os
import signal
import statistics
import time
from dataclasses import dataclass
from typing import Callable

import ground
import live
import traffic
from proc import Failed, run

WRITES = 100000  # records a second that control writes while answers are counted
SERVICES = 200000


@dataclass
class Figure:
    """A figure in a unit of its own."""

    name: str
    title: str
    unit: str
    measure: Callable    # (build, providers, seconds) -> value, what else is to be said
    target: float
    most: bool = False   # the target is the most it may be, not the least


def gateway(build, **config):
    g = ground.Gateway(build, ground.config(**config))
    g.connect()
    g.find_worker(1)
    return g


def written(g):
    """Records that control has written so far, new ones and changed ones."""
    cache = g.show("counters")["cache"]
    return cache["new"] + cache["changed"]


def learning(build, _, seconds):
    """Stations announce their services with other TTLs every other time, as fast as the worker takes them."""
    traffic.write_pcap("feed.pcap", traffic.load("changed", 2048, traffic.Campus(), 0))
    g = gateway(build)
    try:
        time.sleep(1)
        before, start = written(g), time.monotonic()
        time.sleep(2 * seconds)
        return (written(g) - before) / (time.monotonic() - start), ""
    finally:
        g.end()


def send_changes(sock, per_second):
    """A process of its own that announces services with other TTLs every other time; stopped at first."""
    frames = []
    for turn in range(2):
        for s in traffic.services(1024, 64, first=traffic.OWN):
            s.ttl -= turn
            mac, _ = s.provider()
            frames.append(traffic.to_group(mac, "10.15.%d.%d" % (s.n >> 8 & 255, s.n & 255), traffic.PROVIDERS,
                                           s.announcement()))
    pid = os.fork()
    if pid != 0:
        os.kill(pid, signal.SIGSTOP)
        return pid
    due = time.monotonic()
    while True:
        for i in range(0, len(frames), 64):
            for frame in frames[i : i + 64]:
                sock.send(frame)
            due = max(due + 64 / per_second, time.monotonic() - 0.1)
            time.sleep(max(0, due - time.monotonic()))


def writing(build, providers, seconds):
    """The hot load, in turns with and without changes on the provider link."""
    traffic.write_pcap("feed.pcap", traffic.load("hot", 4096, traffic.Campus(), 64))
    g = gateway(build)
    pid = send_changes(providers.sock, WRITES / 4)
    try:
        providers.announce(traffic.services(64, txt_len=175), g)
        time.sleep(1)
        ratios, rates = [], []
        for _ in range(9):
            rate = []
            for on in (False, True):
                os.kill(pid, signal.SIGCONT if on else signal.SIGSTOP)
                time.sleep(seconds / 2)
                w, t, a = written(g), time.monotonic(), g.sample()
                time.sleep(seconds)
                b = g.sample()
                rate.append((b[0] - a[0]) / (b[1] - a[1]))
                if on:
                    rates.append((written(g) - w) / (time.monotonic() - t))
            ratios.append(rate[1] / rate[0])
        return statistics.median(ratios), f"{statistics.median(rates):,.0f} records written a second"
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        g.end()


def kernel(build, providers, seconds):
    """The hot load through an interface of the kernel's (an end of a veth), as much as the other CPU can put in. What
    comes out is taken at the interface, as a NIC's queue would; then by the veth, where the worker's CPU receives it
    at the other end as well."""
    ground.veth("feed0", "feed1")
    try:
        frames = list(traffic.load("hot", 4096, traffic.Campus(), 64))
        g = gateway(build, feed="kernel:feed0", idle="auto")
        try:
            providers.announce(traffic.services(64, txt_len=175), g)
            with live.Feed(frames, "feed0", ground.CPUS[0]) as feed:
                with live.Sink("feed0") as sink:
                    answered, sent = answers(g, feed, sink.taken, seconds)
                beyond, _ = answers(g, feed, lambda: ground.sent("feed0"), seconds)
            more = "the feed gives no more: " if answered >= 0.99 * sent else ""
            return answered, f"{more}of {sent:,.0f} sent; {beyond:,.0f} if the worker's CPU also receives them"
        finally:
            g.end()
    finally:
        run("ip", "link", "del", "feed0")


def answers(g, feed, came_out, seconds):
    """Answers a second, of those sent a second: what the gateway counted, if as much came out."""
    time.sleep(1)
    feed.check()
    before, out, sent, start = g.counters(), came_out(), feed.sent(), time.monotonic()
    time.sleep(2 * seconds)
    after, out, sent, took = g.counters(), came_out() - out, feed.sent() - sent, time.monotonic() - start
    answered = after["outcomes", "answered"] - before["outcomes", "answered"]
    if not 0.95 < out / max(1, answered) < 1.05:
        raise Failed(f"void: {answered:,} answers, {out:,} frames came out")
    return answered / took, sent / took


def memory(build, providers, _):
    """A million records of 200,000 hosts: PTR, SRV, TXT of 120 bytes, A, AAAA."""
    traffic.write_pcap("feed.pcap", traffic.load("other", 64, traffic.Campus(), 0))
    g = gateway(build, limits="records: 1100000, stations: 1100000, records_per_link: 1100000")
    try:
        providers.announce(traffic.services(SERVICES, 64, v6=True), g)
        cache = g.show("counters")["cache"]
        return cache["bytes"] / cache["records"], f"{cache['records']:,} records, {cache['stations']:,} stations"
    finally:
        g.end()


FIGURES = [
    Figure("learning", "learning: records new or changed", "records/s", learning, 500000),
    Figure("writing", "hot load while control writes, against not", "ratio", writing, 0.95),
    Figure("kernel", "hot load through kernel interfaces", "answers/s", kernel, 900000),
    Figure("memory", "memory of a record, a million of them", "bytes", memory, 512, most=True),
]


def said(figure, value, more):
    met = value <= figure.target if figure.most else value >= figure.target
    number = f"{value:,.0f}" if figure.target > 10 else f"{value:.3f}"
    bound = f"{figure.target:,.0f}" if figure.target > 10 else f"{figure.target:.2f}"
    return (f"{figure.title:<42} {number:>12} {figure.unit:<9} {'<=' if figure.most else '>='} {bound:<8} "
            f"{'yes' if met else 'no':<3}  {more}"), met
