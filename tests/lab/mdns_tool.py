# SPDX-License-Identifier: BSD-3-Clause
"""mDNS from inside a station: python-zeroconf as publisher and browser, and plain questions.

Everything seen is printed as one JSON object a line.
"""
import argparse
import ipaddress
import json
import queue
import select
import signal
import socket
import struct
import sys
import threading
import time

import zeroconf as zc
from zeroconf import const

PORT = 5353
GROUPS = {4: "224.0.0.251", 6: "ff02::fb"}
TYPES = {"PTR": 12, "SRV": 33, "TXT": 16, "A": 1, "AAAA": 28, "NSEC": 47, "ANY": 255}


def tell(**what):
    # One write: two threads tell.
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def is_v4(interface):
    return interface[0].isdigit()


def open_zeroconf(interfaces):
    """A Zeroconf on the given interfaces: an IPv4 address, or an interface name for IPv6."""
    v4 = any(is_v4(i) for i in interfaces)
    v6 = any(not is_v4(i) for i in interfaces)
    version = zc.IPVersion.All if v4 and v6 else zc.IPVersion.V6Only if v6 else zc.IPVersion.V4Only
    return zc.Zeroconf(interfaces=[i if is_v4(i) else socket.if_nametoindex(i) for i in interfaces],
                       ip_version=version)


def publish(args):
    done = []
    signal.signal(signal.SIGTERM, lambda *_: done.append(1))
    conf = open_zeroconf(args.interface)
    stype = f"{args.type}.local."
    properties = dict(t.split("=", 1) for t in args.txt)
    ttl = {"host_ttl": args.ttl, "other_ttl": args.ttl} if args.ttl else {}
    info = zc.ServiceInfo(stype, f"{args.name}.{stype}", port=args.port, properties=properties,
                          server=args.host, **ttl,
                          addresses=[ipaddress.ip_address(a).packed for a in args.address])
    conf.register_service(info)
    tell(event="published", name=info.name)
    while not done:
        signal.pause()
    conf.unregister_service(info)
    conf.close()


class Listener(zc.ServiceListener):
    """Tells every change, with the service resolved where it is there.

    Resolved by a thread of its own: the browser's thread, which tells of a removal too, would wait
    for what a goodbye has just taken away (a change and a goodbye within a millisecond: three
    seconds until the removal is told).
    """

    def __init__(self):
        self.changes = queue.SimpleQueue()
        threading.Thread(target=self._resolve, daemon=True).start()

    def _resolve(self):
        while True:
            event, conf, stype, name = self.changes.get()
            info = conf.get_service_info(stype, name, 3000)
            if info is None:
                tell(event=event, name=name, resolved=False)
                continue
            tell(event=event, name=name, resolved=True, host=info.server, port=info.port,
                 addresses=sorted(info.parsed_addresses()),
                 txt={k.decode(): (v or b"").decode() for k, v in info.properties.items()})

    def add_service(self, zc, type_, name):
        self.changes.put(("add", zc, type_, name))

    def update_service(self, zc, type_, name):
        self.changes.put(("update", zc, type_, name))

    def remove_service(self, zc, type_, name):
        tell(event="remove", name=name)


def browse(args):
    conf = open_zeroconf(args.interface)
    zc.ServiceBrowser(conf, f"{args.type}.local.", Listener())
    tell(event="browsing")
    while True:
        signal.pause()


def keep(args):
    """Resolves a service, then says what the cache alone still has of it a while later."""
    conf = open_zeroconf(args.interface)
    stype = f"{args.type}.local."
    name = f"{args.name}.{stype}"
    deadline = time.monotonic() + args.timeout
    while True:
        info = conf.get_service_info(stype, name, 1000)
        if info is not None and len(info.addresses) >= args.enough:
            break
        if time.monotonic() > deadline:
            return 1
    tell(event="resolved", addresses=sorted(info.parsed_addresses()))
    time.sleep(args.hold)
    info = zc.ServiceInfo(stype, name)
    info.load_from_cache(conf)
    tell(event="kept", addresses=sorted(info.parsed_addresses()))
    conf.close()
    return 0


# --- plain questions -------------------------------------------------------------------------


def join(sock, interface):
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                        socket.inet_aton(GROUPS[4]) + socket.inet_aton(interface))
    else:
        index = socket.if_nametoindex(interface)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                        socket.inet_pton(socket.AF_INET6, GROUPS[6]) + struct.pack("@I", index))


def open_socket(interface, legacy):
    """A UDP socket on port 5353 in the group, or on a port of its own (legacy)."""
    family = 4 if is_v4(interface) else 6
    sock = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == 4:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        sock.bind(("", 0 if legacy else PORT))
        if not legacy:
            join(sock, interface)
        return sock, (GROUPS[4], PORT)
    index = socket.if_nametoindex(interface)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    sock.bind(("::", 0 if legacy else PORT))
    if not legacy:
        join(sock, interface)
    return sock, (GROUPS[6], PORT, 0, index)


def describe(record):
    """A received record as a dict: rdata in the words of its type."""
    what = {"name": record.name, "type": record.type, "ttl": record.ttl, "flush": record.unique}
    if isinstance(record, zc.DNSPointer):
        what["rdata"] = record.alias
    elif isinstance(record, zc.DNSService):
        what.update(rdata=record.server, port=record.port)
    elif isinstance(record, zc.DNSText):
        what["rdata"] = record.text.decode(errors="replace")
    elif isinstance(record, zc.DNSAddress):
        what["rdata"] = str(ipaddress.ip_address(record.address))
    else:
        what["rdata"] = repr(record)
    return what


def ask(args):
    sock, group = open_socket(args.interface[0], args.legacy)
    qname = args.qname if args.qname.endswith(".") else args.qname + "."
    qtype = TYPES[args.qtype]
    out = zc.DNSOutgoing(const._FLAGS_QR_QUERY, multicast=not args.legacy,
                         id_=0x1234 if args.legacy else 0)
    question = zc.DNSQuestion(qname, qtype, const._CLASS_IN)
    question.unicast = args.qu
    out.add_question(question)
    query = out.packets()[0]

    # Asked again as any querier does: what was multicast a moment ago is not repeated within a
    # second, and we were not there to hear it.
    now = time.monotonic()
    deadline, again, pause = now + args.timeout, now, 1.1
    enough = 0
    while enough < args.enough and now < deadline:
        if now >= again:
            sock.sendto(query, group)
            again, pause = again + pause, 2 * pause
        ready = select.select([sock], [], [], min(again, deadline) - now)[0]
        now = time.monotonic()
        if not ready:
            continue
        data, source = sock.recvfrom(9216)
        message = zc.DNSIncoming(data)
        if not message.is_response():
            continue
        for record in message.answers:
            tell(source=source[0], id=message.id, **describe(record))
            enough += record.name.lower() == qname.lower() and qtype in (record.type, TYPES["ANY"])
    sock.close()


def listen(args):
    """A member of the groups and no more, until the end of the process: a socket on port 5353 that
    nobody reads would take what is unicast to the others."""
    joined = []
    for interface in args.interface:
        joined.append(open_socket(interface, True)[0])
        join(joined[-1], interface)
    tell(event="joined", interfaces=len(joined))
    signal.pause()


def flood(args):
    """One question, sent as often and as fast as asked for; nothing is received."""
    sock, group = open_socket(args.interface[0], False)
    out = zc.DNSOutgoing(const._FLAGS_QR_QUERY)
    out.add_question(zc.DNSQuestion(args.qname + ".", TYPES[args.qtype], const._CLASS_IN))
    query = out.packets()[0]
    for _ in range(args.count):
        sock.sendto(query, group)
    sock.close()


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    sub = commands.add_parser("publish")
    sub.add_argument("name")
    sub.add_argument("type")
    sub.add_argument("port", type=int)
    sub.add_argument("--host", required=True)
    sub.add_argument("--address", action="append", default=[])
    sub.add_argument("--txt", action="append", default=[])
    sub.add_argument("--ttl", type=int)
    sub.set_defaults(run=publish)
    sub = commands.add_parser("browse")
    sub.add_argument("type")
    sub.set_defaults(run=browse)
    sub = commands.add_parser("keep")
    sub.add_argument("name")
    sub.add_argument("type")
    sub.add_argument("--enough", type=int, default=1)
    sub.add_argument("--hold", type=float, default=5)
    sub.add_argument("--timeout", type=float, default=20)
    sub.set_defaults(run=keep)
    sub = commands.add_parser("ask")
    sub.add_argument("qname")
    sub.add_argument("qtype", choices=TYPES)
    sub.add_argument("--qu", action="store_true")
    sub.add_argument("--legacy", action="store_true")
    sub.add_argument("--timeout", type=float, default=3)
    sub.add_argument("--enough", type=int, default=1)
    sub.set_defaults(run=ask)
    sub = commands.add_parser("listen")
    sub.set_defaults(run=listen)
    sub = commands.add_parser("flood")
    sub.add_argument("qname")
    sub.add_argument("qtype", choices=TYPES)
    sub.add_argument("--count", type=int, required=True)
    sub.set_defaults(run=flood)
    for sub in commands.choices.values():
        sub.add_argument("--interface", action="append", required=True)
    args = parser.parse_args()
    return args.run(args)


if __name__ == "__main__":
    sys.exit(main())
