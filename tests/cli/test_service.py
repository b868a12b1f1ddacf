# SPDX-License-Identifier: BSD-3-Clause
"""What a service manager is told, what the process gives up, and how it leaves."""
import ctypes
import glob
import os
import re
import signal
import socket
import subprocess

import pytest

from conftest import LINKSPAN, ROOT, START_S, run

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
libc = ctypes.CDLL(None, use_errno=True)


def ptrace(request, tid):
    if libc.ptrace(request, tid, None, None) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace of {tid}")


class Manager:
    """Listens as systemd does, and starts a gateway that knows of it."""

    def __init__(self, gateway, folder, watchdog_us=0):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.settimeout(START_S)
        self.gateway = gateway
        env = {**os.environ, "NOTIFY_SOCKET": str(self.path)}
        if watchdog_us:
            env["WATCHDOG_USEC"] = str(watchdog_us)
        with open(gateway.log_path, "w", encoding="utf-8") as log:
            gateway.process = subprocess.Popen([LINKSPAN, "-c", str(gateway.config)], stderr=log, env=env)

    def wait(self, wanted):
        """Messages up to the first that has the line."""
        seen = []
        while not seen or wanted not in seen[-1].split("\n"):
            seen.append(self.socket.recv(4096).decode())
        return seen


def test_ready_status_and_stopping(gateway, tmp_path):
    m = Manager(gateway(), tmp_path)
    assert m.wait("READY=1") == ["READY=1"]
    assert m.gateway.show("status")["ready"]
    m.wait("STATUS=2 links, 0 records of 0 stations")
    m.gateway.process.send_signal(signal.SIGTERM)
    m.wait("STOPPING=1")
    assert m.gateway.stop() == 0


def test_not_ready_before_the_ports_are(gateway, tmp_path):
    g = gateway(device="kernel:nowhere0")
    m = Manager(g, tmp_path)
    assert m.gateway.process.wait(START_S) == 1
    m.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        m.socket.recv(4096)


@pytest.mark.parametrize("lcore", ["control", "worker"])
def test_the_watchdog_is_fed_only_while_all_lcores_come_round(gateway, tmp_path, lcore):
    m = Manager(gateway(), tmp_path, watchdog_us=200000)
    m.wait("WATCHDOG=1")
    pid = m.gateway.process.pid
    tid = pid if lcore == "control" else next(
        int(t) for t in os.listdir(f"/proc/{pid}/task")
        if open(f"/proc/{pid}/task/{t}/comm", encoding="ascii").read().startswith(("rte-worker", "lcore-worker")))
    ptrace(PTRACE_SEIZE, tid)
    ptrace(PTRACE_INTERRUPT, tid)
    os.waitpid(tid, 0x40000000)  # __WALL
    try:
        m.gateway.wait_log(f'msg="an lcore does not come round, watchdog not fed" lcore={lcore}-')
    finally:
        ptrace(PTRACE_DETACH, tid)
    m.socket.setblocking(False)
    try:  # what was sent before it stood still
        while True:
            m.socket.recv(4096)
    except BlockingIOError:
        m.socket.settimeout(START_S)
    m.wait("WATCHDOG=1")
    assert m.gateway.stop() == 0


# --- what the process gives up ----------------------------------------------------------------

def threads(pid):
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        with open(path, encoding="ascii") as status:
            yield dict(re.findall(r"^(\w+):\s+(\S+)", status.read(), re.M))


def test_privileges_are_given_up_by_all_threads(gateway):
    g = gateway().start()
    found = list(threads(g.process.pid))
    assert len(found) >= 5  # control, worker, management, and DPDK's own
    for thread in found:
        for which in ("CapPrm", "CapEff", "CapInh", "CapBnd"):
            assert int(thread[which], 16) == 0, thread
        assert (thread["Seccomp"], thread["NoNewPrivs"]) == ("2", "1")
    assert "capabilities given up, system calls restricted" in g.log()


def test_the_sandbox_can_be_turned_off(gateway):
    g = gateway(gateway=", sandbox: off").start()
    assert {t["Seccomp"] for t in threads(g.process.pid)} == {
        t["Seccomp"] for t in threads(os.getpid())}
    assert 'msg="privileges are kept"' in g.log()


# --- signals ----------------------------------------------------------------------------------

def test_sigquit_leaves_without_goodbyes(gateway):
    g = gateway().start()
    assert g.stop(signal.SIGQUIT) == 0
    assert "goodbyes=no" in g.log() and 'msg="left"' in g.log()
    assert "generation=2" not in g.log()  # the empty world, by which links say goodbye
    assert not os.path.exists(g.socket)
    g.start()
    assert g.stop(signal.SIGTERM) == 0
    assert "goodbyes=yes" in g.log() and "generation=2" in g.log()


def test_sigusr1_opens_the_audit_anew(gateway, tmp_path):
    g = gateway()
    audit = tmp_path / "audit.jsonl"
    g.config.write_text(g.text + f'audit: {{file: "{audit}"}}\n')
    g.start()
    assert g.ctl("reload").returncode == 0
    g.until(lambda: audit.exists() and "reload" in audit.read_text())
    audit.rename(tmp_path / "audit.jsonl.1")
    g.process.send_signal(signal.SIGUSR1)
    g.until(audit.exists)
    assert g.show("status")["generation"] == 2  # nothing else came of it
    assert g.ctl("reload").returncode == 0
    g.until(lambda: "reload" in audit.read_text())


# --- the unit ---------------------------------------------------------------------------------

def test_the_unit_is_one(tmp_path):
    unit = open(f"{ROOT}/deploy/linkspan.service", encoding="utf-8").read()
    here = tmp_path / "linkspan.service"  # with programs that are there
    here.write_text(unit.replace("/usr/sbin/linkspan", "/bin/true").replace("/usr/bin/linkspanctl", "/bin/true"))
    done = run("systemd-analyze", "verify", "--man=no", here)
    assert (done.returncode, done.stderr) == (0, "")
    here.write_text(here.read_text() + "\n[Service]\nNoSuchKey=1\n")
    assert "NoSuchKey" in run("systemd-analyze", "verify", "--man=no", here).stderr
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=50", f"{ROOT}/deploy/linkspan.service")
    assert done.returncode == 0, done.stdout
