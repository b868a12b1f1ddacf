# SPDX-License-Identifier: BSD-3-Clause
"""Names on several VLANs, with real Avahi: who is told to rename itself, and who never is."""
import pytest

from process import until

CLOSED = "policy: {in: nothing, out: nothing}"
OPEN = "policy: {out: offer}"  # VLAN 30 sees what the others offer

RENAMED = r"(Host name conflict|retrying with)"


@pytest.fixture(scope="module")
def campus(lab):
    """The lab with VLAN 30 opened to ask."""
    lab.gateway.write_config(lab.gateway.read_config().replace(CLOSED, OPEN))
    lab.gateway.start()
    yield lab
    lab.gateway.stop()


@pytest.fixture(scope="module")
def asker(campus):
    return campus.station("asker", 30)


def addresses(asker, host):
    return sorted(r["rdata"] for r in asker.lookup(f"{host}.local", "A", 4, "--qu", timeout=3))


def counter(campus, name):
    return campus.gateway.ctl("show", "counters", as_json=True)["control"][name]


def test_a_service_name_that_is_taken_elsewhere(campus, asker):
    first = campus.station("owner", 10).start_avahi()
    second = campus.station("claimant", 20).start_avahi()
    kept = first.publish("Taken", "_ipp._tcp", 631)
    assert asker.lookup("Taken._ipp._tcp.local", "SRV", 4, timeout=6)
    late = second.popen("avahi-publish", "-s", "Taken", "_ipp._tcp", 6310)
    late.wait_line("Established under name 'Taken #2'", 20)
    found = asker.lookup("Taken._ipp._tcp.local", "SRV", 4, "--qu", timeout=3)
    assert {r["rdata"] for r in found} == {"owner.local."}
    assert kept.running() and len(kept.lines) == 1
    assert not first.avahi.find(RENAMED) and not second.avahi.find(RENAMED)
    kept.stop()
    late.stop()


def test_a_host_name_that_is_taken_elsewhere(campus, asker):
    first = campus.station("twin", 10).start_avahi()
    kept = first.publish("First twin", "_ipp._tcp", 631)
    assert addresses(asker, "twin") == [first.v4]
    second = campus.station("twin", 20).start_avahi()
    second.avahi.wait_line("Host name conflict, retrying with twin-2", 20)
    other = second.publish("Second twin", "_ipp._tcp", 631)
    until(lambda: addresses(asker, "twin-2") == [second.v4], 10, "the twin under its new name")
    assert addresses(asker, "twin") == [first.v4]
    assert not first.avahi.find(RENAMED)
    kept.stop()
    other.stop()


def test_two_that_were_there_before_the_gateway(campus, asker):
    """The older claim is kept; nobody is told anything on its own link, so nobody is renamed."""
    campus.gateway.stop()
    first = campus.station("older", 10).start_avahi()
    second = campus.station("younger", 20).start_avahi()
    one = first.publish("Established", "_ipp._tcp", 631)
    other = second.publish("Established", "_ipp._tcp", 6310)
    campus.gateway.start()
    watchers = [s.browse("_ipp._tcp") for s in (first, second)]
    until(lambda: counter(campus, "names_in_conflict") >= 1, 20, "the conflict is found")
    found = asker.lookup("Established._ipp._tcp.local", "SRV", 4, "--qu", timeout=3)
    kept = {r["rdata"] for r in found}
    assert len(kept) == 1
    assert kept <= {"older.local.", "younger.local."}
    # Both have been asked for their names since, by us and by each other's neighbours.
    for station in (first, second):
        assert asker.lookup(f"{station.name}.local", "A", 4, timeout=3) or kept != {
            f"{station.name}.local."}
    again = asker.lookup("Established._ipp._tcp.local", "SRV", 4, "--qu", timeout=3)
    assert {r["rdata"] for r in again} == kept
    for published in (one, other):
        assert published.running() and not published.find("collision|picking")
    for station in (first, second):
        assert not station.avahi.find(RENAMED)
    # The one that was kept leaves: the other's turn.
    gone, left = (one, second) if kept == {"older.local."} else (other, first)
    gone.stop()
    until(lambda: {r["rdata"] for r in asker.lookup("Established._ipp._tcp.local", "SRV", 4,
                                                   "--qu", timeout=1)} == {f"{left.name}.local."},
          10, "the other one is found")
    for watcher in watchers:
        watcher.stop()
    one.stop()
    other.stop()


@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
def test_one_host_with_two_links(campus, asker, later):
    """Its second link may come up when the first is long known: it keeps its name, and is found
    at both addresses."""
    there = campus.station(f"both{int(later)}", 10)
    if not later:
        second = there.second_link(20)
    there.interfaces = "eth0,eth1"
    there.start_avahi()
    published = there.publish(f"On both {int(later)}", "_ipp._tcp", 631)
    assert there.v4 in addresses(asker, there.name)
    if later:
        second = there.second_link(20)
    both = sorted([there.v4, second])
    until(lambda: addresses(asker, there.name) == both, 20, "both addresses")
    # One RRset, told whole: neither address flushes the other out of a third link's cache.
    assert asker.zeroconf_keep(f"On both {int(later)}", "_ipp._tcp", 4, 2) == (both, both)
    assert not there.avahi.find(RENAMED)
    assert published.running() and not published.find("collision|picking")
    published.stop()


def test_a_host_that_roams_with_another_mac(campus, asker):
    """A laptop is docked: another VLAN, another MAC and address; its name goes with it."""
    there = campus.station("roamer", 10).start_avahi()
    published = there.publish("Roaming", "_ipp._tcp", 631)
    assert addresses(asker, "roamer") == [there.v4]
    # Nobody is docked within the two seconds that its last word counts.
    until(lambda: [r for r in asker.lookup("roamer.local", "A", 4, "--qu", timeout=3)
                   if r["ttl"] <= 116], 20, "its records are some seconds old")
    there.move(20, "02:00:00:02:00:01")
    until(lambda: addresses(asker, "roamer") == [there.v4], 20, "the new address alone")
    assert not there.avahi.find(RENAMED)
    assert published.running() and not published.find("collision|picking")
    assert asker.lookup("Roaming._ipp._tcp.local", "SRV", 4, "--qu", timeout=3)
    published.stop()
