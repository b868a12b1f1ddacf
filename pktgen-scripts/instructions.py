#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
instructions.py [--write] [BUILD]

Instructions a worker executes for a packet, counted by callgrind while the packet runner plays a scenario twice, the
second time with more packets: the difference is theirs alone, and repeats whatever the machine is doing. Against
instructions.csv: more than 2 % above it fails. --write makes today's figures the baseline.
"""

import csv
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
BASELINE = os.path.join(HERE, "instructions.csv")
MORE = 0.02
BURST, FEW, MANY = 32, 8, 24

CONFIG = """
config {
gateway: {id: packet-test}
ports:
  - {name: trunk0, device: net_ring0}
links:
  - {name: dorm, port: trunk0, vlan: 10, addresses: [10.10.0.2/24], policy: {in: all, out: all}}
  - {name: wlan, port: trunk0, vlan: 20, type: wireless, addresses: [10.20.0.2/24], policy: {out: all}}
policies:
  all: [{permit: any}]
admission:
  station: {queries: 1000000/s, advertisements: 1000000/s, burst: 1000000}
  link: {queries: 1000000/s, advertisements: 1000000/s, unknown: 1000000/s}
}
station printer link dorm mac 02:00:00:00:10:05 ip 10.10.0.5
station phone   link wlan mac 02:00:00:00:20:01 ip 10.20.0.11
ignore queries
ignore answers
"""
SERVICE = """ queue 0 %s response {
    _ipp._tcp.local                  4500       PTR  "P._ipp._tcp.local"
    "P._ipp._tcp.local"              4500 flush SRV  0 0 631 printer.local
    "P._ipp._tcp.local"              4500 flush TXT  "x"
    printer.local                    4500 flush A    10.10.0.5
}
"""
BROWSE = "    ? _ipp._tcp.local PTR\n"
# Where policy asks who the asker is.
PERSONAL = (("links:", "locations: {campus: {}}\nlinks:"), ("vlan: 10,", "vlan: 10, location: campus,"),
            ("vlan: 20,", "vlan: 20, location: campus,"), ("{out: all}", "{out: near}"),
            ("policies:", "policies:\n  near: [{permit: any, when: {same: location}}]"))
# The same port with another one behind it.
INLINE = (("device: net_ring0}", "device: net_ring0}\n  - {name: core, device: net_ring1, bypass: trunk0}"),)
# Name: (options of the runner, who sends, the message).
WORKS = {
    "rendered": ([], "phone v4 queue 0 x 32 query {\n" + BROWSE + "}\n"),
    "personal": ([], "phone v4 queue 0 x 32 query {\n" + BROWSE + "}\n", PERSONAL),
    "from-records": (["-p"], "phone v4 queue 0 x 32 query {\n" + BROWSE + "}\n"),
    "three-questions": ([], "phone v4 queue 0 x 32 query {\n" + BROWSE +
                        '    ? "P._ipp._tcp.local" SRV\n    ? printer.local A\n}\n'),
    "known-answer": ([], "phone v4 queue 0 x 32 query {\n" + BROWSE +
                     '  known:\n    _ipp._tcp.local 4500 PTR "P._ipp._tcp.local"\n}\n'),
    "touched": ([], "printer v4" + SERVICE % "x 32"),
    "unknown-link": ([], "phone v4 queue 0 tags 99 x 32 query {\n" + BROWSE + "}\n"),
    "crosses": ([], "phone v4 queue 0 dport 443 dmac 02:00:00:00:10:05 x 32 query {\n" + BROWSE + "}\n", INLINE),
}


def scenario(message, changes, bursts):
    config = CONFIG
    for old, new in changes:
        config = config.replace(old, new)
    warm = "send phone v4 queue 0 query {\n" + BROWSE + "}\nelapse 300ms\n"
    body = "send " + message
    return (config + "send printer v4" + SERVICE % "" + "elapse 2s\n" + warm * 4 +
            f"for I 1..{4 + bursts} {{\n{body}}}\n")


def count(runner, options, message, changes, bursts, where):
    path = os.path.join(where, f"load-{bursts}.txt")
    with open(path, "w", encoding="ascii") as f:
        f.write(scenario(message, changes, bursts))
    argv = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=dp_worker_turn", runner,
            "-x", "avx2", *options, path]
    ran = subprocess.run(argv, capture_output=True, text=True)
    collected = re.search(r"Collected : (\d+)", ran.stderr)
    if ran.returncode == 77:
        return None
    if ran.returncode != 0 or not collected:
        sys.exit(f"instructions: {' '.join(argv)}:\n{ran.stdout}{ran.stderr}")
    return int(collected.group(1))


def measure(runner, where):
    with ThreadPoolExecutor(2) as pool:
        for name, (options, message, *changes) in WORKS.items():
            changed = changes[0] if changes else ()
            few, many = pool.map(lambda bursts: count(runner, options, message, changed, bursts, where), (FEW, MANY))
            if few is None:
                print("skipped: this machine has no AVX2, and instructions.csv is of that code")
                sys.exit(0)
            yield name, (many - few) / (BURST * (MANY - FEW))


def main():
    argv = sys.argv[1:]
    write = "--write" in argv
    build = next((a for a in argv if a != "--write"), os.path.join(HERE, "..", "build"))
    before = {}
    if os.path.exists(BASELINE):
        with open(BASELINE, newline="", encoding="ascii") as f:
            before = {row["work"]: float(row["instructions"]) for row in csv.DictReader(f)}
    worse, now = [], {}
    with tempfile.TemporaryDirectory() as where:
        for name, n in measure(os.path.join(build, "tests", "packet", "packet_runner"), where):
            now[name] = n
            change = f"{n / before[name] - 1:+.2%}" if name in before else "new"
            print(f"{name:<16} {n:>9.1f} instructions a packet  {change}", flush=True)
            if not write and (name not in before or n > before[name] * (1 + MORE)):
                worse.append(name)
    if write:
        with open(BASELINE, "w", newline="", encoding="ascii") as f:
            csv.writer(f).writerows([("work", "instructions"), *((k, f"{v:.1f}") for k, v in now.items())])
    print(f"{len(now) - len(worse)} passed, {len(worse)} failed")
    if worse:
        print(f"more than {MORE:.0%} above {os.path.basename(BASELINE)}: {', '.join(worse)}")
    return bool(worse)


if __name__ == "__main__":
    sys.exit(main())
