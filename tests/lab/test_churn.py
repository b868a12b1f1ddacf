# SPDX-License-Identifier: BSD-3-Clause
"""Fifty thousand stations log in, offer something, move to another VLAN and leave: what the gateway holds
is what it held before, and the second time costs no more memory than the first."""
import json
import os
import re

from churn_tool import LINKS
from process import PYTHON, LabError, until
from station import HERE

STATIONS = int(os.environ.get("CHURN", "50000"))
PER_SECOND = 8000
CONFIG = """
gateway: {{id: churn-lab, limits: {{stations: 200000, records: 500000}}}}
ports:
  - {{name: trunk0, device: "kernel:churn0"}}
links:
{links}
  - {{name: desk, port: trunk0, vlan: 30, addresses: [10.30.0.2/24], policy: {{out: all}}}}
policies:
  all: [{{permit: any}}]
admission:
  link: {{advertisements: 100000/s, unknown: 100000/s}}
radius: {{listen: "127.0.0.1:1813", secret_file: /run/linkspan/secret}}
control: {{socket: /run/linkspan/control.sock}}
"""
LINK = ("  - {{name: v{0}, port: trunk0, vlan: {0}, type: wireless, require: [authenticated, on-link-address],"
        " query_budget: 2000/s, addresses: [10.{0}.0.2/16], policy: {{in: all, out: all}}}}")

HEAP = """
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
s.recv(1024)
s.send(b"/eal/heap_info,0")
print(s.recv(65536).decode())
"""


class Churn:
    def __init__(self, lab):
        self.gateway = lab.gateway
        self.sender = lab.namespace("churn")
        self.sender.net("ip", "link", "add", "churn1", "type", "veth", "peer", "name", "churn0", "netns",
                        self.gateway.ns.pid)
        self.sender.sh("sysctl -q -w net.ipv6.conf.churn1.disable_ipv6=1; ip link set churn1 up")
        self.gateway.ns.sh("""
            sysctl -q -w net.ipv6.conf.churn0.disable_ipv6=1
            ip link set lo up; ip link set churn0 up
            umask 077; echo lab >/run/linkspan/secret
        """)
        self.gateway.write_config(CONFIG.format(links="\n".join(
            LINK.format(base + i) for base in (10, 20) for i in range(LINKS))))
        self.gateway.start()

    def account(self, what, session):
        self.gateway.ns.run(PYTHON, os.path.join(HERE, "churn_tool.py"), "lab", what, STATIONS, session, timeout=600)

    def say(self, what):
        self.sender.run(PYTHON, os.path.join(HERE, "churn_tool.py"), "churn1", what, STATIONS, PER_SECOND,
                        timeout=600)

    def counters(self):
        return self.gateway.ctl("show", "counters", as_json=True)

    def until_all(self, what, reached, description):
        """What is lost on the way is said again, as any station does."""
        for _ in range(4):
            self.say(what)
            try:
                until(reached, 10, description)
                return
            except LabError:
                pass
        until(reached, 1, description)

    def allocated(self):
        """Bytes that DPDK's heap has given out: all that control and workers hold but mbufs, whose pool is fixed."""
        said = self.gateway.ns.run(PYTHON, "-c", HEAP, "/run/dpdk/linkspan-churn-lab/dpdk_telemetry.v2").stdout
        return json.loads(said)["/eal/heap_info"]["Alloc_size"]

    def heap(self):
        """KiB of the process's own heap, management's."""
        with open(f"/proc/{self.gateway.process.pid()}/smaps", encoding="ascii") as maps:
            return int(re.search(r"\[heap\]\n(?:\S+:.*\n)*?Rss:\s+(\d+) kB", maps.read())[1])

    def round(self, number):
        before = self.counters()["control"]
        self.account("start", number)
        assert self.counters()["radius"]["sessions"] == STATIONS
        self.until_all("join", lambda: self.counters()["cache"]["records"] == 4 * STATIONS, "all are held")
        assert self.counters()["cache"]["stations"] == STATIONS
        self.until_all("move", lambda: self.counters()["control"]["stations_moved"] - before["stations_moved"]
                       == STATIONS, "all have moved")
        c = self.counters()
        assert (c["cache"]["records"], c["cache"]["stations"]) == (4 * STATIONS, STATIONS)
        assert c["control"]["names_in_conflict"] == 0
        held = {link["name"]: link for link in self.gateway.ctl("show", "links", as_json=True)["links"]}
        assert all(held[f"v{20 + i}"]["records"] == STATIONS for i in range(LINKS)), "on their new links"
        self.account("stop", number)
        until(lambda: self.counters()["cache"]["records"] == 0, 60, "nothing is held any more")
        until(lambda: self.counters()["cache"]["stations"] == 0, 60, "no station is known")
        assert self.counters()["control"]["stations_left"] - before["stations_left"] == STATIONS


def test_fifty_thousand_come_and_go(lab):
    churn = Churn(lab)
    tables = churn.counters()["tables"]
    held = []
    for number in (1, 2):
        churn.round(number)
        # Our own questions to them end with their time.
        until(lambda: churn.counters()["tables"] == tables, 60, f"tables are as they were: {tables}")
        held.append((churn.allocated(), churn.heap()))
    assert churn.counters()["cache"]["nodes"] == churn.counters()["cache"]["hints"]
    # Pages of tables stay theirs; a second round takes a few more at most, as queues were longer or shorter.
    assert held[1][0] - held[0][0] < 4 << 20, f"bytes, KiB after each round: {held}"
    assert held[1][1] - held[0][1] < 4 << 10, f"bytes, KiB after each round: {held}"
    lab.gateway.stop()
