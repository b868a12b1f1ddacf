# SPDX-License-Identifier: BSD-3-Clause
"""Everything around the gateway fails, one thing after the other: what is lost is what was on its way, and it recovers
by itself. A service manager is played by a loop that starts it again when its exit code is not 0."""
import json
import os
import re
import signal
import subprocess

import pytest

from gateway import BUILD, SOCKET
from process import PYTHON, LabError, until
from station import HERE
from test_flood import CONFIG

TOOL = os.path.join(HERE, "flood_tool.py")
MANAGER = r'while :; do "$@"; code=$?; echo "manager: exited $code"; [ $code = 0 ] && break; sleep 0.2; done'


class Manager:
    """A gateway on one end of a cable, started again when it fails."""

    def __init__(self, lab):
        self.lab, self.gateway = lab, lab.gateway
        self.outside = lab.namespace("outside")
        self.cable()
        text = CONFIG + "pinned: [airprint]\n"
        if os.environ.get("LINKSPAN_SANDBOX") == "off":  # LeakSanitizer traces the process at its end
            text = text.replace("{id: flood-lab,", "{id: flood-lab, sandbox: off,")
        self.gateway.write_config(text)
        self.loop = None
        self.start()

    def cable(self):
        self.outside.net("ip", "link", "add", "flood1", "type", "veth", "peer", "name", "flood0", "netns",
                         self.gateway.ns.pid)
        self.outside.sh("sysctl -q -w net.ipv6.conf.flood1.disable_ipv6=1; ip link set flood1 up")
        self.gateway.ns.sh("sysctl -q -w net.ipv6.conf.flood0.disable_ipv6=1; ip link set flood0 up")

    def start(self):
        program = os.path.realpath(os.path.join(BUILD, "linkspan"))
        self.loop = self.gateway.ns.popen("sh", "-c", MANAGER, "manager", program, "-c", self.gateway.config)
        self.gateway.process = self.loop
        self.ready()

    def ready(self):
        until(lambda: self.status(), 60, "the gateway is ready")

    def status(self):
        done = self.gateway.ctl("show", "status", check=False, as_json=False)
        if done.returncode:
            return None
        full = self.gateway.ctl("show", "status", as_json=True)
        return full if full["ready"] else None

    def pid(self):
        """As the namespace counts."""
        return self.status()["pid"]

    def works(self, questions=100):
        """Services of one VLAN are found from another."""
        good = self.outside.popen(PYTHON, TOOL, "flood1", "good", questions, 200, stdin=subprocess.PIPE)
        good.wait_line("^asking", 90)
        good.say("go")
        result = json.loads(good.wait_line(r'^\{"asked"', 60)[0].string)
        good.wait(30)
        assert result["answered"] == result["asked"], result

    def counted(self):
        """Each packet received is counted once."""
        def same():
            c = self.gateway.ctl("show", "counters", as_json=True)
            injected = sum(l["events"]["injected"] for l in c["links"])  # the self-test's
            return c["ports"][0]["stats"]["ipackets"] + injected == sum(sum(l["outcomes"].values()) for l in c["links"])
        until(same, 30, "all packets are counted")

    def stop(self):
        self.gateway.ns.run("kill", "-TERM", self.pid())
        self.loop.wait_line("manager: exited 0", 30)


@pytest.fixture(scope="module")
def managed(lab):
    m = Manager(lab)
    m.works()
    yield m
    m.stop()
    lab.gateway.process = None


def test_carrier_goes_and_comes(managed):
    starts = managed.loop.output().count('msg="port up"')
    managed.outside.sh("ip link set flood1 down")
    managed.loop.wait_line('msg="port down" port=trunk0')
    until(lambda: managed.gateway.ctl("show", "services", as_json=True)["services"] == [], 30, "what was there is gone")
    managed.outside.sh("ip link set flood1 up")
    until(lambda: managed.loop.output().count('msg="port up"') > starts, 30, "it sees the carrier")
    managed.works()
    managed.counted()


def test_the_interface_is_removed_and_returns(managed):
    ends = managed.loop.output().count("manager: exited")
    managed.outside.sh("ip link del flood1")
    managed.loop.wait_line('msg="interface is gone" port=trunk0')
    assert managed.status()["ready"]  # it runs, without
    managed.cable()
    managed.loop.wait_line('msg="interface is back, leaving to be started anew"')
    until(lambda: managed.loop.output().count("manager: exited") > ends, 30, "it leaves")
    managed.ready()
    managed.works()


def test_killed_and_started_again(managed):
    before = managed.pid()
    managed.gateway.ns.run("kill", "-KILL", before)
    until(lambda: (managed.status() or {}).get("pid", before) != before, 60, "another one")
    status = managed.status()
    assert status["records"] == 0  # it holds nothing it did not hear
    managed.works()
    managed.counted()


def tid_of(managed, name):
    pid = next(int(p) for p in os.listdir("/proc") if p.isdigit() and is_gateway(int(p), managed.gateway.config))
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/comm", encoding="ascii") as comm:
            if comm.read().startswith(name):
                return int(tid)
    raise LabError(f"no thread {name}")


def is_gateway(pid, config):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            argv = f.read().split(b"\0")
    except OSError:
        return False
    return argv[0].endswith(b"/linkspan") and config.encode() in argv


HOLD = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
tid = int(sys.argv[1])
assert libc.ptrace(0x4206, tid, None, None) == 0  # PTRACE_SEIZE
assert libc.ptrace(0x4207, tid, None, None) == 0  # PTRACE_INTERRUPT
os.waitpid(tid, 0x40000000)
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_worker_that_stands_still_for_seconds(managed):
    """Its port's ring overflows, a reload waits for it; then all goes on, and the reload is in force."""
    tid = tid_of(managed, "rte-worker")
    holder = subprocess.Popen([PYTHON, "-c", HOLD, str(tid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    generation = managed.status()["generation"]
    flood = managed.outside.popen(PYTHON, TOOL, "flood1", "flood", "strangers", "20000", stdin=subprocess.PIPE)
    flood.wait_line("^flooding", 30)
    reload_ = managed.gateway.ns.popen(f"{BUILD}/ctl/linkspanctl", "-s", SOCKET, "reload")
    until(lambda: managed.gateway.ctl("show", "counters", as_json=True), 10, "the socket answers meanwhile")
    assert managed.status()["generation"] == generation
    holder.stdin.close()  # it ends, and lets go
    holder.wait(10)
    assert reload_.wait(30) == 0
    assert managed.status()["generation"] == generation + 1
    flood.popen.stdin.close()
    flood.wait(30)
    managed.works()
    managed.counted()


def test_reloads_in_a_loop_under_load(managed):
    """Two configurations in turn, fifty times: none is refused, no packet lost or counted twice."""
    flood = managed.outside.popen(PYTHON, TOOL, "flood1", "flood", "names", "5000", stdin=subprocess.PIPE)
    flood.wait_line("^flooding", 30)
    good = managed.outside.popen(PYTHON, TOOL, "flood1", "good", 600, 200, stdin=subprocess.PIPE)
    good.wait_line("^asking", 60)
    good.say("go")
    first = managed.gateway.read_config()
    other = first.replace("{all: [{permit: any}]}", "{all: [{deny: _nothing._tcp}, {permit: any}]}")
    assert other != first
    generation = managed.status()["generation"]
    for i in range(50):
        managed.gateway.write_config(other if i % 2 == 0 else first)
        managed.gateway.ctl("reload")
    assert managed.status()["generation"] == generation + 50
    result = json.loads(good.wait_line(r'^\{"asked"', 60)[0].string)
    assert result["answered"] >= 0.99 * result["asked"], result
    flood.popen.stdin.close()
    flood.wait(30)
    managed.counted()


def test_the_disk_is_full_and_is_not(managed):
    """The audit loses lines, which are counted; nothing else. When there is room again, it goes on."""
    ns = managed.gateway.ns
    ns.sh("mkdir -p /run/small && mount -t tmpfs -o size=64k tmpfs /run/small")
    first = managed.gateway.read_config()
    managed.gateway.write_config(first.replace("/run/linkspan/audit.jsonl", "/run/small/audit.jsonl"))
    managed.gateway.ctl("reload")
    until(lambda: managed.gateway.ns.run("test", "-s", "/run/small/audit.jsonl", check=False).returncode == 0, 30,
          "the audit is written")
    ns.sh("dd if=/dev/zero of=/run/small/full bs=1k 2>/dev/null || true")
    for i in range(40):  # each is a line
        managed.gateway.ctl("link", "set", "others", f"mode={'off' if i % 2 == 0 else 'config'}")
    status = until(lambda: (lambda s: s if s["audit"]["lost"] > 0 else None)(managed.status()), 30, "lines are lost")
    managed.works()
    ns.sh("rm /run/small/full")
    lines = status["audit"]["lines"]

    def written():
        managed.gateway.ctl("link", "set", "others", "mode=off")
        managed.gateway.ctl("link", "set", "others", "mode=config")
        return managed.status()["audit"]["lines"] > lines
    until(written, 60, "lines are written again")
    assert len(re.findall('msg="audit lines are lost"', managed.loop.output())) == 1
    managed.gateway.write_config(first)
    managed.gateway.ctl("reload")
