# SPDX-License-Identifier: BSD-3-Clause
"""Options, --check and exit codes: nothing here starts DPDK."""
import os
import socket
import threading

import pytest

from conftest import CTL, LINKSPAN, run

CONFIG = """gateway: {id: t}
ports: [{name: p, device: "kernel:eth9"}]
links:
  - {name: a, port: p, vlan: 10, policy: {in: x, out: x}}
policies: {x: [{permit: any}]}
"""


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "t.yaml"
        path.write_text(text)
        return path
    return write


def test_check_of_a_good_file(config):
    path = config(CONFIG)
    done = run(LINKSPAN, "-c", path, "--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}: ok\n", "")


def test_check_prints_warnings_of_a_file_that_is_good_all_the_same(config):
    path = config(CONFIG.replace(", policy: {in: x, out: x}", ""))
    done = run(LINKSPAN, "--check", "-c", path)
    assert done.returncode == 0
    assert done.stdout == f"{path}: ok\n"
    assert f"{path}:4:" in done.stderr and "warning: " in done.stderr


def test_check_lists_every_error_with_its_place(config):
    path = config("""gateway: {id: t, color: blue}
ports: [{name: p, device: "kernel:eth9"}]
links:
  - {name: a, port: q, vlan: 10}
  - {name: b, port: p, vlan: 5000}
  - {name: c, port: p, vlan: 7, addresses: [10.0.0.2/99]}
""")
    done = run(LINKSPAN, "-c", path, "--check")
    assert done.returncode == 1
    assert done.stdout == ""
    errors = [line for line in done.stderr.splitlines() if " warning: " not in line]
    places = [line.removeprefix(f"{path}:").split(":")[0] for line in errors]
    assert places == ["1", "4", "5", "6"], done.stderr


def test_check_knows_what_does_not_fit_the_tables(config):
    prefixes = ", ".join(f"10.{i}.0.0/16" for i in range(17))
    path = config(CONFIG.replace("vlan: 10", f"vlan: 10, prefixes: [{prefixes}]"))
    done = run(LINKSPAN, "-c", path, "--check")
    assert done.returncode == 1
    assert f"{path}:4:5: link a: found 17 IPv4" in done.stderr


@pytest.mark.parametrize("options", [["--check"], []])
def test_a_file_that_is_not_there(tmp_path, options):
    path = tmp_path / "none.yaml"
    done = run(LINKSPAN, "-c", path, *options)
    assert done.returncode == 1
    assert str(path) in done.stderr and "No such file" in done.stderr


def test_a_broken_file_starts_nothing(config):
    path = config("links: nonsense\n")
    done = run(LINKSPAN, "-c", path)
    assert done.returncode == 1
    assert f"{path}:1:" in done.stderr
    assert "EAL" not in done.stderr


@pytest.mark.parametrize("program", [LINKSPAN, CTL])
def test_help_and_version(program):
    done = run(program, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: {os.path.basename(program)} ")
    assert done.stderr == ""
    done = run(program, "--version")
    assert done.returncode == 0
    assert done.stdout.startswith(f"{os.path.basename(program)} 0.")


@pytest.mark.parametrize("argv", [
    [], ["--check"], ["-c"], ["--nonsense"], ["-c", "x", "--log-level", "loud"], ["-c", "x", "y"],
])
def test_usage_errors_of_linkspan(argv):
    done = run(LINKSPAN, *argv)
    assert done.returncode == 2
    assert done.stdout == "" and done.stderr != ""


@pytest.mark.parametrize("argv", [
    [], ["dance"], ["show"], ["show", "nothing"], ["show", "links", "more"], ["reload", "now"],
    ["flush", "everything"], ["flush", "link="], ["log"], ["--nonsense"], ["explain"], ["top", "links"],
    ["top", "--interval", "0"], ["show", "status", "--interval", "5"], ["show", "--dry-run"], ["explain", "--service", "_ipp._tcp"],
    ["explain", "--consumer", "link=a", "more"], ["explain", "--consumer", "x" * 2000],
    ["capture"], ["capture", "--name", "x"], ["capture", "--link", "a", "--seconds", "x"], ["flush", "--write", "f"],
    ["sweep", "a"], ["sweep", "--station", "a"], ["selftest", "--to"], ["selftest", "--station", "a"],
    ["link"], ["link", "set", "a"], ["link", "set", "a", "filter"], ["link", "get", "a", "mode=off"],
    ["gateway"], ["gateway", "stop"],
])
def test_usage_errors_of_linkspanctl(argv):
    done = run(CTL, "-s", "/nonexistent/socket", *argv)
    assert done.returncode == 2
    assert done.stdout == "" and "usage: linkspanctl" in done.stderr


def test_what_cannot_be_shown_is_named_with_what_can():
    done = run(CTL, "show", "nosuch")
    assert done.returncode == 2
    first = done.stderr.splitlines()[0]
    assert first == ("linkspanctl: cannot show nosuch, but: status ports links services records "
                     "stations policy gateways counters top")
    assert run(CTL, "dance").stderr.startswith("linkspanctl: no such command: dance\n")


def test_no_gateway_is_exit_3(tmp_path):
    path = tmp_path / "s"
    done = run(CTL, "-s", path, "show", "status")
    assert done.returncode == 3
    assert f"no gateway at {path}" in done.stderr
    # A socket nobody listens on any more.
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    assert run(CTL, "--json", "-s", path, "show", "status").returncode == 3


def test_a_gateway_that_goes_away_is_exit_3(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def hang_up():
            client, _ = listener.accept()
            client.recv(4096)
            client.sendall(b'{"gateway":')
            client.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        done = run(CTL, "-s", path, "show", "status")
        thread.join()
    assert done.returncode == 3
    assert "does not answer" in done.stderr


def test_control_characters_do_not_reach_a_terminal(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def answer():
            client, _ = listener.accept()
            client.recv(4096)
            client.sendall(b'{"stations":[{"link":"a\\u001b[2J","mac":"02:00:00:00:00:01"}]}\n')
            client.close()

        thread = threading.Thread(target=answer)
        thread.start()
        done = run(CTL, "-s", path, "show", "stations")
        thread.join()
    assert done.returncode == 0
    assert "a?[2J" in done.stdout and "\x1b" not in done.stdout
