# SPDX-License-Identifier: BSD-3-Clause
"""The two programs as a shell sees them: no root, no interface, ports that are DPDK vdevs."""
import itertools
import json
import os
import re
import signal
import subprocess
import time

import pytest

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("LINKSPAN_BUILD", os.path.join(ROOT, "build"))
LINKSPAN = os.path.join(BUILD, "linkspan")
CTL = os.path.join(BUILD, "ctl", "linkspanctl")
START_S = 60  # an upper bound for a busy machine; waiting ends when the socket answers

numbers = itertools.count(os.getpid() * 100)


def run(*argv, **kwargs):
    """The CompletedProcess of a program, its output as text."""
    return subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=START_S, check=False, **kwargs)


GOOD = """
gateway: {{id: {id}, limits: {{records: 1000}}{gateway}}}
ports:
  - {{name: p0, device: "{device}"}}
links:
  - {{name: a, port: p0, vlan: 10, addresses: [10.10.0.2/24], policy: {{in: learn, out: offer}}}}
  - {{name: b, port: p0, vlan: 20, addresses: [10.20.0.2/24], policy: {{in: learn, out: offer}}}}
policies:
  learn: [{{permit: any}}]
  offer: [{{permit: airprint}}]
control: {{socket: "{socket}"}}
"""


class Gateway:
    """A gateway of its own: configuration, socket and EAL prefix."""

    def __init__(self, folder, device="net_null0,no-rx=1", gateway=""):
        self.id = f"cli-{next(numbers)}"
        self.folder = folder
        self.config = folder / f"{self.id}.yaml"
        self.socket = folder / f"{self.id}.sock"
        self.log_path = folder / f"{self.id}.log"
        self.text = GOOD.format(id=self.id, device=device, gateway=gateway, socket=self.socket)
        self.config.write_text(self.text)
        self.process = None

    def launch(self, *options):
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([LINKSPAN, "-c", str(self.config), *options],
                                            stderr=log)
        return self

    def start(self, *options):
        self.launch(*options)
        self.until(self.is_ready)
        return self

    def is_ready(self):
        """The socket answers before the first world is in force."""
        done = self.ctl("--json", "show", "status")
        return done.returncode == 0 and json.loads(done.stdout)["ready"]

    def until(self, reached):
        deadline = time.monotonic() + START_S
        while not reached():
            assert self.process.poll() is None, f"exited {self.process.returncode}:\n{self.log()}"
            assert time.monotonic() < deadline, f"waited in vain:\n{self.log()}"
            time.sleep(0.05)

    def wait_log(self, pattern):
        self.until(lambda: re.search(pattern, self.log()))

    def ctl(self, *argv):
        return run(CTL, "-s", self.socket, *argv)

    def show(self, what):
        done = self.ctl("--json", "show", what)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def log(self):
        return self.log_path.read_text()

    def stop(self, signo=signal.SIGTERM):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signo)
        return self.process.wait(START_S)


@pytest.fixture
def gateway(tmp_path):
    made = []

    def make(*args, **kwargs):
        made.append(Gateway(tmp_path, *args, **kwargs))
        return made[-1]

    yield make
    for g in made:
        if g.process is not None and g.process.poll() is None:
            g.process.kill()
            g.process.wait()
