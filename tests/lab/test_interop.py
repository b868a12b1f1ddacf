# SPDX-License-Identifier: BSD-3-Clause
"""Every stack of docs/interop.md, on one side of the gateway and on the other."""
import time

import pytest

from interop import COMMANDS, DOES, ROLES, Peer, read_table
from process import until

TYPE = "_ipp._tcp"
PORT = 4631
ROWS = read_table()

# A stack whose probes are no probes is told of its own past as of anything else it asks for.
SAME_MAC = {"bonjour-service"}


@pytest.fixture(scope="module")
def campus(lab):
    """The lab with VLAN 30 opened to ask."""
    lab.gateway.write_config(lab.gateway.read_config().replace(
        "policy: {in: nothing, out: nothing}", "policy: {out: offer}"))
    lab.gateway.start()
    yield lab
    lab.gateway.stop()


def rows(role, what):
    return [pytest.param(stack, family, id=f"{stack}-{family}")
            for (stack, r, family), cells in ROWS.items() if r == role and cells[what] == "yes"]


def slug(stack, family):
    return f"{stack}{family}".replace("-", "").lower()


def station(campus, name, vlan, family):
    return campus.station(name, vlan, families={int(family[-1])})


def address(there):
    return there.v4 or there.v6


def follow(provider, consumer, name, verbs):
    """A service is found, resolved, changed and withdrawn, as far as the table says it is."""
    at = address(provider.station)
    consumer.wait("the service", event="up", name=name)
    if verbs["resolve"] == "yes":
        seen = consumer.wait("its address and text", event="up", name=name, port=PORT, address=at,
                             txt={"note": "first"})
        assert seen["host"].rstrip(".").lower() in ("", f"{provider.station.name}.local")
    if verbs["update"] == "yes":
        # A cache-flush bit ends only what a cache has had for a second (RFC 6762 10.2).
        seen = time.monotonic()
        until(lambda: time.monotonic() > seen + 1.2, 5, "the text is no longer new")
        provider.say("update second")
        consumer.wait("its new text", event="up", name=name, txt={"note": "second"})
    assert not [e for e in provider.events() if e["event"] == "published" and e["name"] != name]
    provider.stop()
    if verbs["goodbye"] == "yes":
        consumer.wait("its end", event="down", name=name)


@pytest.mark.parametrize("stack,family", rows("publishes", "browse"))
def test_publishes(campus, stack, family):
    name = f"Offered by {stack} {family}"
    consumer = Peer(station(campus, f"c{slug(stack, family)}", 20, family),
                    "Avahi" if stack == "python-zeroconf" else "python-zeroconf", "browse", TYPE)
    consumer.wait("that it browses", event="browsing")
    provider = Peer(station(campus, f"p{slug(stack, family)}", 10, family), stack, "publish", TYPE,
                    name=name, port=PORT, text="first")
    provider.wait("that it is published", event="published", name=name)
    follow(provider, consumer, name, ROWS[stack, "publishes", family])
    consumer.stop()


@pytest.mark.parametrize("stack,family", rows("browses", "browse"))
def test_browses(campus, stack, family):
    name = f"Found by {stack} {family}"
    provider = Peer(station(campus, f"o{slug(stack, family)}", 10, family),
                    "python-zeroconf" if stack == "Avahi" else "Avahi", "publish", TYPE,
                    name=name, port=PORT, text="first")
    provider.wait("that it is published", event="published", name=name)
    consumer = Peer(station(campus, f"b{slug(stack, family)}", 20, family), stack, "browse", TYPE)
    consumer.wait("that it browses", event="browsing")
    follow(provider, consumer, name, ROWS[stack, "browses", family])
    consumer.stop()


@pytest.mark.parametrize("stack,family", rows("publishes", "true conflict"))
def test_true_conflict(campus, stack, family):
    name = f"Taken from {stack} {family}"
    first = Peer(station(campus, f"f{slug(stack, family)}", 10, family), "Avahi", "publish", TYPE,
                 name=name, port=PORT, text="first")
    first.wait("that it is published", event="published", name=name)
    asker = station(campus, f"q{slug(stack, family)}", 30, family)
    number = int(family[-1])
    assert asker.lookup(f"{name}.{TYPE}.local", "SRV", number, timeout=6)
    other = station(campus, f"s{slug(stack, family)}", 20, family).listen()
    second = Peer(other, stack, "publish", TYPE, name=name, port=PORT + 1, text="second")
    until(lambda: [e for e in second.events() if e["event"] in ("published", "refused")], 30,
          "an end of its probing")
    assert not [e for e in second.events() if e["event"] == "published" and e["name"] == name]
    found = asker.lookup(f"{name}.{TYPE}.local", "SRV", number, "--qu", timeout=3)
    assert {r["port"] for r in found} == {PORT}
    assert [e["name"] for e in first.events() if e["event"] == "published"] == [name]
    second.stop()
    first.stop()


@pytest.mark.parametrize("stack,family", rows("publishes", "roam"))
def test_roam(campus, stack, family):
    name = f"Roaming {stack} {family}"
    number = int(family[-1])
    asker = station(campus, f"a{slug(stack, family)}", 30, family)
    there = station(campus, f"r{slug(stack, family)}", 10, family)

    def addresses(*options):
        return asker.lookup(f"{there.name}.local", "A" if number == 4 else "AAAA", number,
                            *options, timeout=3)

    peer = Peer(there, stack, "publish", TYPE, name=name, port=PORT, text="first")
    peer.wait("that it is published", event="published", name=name)
    known = addresses()
    assert {r["rdata"] for r in known} == {address(there)}
    until(lambda: [r for r in addresses("--qu") if r["ttl"] <= known[0]["ttl"] - 4], 20,
          "its records are some seconds old")
    if stack != "Avahi":  # the others do not notice that their address has changed
        peer.kill()
    there.move(20, None if stack in SAME_MAC else f"02:00:00:03:{number:02x}:{there.number:02x}")
    if stack != "Avahi":
        peer = Peer(there, stack, "publish", TYPE, name=name, port=PORT, text="first")
    peer.wait("that it is published under its name", event="published", name=name)
    until(lambda: {r["rdata"] for r in addresses("--qu")} == {address(there)}, 20,
          "the new address alone")
    assert {r["port"] for r in asker.lookup(f"{name}.{TYPE}.local", "SRV", number, "--qu")} == {PORT}
    assert not [e for e in peer.events() if e["event"] == "renamed" or e.get("name", name) != name]
    peer.stop()


def test_the_table_is_whole():
    """Every stack in every role and family it has, every cell filled."""
    only_publishes, only_v4 = {"ciao"}, {"ciao"}
    assert set(ROWS) == {(stack, role, family) for stack in COMMANDS for role in ROLES
                         for family in ("IPv4", "IPv6")
                         if not (role == "browses" and stack in only_publishes)
                         and not (family == "IPv6" and stack in only_v4)}
    for (_, role, _), cells in ROWS.items():
        assert set(cells) == set(DOES)
        for what, cell in cells.items():
            untried = role == "browses" and what in ("true conflict", "roam")
            assert cell == "–" if untried else cell == "yes" or cell.startswith("no")
