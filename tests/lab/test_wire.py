# SPDX-License-Identifier: BSD-3-Clause
"""What the gateway puts on the wire, as a dissector and a neighbour see it."""
import pytest

from process import PYTHON, until

SUBNETS = {"10": ("10.10.0.2", "fd00:10::2"), "20": ("10.20.0.2", "fd00:20::2"),
           "30": ("10.30.0.2", "fd00:30::2")}


@pytest.fixture(scope="module")
def traffic(campus):
    """A capture of everything on the trunk while services come, are asked for, and go."""
    trunk = campus.gateway.capture()
    dormbox = campus.station("dormbox", 10).start_avahi()
    desk = campus.station("desk", 20).start_avahi()
    asklib = campus.station("asklib", 20)
    browser = desk.browse("_ipp._tcp")
    back = dormbox.browse("_airplay._tcp")
    published = dormbox.publish("Wire printer", "_ipp._tcp", 631, "rp=ipp/print")
    screen = desk.publish("Wire screen", "_airplay._tcp", 7000)
    long_txt = campus.station("longtxt", 10).zeroconf_publish(
        "Long", "_ipp._tcp", 631, *(f"key{n}={'x' * 200}" for n in range(5)))
    for family in ("IPv4", "IPv6"):
        browser.wait_line(f"^=;eth0;{family};Wire.032printer")
        browser.wait_line(f"^=;eth0;{family};Long")
        back.wait_line(f"^=;eth0;{family};Wire.032screen")
    for family in (4, 6):
        for option in ([], ["--qu"], ["--legacy"]):
            for qname, qtype in (("_ipp._tcp.local", "PTR"), ("dormbox.local", "A"),
                                 ("_services._dns-sd._udp.local", "PTR"),
                                 ("Wire printer._ipp._tcp.local", "ANY")):
                asklib.ask(qname, qtype, family, *option, timeout=2)
    for process in (published, screen, long_txt):
        process.stop()
    browser.wait_line("^-;eth0;IPv4;Wire.032printer")
    trunk.stop()
    return trunk


def test_no_frame_is_malformed(traffic):
    assert len(traffic.frames("mdns")) > 50
    assert traffic.malformed() == []


def test_every_frame_of_ours_is_as_it_must_be(campus, traffic):
    ours = traffic.frames(f"mdns && eth.src == {campus.gateway.mac} "
                          "&& !(frame contains \"_linkspan\")", "vlan.id", "ip.src",
                          "ipv6.src", "ip.ttl", "ipv6.hlim", "udp.srcport", "frame.len")
    assert ours
    for vlan, v4, v6, ttl, hops, port, length in ours:
        own = SUBNETS[vlan]
        assert v4 == own[0] or v6 == own[1] or v6.startswith("fe80:"), (vlan, v4, v6)
        assert "255" in (ttl, hops)
        assert port == "5353"
        assert int(length) <= 1500 + 18
    assert {vlan for vlan, *_ in ours} <= {"10", "20"}  # guests: no word
    assert {bool(v6) for _, _, v6, *_ in ours} == {True, False}


def test_nothing_goes_back_to_where_it_came_from(campus, traffic):
    for vlan, name in (("10", "Wire printer"), ("20", "Wire screen")):
        assert traffic.frames(
            f'mdns && dns.flags.response == 1 && eth.src == {campus.gateway.mac} && vlan.id == {vlan}'
            f' && (dns.resp.name contains "{name}" || dns.ptr.domain_name contains "{name}")') == []


def test_the_gateway_is_a_neighbour(campus, traffic):
    """ARP and neighbour discovery are answered for our addresses of each link, and no others."""
    for vlan in (10, 20, 30):
        station = campus.station(f"peer{vlan}", vlan)
        for address in SUBNETS[str(vlan)]:
            # Any datagram makes the station look for the neighbour.
            family = "AF_INET6" if ":" in address else "AF_INET"
            station.run(PYTHON, "-c", f"import socket; socket.socket(socket.{family}, "
                        f"socket.SOCK_DGRAM).sendto(b'x', ('{address}', 9))")
            until(lambda a=address, s=station: campus.gateway.mac in
                  s.run("ip", "neigh", "show", a).stdout, 10, f"{address} resolves")


def test_the_commands_tell_what_happened(campus, traffic):
    control = campus.gateway.ctl
    for what in ("status", "ports", "links", "services", "records", "policy", "counters"):
        assert control("show", what).stdout.strip(), what
        assert control("show", what, as_json=True), what
    links = control("show", "links").stdout
    assert all(name in links for name in ("dorm", "library", "guests"))
    assert control("show", "nonsense", check=False).returncode == 2
