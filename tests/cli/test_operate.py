# SPDX-License-Identifier: BSD-3-Clause
"""capture, top, selftest, and how tables fit a terminal."""
import codecs
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import fcntl
import time

import pytest

from conftest import CTL, ROOT, START_S, run

TRAFFIC = f"{ROOT}/pktgen-scripts/traffic.py"


def tshark(path, *fields, display=""):
    """Rows of a capture file."""
    argv = ["tshark", "-r", path, "-T", "fields", *(f"-e{f}" for f in fields)]
    if display:
        argv += ["-Y", display]
    done = run(*argv)
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


class Capture:
    """linkspanctl capture, under way."""

    def __init__(self, gateway, *argv):
        self.log_before = gateway.log().count("capture begins")
        self.process = subprocess.Popen([CTL, "-s", gateway.socket, "capture", *argv],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        gateway.until(lambda: gateway.log().count("capture begins") > self.log_before)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=START_S)
        assert (self.process.returncode, err) == (0, b"")
        return out


# --- selftest ---------------------------------------------------------------------------------

@pytest.mark.parametrize("extra", [(), ("--from", "b", "--to", "a"), ("--service", "_ipp._tcp")])
def test_selftest_finds_what_policy_lets_be_found(gateway, extra):
    g = gateway().start()
    done = g.ctl("selftest", *extra)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^found: _\w+\._tcp\.local of [ab] asked for from [ab], over IPv4$", done.stdout, re.M)
    g.until(lambda: g.show("records")["records"] == [])  # it said goodbye


def test_selftest_over_ipv6_alone(gateway):
    g = gateway()
    g.config.write_text(g.text.replace("10.10.0.2/24", '"fd00:10::2/64"').replace("10.20.0.2/24", '"fd00:20::2/64"'))
    g.start()
    done = g.ctl("--json", "selftest")
    assert (done.returncode, json.loads(done.stdout)["family"]) == (0, "IPv6")


def test_selftest_tells_what_does_not_work(gateway):
    g = gateway()
    # The type is let through, this instance is not.
    g.config.write_text(g.text.replace("{permit: airprint}", '{permit: airprint, instance: "Lab *"}'))
    g.start()
    done = g.ctl("selftest", "--service", "_ipp._tcp")
    assert done.returncode == 1 and "NOT found" in done.stdout
    done = g.ctl("selftest", "--service", "_foo._tcp")
    assert done.returncode == 1 and "policy lets _foo._tcp be found between no such links" in done.stderr
    done = g.ctl("selftest", "--from", "a", "--to", "nowhere")
    assert done.returncode == 1 and "there is no link nowhere" in done.stderr
    assert g.ctl("selftest", "--link", "a").returncode == 2


# --- capture ----------------------------------------------------------------------------------

def test_capture_is_what_wireshark_opens(gateway, tmp_path):
    g = gateway().start()
    path = tmp_path / "b.pcapng"
    capture = Capture(g, "--link", "b", "--write", path)
    probe = g.ctl("--json", "selftest", "--from", "a", "--to", "b")
    assert probe.returncode == 1 and "a capture or self-test is under way" in probe.stdout
    g.process.send_signal(signal.SIGHUP)
    g.ctl("link", "set", "b", "mode=off")
    g.ctl("link", "set", "b", "mode=config")  # it starts anew: it announces itself
    g.until(lambda: b"_linkspan" in path.read_bytes())
    capture.stop()
    rows = tshark(path, "frame.interface_name", "frame.packet_flags_direction", "vlan.id", "frame.protocols")
    assert rows
    # Outbound, tagged, and none of link a.
    assert {(r[0], r[2]) for r in rows} == {("b", "20")}
    assert any(r[3].endswith(":mdns") for r in rows)
    info = run("capinfos", "-T", "-m", path)
    assert info.returncode == 0
    assert g.show("status")["ready"]


LINKS = """
gateway: {{id: {id}, workers: 1, idle: sleep}}
ports: [{{name: p0, device: "{device}"}}]
links:
  - {{name: "net-{{vlan}}", port: p0, vlan: "100-115", addresses: ["10.{{vlan}}.0.2/16"], policy: {{in: learn, out: offer}}}}
  - {{name: servers, port: p0, vlan: 1000, addresses: ["10.200.0.2/16"], policy: {{in: learn, out: offer}}}}
policies: {{learn: [{{permit: any}}], offer: [{{permit: any}}]}}
admission:
  station: {{queries: 1000000/s, advertisements: 1000000/s, burst: 1000000}}
  link: {{queries: 10000000/s, advertisements: 10000000/s, unknown: 1000000/s}}
control: {{socket: "{socket}"}}
"""


@pytest.fixture
def busy(gateway, tmp_path):
    """A gateway that is fed the same packets again and again."""
    pcap = tmp_path / "in.pcap"
    subprocess.run([sys.executable, TRAFFIC, "hot", str(pcap), "--packets", "2000", "--seed", "5", "--providers"],
                   check=True)
    device = f"net_pcap0,rx_pcap={pcap},infinite_rx=1"
    g = gateway(device=device)
    g.config.write_text(LINKS.format(id=g.id, device=device, socket=g.socket))
    return g.start()


def test_capture_of_a_station_or_a_name_alone(busy, tmp_path):
    first = tmp_path / "all.pcapng"
    capture = Capture(busy, "--link", "net-100", "--write", first)
    busy.until(lambda: first.stat().st_size > 100000)
    capture.stop()
    rows = tshark(first, "eth.src", "dns.qry.name", "frame.packet_flags_direction")
    assert {r[0] for r in rows} != set() and len({r[0] for r in rows}) > 2
    station = rows[0][0]
    name = next(r[1].split(",")[0] for r in rows if r[1])

    path = tmp_path / "station.pcapng"
    capture = Capture(busy, "--link", "net-100", "--station", station, "--write", path)
    busy.until(lambda: path.stat().st_size > 20000)
    capture.stop()
    assert all(station in r for r in tshark(path, "eth.src", "eth.dst"))

    path = tmp_path / "name.pcapng"
    capture = Capture(busy, "--link", "net-100", "--name", name.upper(), "--write", path)
    busy.until(lambda: path.stat().st_size > 5000)
    capture.stop()
    wanted = name.lower()
    for r in tshark(path, "dns.qry.name", "dns.resp.name", "dns.ptr.domain_name"):
        assert wanted in ",".join(r).lower()


def test_a_reader_that_stops_reading_loses_frames_and_nothing_else(busy, tmp_path):
    capture = Capture(busy, "--link", "net-100")
    before = busy.show("status")["workers"][0]["turns"]
    busy.until(lambda: busy.show("status")["workers"][0]["turns"] > before)
    # It is dropped in the end; then another may capture.
    busy.wait_log("client does not read, dropped")
    busy.wait_log('capture ended.*lost=[1-9]')
    path = tmp_path / "next.pcapng"
    Capture(busy, "--link", "net-101", "--write", path).stop()
    capture.process.kill()
    capture.process.communicate()


def test_a_client_that_is_killed_ends_its_capture(busy):
    capture = Capture(busy, "--link", "net-100")
    capture.process.kill()
    capture.process.communicate()
    busy.wait_log("capture ended")
    assert busy.ctl("--json", "selftest", "--from", "servers", "--to", "net-100").returncode == 0


def test_capture_refuses_what_is_not_there(gateway):
    g = gateway().start()
    for argv, why in ((["--link", "nowhere"], "there is no link nowhere"),
                      (["--link", "a", "--station", "12"], "no MAC address: 12")):
        done = run("sh", "-c", f'{CTL} -s {g.socket} capture {" ".join(argv)} | cat')
        assert why in done.stderr
    assert g.ctl("capture", "--station", "02:00:00:00:00:01").returncode == 2
    done = g.ctl("capture", "--link", "a", "--write", "/nonexistent/x")
    assert done.returncode == 2 and "/nonexistent/x" in done.stderr


# --- top --------------------------------------------------------------------------------------

def test_top_names_links_talkers_and_services(busy):
    done = busy.ctl("top")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^net-1\d\d +[1-9]\d* ", done.stdout, re.M)
    assert re.search(r"^0[02]:[0-9a-f:]{14} +net-1\d\d", done.stdout, re.M)
    assert re.search(r"^answered +[1-9]", done.stdout, re.M)
    assert re.search(r"^busy:  worker-0 \d+\.\d %  control", done.stdout, re.M)
    top = busy.show("top")
    assert len(top["links"]) == 17 and len(top["talkers"]) == 20
    rates = [l["packets"] for l in top["links"]]
    assert rates == sorted(rates, reverse=True) and rates[-1] > 0
    assert sum(top["outcomes"].values()) == pytest.approx(sum(rates), rel=0.01)


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, argv, columns=60, lines=40):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.execv(argv[0], argv)
        self.text = ""
        # What is read at once may end within a character.
        self.decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def read_until(self, reached):
        deadline = time.monotonic() + START_S
        while not reached(self.text):
            assert time.monotonic() < deadline, self.text
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    data = b""
                if not data:
                    break
                self.text += self.decoder.decode(data)
        return self.text

    def code(self):
        self.read_until(lambda text: False)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_top_on_a_terminal_goes_on_until_q(busy):
    t = Terminal([CTL, "-s", str(busy.socket), "top", "--interval", "1"], lines=30)
    t.read_until(lambda text: text.count("rates over") >= 2)
    os.write(t.fd, b"q")
    assert t.code() == 0
    assert t.text.startswith("\x1b[?1049h") and t.text.endswith("\x1b[?25h\x1b[?1049l")
    for screen in t.text.split("\x1b[H\x1b[J")[1:]:
        assert screen.count("\n") <= 30


# --- tables -----------------------------------------------------------------------------------

def test_tables_fit_the_terminal(busy):
    wide = busy.ctl("show", "stations").stdout.splitlines()
    assert max(map(len, wide)) > 100
    for what, columns, cut in (("links", 80, False), ("stations", 110, True), ("ports", 80, True)):
        t = Terminal([CTL, "-s", str(busy.socket), "show", what], columns=columns)
        assert t.code() == 0
        rows = t.text.replace("\r", "").splitlines()
        assert len(rows) > 1 and max(map(len, rows)) <= columns
        assert ("…" in t.text) == cut, t.text
