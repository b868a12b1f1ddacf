# SPDX-License-Identifier: BSD-3-Clause
"""What the gateway is for: real mDNS stacks of two VLANs find each other, a third does not."""
import json
import re

import pytest

from process import until
from station import TYPE_NUMBERS

FAMILIES = (4, 6)


@pytest.fixture(scope="module")
def stations(campus):
    """Avahi on each VLAN, and stations without a responder of their own for plain questions."""
    made = {name: campus.station(name, vlan).start_avahi()
            for name, vlan in (("dormbox", 10), ("desk", 20), ("visitor", 30))}
    made.update((name, campus.station(name, vlan))
                for name, vlan in (("askdorm", 10), ("asklib", 20), ("askguest", 30)))
    return made


@pytest.fixture(scope="module")
def printer(stations):
    """A printer of the dormitory, published by Avahi, that has been seen on VLAN 20."""
    process = stations["dormbox"].publish("Dorm printer", "_ipp._tcp", 631, "rp=ipp/print",
                                          "pdl=image/urf", subtypes=["_universal._sub._ipp._tcp"])
    yield stations["dormbox"]
    process.stop()


def answers(records, rrtype):
    return [r for r in records if r["type"] == TYPE_NUMBERS[rrtype]]


@pytest.mark.parametrize("provider, consumer", [("dormbox", "desk"), ("desk", "dormbox")])
def test_avahi_finds_avahi(stations, provider, consumer):
    there, here = stations[provider], stations[consumer]
    name = f"Avahi on {provider}"
    browser = here.browse("_ipp._tcp")
    escaped = re.escape(name.replace(" ", "\\032"))
    published = there.publish(name, "_ipp._tcp", 6310, "note=second floor")
    for family in ("IPv4", "IPv6"):
        line, _ = browser.wait_line(rf"^=;eth0;{family};{escaped};_ipp._tcp;local;(.*)$")
        host, address, port, txt = line[1].split(";", 3)
        assert (host, port, txt) == (f"{provider}.local", "6310", '"note=second floor"')
        assert address in (there.v4, there.v6)
    assert here.resolve_host(f"{provider}.local", 4) == there.v4
    assert here.resolve_host(f"{provider}.local", 6) == there.v6
    published.stop()


@pytest.mark.parametrize("provider_vlan, consumer", [(10, "desk"), (20, "dormbox")])
def test_avahi_finds_zeroconf(campus, stations, provider_vlan, consumer):
    there = campus.station(f"zeroconf{provider_vlan}", provider_vlan)
    browser = stations[consumer].browse("_airplay._tcp")
    published = there.zeroconf_publish(f"Screen {provider_vlan}", "_airplay._tcp", 7000, "model=x")
    for family in ("IPv4", "IPv6"):
        line, _ = browser.wait_line(
            rf"^=;eth0;{family};Screen.032{provider_vlan};_airplay._tcp;local;(.*)$")
        host, address, port, _txt = line[1].split(";", 3)
        assert (host, port) == (f"{there.name}.local", "7000")
        assert address in (there.v4, there.v6)
    published.stop()


@pytest.mark.parametrize("provider, consumer_vlan", [("dormbox", 20), ("desk", 10)])
@pytest.mark.parametrize("family", FAMILIES)
def test_zeroconf_finds_avahi(campus, stations, provider, consumer_vlan, family):
    """python-zeroconf on a station of one family alone resolves addresses of both."""
    there = stations[provider]
    here = campus.station(f"zc{family}v{consumer_vlan}", consumer_vlan, families=[family])
    browser = here.zeroconf_browse("_airplay._tcp")
    published = there.publish(f"Speaker {family}", "_airplay._tcp", 7000, "model=y")
    line, _ = browser.wait_line(rf'"(add|update)", "name": "Speaker {family}\._airplay.*{there.v4}')
    seen = json.loads(line.string)
    assert seen["host"] == f"{provider}.local."
    assert seen["port"] == 7000 and seen["txt"] == {"model": "y"}
    assert there.v6 in seen["addresses"]
    published.stop()


@pytest.mark.parametrize("provider_family, consumer_family", [(4, 6), (6, 4)])
def test_a_link_is_one_for_both_families(campus, provider_family, consumer_family):
    """What is learned over one family is answered over the other, and never changes address."""
    there = campus.station(f"one{provider_family}", 10, families=[provider_family])
    here = campus.station(f"other{consumer_family}", 20, families=[consumer_family])
    name = f"Crossing {provider_family}"
    published = there.zeroconf_publish(name, "_airplay._tcp", 7000)
    rrtype, address = ("A", there.v4) if provider_family == 4 else ("AAAA", there.v6)
    found = here.lookup(f"{name}._airplay._tcp.local", "SRV", consumer_family, timeout=6)
    assert [r["rdata"] for r in found] == [f"{there.name}.local."]
    found = here.lookup(f"{there.name}.local", rrtype, consumer_family, timeout=6)
    assert [r["rdata"] for r in found] == [address]
    published.stop()


@pytest.mark.parametrize("option", ["--qu", "--legacy", None])
@pytest.mark.parametrize("family", FAMILIES)
def test_each_record_by_its_own_question(stations, printer, family, option):
    asker = stations["asklib"]
    source = {4: ("10.20.0.2",), 6: ("fd00:20::2", "fe80::ff:fe00:2")}[family]
    instance = "Dorm printer._ipp._tcp.local."
    expected = {
        ("_ipp._tcp.local.", "PTR"): instance,
        ("_universal._sub._ipp._tcp.local.", "PTR"): instance,
        (instance, "SRV"): "dormbox.local.",
        (instance, "TXT"): "pdl=image/urf",
        ("dormbox.local.", "A"): printer.v4,
        ("dormbox.local.", "AAAA"): printer.v6,
    }
    for (qname, qtype), rdata in expected.items():
        found = asker.ask(qname, qtype, family, *([option] if option else []), timeout=6)
        right = [r for r in answers(found, qtype)
                 if r["name"].lower() == qname.lower() and rdata in r["rdata"]]
        assert right, (qname, qtype, found)
        assert {r["source"].partition("%")[0] for r in found} <= set(source)
        assert all(r["ttl"] > 0 for r in right)
        if option == "--legacy":
            assert all(r["ttl"] <= 10 and not r["flush"] and r["id"] == 0x1234 for r in found)
        else:
            assert all(r["id"] == 0 for r in found)


def test_a_question_for_a_type_brings_what_resolves_it(stations, printer):
    found = stations["asklib"].ask("_ipp._tcp.local", "PTR", 4, timeout=6)
    assert "dormbox.local." in [r["rdata"] for r in answers(found, "SRV")]
    assert answers(found, "TXT")
    assert printer.v4 in [r["rdata"] for r in answers(found, "A")]
    assert printer.v6 in [r["rdata"] for r in answers(found, "AAAA")]


def test_types_are_told_as_far_as_they_may_be_seen(stations, printer):
    assert printer.avahi.running()
    question = ("_services._dns-sd._udp.local", "PTR")
    found = stations["asklib"].lookup(*question, 4, timeout=6)
    assert "_ipp._tcp.local." in [r["rdata"] for r in found]
    assert all(r["rdata"] in ("_ipp._tcp.local.", "_airplay._tcp.local.") for r in found)
    assert stations["askguest"].lookup(*question, 4, timeout=1.5) == []


def test_policy_hides_everything_from_guests(campus, stations, printer):
    wire = stations["visitor"].capture()
    browser = stations["visitor"].browse("_ipp._tcp")
    # The library hears of it at the same time: there was something to be seen.
    assert stations["asklib"].lookup("_ipp._tcp.local", "PTR", 4, timeout=6)
    assert stations["visitor"].browse_once("_ipp._tcp") == []
    for family in FAMILIES:
        assert stations["askguest"].lookup("_ipp._tcp.local", "PTR", family, timeout=1.5) == []
        assert stations["askguest"].lookup("dormbox.local", "A", family, timeout=0.5) == []
    assert printer.avahi.running() and not browser.find("Dorm")
    wire.stop()
    assert wire.frames(f"mdns && eth.src == {stations['askguest'].mac}") != []
    assert wire.frames(f"mdns && eth.src == {campus.gateway.mac}") == []


def test_a_type_that_is_not_permitted_stays_where_it_is(stations):
    browser = stations["desk"].browse("_ssh._tcp")
    near = stations["askdorm"]
    published = stations["dormbox"].publish("Shell", "_ssh._tcp", 22)
    allowed = stations["dormbox"].publish("After it", "_ipp._tcp", 631)
    assert near.lookup("_ssh._tcp.local", "PTR", 4)  # its own VLAN sees it
    open_type = stations["desk"].browse("_ipp._tcp")
    open_type.wait_line("^=;eth0;IPv4;After.032it")
    assert stations["asklib"].lookup("_ssh._tcp.local", "PTR", 4, timeout=1.5) == []
    assert not browser.find("Shell")
    published.stop()
    allowed.stop()


def test_guests_offer_nothing_to_others(stations):
    published = stations["visitor"].publish("Intruder", "_ipp._tcp", 631)
    assert stations["askguest"].lookup("_ipp._tcp.local", "PTR", 4)  # its own VLAN sees it
    assert stations["asklib"].lookup("Intruder._ipp._tcp.local", "SRV", 4, timeout=1.5) == []
    published.stop()


def test_link_local_addresses_do_not_cross(campus, stations):
    """One usable address: the other is kept back. None: the service is (RFC 8766 5.5.2)."""
    there = campus.station("mixed", 10)
    both = there.zeroconf_publish("Mixed", "_airplay._tcp", 7000, host="mixed.local.",
                                  addresses=[there.v4, "fe80::1234"])
    only = there.zeroconf_publish("Hidden", "_airplay._tcp", 7000, host="hidden.local.",
                                  addresses=["169.254.7.7", "fe80::1234"])
    asker = stations["asklib"]
    assert asker.lookup("Mixed._airplay._tcp.local", "SRV", 4, timeout=6)
    assert [r["rdata"] for r in asker.lookup("mixed.local", "A", 4)] == [there.v4]
    assert asker.lookup("mixed.local", "AAAA", 4, timeout=1.5) == []
    assert asker.lookup("Hidden._airplay._tcp.local", "SRV", 4, timeout=1.5) == []
    browsed = asker.lookup("_airplay._tcp.local", "PTR", 4)
    assert "Mixed._airplay._tcp.local." in [r["rdata"] for r in browsed]
    assert "Hidden._airplay._tcp.local." not in [r["rdata"] for r in browsed]
    both.stop()
    only.stop()


def test_the_switch_knows_the_gateways_groups(campus):
    expected = {("trunk0", vlan, group)
                for vlan in (10, 20, 30) for group in ("224.0.0.251", "ff02::fb")}
    until(lambda: expected <= campus.switch.groups(), 15, "the gateway's groups on the trunk port")
