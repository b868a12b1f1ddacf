# SPDX-License-Identifier: BSD-3-Clause
"""How long things are seen: goodbyes, providers that die, and the time a record has left."""
import math
import signal
import time

import pytest

from process import until

# Slack of both ends of a lifetime: whole seconds in TTLs, and one for a coarse learned time.
SLACK = 1.5


@pytest.fixture(scope="module")
def stations(campus):
    return {"dormbox": campus.station("dormbox", 10).start_avahi(),
            "desk": campus.station("desk", 20).start_avahi(),
            "asklib": campus.station("asklib", 20)}


def test_goodbye_is_seen_on_the_other_vlan_within_two_seconds(campus, stations):
    here = campus.station("watcher", 20)
    avahi = stations["desk"].browse("_ipp._tcp", resolve=False)
    zeroconf = here.zeroconf_browse("_ipp._tcp")
    published = stations["dormbox"].publish("Leaving", "_ipp._tcp", 631)
    avahi.wait_line(r"^\+;eth0;IPv4;Leaving")
    avahi.wait_line(r"^\+;eth0;IPv6;Leaving")
    zeroconf.wait_line('"add", "name": "Leaving')
    deadline = time.monotonic() + 2
    published.send(signal.SIGTERM)
    for browser, line in ((avahi, r"^-;eth0;IPv4;Leaving"), (avahi, r"^-;eth0;IPv6;Leaving"),
                          (zeroconf, '"remove", "name": "Leaving')):
        browser.wait_line(line, max(0.001, deadline - time.monotonic()))
    assert stations["asklib"].lookup("Leaving._ipp._tcp.local", "SRV", 4, timeout=1.5) == []


def last_said(wire, mac):
    """The wall-clock time of the last response that a station sent."""
    frames = wire.frames(f"mdns && dns.flags.response == 1 && eth.src == {mac}", "frame.time_epoch")
    return float(frames[-1][0])


def test_a_provider_that_dies_is_gone_at_its_ttl_and_not_before(campus, stations):
    ttl = 12
    there = campus.station("mortal", 10)
    wire = there.capture("udp", "port", "5353")
    # Avahi: python-zeroconf keeps a PTR for 1,125 s at least, whatever its TTL says.
    watcher = stations["desk"].browse("_airplay._tcp", resolve=False)
    published = there.zeroconf_publish("Mortal", "_airplay._tcp", 7000, ttl=ttl)
    watcher.wait_line(r"^\+;eth0;IPv4;Mortal")
    published.stop(signal.SIGKILL)
    wire.stop()
    expiry = last_said(wire, there.mac) + ttl

    asker = stations["asklib"]
    seen = []  # (when asked, TTL or None)
    while not seen or seen[-1][1] is not None:
        asked = time.time()
        assert asked < expiry + SLACK, "still answered after its TTL"
        found = [r["ttl"] for r in asker.lookup("Mortal._airplay._tcp.local", "SRV", 4, "--qu",
                                                timeout=1)]
        seen.append((asked, found[0] if found else None))
        if found:
            # What remains, never more: whole seconds, rounded up.
            assert 1 <= found[0] <= max(1, math.ceil(expiry - asked)) + 1, seen
    assert seen[-1][0] > expiry - SLACK, f"gone before its TTL: {seen}, expiry {expiry}"
    assert len(seen) > 5
    _, when = watcher.wait_line(r"^-;eth0;IPv4;Mortal", 15)
    assert time.time() - (time.monotonic() - when) > expiry - SLACK


@pytest.mark.parametrize("family", [4, 6])
def test_an_answer_carries_the_time_that_remains(campus, stations, family):
    ttl = 60
    name = f"Clock {family}"
    there = campus.station(f"clock{family}", 10)
    wire = there.capture("udp", "port", "5353")
    published = there.zeroconf_publish(name, "_airplay._tcp", 7000, ttl=ttl)
    asker = stations["asklib"]
    questions = ((f"{name}._airplay._tcp.local", "SRV"), (f"clock{family}.local", "A"))

    def remaining(qname, qtype):
        found = [r["ttl"] for r in asker.lookup(qname, qtype, family, "--qu", timeout=6)]
        assert found, (qname, qtype)
        return found[0]

    first = [remaining(*q) for q in questions]
    assert all(0 < t <= ttl for t in first)
    learned = last_said(wire, there.mac)
    until(lambda: time.time() > learned + 5, 10, "five seconds of age")
    for question, before in zip(questions, first):
        asked = time.time()
        now = remaining(*question)
        # Refresh is not due before 80 %: nothing but time has passed.
        assert last_said(wire, there.mac) == learned
        assert 0 < now < before and now <= math.ceil(ttl - (asked - learned)) + 1
    published.stop()


def test_a_provider_that_is_asked_for_stays(campus, stations):
    """While someone is interested, records are refreshed before they end (RFC 6762 5.2)."""
    ttl = 6
    there = campus.station("steady", 10)
    wire = there.capture("udp", "port", "5353")
    published = there.zeroconf_publish("Steady", "_airplay._tcp", 7000, ttl=ttl)
    watcher = campus.station("regular", 20).zeroconf_browse("_airplay._tcp")
    watcher.wait_line('"add", "name": "Steady')
    born = last_said(wire, there.mac)
    asker = stations["asklib"]
    while time.time() < born + 2 * ttl + 1:
        assert asker.lookup("Steady._airplay._tcp.local", "SRV", 4, "--qu"), "not answered though its provider lives"
    assert wire.frames(f"mdns && dns.flags.response == 0 && eth.src == {campus.gateway.mac}")
    assert not watcher.find('"remove", "name": "Steady')
    published.stop()
