# SPDX-License-Identifier: BSD-3-Clause
"""The site of a benchmark: a gateway and testpmd on the same feed, in a network namespace of their own."""

import json
import os
import socket
import statistics
import subprocess
import time

import traffic
from proc import Dpdk, Failed, run, tail

LINKS = 16
CPUS = sorted(os.sched_getaffinity(0))[:2]
ETH_P_ALL = 3


def queue_feeds(workers):
    """The feeds of the port's queues."""
    return ["feed.pcap"] if workers == 1 else [f"feed{q}.pcap" for q in range(workers)]


def write_feeds(frames, workers):
    """The feed, and its parts by source, as RSS would have it."""
    frames = list(frames)
    traffic.write_pcap("feed.pcap", frames)
    if workers > 1:
        for q, name in enumerate(queue_feeds(workers)):
            traffic.write_pcap(name, (f for f in frames if f[11] % workers == q))


def config(policy="{permit: any}", links=LINKS, vlan0=traffic.VLAN0, rate=1000000, pair="", ports="", limits="",
           delivery="unicast", feed=None, idle="poll", workers=1, people=0, name="bench", providers="prov0"):
    """A gateway between the feed and, behind a veth, the providers. Its meters are asked about every packet; with the
    rates given here they say yes. people: of so many stations the file says user, role and location. name: its id.
    providers: its end of the veth."""
    if feed is None:
        queues = ",".join(f"rx_pcap={name}" for name in queue_feeds(workers))
        feed = f"net_pcap0,{queues},infinite_rx=1"
    consumers = []
    for i in range(links):
        v4, v6 = traffic.networks(i)
        consumers.append(f"  - {{name: w{i}, port: feed, vlan: {vlan0 + i}, type: wireless, delivery: {delivery},"
                         f" addresses: [{traffic.address4(v4, 2)}/20, \"{v6}::2/64\"],"
                         " policy: {in: all, out: see}}")
    return f"""\
gateway:
  id: {name}
  workers: {workers}
  idle: {idle}
  limits: {{{limits}}}
ports:
  - {{name: feed, device: "{feed}"{pair}}}
{ports}  - {{name: prov, device: "kernel:{providers}"}}
{who(people)}links:
  - {{name: prov, port: prov, vlan: {traffic.PROVIDERS}, addresses: [10.15.255.254/12],
     policy: {{in: all, out: all}}{", location: campus/b0/f0" if people else ""}}}
""" + "\n".join(consumers) + f"""
policies:
  all: [{{permit: any}}]
  see: [{policy}]
admission:
  station: {{queries: {rate}/s, advertisements: 1000000/s, burst: {rate}}}
  link: {{queries: 100000000/s, advertisements: 1000000/s, unknown: 1000000/s}}
control: {{socket: {os.getcwd()}/control.sock}}
"""


BUILDINGS, FLOORS, ROLES = 16, 4, 8


def who(n):
    """The sections about n stations: those that the feed has first, and others."""
    if n == 0:
        return ""
    places = ", ".join("b%d: {%s}" % (b, ", ".join(f"f{f}: {{}}" for f in range(FLOORS))) for b in range(BUILDINGS))
    macs = [traffic.Campus().station(i)[0] for i in range(1024)] + [traffic.other(i) for i in range(n - 1024)]
    return f"locations: {{campus: {{{places}}}}}\nstations:\n" + "".join(
        f'  - {{mac: "{m.hex(":")}", user: user{i}, role: role{i % ROLES},'
        f" location: campus/b{i // FLOORS % BUILDINGS}/f{i % FLOORS}}}\n" for i, m in enumerate(macs))


def veth(*ends):
    """With nothing of the kernel's own on it."""
    run("ip", "link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
    for end in ends:
        run("sysctl", "-q", "-w", f"net.ipv6.conf.{end}.disable_ipv6=1")
        run("ip", "link", "set", end, "up")


def sent(dev):
    """Frames an interface has sent so far."""
    with open("/proc/thread-self/net/dev", encoding="ascii") as f:
        return next(int(line.split(":")[1].split()[9]) for line in f if line.strip().startswith(dev + ":"))


class Providers:
    """Hosts on the provider link, behind the other end of the gateway's veth."""

    def __init__(self, gateway_end="prov0", own_end="prov1"):
        self.gateway_end = gateway_end
        veth(gateway_end, own_end)
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.bind((own_end, 0))

    def announce(self, services, gateway, per_second=40000):
        """Tells of all services until the gateway holds them."""
        frames = []
        for s in services:
            mac, address = s.provider()
            frames.append(traffic.to_group(mac, address, traffic.PROVIDERS, s.announcement()))
        want = sum(4 + (s.aaaa is not None) for s in services)
        for _ in range(5):
            start = time.monotonic()
            for i, frame in enumerate(frames):
                self.sock.send(frame)
                if i % 64 == 63:
                    time.sleep(max(0, start + i / per_second - time.monotonic()))
            for _ in range(20):
                if gateway.records() >= want:
                    return
                time.sleep(0.1)
        raise Failed(f"the gateway holds {gateway.records()} of {want} records")

    def introduce(self, n, gateway, per_second=20000):
        """n stations ask something on the provider link, until the gateway knows them all."""
        m = traffic.Message()
        m.question([b"_nothing", b"_tcp", b"local"], traffic.PTR)
        payload = m.bytes()
        for _ in range(10):
            if gateway.stations() >= n:
                return
            start = time.monotonic()
            for i in range(n):
                self.sock.send(traffic.to_group(traffic.other(i), f"10.{8 + (i >> 16)}.{i >> 8 & 255}.{i & 255}",
                                                traffic.PROVIDERS, payload))
                if i % 64 == 63:
                    time.sleep(max(0, start + i / per_second - time.monotonic()))
            time.sleep(0.5)
        raise Failed(f"the gateway knows {gateway.stations()} of {n} stations")

    def close(self):
        self.sock.close()
        run("ip", "link", "del", self.gateway_end)


class Control:
    """What a gateway says of itself, by linkspanctl."""

    def __init__(self, build, path):
        self.path = path
        self.argv = [os.path.join(build, "ctl", "linkspanctl"), "-s", path, "--json"]

    def show(self, what):
        return json.loads(run(*self.argv, "show", what))

    def records(self):
        return self.show("status")["records"]

    def stations(self):
        return self.show("counters")["cache"]["stations"]

    def counters(self):
        """Outcomes and events, summed over links."""
        total = {}
        said = self.show("counters")
        for link in said["links"]:
            for group in ("outcomes", "events"):
                for name, n in link[group].items():
                    total[group, name] = total.get((group, name), 0) + n
        return total


class Gateway(Dpdk, Control):
    """linkspan on the feed."""

    def __init__(self, build, text, workers=1, name="bench"):
        with open("bench.yaml", "w") as f:
            f.write(text)
        lcores = ",".join(f"{i}@{CPUS[i % 2]}" for i in range(1 + workers))
        Control.__init__(self, build, os.path.join(os.getcwd(), "control.sock"))
        Dpdk.__init__(self, "linkspan", [os.path.join(build, "linkspan"), "-c", "bench.yaml", "--",
                                      "--lcores=" + lcores], "linkspan-" + name, "linkspan.log")

    def connect(self, timeout=60):
        super().connect(timeout)
        until = time.monotonic() + timeout
        while not os.path.exists(self.path):
            if self.process.poll() is not None or time.monotonic() > until:
                raise Failed("linkspan is not ready: " + tail(self.log.name))
            time.sleep(0.05)


class Stand:
    """A gateway on the feed of a work, in a directory of its own below this one, with hosts of its own behind it."""

    def __init__(self, build, work, number):
        self.work, self.gateway = work, None
        self.dir = os.path.abspath(f"{number}-{work.name}")
        back = os.getcwd()
        os.mkdir(self.dir)
        os.chdir(self.dir)
        self.providers = Providers(f"prov{2 * number}", f"prov{2 * number + 1}")
        try:
            write_feeds(work.frames(), work.workers)
            name = "bench-" + work.name.lower()
            text = config(workers=work.workers, name=name, providers=self.providers.gateway_end, **work.config)
            self.start(build, text, name)
            self.prepare()
        except BaseException:
            self.close()
            raise
        finally:
            os.chdir(back)

    def start(self, build, text, name, attempts=3):
        """DPDK makes the number of an AF_PACKET fan-out of process and interface; that of another gateway is refused."""
        for attempt in range(attempts):
            self.gateway = Gateway(build, text, self.work.workers, name)
            try:
                return self.gateway.connect()
            except Failed:
                if attempt + 1 == attempts:
                    raise
                self.gateway.end()

    def prepare(self):
        """Until it is what the work wants it to be; then it is stopped."""
        for lcore in range(1, 1 + self.work.workers):
            self.gateway.find_worker(lcore)
        self.providers.announce(traffic.services(self.work.services, txt_len=175), self.gateway)
        if self.work.introduce:
            self.providers.introduce(self.work.introduce, self.gateway)
        time.sleep(self.work.warm_s)
        self.before = self.gateway.counters()
        self.gateway.pause()

    def check(self):
        """Did the packets since then end as the work says?"""
        self.gateway.go()
        became = shares(self.before, self.gateway.counters())
        if self.work.outcome is not None and became.get(self.work.outcome, 0) < self.work.share:
            raise Failed(f"void: {self.work.outcome} is not what became of the packets: " +
                         ", ".join(f"{name} {share:.1%}" for name, share in sorted(became.items(), key=lambda s: -s[1])))

    def close(self):
        if self.gateway is not None:
            self.gateway.end()
        self.providers.close()


def shares(before, after):
    """What became of the packets between two counters(), as shares of all."""
    ends = {name: n - before.get((group, name), 0) for (group, name), n in after.items() if group == "outcomes"}
    total = sum(ends.values())
    return {name: n / total for name, n in ends.items() if n > 0} if total > 0 else {}


def testpmd(mode, number):
    """testpmd on the feed, as lean as it gets: no statistics of its own."""
    vdevs = ["--vdev", "net_pcap0,rx_pcap=feed.pcap,infinite_rx=1"]
    argv = ["dpdk-testpmd", "--lcores=0@%d,1@%d" % tuple(CPUS), f"--file-prefix=bench-testpmd{number}", "-m", "256", "--no-pci",
            "--log-level=3", *vdevs, "--", f"--forward-mode={mode}", "--port-topology=loop", "--no-flush-rx",
            "--total-num-mbufs=65536", "-i", "--auto-start"]
    return Dpdk("testpmd " + mode, argv, f"bench-testpmd{number}", f"testpmd{number}.log")


def interleave(groups, rounds, slice_s):
    """Lets one process run at a time, a group's in turn from round to round: where its memory came to lie is worth a
    few percent to a process. Per group a list of (packets, CPU nanoseconds) of its slices."""
    slices = [[] for _ in groups]
    for p in sum(groups, []):
        p.pause()
    for r in range(rounds + 1):
        for i, group in enumerate(groups):
            p = group[r % len(group)]
            p.go()
            time.sleep(slice_s / 4)  # the caches are its own again
            a = p.sample()
            time.sleep(slice_s)
            b = p.sample()
            p.pause()
            if r > 0:  # the first round warms up
                slices[i].append((b[0] - a[0], b[1] - a[1]))
    return slices


def mpps(slices):
    return statistics.median(n * 1e3 / ns for n, ns in slices)
