# SPDX-License-Identifier: BSD-3-Clause
"""Loops: a second gateway on the same VLANs, and a dumb repeater beside them (draft 4.3, 4.4)."""
import signal
import time

import pytest

from gateway import Gateway
from process import PYTHON, until
from station import HERE

RENAMED = r"(Host name conflict|retrying with)"
CALM = 40  # packets a second that the gateway hears and says when all is said


@pytest.fixture(scope="module")
def stations(campus):
    return {name: campus.station(name, vlan).start_avahi()
            for name, vlan in (("dormbox", 10), ("desk", 20))}


def counters(gateway):
    return gateway.ctl("show", "counters", as_json=True)


def packets(gateway):
    stats = counters(gateway)["ports"][0]["stats"]
    return stats.get("ipackets", 0) + stats.get("opackets", 0)


def calms_down(gateway):
    """A storm never does."""
    last = [packets(gateway), time.monotonic()]

    def is_calm():
        time.sleep(1)
        now = [packets(gateway), time.monotonic()]
        rate = (now[0] - last[0]) / (now[1] - last[1])
        last[:] = now
        return rate < CALM

    until(is_calm, 60, "the traffic comes to rest")


def names(gateway):
    return {r["name"].lower() for r in gateway.ctl("show", "records", as_json=True)["records"]}


def found_and_gone(gateways, stations, name):
    """A service of VLAN 10 is found on VLAN 20; its host dies; everybody forgets it at its TTL."""
    there = stations["dormbox"].lab.station(name, 10)
    browser = stations["desk"].browse("_airplay._tcp")
    published = there.zeroconf_publish(name, "_airplay._tcp", 7000, "model=x", ttl=20)
    browser.wait_line(rf"^=;eth0;IPv[46];{name};_airplay._tcp;local;", 20)
    for gateway in gateways:
        calms_down(gateway)
    published.stop(signal.SIGKILL)
    browser.wait_line(rf"^-;eth0;IPv[46];{name};", 60)
    for gateway in gateways:
        until(lambda g=gateway: not [n for n in names(g) if n.startswith(name)], 60,
              f"{name} is forgotten")
        calms_down(gateway)
    browser.stop()
    for station in stations.values():
        assert not station.avahi.find(RENAMED)


def test_two_gateways_over_two_links(campus, stations):
    second = Gateway(campus, 3)
    second.start()
    for gateway in (campus.gateway, second):
        until(lambda g=gateway: counters(g)["control"]["gateways_found"] >= 3, 20,
              "the other gateway is known on all three links")
    found_and_gone((campus.gateway, second), stations, "looped")
    # Names are looked up, taken and given back as if there were one gateway.
    kept = stations["dormbox"].publish("Both gateways", "_ipp._tcp", 631)
    other = stations["desk"].popen("avahi-publish", "-s", "Both gateways", "_ipp._tcp", "6310")
    other.wait_line("Established under name 'Both gateways #2'", 20)
    assert len(kept.lines) == 1
    kept.stop()
    other.stop()
    second.stop()


def test_a_repeater_beside_the_gateway(campus, stations):
    foot = campus.station("repeater", 10)
    foot.second_link(20)
    repeater = foot.popen(PYTHON, f"{HERE}/repeater.py", "eth0", "eth1")
    repeater.wait_line("repeating")
    found_and_gone((campus.gateway,), stations, "repeated")
    # Both hear their own probes and records come back: neither is made to rename itself.
    for name, other in (("dormbox", "desk"), ("desk", "dormbox")):
        published = stations[name].publish(f"Twice {name}", "_ipp._tcp", 631)
        browser = stations[other].browse("_ipp._tcp")
        browser.wait_line(rf"^=;eth0;IPv[46];Twice.032{name};_ipp._tcp;local;{name}.local;", 20)
        published.stop()
        browser.wait_line(rf"^-;eth0;IPv[46];Twice.032{name};", 20)
        browser.stop()
        assert not published.find("collision|picking")
        assert not stations[name].avahi.find(RENAMED)
    calms_down(campus.gateway)
    repeater.stop()
