# SPDX-License-Identifier: BSD-3-Clause
"""The processes of a benchmark: started, stopped and continued, and asked for their counters."""

import json
import os
import signal
import socket
import subprocess
import time

RUN = "/var/run/dpdk"


class Failed(Exception):
    """A benchmark cannot go on."""


class Dpdk:
    """A DPDK process whose worker lcore is measured by packets and CPU time."""

    def __init__(self, name, argv, prefix, log, port=0):
        self.name, self.prefix, self.port = name, prefix, port
        self.log = open(os.path.abspath(log), "w")
        self.telemetry = None
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=self.log, stderr=subprocess.STDOUT, close_fds=True
        )
        self.tasks = []

    def connect(self, timeout=60):
        """Waits until it answers by telemetry."""
        path = os.path.join(RUN, self.prefix, "dpdk_telemetry.v2")
        until = time.monotonic() + timeout
        while self.telemetry is None:
            if self.process.poll() is not None or time.monotonic() > until:
                raise Failed("%s did not start: %s" % (self.name, tail(self.log.name)))
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                s.connect(path)
                s.recv(1024)
                self.telemetry = s
            except OSError:
                s.close()
                time.sleep(0.05)

    def find_worker(self, lcore):
        """The thread of the worker lcore, by EAL's name for it."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            for tid in os.listdir("/proc/%d/task" % self.process.pid):
                with open("/proc/%d/task/%s/comm" % (self.process.pid, tid)) as f:
                    if f.read().strip() in ("lcore-worker-%d" % lcore, "rte-worker-%d" % lcore):
                        self.tasks.append("/proc/%d/task/%s/schedstat" % (self.process.pid, tid))
                        return
            time.sleep(0.05)
        raise Failed("%s has no worker lcore %d" % (self.name, lcore))

    def ask(self, command):
        self.telemetry.send(command.encode())
        return json.loads(self.telemetry.recv(1 << 20).decode())[command.split(",")[0]]

    def packets(self):
        return self.ask("/ethdev/stats,%d" % self.port)["ipackets"]

    def cpu(self):
        """Nanoseconds the workers' threads have run."""
        total = 0
        for task in self.tasks:
            with open(task) as f:
                total += int(f.read().split()[0])
        return total

    def sample(self):
        return self.packets(), self.cpu()

    def pause(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def go(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def end(self):
        if self.process.poll() is None:
            self.go()
            self.process.terminate()
            # testpmd looks at what the signal left when something is to be read.
            self.process.stdin.close()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        if self.telemetry is not None:
            self.telemetry.close()


def tail(path, lines=5):
    with open(path, errors="replace") as f:
        return " / ".join(f.read().strip().splitlines()[-lines:])


def run(*argv):
    r = subprocess.run(argv, capture_output=True, text=True)
    if r.returncode != 0:
        raise Failed("%s: %s" % (" ".join(argv), (r.stderr or r.stdout).strip()))
    return r.stdout
