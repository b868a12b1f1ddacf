#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""An hour of a campus, or as long as is said: soak.py [SECONDS]

Stations ask and are answered all the time; meanwhile come floods of every kind, reloads, a carrier that goes, a
worker that stands still, captures, sweeps, station identities. All of it goes to one process, which must
hold as much memory at the end as after the first rounds, have no more files open, and have counted each packet once.
Prints a line a round and closes with "N passed, M failed". Needs root."""
import json
import os
import random
import re
import subprocess
import sys
import time

from gateway import BUILD, SOCKET
from lab import Lab
from process import PYTHON, until
from test_churn import HEAP
from test_faults import HOLD, Manager, is_gateway, tid_of
from test_flood import KINDS, TOOL

ROUND_S = 20
WARM_ROUNDS = 3  # what grows to its bound has done so


class Soak:
    def __init__(self, lab, seconds):
        self.m = Manager(lab)
        self.gateway = lab.gateway
        self.ns = lab.gateway.ns
        self.end = time.monotonic() + seconds
        self.rng = random.Random(1)
        self.samples = []
        self.failures = []
        self.checks = 0
        self.first = self.gateway.read_config()

    def check(self, holds, what):
        self.checks += 1
        if not holds:
            self.failures.append(what)
            print("FAILED:", what, flush=True)

    # --- what happens in a round ------------------------------------------------------------------

    def reload(self):
        other = self.first.replace("{all: [{permit: any}]}", "{all: [{deny: _nothing._tcp}, {permit: any}]}")
        for text in (other, self.first):
            self.gateway.write_config(text)
            self.gateway.ctl("reload")

    def refused_reload(self):
        self.gateway.write_config(self.first + "nonsense: 1\n")
        done = self.gateway.ctl("reload", check=False)
        self.check(done.returncode == 1, "a bad file is refused")
        self.gateway.write_config(self.first)
        self.gateway.ctl("reload")

    def carrier(self):
        self.m.outside.sh("ip link set flood1 down")
        until(lambda: self.gateway.ctl("show", "ports", as_json=True)["ports"][0]["link"] == "down", 30, "carrier gone")
        self.m.outside.sh("ip link set flood1 up")
        until(lambda: self.gateway.ctl("show", "ports", as_json=True)["ports"][0]["link"] == "up", 30, "carrier back")

    def worker(self):
        holder = subprocess.Popen([PYTHON, "-c", HOLD, str(tid_of(self.m, "rte-worker"))], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        holder.stdout.readline()
        time.sleep(1)  # that long it does not run
        holder.stdin.close()
        holder.wait(10)

    def capture(self):
        c = self.ns.popen(f"{BUILD}/ctl/linkspanctl", "-s", SOCKET, "capture", "--link", "users", "--seconds", "2",
                          "--write", "/run/linkspan/soak.pcapng")
        self.check(c.wait(30) == 0, "a capture ends well")

    def sweep(self):
        self.gateway.ctl("sweep", "--link", "printers", as_json=True)

    def people(self):
        for i in range(40):
            self.gateway.ctl("station", "set", f"02:00:14:00:00:{i % 32 + 1:02x}", f"user=u{i % 7}", f"role=r{i % 3}")
            if i % 4 == 0:  # none of those that ask
                self.gateway.ctl("station", "set", f"02:00:14:00:01:{i + 1:02x}", "user=x")
                self.gateway.ctl("station", "remove", f"02:00:14:00:01:{i + 1:02x}")

    def selftest(self):
        self.check(self.gateway.ctl("selftest", check=False).returncode == 0, "the self-test passes")

    def flush(self):
        self.gateway.ctl("flush", "link=others")

    # --- rounds -----------------------------------------------------------------------------------

    def flood(self, kind, seconds):
        flood = self.m.outside.popen(PYTHON, TOOL, "flood1", "flood", kind, "3000", stdin=subprocess.PIPE)
        flood.wait_line("^flooding", 60)
        time.sleep(seconds)
        flood.popen.stdin.close()
        flood.wait(30)

    def round(self, number):
        good = self.m.outside.popen(PYTHON, TOOL, "flood1", "good", 200 * (ROUND_S // 4), 200, stdin=subprocess.PIPE)
        good.wait_line("^asking", 90)
        good.say("go")
        self.flood(KINDS[number % len(KINDS)], ROUND_S // 4)
        result = json.loads(good.wait_line(r'^\{"asked"', 60)[0].string)
        good.wait(30)
        self.check(result["answered"] >= 0.99 * result["asked"], f"round {number}: {result}")
        acts = [self.reload, self.refused_reload, self.carrier, self.worker, self.capture, self.sweep, self.people,
                self.selftest, self.flush]
        chosen = self.rng.sample(acts, 3)
        for act in chosen:
            act()
        self.m.counted()
        self.checks += 1
        self.sample()
        print(f"round {number}: {KINDS[number % len(KINDS)]}, {', '.join(a.__name__ for a in chosen)}: {result}; "
              f"{self.samples[-1]}", flush=True)

    def sample(self):
        pid = self.host_pid()
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            text = status.read()
        said = self.ns.run(PYTHON, "-c", HEAP, "/run/dpdk/linkspan-flood-lab/dpdk_telemetry.v2").stdout
        self.samples.append({
            "rss_kib": int(re.search(r"VmRSS:\s+(\d+)", text)[1]),
            "threads": int(re.search(r"Threads:\s+(\d+)", text)[1]),
            "files": len(os.listdir(f"/proc/{pid}/fd")),
            "heap": json.loads(said)["/eal/heap_info"]["Alloc_size"]})

    def host_pid(self):
        return next(int(p) for p in os.listdir("/proc") if p.isdigit() and is_gateway(int(p), self.gateway.config))

    def judge(self):
        """The last rounds against those after which everything has grown to its bound."""
        if len(self.samples) <= WARM_ROUNDS + 1:
            return
        warm, last = self.samples[WARM_ROUNDS], self.samples[-1]
        self.check(last["rss_kib"] - warm["rss_kib"] < (32 << 10), f"memory is flat: {warm} {last}")
        self.check(last["heap"] - warm["heap"] < (8 << 20), f"DPDK's heap is flat: {warm} {last}")
        self.check(last["files"] <= warm["files"] + 1, f"no file is left open: {warm} {last}")
        self.check(last["threads"] == warm["threads"], f"no thread is left: {warm} {last}")

    def run(self):
        number = 0
        while time.monotonic() < self.end or number <= WARM_ROUNDS + 1:
            self.round(number)
            number += 1
        self.judge()
        lines = len(self.m.loop.lines)
        self.check(lines < 20 * (number + 1) * ROUND_S, f"the log is short: {lines} lines")
        self.m.stop()
        self.gateway.process = None


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 3600
    with Lab() as lab:
        soak = Soak(lab, seconds)
        soak.run()
    print(f"{soak.checks - len(soak.failures)} passed, {len(soak.failures)} failed")
    return 1 if soak.failures else 0


if __name__ == "__main__":
    sys.exit(main())
