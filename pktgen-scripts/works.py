# SPDX-License-Identifier: BSD-3-Clause
"""What is measured: feeds, configurations, and what a figure has to reach (DESIGN.md, section 10)."""

from dataclasses import dataclass, field
from typing import Callable

import traffic

HOT, WIDE = 64, 10000


@dataclass
class Work:
    """A feed and a gateway for it. Its figure is the ratio of packets a second of CPU time to those of `against`. Works
    that are held against another one are measured with it, in turns."""

    name: str
    title: str
    frames: Callable            # () -> frames of the feed
    target: float = None        # what the ratio is to reach
    against: str = "io"         # testpmd io on the same feed, or the name of a work before this one
    services: int = HOT         # ... that the provider link has
    config: dict = field(default_factory=dict)
    outcome: str = "answered"   # what becomes of the packets: the figure is void if it is something else. None: a mix
    share: float = 0.99
    warm_s: float = 1.0
    introduce: int = 0          # so many stations that ask nothing more are known
    workers: int = 1            # each with a queue of the feed
    starts: int = 1             # so often it is started, with all that are held against it: where pages come to lie matters
    quick: bool = False         # part of --quick
    point: tuple = None         # (what, how many): a point of a plot


def load(name, packets=4096, names=HOT, **campus):
    def frames():
        who = traffic.Campus(**campus)
        return traffic.load(name, packets, who, names)
    return frames


def martians():
    """Queries from addresses that cannot be a station's."""
    who = traffic.Campus()
    payload = traffic.browse(who, HOT)
    for i in range(4096):
        mac, _, vlan = who.station(who.random.randrange(who.n))
        yield traffic.to_group(mac, "0.0.0.0", vlan, payload(i))


def rules(n):
    return ", ".join("{deny: _rule%d._tcp}" % i for i in range(n - 1)) + ", {permit: any}"


INLINE = {"pair": ", bypass: core", "ports": '  - {name: core, device: "net_null0,no-rx=1"}\n'}

# Who is told depends on who they are; of what is asked for, on the campus, or on the building first.
RELATIONS = "{permit: airplay, when: {same: user}}, {permit: googlecast, role: role1, when: {same: role}}, "
CAMPUS = "{permit: any, when: {same: location, level: 1}}"
BUILDING = "{permit: any, when: {same: location, level: 2}}, "


def people(relations):
    return {"people": 50000, "policy": RELATIONS + relations, "limits": "stations: 400000"}


WORKS = [
    Work("hot", "cached answer, 300 B, 4 TTLs, 64 names", load("hot"), 0.35, quick=True, starts=3),
    Work("csum", "... against testpmd csum", load("hot"), 1.0, against="csum", starts=3),
    Work("wide", "... over 10,000 names", load("direct", 16384, WIDE), 0.25, services=WIDE, warm_s=3),
    Work("ipv6", "... over IPv6, against IPv4", load("hot", family=6), 0.8, against="hot"),
    Work("questions", "three questions in 64 ways, against one", load("questions"), 0.5, against="hot"),
    Work("any-questions", "three questions in 4,000 ways", load("any-questions"), None),
    Work("known", "8 known answers in a query", load("known"), None, outcome="query_known"),
    Work("mixed", "mixed campus traffic", load("mixed"), 0.25, outcome=None, warm_s=3, quick=True),
    # net_pcap keeps a feed in buffers of 2.5 KiB: more pages than the TLB has places.
    Work("mixed-long", "... a feed of 16,384 packets", load("mixed", 16384), None, outcome=None, warm_s=3),
    Work("nothing", "queries for what nobody has", load("nothing"), None, outcome="query_missed", share=0.9),
    Work("touched", "unchanged announcements", load("announce", 1024), 0.30, outcome="touched", warm_s=4, services=1, quick=True),
    Work("unknown", "shed: unknown link", load("hot"), 0.80, config={"vlan0": 2000}, outcome="unknown_link", services=0, quick=True),
    Work("martian", "shed: martian sources", martians, 0.80, outcome="martian", services=0),
    Work("metered", "shed: over a meter", load("hot"), 0.65, config={"rate": 1}, outcome="over_station", warm_s=2),
    Work("bypass", "bypass of other traffic", load("other"), 0.85, config=INLINE, outcome="bypassed", starts=3),
    Work("inline", "... with 5 % mDNS, answered", load("inline"), 0.80, config=INLINE, outcome="bypassed", share=0.9, starts=3),
    Work("rules-10", "hot load, 10 rules", load("hot"), None, config={"policy": rules(10)},
         point=("rules", 10)),
    Work("rules-10000", "... 10,000 rules, against 10", load("hot"), 1 / 1.05, against="rules-10",
         config={"policy": rules(10000)}, point=("rules", 10000)),
    Work("records-1k", "hot load, 1,000 records", load("hot"), None, services=250, point=("records", 1000)),
    Work("records-100k", "... 100,000 records, against 1,000", load("hot"), None, against="records-1k", services=25000,
         point=("records", 100000)),
    # A link may have a quarter of all stations, and all of these are on one.
    Work("records-1M", "... 1,000,000 records, against 1,000", load("hot"), 0.5, against="records-1k", services=250000,
         config={"limits": "records: 1100000, stations: 1100000, records_per_link: 1100000"},
         point=("records", 1000000)),
    # Against the short way where nobody is asked who they are, over as many different answers: 64, and 16 * 64.
    Work("people", "hot load, 50,000 stations, relation rules", load("hot"), 0.95, against="hot", config=people(CAMPUS),
         introduce=48976, warm_s=3),
    Work("names-1k", "hot load, 1,024 names", load("hot", names=1024), None, services=1024, warm_s=3, starts=3),
    Work("buildings", "... 64 names in 16 buildings, relation rules", load("hot"), 0.95, against="names-1k",
         config=people(BUILDING + CAMPUS), introduce=48976, warm_s=3),
    Work("links-16", "hot load, 16 links", load("hot"), None, point=("links", 16)),
    Work("links-1000", "... 1,000 links, against 16", load("hot", links=1000), None, against="links-16",
         config={"links": 1000}, point=("links", 1000)),
    # By the CPU time of all of them; what they would do to each other's lines shows.
    Work("workers-1", "hot load, one worker", load("hot", 6144), None, starts=3, point=("workers", 1)),
    Work("workers-2", "... two, a queue each, against one", load("hot", 6144), 0.95, against="workers-1", workers=2,
         point=("workers", 2)),
    Work("workers-3", "... three, on two CPUs", load("hot", 6144), None, against="workers-1", workers=3,
         point=("workers", 3)),
]
