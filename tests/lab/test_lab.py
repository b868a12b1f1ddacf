# SPDX-License-Identifier: BSD-3-Clause
"""The lab itself, without a gateway: what the other tests rest on."""
import os
import signal
import subprocess
import sys

import pytest

from conftest import responders
from process import ENV, LabError, child_of, until
from station import HERE


@pytest.fixture(scope="module")
def stations(lab):
    printer = lab.station("printer", 10).start_avahi()
    near = lab.station("near", 10).start_avahi()
    far = lab.station("far", 20).start_avahi()
    return printer, near, far


def test_stations_of_one_vlan_discover_each_other(lab, stations):
    printer, near, far = stations
    trunk = lab.gateway.capture()
    wire = near.capture()
    browser = near.browse("_ipp._tcp")
    elsewhere = far.browse("_ipp._tcp")
    printer.publish("Lab printer", "_ipp._tcp", 631, "rp=ipp/print",
                    subtypes=["_universal._sub._ipp._tcp"])
    for protocol in ("IPv4", "IPv6"):
        browser.wait_line(f"^=;eth0;{protocol};Lab.032printer;_ipp._tcp;local;printer.local;")
    assert near.resolve_host("printer.local", 4) == printer.v4
    assert near.resolve_host("printer.local", 6) == printer.v6

    # Without a gateway a VLAN is a world of its own.
    assert far.browse_once("_ipp._tcp") == []
    assert not elsewhere.find("Lab")

    # The switch floods what the printer says onto the trunk, tagged with its VLAN.
    until(lambda: trunk.frames(f"mdns && eth.src == {printer.mac}"), 5, "the printer on the trunk")
    trunk.stop()
    tags = {vlan for vlan, in trunk.frames(f"eth.src == {printer.mac} && mdns", "vlan.id")}
    assert tags == {"10"}
    assert {vlan for vlan, in trunk.frames(f"eth.src == {far.mac} && mdns", "vlan.id")} == {"20"}
    wire.stop()
    assert wire.frames("vlan") == []
    assert wire.malformed() == [] and trunk.malformed() == []


def test_goodbye_reaches_an_open_browser(stations):
    printer, near, _ = stations
    process = printer.publish("Short visit", "_http._tcp", 80)
    browser = near.browse("_http._tcp")
    browser.wait_line("^=;eth0;IPv4;Short")
    process.stop()
    browser.wait_line("^-;eth0;IPv4;Short")


def test_zeroconf_and_plain_questions(lab):
    server = lab.station("server", 10)
    client = lab.station("client", 10)
    client6 = lab.station("client6", 10, families=[6])
    browser = client.zeroconf_browse("_airplay._tcp")
    browser6 = client6.zeroconf_browse("_airplay._tcp")
    server.zeroconf_publish("Screen", "_airplay._tcp", 7000, "model=one", ttl=60)
    browser.wait_line('"add".*Screen')
    browser6.wait_line(f'"add".*Screen.*{server.v4}.*{server.v6}')
    for family, qtype, rdata in ((4, "A", server.v4), (6, "AAAA", server.v6)):
        answers = client.ask("server.local", qtype, family)
        assert [a["rdata"] for a in answers if a["type"] == (1 if family == 4 else 28)] == [rdata]
        assert all(0 < a["ttl"] <= 60 for a in answers)
    assert client.ask("nobody.local", "A", 4, timeout=0.3) == []


def test_families_of_a_station(lab):
    only4 = lab.station("only4", 30, families=[4])
    only6 = lab.station("only6", 30, families=[6])
    assert "inet6" not in only4.run("ip", "addr", "show", "dev", "eth0").stdout
    assert "inet " not in only6.run("ip", "addr", "show", "dev", "eth0").stdout


def test_snooping_learns_both_families(lab, stations):
    near = stations[1]
    until(lambda: {(near.port, 10, "224.0.0.251"), (near.port, 10, "ff02::fb")}
          <= lab.switch.groups(), 10, "the groups of a station with Avahi")


def test_a_wait_that_fails_says_so(stations):
    printer = stations[0]
    process = printer.popen("sh", "-c", "echo one; exit 3")
    with pytest.raises(LabError, match="one"):
        process.wait_line("two", 5)
    assert process.wait() == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_lab_is_killed(number):
    """Two labs side by side; the second is killed: its namespaces' processes go with it."""
    script = ("from lab import Lab\nlab = Lab()\n"
              "s = lab.station('victim', 10).start_avahi()\n"
              "print(lab.dir, lab.switch.ns.pid, lab.gateway.ns.pid, s.ns.pid, flush=True)\n"
              "import signal\nsignal.pause()\n")
    child = subprocess.Popen([sys.executable, "-c", script], cwd=HERE, env=ENV, text=True,
                             stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        path, *pids = child.stdout.readline().split()
        assert len(pids) == 3 and child_of(child.pid)
        child.send_signal(number)
        child.wait(20)
        until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), 10,
              f"the end of {pids}")
        if number == signal.SIGTERM:
            assert not os.path.exists(path)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
        subprocess.run(["rm", "-rf", path], check=False)


def test_no_responder_on_the_machines_own_network(stations, responders_before):
    assert all(station.avahi.running() for station in stations)
    assert responders() == responders_before
