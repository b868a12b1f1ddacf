# SPDX-License-Identifier: BSD-3-Clause
"""
./run bench --peers: Avahi as a reflector, Avahi as a responder, and linkspan, under the same storms on the same two links.

Two veths: of the link `q` stations ask from q1, on the link `p` providers announce 1,000 services from p1, both by raw
frames; the one that is measured has q0 and p0, and a CPU to itself. Avahi is as its own configuration file has it, but
for the interfaces, and without its rate limit. A responder has no providers: the services are its own.
"""

import contextlib
import csv
import ctypes
import os
import signal
import socket
import statistics
import struct
import subprocess
import time

import ground
import traffic
from proc import Failed, run, tail

SERVICES, STATIONS = 1000, 250
STORMS = (1000, 10000, 50000)  # queries a second
LATENCY = 10000                # ... at which latency is taken
SECONDS = 3
SOL_PACKET, PACKET_STATISTICS, PACKET_IGNORE_OUTGOING, SO_ATTACH_FILTER, SO_TIMESTAMPNS = 263, 6, 23, 26, 35

AVAHI = """\
[server]
host-name=bench
allow-interfaces={interfaces}
use-ipv4=yes
use-ipv6=no
enable-dbus=no
[publish]
publish-workstation=no
publish-hinfo=no
[reflector]
enable-reflector={reflector}
"""

SERVICE = """\
<?xml version="1.0" standalone='no'?><!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>{name}</name><service><type>{type}</type><port>631</port>
<txt-record>{txt}</txt-record></service></service-group>
"""

LINKSPAN = """\
gateway: {{id: bench, workers: 1, idle: sleep}}
ports:
  - {{name: q, device: "kernel:q0"}}
  - {{name: p, device: "kernel:p0"}}
links:
  - {{name: q, port: q, addresses: [10.1.0.1/16], policy: {{in: all, out: all}}}}
  - {{name: p, port: p, addresses: [10.2.0.1/16], policy: {{in: all, out: all}}}}
policies:
  all: [{{permit: any}}]
admission: off
control: {{socket: {socket}}}
"""


# --- the ground ------------------------------------------------------------------------------


class Ear:
    """Counts the frames that arrive on an interface, or those to a group address alone."""

    def __init__(self, interface, groups=False):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        if groups:  # ldb [0]; jset #1, accept, drop
            code = struct.pack("<HBBIHBBIHBBIHBBI", 0x30, 0, 0, 0, 0x45, 0, 1, 1, 6, 0, 0, 64, 6, 0, 0, 0)
            self.code = ctypes.create_string_buffer(code)
            self.sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                                 struct.pack("@HP", 4, ctypes.addressof(self.code)))
        self.sock.bind((interface, ground.ETH_P_ALL))

    def count(self):
        """Frames since the last call, read or not."""
        return struct.unpack("@II", self.sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[0]


class Links:
    """The links q and p: stations and providers at one end, who is measured at the other."""

    def __enter__(self):
        self.socks = {}
        for name in "qp":
            ground.veth(f"{name}0", f"{name}1")
            self.socks[name] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.socks[name].bind((f"{name}1", 0))
        self.answers, self.group, self.asked = Ear("q1"), Ear("q1", groups=True), Ear("p1")
        return self

    def __exit__(self, *_):
        for name in "qp":
            self.socks[name].close()
            run("ip", "link", "del", f"{name}0")

    def addresses(self):
        """For one that uses the kernel's: and the stations' MACs, who answer no ARP."""
        run("ip", "addr", "add", "10.2.0.1/16", "dev", "p0")
        address("q0", "10.1.0.1/16")

    def announce(self):
        for s in traffic.services(SERVICES):
            frame = traffic.to_group(traffic.mac(0xFE000000 + s.n), "10.2.%d.%d" % (1 + (s.n >> 8), s.n & 255), None,
                                     s.announcement())
            self.socks["p"].send(frame)
            time.sleep(0.0005)


def address(dev, own):
    """Gives the interface an address, the way to the group and the MACs of the stations."""
    run("ip", "addr", "add", own, "dev", dev)
    run("ip", "route", "add", "224.0.0.0/4", "dev", dev)
    for i in range(STATIONS):
        mac, ip = station(i)
        run("ip", "neigh", "add", ip, "lladdr", mac.hex(":"), "dev", dev, "nud", "permanent")


def station(i):
    return traffic.mac(0x10000 + i), "10.1.1.%d" % (1 + i)


def queries(legacy=False):
    """Browse queries of all stations for all services in turn; legacy: with an id, from a port of their own."""
    frames = []
    for i in range(SERVICES * (8 if legacy else 1)):
        m = traffic.Message(ident=i if legacy else 0)
        m.question(traffic.services(1, SERVICES, first=i % SERVICES)[0].type, traffic.PTR)
        mac, address = station(i % STATIONS)
        frames.append(traffic.to_group(mac, address, None, m.bytes(), sport=40000 if legacy else 5353))
    return frames


def paced(sock, frames, per_second, seconds, sent_at=None):
    """Sends them at that rate, over and over; returns how many."""
    start = time.monotonic()
    total = int(per_second * seconds)
    step = max(1, per_second // 2000)
    for i in range(total):
        if i % step == 0:
            wait = start + i / per_second - time.monotonic()
            if wait > 0:
                time.sleep(wait)
        if sent_at is not None:
            sent_at[i] = time.time_ns()
        sock.send(frames[i % len(frames)])
    return total


# --- who is measured -------------------------------------------------------------------------


def rss(pid):
    """MiB of memory, hugepages not counted."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024


class Peer:
    """A process on the CPU for it."""

    def __init__(self, name, argv, log):
        self.name, self.log = name, log
        with open(log, "w", encoding="ascii") as f:
            self.process = subprocess.Popen(["taskset", "-c", str(ground.CPUS[1]), *argv], stdout=f, stderr=f)

    def wait(self, said, timeout=180):
        until = time.monotonic() + timeout
        while said not in open(self.log, encoding="utf-8", errors="replace").read():
            if self.process.poll() is not None or time.monotonic() > until:
                raise Failed(f"{self.name} did not start: {tail(self.log)}")
            time.sleep(0.1)

    def cpu(self):
        """CPU seconds so far, of all threads."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss(self):
        return rss(self.process.pid)

    def lost(self):
        """Packets its sockets had no room for, so far."""
        with open("/proc/net/udp", encoding="ascii") as f:
            return sum(int(line.split()[-1]) for line in f if line.split()[1].endswith(":14E9"))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Linkspan(Peer):
    def __init__(self, build):
        self.ctl = ground.Control(build, os.path.join(os.getcwd(), "peers.sock"))
        with open("peers.yaml", "w", encoding="ascii") as f:
            f.write(LINKSPAN.format(socket=self.ctl.path))
        super().__init__("linkspan", [os.path.join(build, "linkspan"), "-c", "peers.yaml", "--",
                                      "--lcores=(0,1)@%d" % ground.CPUS[1], "--no-huge", "-m", "512"], "linkspan.log")
        self.wait("msg=\"ready\"")

    def lost(self):
        """What the port did not get of what was sent is found out by received()."""
        return 0

    def received(self):
        return self.ctl.counters()["events", "rx"]


def avahi(what, interfaces, services=()):
    """An Avahi with the files of a machine of its own, in our mount namespace."""
    for place in ("/run/avahi-daemon", "/etc/avahi/services"):
        os.makedirs(place, exist_ok=True)
        run("mount", "-t", "tmpfs", "none", place)
    for s in services:
        with open(f"/etc/avahi/services/{s.n}.service", "w", encoding="ascii") as f:
            f.write(SERVICE.format(name=s.instance[0].decode(), type=b".".join(s.type[:2]).decode(), txt="v" * 110))
    with open("avahi.conf", "w", encoding="ascii") as f:
        f.write(AVAHI.format(interfaces=interfaces, reflector="yes" if what == "reflector" else "no"))
    p = Peer("avahi " + what, ["avahi-daemon", "-f", os.path.abspath("avahi.conf"), "--no-drop-root", "--no-chroot",
                               "--no-rlimits"], f"avahi-{what}.log")
    p.wait("Server startup complete")
    if services:  # each says so when its probes are over
        until = time.monotonic() + 180
        while open(p.log, encoding="utf-8").read().count("successfully established") < len(services):
            if time.monotonic() > until:
                raise Failed("avahi has not published its services: " + tail(p.log))
            time.sleep(0.5)
    return p


# --- what is measured ------------------------------------------------------------------------


def storm(peer, links, per_second):
    """A row: what became of a storm."""
    received = getattr(peer, "received", None)
    before, cpu, lost = received() if received else 0, peer.cpu(), peer.lost()
    for ear in (links.answers, links.group, links.asked):
        ear.count()
    sent = paced(links.socks["q"], queries(), per_second, SECONDS)
    cpu = peer.cpu() - cpu
    time.sleep(1)
    handled = received() - before if received else sent - (peer.lost() - lost)
    return {"who": peer.name, "sent": per_second, "handled": min(handled, sent) / SECONDS,
            "lost": max(0, sent - handled) / sent, "answers": links.answers.count() / SECONDS,
            "group": links.group.count() / SECONDS, "asked": links.asked.count() / SECONDS, "cpu": cpu / SECONDS,
            "rss": peer.rss()}


def latency(peer, links):
    """Of legacy queries, which each have an answer of their own: by id, from the frame put in to the kernel's time of the
    one that came out. (answered, p50, p99 in microseconds)"""
    frames = queries(legacy=True)
    total = LATENCY * SECONDS
    sock = Ear("q1").sock
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    sent_at = [0] * total
    paced(links.socks["q"], frames, LATENCY, SECONDS, sent_at)
    time.sleep(0.5)
    sock.setblocking(False)
    order = {}
    took = []
    with contextlib.suppress(BlockingIOError):
        while True:
            data, anc, _, _ = sock.recvmsg(64, 64)
            if data[23] != 17 or data[36:38] != struct.pack(">H", 40000):
                continue
            ident = struct.unpack(">H", data[42:44])[0]
            seconds, ns = struct.unpack("@qq", anc[0][2][:16])
            # The n-th answer with this id is that of the n-th question with it.
            n = order.get(ident, 0)
            order[ident] = n + 1
            i = n * len(frames) + ident
            if i < total:
                took.append(seconds * 1000000000 + ns - sent_at[i])
    if len(took) < 2:
        return 0, 0, 0
    cuts = statistics.quantiles(took, n=100)
    return len(took) / total, cuts[49] / 1000, cuts[98] / 1000


HEAD = (f"{'who':<17} {'queries/s':>9} {'handled/s':>9} {'lost':>6} {'frames on q/s':>13} {'to the group/s':>14} "
        f"{'frames on p/s':>13} {'CPU':>5} {'MiB':>6}")


def line(r):
    return (f"{r['who']:<17} {r['sent']:>9,} {r['handled']:>9,.0f} {r['lost']:>6.1%} {r['answers']:>13,.0f} "
            f"{r['group']:>14,.0f} {r['asked']:>13,.0f} {r['cpu']:>5.0%} {r['rss']:>6.0f}")


def one(make, links, announce, rows):
    peer = make()
    try:
        if announce:
            for _ in range(2):
                links.announce()
        time.sleep(2)
        for per_second in STORMS:
            rows.append(storm(peer, links, per_second))
            print(line(rows[-1]), flush=True)
        if peer.name == "avahi reflector":  # what it asks for a legacy querier nobody answers here
            return
        answered, p50, p99 = latency(peer, links)
        rows[-1].update(answered=answered, p50=p50, p99=p99)
        print(f"{peer.name:<17} legacy queries at {LATENCY:,}/s: {answered:.1%} answered, "
              f"p50 {p50:,.0f} us, p99 {p99:,.0f} us", flush=True)
    finally:
        peer.end()


def bench(build, out):
    """All of it. Returns how many could not be measured."""
    failed, rows, where = 0, [], os.getcwd()
    print(HEAD, flush=True)
    for name, make, kernel, announce in (
            ("linkspan", lambda: Linkspan(build), False, True),
            ("avahi reflector", lambda: avahi("reflector", "q0,p0"), True, True),
            ("avahi responder", lambda: avahi("responder", "q0", traffic.services(SERVICES)), True, False)):
        try:
            with Links() as links:
                if kernel:
                    links.addresses()
                one(make, links, announce, rows)
        except Failed as e:
            print(f"{name}: failed: {e}", flush=True)
            failed += 1
    with open(os.path.join(out, "peers.csv"), "w", newline="", encoding="ascii") as f:
        table = csv.DictWriter(f, ("who", "sent", "handled", "lost", "answers", "group", "asked", "cpu", "rss", "answered",
                                   "p50", "p99"))
        table.writeheader()
        table.writerows(rows)
    print(f"\nwritten: {out}/peers.csv")
    os.chdir(where)
    return failed
