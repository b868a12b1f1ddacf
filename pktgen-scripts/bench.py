#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
./run bench [--quick | --peers] [--only NAME,...] [--rounds N] [--out DIRECTORY]

Measures the gateway's worker against dpdk-testpmd on the same feed and core, in turns of a fraction of a second, and
prints packets a second of CPU time, cycles per packet, and the median of the ratios round by round: absolute figures
of shared machines are worth ±40 %, ratios of one run a few percent. No NIC: feeds are pcap files read without end
(net_pcap, infinite_rx), what is sent is thrown away. Writes bench.csv and bench.svg.
"""

import argparse
import contextlib
import csv
import os
import shutil
import statistics
import sys
import tempfile
import time

import figures
import floods
import ground
import peers
import plot
import traffic
from proc import Failed, run
from figures import FIGURES
from works import WORKS

HUGE = "/proc/sys/vm/nr_hugepages"
AUTOGROUP = "/proc/sys/kernel/sched_autogroup_enabled"
BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build")
COLUMNS = ("work", "title", "mpps", "cycles", "against", "ratio", "ratio_min", "ratio_max", "value", "unit", "target", "met",
           "what", "n")


def mhz():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        return float(next(line for line in f if line.startswith("cpu MHz")).split(":")[1])


class Setting:
    """A setting of the kernel, for as long as it is measured; what was set before is set again."""

    def __init__(self, path, choose):
        self.path, self.choose = path, choose

    def __enter__(self):
        with open(self.path, encoding="ascii") as f:
            self.before = f.read().strip()
        self.write(str(self.choose(int(self.before))))

    def __exit__(self, *_):
        self.write(self.before)

    def write(self, value):
        with open(self.path, "w", encoding="ascii") as f:
            f.write(value)


class Pages:
    """Hugepages for both, in a mount namespace of our own."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="linkspan-bench-huge-")
        run("mount", "-t", "hugetlbfs", "none", self.dir)
        self.setting = Setting(HUGE, lambda before: max(2600, before))
        self.setting.__enter__()
        return self

    def __exit__(self, *_):
        run("umount", self.dir)
        os.rmdir(self.dir)
        self.setting.__exit__()


def sessions(works):
    """What is measured together: a work, and those that are held against it."""
    together = {}
    for work in works:
        together.setdefault(work.against if work.against in together else work.name, []).append(work)
    return list(together.values())


def measure(works, number, rounds, slice_s):
    """Slices of the gateways, in turns, and of testpmd on the first one's feed; what is wrong with them, if anything."""
    stands, testpmds, wrong = [], [], {}
    try:
        for i, work in enumerate(works):
            stands.append(ground.Stand(BUILD, work, number + i))
        os.chdir(stands[0].dir)
        # What is started several times has a testpmd each time.
        for i in range(1 if works[0].starts > 1 else 2):
            testpmds.append(ground.testpmd(works[0].against if works[0].against == "csum" else "io", i))
        for testpmd in testpmds:
            testpmd.connect()
            testpmd.find_worker(1)
            testpmd.pause()
        slices = ground.interleave([[stand.gateway] for stand in stands] + [testpmds], rounds, slice_s)
        for stand in stands:
            try:
                stand.check()
            except Failed as e:
                wrong[stand.work.name] = e
        return slices, wrong
    finally:
        for testpmd in testpmds:
            testpmd.end()
        for stand in stands:
            stand.close()


def session(works, number, rounds, slice_s):
    """The same, over all starts."""
    starts = works[0].starts
    rounds = -(-rounds // starts) if starts > 1 else rounds
    slices, wrong = [[] for _ in works] + [[]], {}
    for i in range(starts):
        where = os.getcwd()
        got, bad = measure(works, number + i * len(works), rounds, slice_s)
        os.chdir(where)
        for all_of_it, part in zip(slices, got):
            all_of_it += part
        wrong.update(bad)
    return slices, wrong


def ratios(slices, base):
    return [(a[0] / a[1]) / (b[0] / b[1]) for a, b in zip(slices, base)]


def result(work, slices, base, testpmd):
    """A row of the table. base: slices of what the work is held against."""
    ratio = ratios(slices, base)
    row = {"work": work.name, "title": work.title, "mpps": ground.mpps(slices), "against": work.against,
           "to_io": statistics.median(ratios(slices, testpmd)), "target": work.target,
           "what": work.point[0] if work.point else "", "n": work.point[1] if work.point else ""}
    row["cycles"] = mhz() / row["mpps"]
    row["ratio"], row["ratio_min"], row["ratio_max"] = statistics.median(ratio), min(ratio), max(ratio)
    row["met"] = "" if work.target is None else "yes" if row["ratio"] >= work.target else "no"
    return row


HEAD = f"{'work':<42} {'Mpps':>6} {'cycles':>7} {'ratio':>6} {'(least-most)':>13} {'against':>11} {'target':>6}  met"


def line(row):
    spread = f"({row['ratio_min']:.2f}-{row['ratio_max']:.2f})"
    target = "" if row["target"] is None else f"{row['target']:.2f}"
    return (f"{row['title']:<42} {row['mpps']:>6.2f} {row['cycles']:>7.0f} {row['ratio']:>6.3f} {spread:>13} "
            f"{row['against']:>11} {target:>6}  {row['met']}")


def write(rows, out):
    with open(os.path.join(out, "bench.csv"), "w", newline="", encoding="utf-8") as f:
        table = csv.DictWriter(f, COLUMNS, extrasaction="ignore")
        table.writeheader()
        for row in rows:
            table.writerow({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()})
    with open(os.path.join(out, "bench.svg"), "w", encoding="utf-8") as f:
        f.write(plot.svg([row for row in rows if row.get("what")]))


def figure(fig, providers, slice_s):
    """A row of the second table."""
    value, more = fig.measure(BUILD, providers, 4 * slice_s)
    said, met = figures.said(fig, value, more)
    row = {"work": fig.name, "title": fig.title, "value": value, "unit": fig.unit, "target": fig.target,
           "met": "yes" if met else "no"}
    return row, said


def bench_works(works, rounds, slice_s):
    """Rows by the name of the work, as they are printed, and how many there is none of."""
    rows, failed, number = {}, 0, 0
    print(HEAD, flush=True)
    for together in sessions(works):
        names = " ".join(work.name for work in together)
        print(f"\r[{len(rows) + failed + 1}/{len(works)}] {names} ...", end="", file=sys.stderr, flush=True)
        try:
            (*slices, testpmd), wrong = session(together, number, rounds, slice_s)
        except Failed as e:
            slices, wrong = [None] * len(together), {work.name: e for work in together}
        number += len(together) * together[0].starts
        print("\r\033[K", end="", file=sys.stderr, flush=True)
        for work, own in zip(together, slices):
            if work.name in wrong:
                print(f"{work.title:<42} failed: {wrong[work.name]}", flush=True)
                failed += 1
                continue
            base = testpmd if work is together[0] else slices[0]
            rows[work.name] = result(work, own, base, testpmd)
            print(line(rows[work.name]), flush=True)
    return rows, failed


def bench(works, figs, rounds, slice_s, out):
    rows, failed = {}, 0
    where = tempfile.mkdtemp(prefix="linkspan-bench-")
    os.chdir(where)
    with Pages():
        if works:
            rows, failed = bench_works(works, rounds, slice_s)
        providers = ground.Providers()
        try:
            for fig in figs:
                print(f"\r{fig.name} ...", end="", file=sys.stderr, flush=True)
                try:
                    rows[fig.name], said = figure(fig, providers, slice_s)
                except Failed as e:
                    said = f"{fig.title:<42} failed: {e}"
                    failed += 1
                print("\r\033[K", end="", file=sys.stderr, flush=True)
                print(said, flush=True)
        finally:
            providers.close()
    os.chdir("/")
    shutil.rmtree(where)
    write(list(rows.values()), out)
    print(f"\nwritten: {out}/bench.csv {out}/bench.svg")
    return failed


def main():
    p = argparse.ArgumentParser(prog="./run bench", description=__doc__.split("\n\n")[1],
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true", help="fewer works and rounds: a minute")
    p.add_argument("--only", help="these works only, by name: " + " ".join(w.name for w in [*WORKS, *FIGURES]))
    p.add_argument("--peers", action="store_true", help="Avahi and Knot under the same loads, instead")
    p.add_argument("--rounds", type=int, help="rounds a work (7; quick: 5)")
    p.add_argument("--out", default=os.getcwd(), help="where bench.csv and bench.svg go")
    a = p.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: needs root (interfaces, hugepages)")
    names = a.only.split(",") if a.only else None
    unknown = set(names or ()) - {w.name for w in WORKS} - {f.name for f in FIGURES}
    if unknown:
        sys.exit(f"bench: no such work: {', '.join(sorted(unknown))}")
    wanted = [w for w in WORKS if w.name in names] if names else [w for w in WORKS if w.quick or not a.quick]
    figs = [f for f in FIGURES if f.name in names] if names else [] if a.quick else FIGURES
    # What they are held against comes along.
    needed = {w.name for w in wanted} | {w.against for w in wanted}
    wanted = [w for w in WORKS if w.name in needed]
    if len(ground.CPUS) < 2:
        sys.exit("bench: needs two CPUs")
    if os.environ.get("LINKSPAN_BENCH_NET") != "own":
        os.environ["LINKSPAN_BENCH_NET"] = "own"
        os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, *sys.argv])
    run("ip", "link", "set", "lo", "up")
    with contextlib.ExitStack() as settings:
        # A gateway shares no session's group of the scheduler with a shell: it has a service of its own.
        if os.access(AUTOGROUP, os.W_OK):
            settings.enter_context(Setting(AUTOGROUP, lambda before: 0))
        return measure_all(a, wanted, figs)


def measure_all(a, wanted, figs):
    if a.peers:
        with tempfile.TemporaryDirectory(prefix="linkspan-peers-") as where:
            os.chdir(where)
            failed = peers.bench(os.path.abspath(BUILD), os.path.abspath(a.out))
            with Pages():
                failed += floods.bench(os.path.abspath(BUILD), os.path.abspath(a.out))
            os.chdir("/")
        return failed
    return bench(wanted, figs, a.rounds or (5 if a.quick else 7), 0.1 if a.quick else 0.2, os.path.abspath(a.out))


if __name__ == "__main__":
    sys.exit(main())
