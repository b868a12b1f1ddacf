# SPDX-License-Identifier: BSD-3-Clause
"""A host on the campus: own namespaces, one interface, real mDNS software."""
import json
import os
import re
import subprocess

from process import ENV, PYTHON, LabError, until

TYPE_NUMBERS = {"A": 1, "PTR": 12, "TXT": 16, "AAAA": 28, "SRV": 33}

HERE = os.path.dirname(os.path.abspath(__file__))

AVAHI_CONF = """[server]
host-name={name}
use-ipv4={v4}
use-ipv6={v6}
allow-interfaces={interfaces}
[wide-area]
enable-wide-area=no
[publish]
publish-workstation=no
publish-hinfo=no
[reflector]
enable-reflector=no
"""


def unescape(text):
    """An avahi-browse -p field: \\DDD are decimal bytes, \\. and \\\\ themselves."""
    raw = re.sub(rb"\\(\d{3})|\\(.)",
                 lambda m: bytes([int(m[1])]) if m[1] else m[2], text.encode())
    return raw.decode(errors="replace")


class Capture:
    """tcpdump into a pcap file, from the moment the constructor returns."""

    def __init__(self, ns, ifname, path, *expression):
        self.path = path
        # Immediate: a frame seen is a frame in the file, none waits in the kernel's ring.
        self.process = ns.popen("tcpdump", "-i", ifname, "-n", "-U", "--immediate-mode",
                                "-Z", "root", "-w", path, *expression)
        self.process.wait_line("listening on")

    def stop(self):
        self.process.stop()
        return self.path

    def frames(self, display_filter, *fields):
        """The given tshark fields of every frame captured so far that passes the filter."""
        argv = ["tshark", "-n", "-r", self.path, "-o", "udp.check_checksum:TRUE",
                "-o", "ip.check_checksum:TRUE", "-Y", display_filter, "-T", "fields"]
        for field in fields or ("frame.number",):
            argv += ["-e", field]
        done = subprocess.run(argv, env=ENV, text=True, capture_output=True, timeout=60,
                              check=False, stdin=subprocess.DEVNULL)
        # A capture still being written may end within a frame: the whole ones are told all the same.
        if done.returncode and "cut short" not in done.stderr:
            raise LabError(f"tshark: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def malformed(self):
        """Frames that a dissector calls malformed or in error, wrong checksums included."""
        return self.frames("_ws.malformed || _ws.expert.severity == error", "frame.number",
                           "eth.src", "ip.src", "ipv6.src", "_ws.expert.message")


class Station:
    """families: a set of 4 and 6. number is the host part of its addresses."""

    def __init__(self, lab, name, vlan, number, families=(4, 6), **where):
        self.lab = lab
        self.name = name
        self.vlan = vlan
        self.number = number
        self.interfaces = "eth0"  # that Avahi uses
        self.families = set(families)
        self.mac = f"02:00:00:00:{vlan:02x}:{number:02x}"
        self.v4 = f"10.{vlan}.0.{number}" if 4 in self.families else None
        self.v6 = f"fd00:{vlan}::{number}" if 6 in self.families else None
        self.ns = lab.namespace(name)
        self.run = self.ns.run
        self.popen = self.ns.popen
        self.avahi = None
        self.ns.sh(f"""
            sysctl -q -w net.ipv6.conf.default.disable_ipv6={0 if self.v6 else 1} \
                net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0 \
                net.ipv6.conf.default.router_solicitations=0
        """)
        self.port = f"v{vlan}n{number}-{name}"[:15]
        lab.switch.cable(self.port, self.ns, "eth0", self.mac, f"tag={vlan}", **where)
        self.ns.sh("ethtool -K eth0 tx off >/dev/null; ip link set eth0 up")
        if self.v4:
            self.ns.sh(f"ip addr add {self.v4}/24 dev eth0; ip route add 224.0.0.0/4 dev eth0")
        if self.v6:
            self.ns.sh(f"ip addr add {self.v6}/64 dev eth0 nodad")

    def second_link(self, vlan):
        """A second interface, eth1, on another VLAN; returns its IPv4 address."""
        host = self.number + 100
        self.lab.switch.cable(f"b{vlan}n{self.number}-{self.name}"[:15], self.ns, "eth1",
                              f"02:00:00:01:{vlan:02x}:{self.number:02x}", f"tag={vlan}")
        self.ns.sh(f"""
            ethtool -K eth1 tx off >/dev/null
            ip link set eth1 up
            ip addr add 10.{vlan}.0.{host}/24 dev eth1
            ip addr add fd00:{vlan}::{host}/64 dev eth1 nodad
        """)
        return f"10.{vlan}.0.{host}"

    def move(self, vlan, mac=None):
        """To another VLAN, where it has other addresses; with another MAC if one is given."""
        host = self.number + 150
        v4, v6 = f"10.{vlan}.0.{host}", f"fd00:{vlan}::{host}"
        self.ns.sh("ip link set eth0 down; ip addr flush dev eth0")
        self.lab.switch.vsctl("set", "port", self.port, f"tag={vlan}")
        self.mac = mac or self.mac
        self.ns.sh(f"ip link set eth0 address {self.mac}")
        # Before the link is up: Avahi that changes from a link-local address to another one within
        # milliseconds takes its own packets for somebody else's, and renames itself.
        if self.v4:
            self.v4 = v4
            self.ns.sh(f"ip addr add {v4}/24 dev eth0")
        if self.v6:
            self.v6 = v6
            self.ns.sh(f"ip addr add {v6}/64 dev eth0 nodad")
        self.ns.sh("ip link set eth0 up")
        if self.v4:
            self.ns.sh("ip route add 224.0.0.0/4 dev eth0")
        self.vlan = vlan

    # --- Avahi -------------------------------------------------------------------------------

    def start_avahi(self):
        """A private message bus and avahi-daemon, up when this returns."""
        conf = AVAHI_CONF.format(name=self.name, interfaces=self.interfaces, v4="yes" if self.v4 else "no",
                                 v6="yes" if self.v6 else "no")
        self.ns.run("sh", "-ec", """
            cat >/run/avahi-daemon.conf
            mkdir -p /run/dbus /run/services
            mount --bind /run/services /etc/avahi/services
        """, stdin=conf)
        bus = self.popen("dbus-daemon", "--system", "--nofork", "--nopidfile", "--nosyslog",
                         "--print-address")
        bus.wait_line("unix:")
        self.avahi = self.popen("avahi-daemon", "-f", "/run/avahi-daemon.conf", "--no-drop-root",
                                "--no-chroot", "--no-rlimits")
        self.avahi.wait_line("Server startup complete", 20)
        return self

    def publish(self, name, service_type, port, *txt, subtypes=()):
        """avahi-publish, established when this returns. SIGTERM says goodbye."""
        process = self.popen("avahi-publish", "-s", *(f"--subtype={s}" for s in subtypes),
                             name, service_type, port, *txt)
        process.wait_line("Established under name", 20)
        return process

    def browse(self, service_type, resolve=True):
        """An open avahi-browse: lines "+;…", "=;…", "-;…" as things come and go."""
        return self.popen("stdbuf", "-oL", "avahi-browse", "-kp", *(["-r"] if resolve else []),
                          service_type)

    def browse_once(self, service_type):
        """What avahi-browse says until it has "all for now": a list of dicts, resolved."""
        lines = self.run("avahi-browse", "-krpt", service_type, timeout=60).stdout.splitlines()
        return [parse_resolved(line) for line in lines if line.startswith("=;")]

    def resolve_host(self, name, family):
        """avahi-resolve of a host name: its address, or None."""
        done = self.run("avahi-resolve", f"-{family}", "-n", name, check=False)
        words = done.stdout.split()
        return words[1] if len(words) == 2 else None

    # --- python-zeroconf and plain questions ----------------------------------------------------

    def tool(self, *argv):
        """tests/lab/mdns_tool.py in this station, in the background."""
        return self.popen(PYTHON, os.path.join(HERE, "mdns_tool.py"), *argv)

    def listen(self):
        """Joins the groups, for as long as the station is there. From when this returns the switch
        forwards what is sent to them: whose software asks for a name within milliseconds of joining,
        and believes in silence, has no answer else."""
        groups = {4: "224.0.0.251", 6: "ff02::fb"}
        interfaces = [f"--interface={self._source(f)}" for f in sorted(self.families)]
        self.tool("listen", *interfaces).wait_line('"joined"', 20)
        until(lambda: {(self.port, self.vlan, groups[f]) for f in self.families}
              <= self.lab.switch.groups(), 10, f"the groups of {self.name}")
        self.lab.switch.settle()
        return self

    def _source(self, family):
        return self.v4 if family == 4 else "eth0"

    def zeroconf_publish(self, name, service_type, port, *txt, ttl=None, host=None, addresses=None):
        """python-zeroconf registers a service. SIGTERM says goodbye, SIGKILL does not.

        ttl is that of all records; host and addresses are the station's own unless given.
        """
        argv = ["publish", name, service_type, port, "--host", host or f"{self.name}.local."]
        for family in sorted(self.families):
            argv += ["--interface", self._source(family)]
        for address in addresses or filter(None, (self.v4, self.v6)):
            argv += ["--address", address]
        argv += ["--ttl", ttl] if ttl else []
        process = self.tool(*argv, *(f"--txt={t}" for t in txt))
        process.wait_line('"published"', 20)
        return process

    def zeroconf_browse(self, service_type):
        """An open ServiceBrowser: JSON lines with event, name and what was resolved."""
        argv = ["browse", service_type]
        for family in sorted(self.families):
            argv += ["--interface", self._source(family)]
        process = self.tool(*argv)
        process.wait_line('"browsing"', 20)
        return process

    def zeroconf_keep(self, name, service_type, family, enough):
        """The addresses of a service as python-zeroconf resolves it, at least `enough`, and those
        its cache has five seconds later, without another question; of that family."""
        done = self.run(PYTHON, os.path.join(HERE, "mdns_tool.py"), "keep", name, service_type,
                        "--interface", self._source(family), "--enough", enough, timeout=60)
        seen = {e["event"]: [a for a in e["addresses"] if (":" in a) == (family == 6)]
                for e in map(json.loads, done.stdout.splitlines())}
        return seen["resolved"], seen["kept"]

    def ask(self, qname, qtype, family, *options, timeout=3, enough=1):
        """One question by plain sockets: all records of all responses received, as dicts.

        Ends with the message that brings the first `enough` records of that name and type, or at
        the timeout.
        """
        done = self.run(PYTHON, os.path.join(HERE, "mdns_tool.py"), "ask", qname, qtype,
                        "--interface", self._source(family), "--timeout", timeout,
                        "--enough", enough, *options, timeout=timeout + 20)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def lookup(self, qname, qtype, family, *options, timeout=3):
        """The same, but only the records that answer the question itself."""
        wanted = qname.rstrip(".").lower()
        return [r for r in self.ask(qname, qtype, family, *options, timeout=timeout)
                if r["name"].rstrip(".").lower() == wanted and r["type"] == TYPE_NUMBERS[qtype]]

    # --- frames ------------------------------------------------------------------------------

    def capture(self, *expression):
        return Capture(self.ns, "eth0", self.lab.file(f"{self.name}.pcap"), *expression)


def parse_resolved(line):
    """A "=;" line of avahi-browse -rp as a dict."""
    fields = line.split(";", 9)
    return {"family": 4 if fields[2] == "IPv4" else 6, "name": unescape(fields[3]),
            "type": fields[4], "domain": fields[5], "host": fields[6], "address": fields[7],
            "port": int(fields[8]), "txt": fields[9]}
