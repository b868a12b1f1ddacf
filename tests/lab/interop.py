# SPDX-License-Identifier: BSD-3-Clause
"""mDNS stacks as peers on stations (tests/interop), and the table of docs/interop.md."""
import ipaddress
import json
import os
import signal
import subprocess

from process import PYTHON, LabError, until

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEERS = os.path.join(TOP, "tests", "interop")
TABLE = os.path.join(TOP, "docs", "interop.md")
JARS = "/usr/share/java/jmdns.jar:/usr/share/java/slf4j-api.jar"

COMMANDS = {
    "Avahi": [PYTHON, "avahi_peer.py"],
    "python-zeroconf": [PYTHON, "zeroconf_peer.py"],
    "bonjour-service": ["node", "bonjour_peer.js"],
    "ciao": ["node", "ciao_peer.js"],
    "JmDNS": ["java", "-cp", JARS, "JmdnsPeer.java"],
}
ROLES = ("publishes", "browses")
DOES = ("browse", "resolve", "update", "goodbye", "true conflict", "roam")


def read_table():
    """{(stack, role, "IPv4"|"IPv6"): {what it does: its cell}} of docs/interop.md."""
    rows = {}
    head = None
    with open(TABLE, encoding="utf-8") as doc:
        for line in doc:
            cells = [c.strip() for c in line.strip().strip("|").split("|")]
            if not line.startswith("|") or set(cells[0]) <= set("-: "):
                continue
            if cells[0] == "stack":
                head = cells[3:]
            elif head and cells[0] in COMMANDS:
                rows[tuple(cells[:3])] = dict(zip(head, cells[3:]))
    return rows


class Peer:
    """A stack at work on a station of one family; events are dicts."""

    def __init__(self, station, stack, role, service_type, *, name=None, port=0, text=""):
        family = "4" if station.v4 else "6"
        place = [family, station.v4 or station.v6, "eth0"]
        if stack == "Avahi" and station.avahi is None:
            station.start_avahi()
        command = [c if c.startswith(("/", "-")) or "." not in c else os.path.join(PEERS, c)
                   for c in COMMANDS[stack]]
        what = [name, service_type, port, station.name, *place, text] if role == "publish" else [
            service_type, station.name, *place]
        self.station = station
        self.process = station.popen(*command, role, *what, stdin=subprocess.PIPE)

    def events(self):
        """All events so far."""
        events = [json.loads(line) for line in self.process.output().splitlines()
                  if line.startswith('{"event"')]
        for event in events:
            if "addresses" in event:  # each stack writes IPv6 addresses in its own way
                event["addresses"] = [str(ipaddress.ip_address(a)) for a in event["addresses"]]
        return events

    def wait(self, what, timeout=20, **fields):
        """The first event that has these values; `addresses` is one of those it lists."""
        address = fields.pop("address", None)

        def found():
            for event in self.events():
                if all(event.get(k) == v for k, v in fields.items()) and (
                        address is None or address in event.get("addresses", ())):
                    return event
            return None

        try:
            return until(found, timeout, what)
        except LabError as error:
            raise LabError(f"{error}; it said:\n{self.process.output()[-1500:]}") from None

    def say(self, line):
        self.process.say(line)

    def stop(self):
        """Says goodbye; returns when the process has ended."""
        self.say("stop")
        self.process.wait(20)

    def kill(self):
        """Without a goodbye."""
        self.process.stop(signal.SIGKILL)
