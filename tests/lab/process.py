# SPDX-License-Identifier: BSD-3-Clause
"""Namespaces that end with us, and processes inside them whose output is an event source."""
import os
import re
import signal
import subprocess
import sys
import threading
import time

PYTHON = "/usr/bin/python3"
ENV = dict(os.environ, PATH="/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C.UTF-8",
           PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")

# First process of a pid namespace: collects orphans until it is killed, and everything with it.
HOLDER = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
print("ready", flush=True)
while True:
    signal.sigwaitinfo({signal.SIGCHLD})
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
"""


class LabError(Exception):
    """Something of the lab itself, or an event waited for, did not come."""


def until(condition, timeout, what):
    """Polls condition() until it is true and returns its value; LabError at the deadline."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f"not within {timeout} s: {what}")
        time.sleep(0.02)


def child_of(pid):
    """The first child of a process, or None."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
            found = children.read().split()
    except FileNotFoundError:
        return None
    return int(found[0]) if found else None


class Process:
    """A running command. Its output (both streams) is kept line by line, with arrival times."""

    def __init__(self, argv, prefix=(), inner=False, stdin=subprocess.DEVNULL):
        self.argv = [str(a) for a in argv]
        self.lines = []
        self.times = []
        self.inner = inner  # the command is the only child of the process started
        self.cond = threading.Condition()
        self.ended = False
        self.popen = subprocess.Popen(
            [*prefix, *self.argv], env=ENV, start_new_session=True, text=True, errors="replace",
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.popen.stdout:
            with self.cond:
                self.lines.append(line.rstrip("\n"))
                self.times.append(time.monotonic())
                self.cond.notify_all()
        with self.cond:
            self.ended = True
            self.cond.notify_all()

    def output(self):
        with self.cond:
            return "\n".join(self.lines)

    def find(self, pattern, start=0):
        """(match, arrival time) of the first line from index start that matches, or None."""
        with self.cond:
            for line, when in list(zip(self.lines, self.times))[start:]:
                match = re.search(pattern, line)
                if match:
                    return match, when
        return None

    def wait_line(self, pattern, timeout=10, start=0):
        """Waits for a line of output; returns (match, arrival time on the monotonic clock)."""
        deadline = time.monotonic() + timeout
        with self.cond:
            while True:
                found = self.find(pattern, start)
                if found:
                    return found
                left = deadline - time.monotonic()
                if self.ended or left <= 0:
                    why = "it ended" if self.ended else f"not within {timeout} s"
                    raise LabError(f"{' '.join(self.argv)}: no line /{pattern}/ ({why}); it said:\n"
                                   + "\n".join(self.lines[-40:]))
                self.cond.wait(left)

    def say(self, line):
        """A line on its standard input, which must be a pipe."""
        self.popen.stdin.write(line + "\n")
        self.popen.stdin.flush()

    def running(self):
        return self.popen.poll() is None

    def pid(self):
        """The command's process id as this machine counts; None once it has ended."""
        if self.inner:
            until(lambda: child_of(self.popen.pid) or not self.running(), 5, "the inner process")
            return child_of(self.popen.pid)
        return self.popen.pid if self.running() else None

    def send(self, number):
        pid = self.pid()
        if pid:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def wait(self, timeout=10):
        """Waits for the end and all output; returns the exit code (negative: a signal)."""
        code = self.popen.wait(timeout)
        self.reader.join(timeout)
        return code

    def stop(self, number=signal.SIGTERM, timeout=10):
        """Ends the command; SIGKILL at the deadline. Returns its exit code."""
        self.send(number)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            return self.wait(timeout)


class Namespace:
    """Own network, mounts (with an empty /run), host name and process ids.

    The namespaces have no name anywhere and live as long as their first process, which the kernel
    kills when the process that made it ends in whatever way.
    """

    def __init__(self, name):
        self.name = name
        self.processes = []
        self.holder = Process(
            [PYTHON, "-c", HOLDER], inner=True,
            prefix=["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--uts",
                    "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"])
        self.holder.wait_line("ready")
        self.pid = self.holder.pid()
        self.enter = ["nsenter", "-t", str(self.pid), "-n", "-m", "-u", "-p", "--"]
        self.sh(f"mount -t tmpfs tmpfs /run && hostname {name} && ip link set lo up")

    def net(self, *argv):
        """Runs a command in the network namespace alone: process ids mean what they mean to us."""
        return self.run(*argv, enter=self.enter[:4] + ["--"])

    def run(self, *argv, check=True, timeout=30, stdin=None, enter=None):
        """Runs a command to its end; returns the CompletedProcess with text output."""
        done = subprocess.run([*(enter or self.enter), *map(str, argv)], env=ENV, text=True, input=stdin,
                              errors="replace", capture_output=True, timeout=timeout, check=False,
                              **({} if stdin is not None else {"stdin": subprocess.DEVNULL}))
        if check and done.returncode:
            raise LabError(f"{self.name}: {' '.join(map(str, argv))} exited {done.returncode}:\n"
                           f"{done.stdout}{done.stderr}")
        return done

    def sh(self, script):
        return self.run("sh", "-ec", script).stdout

    def popen(self, *argv, stdin=subprocess.DEVNULL):
        """Starts a command in the background; close() ends it."""
        process = Process(argv, prefix=self.enter, inner=True, stdin=stdin)
        self.processes.append(process)
        return process

    def close(self):
        for process in reversed(self.processes):
            if process.running():
                process.stop(timeout=3)
        self.processes.clear()
        self.holder.stop(signal.SIGKILL)


def need_root():
    if os.geteuid() != 0:
        sys.exit("the lab makes network namespaces and needs root: sudo ./run demo, sudo ./run test")
