# SPDX-License-Identifier: BSD-3-Clause
"""linkspan as an inline pair between two switches: what crosses it, and what it keeps from crossing."""
import pytest

from process import PYTHON, until

CONFIG = """
gateway: {id: inline-lab}
ports:
  - {name: agg, device: "kernel:gw0"}
  - {name: core, device: "kernel:gw1", bypass: agg}
links:
  - name: floor
    port: agg
    vlan: 10
    mode: gateway
    addresses: [10.10.0.2/24, "fd00:10::2/64"]
    policy: {in: services, out: services}
policies:
  services: [{permit: airprint}]
control: {socket: /run/linkspan/control.sock}
"""

# A megabyte by TCP: connects, and reads until the end.
SERVE = """
import socket, sys
s = socket.create_server((sys.argv[1], 9000), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print("listening", flush=True)
c, _ = s.accept()
c.sendall(b"x" * 1000000)
"""
FETCH = """
import socket, sys
c = socket.create_connection((sys.argv[1], 9000), 10)
n = 0
while data := c.recv(65536):
    n += len(data)
print(n)
"""


class Pair:
    def __init__(self, lab):
        self.lab = lab
        lab.switch.add_bridge("core")
        lab.switch.cable("coretrunk", lab.gateway.ns, "gw1", "02:00:00:00:00:03", "trunks=10",
                         bridge="core")
        lab.gateway.ns.sh("ethtool -K gw1 tx off tso off gso off gro off >/dev/null; "
                          "ip link set gw1 up")
        self.desk = lab.station("desk", 10)
        self.printer = lab.station("printer", 10, bridge="core")

    def mode(self, mode):
        self.lab.gateway.ctl("link", "set", "floor", f"mode={mode}")

    def link(self, name):
        return next(link for link in self.lab.gateway.ctl("show", "links", as_json=True)["links"]
                    if link["name"] == name)


@pytest.fixture(scope="module")
def pair(lab):
    made = Pair(lab)
    lab.gateway.write_config(CONFIG)
    lab.gateway.start()
    made.desk.start_avahi()
    made.printer.start_avahi()
    yield made
    lab.gateway.stop()


def fetch(pair, there):
    """ARP or neighbour discovery, and TCP, across the pair."""
    server = pair.printer.popen(PYTHON, "-c", SERVE, there)
    server.wait_line("listening")
    assert pair.desk.run(PYTHON, "-c", FETCH, there).stdout.strip() == "1000000"
    server.wait()


def from_printer(capture, printer):
    return capture.frames(f"mdns && eth.src == {printer.mac}")


@pytest.mark.parametrize("mode", ["gateway", "filter", "off"])
def test_the_rest_crosses(pair, mode):
    pair.mode(mode)
    for there in (pair.printer.v4, pair.printer.v6):
        fetch(pair, there)


def test_mode_gateway_answers_and_keeps_raw_mdns_from_crossing(pair):
    pair.mode("gateway")
    seen = pair.desk.capture("udp", "port", "5353")
    published = pair.printer.publish("Across", "_ipp._tcp", 631)
    browser = pair.desk.browse("_ipp._tcp")
    for family in ("IPv4", "IPv6"):
        browser.wait_line(f"^=;eth0;{family};Across;")
    published.stop()
    browser.wait_line("^-;eth0;IPv4;Across;")
    browser.stop()
    seen.stop()
    assert from_printer(seen, pair.printer) == []
    assert seen.frames(f"mdns && eth.src == {pair.lab.gateway.mac}")
    assert seen.malformed() == []
    # The services were learned on the far side.
    assert pair.link("floor/core")["records"] > 0


def test_mode_filter_takes_mdns_out_and_counts_it(pair):
    pair.mode("filter")
    seen = pair.desk.capture("udp", "port", "5353")
    before = pair.link("floor/core")["flooded"]
    published = pair.printer.publish("Filtered", "_ipp._tcp", 631)
    until(lambda: pair.link("floor/core")["flooded"]["removed"] >= before["removed"] + 4, 20,
          "mDNS of the printer removed")
    fetch(pair, pair.printer.v4)
    published.stop()
    seen.stop()
    assert seen.frames(f"mdns && eth.src != {pair.desk.mac}") == []
    flooded = pair.link("floor/core")["flooded"]
    assert 0 < flooded["share"] <= 1
    assert flooded["share"] == pytest.approx(
        flooded["removed"] / (flooded["multicast"] + flooded["broadcast"]))


def test_mode_off_is_a_cable(pair):
    pair.mode("off")
    seen = pair.desk.capture("udp", "port", "5353")
    published = pair.printer.publish("Raw", "_ipp._tcp", 631)
    browser = pair.desk.browse("_ipp._tcp")
    browser.wait_line("^=;eth0;IPv4;Raw;")
    published.stop()
    browser.stop()
    seen.stop()
    assert from_printer(seen, pair.printer)
    assert seen.frames(f"mdns && eth.src == {pair.lab.gateway.mac}") == []
    assert seen.malformed() == []


def test_the_kill_switches(pair):
    def modes():
        return {name: pair.link(name)["mode"] for name in ("floor", "floor/core")}

    gateway = pair.lab.gateway
    gateway.ctl("link", "set", "floor", "mode=filter")
    assert modes() == {"floor": "filter", "floor/core": "filter"}
    gateway.ctl("link", "set", "floor/core", "mode=gateway")
    assert modes() == {"floor": "filter", "floor/core": "gateway"}
    # A reload changes neither; a pause comes before both.
    gateway.ctl("reload")
    assert modes() == {"floor": "filter", "floor/core": "gateway"}
    gateway.ctl("gateway", "pause")
    assert modes() == {"floor": "off", "floor/core": "off"}
    assert gateway.ctl("show", "status", as_json=True)["paused"] is True
    fetch(pair, pair.printer.v4)
    gateway.ctl("gateway", "resume")
    assert modes() == {"floor": "filter", "floor/core": "gateway"}
    assert not pair.link("floor")["mode_of_file"]
    # Left to the file again.
    for name in modes():
        gateway.ctl("link", "set", name, "mode=config")
    assert modes() == {"floor": "gateway", "floor/core": "gateway"}
    assert pair.link("floor")["mode_of_file"]


@pytest.mark.parametrize("args,why", [
    (("link", "set", "nobody", "mode=off"), "there is no link nobody"),
    (("link", "set", "floor", "mode=on"), "expected: link set NAME mode="),
])
def test_a_switch_that_is_none(pair, args, why):
    done = pair.lab.gateway.ctl(*args, check=False)
    assert done.returncode == 1
    assert why in done.stderr
