# SPDX-License-Identifier: BSD-3-Clause
"""The demonstration: a printer on one VLAN, found from another through the gateway."""
import os
import sys
import time

from lab import Lab
from process import LabError

TTY = sys.stdout.isatty() and "NO_COLOR" not in os.environ
INSTANCE = "Office printer"
SERVICE = "_ipp._tcp"


def paint(code, text):
    return f"\x1b[{code}m{text}\x1b[0m" if TTY else text


def heading(text):
    print("\n" + paint("1;36", f"── {text} ") + paint("36", "─" * max(0, 76 - len(text))), flush=True)


def say(text):
    print(f"   {text}", flush=True)


def seen(text):
    print("   " + paint("1;32", "✓ ") + text, flush=True)


def show(output):
    for line in output.rstrip().splitlines():
        print(paint("2", f"     {line}"), flush=True)


class Missing(Exception):
    """Something that should have been seen was not, or the other way round."""


def expect(condition, text):
    if not condition:
        raise Missing(text)
    seen(text)


PICTURE = """\
     VLAN 10 dorm       VLAN 20 library     VLAN 30 guests
     printer            laptop              visitor
     10.10.0.11         10.20.0.11          10.30.0.11
     fd00:10::11        fd00:20::11         fd00:30::11
        │                  │                   │
     ───┴──────────────────┴───────────────────┴───  Open vSwitch, access ports
                           │ trunk 10,20,30
                        linkspan"""


def records(laptop, printer, family):
    """Each record of the printer asked for by itself, over one address family."""
    instance = f"{INSTANCE}.{SERVICE}.local."
    for qname, qtype, part in (
            (f"{SERVICE}.local.", "PTR", instance), (instance, "SRV", "printer.local."),
            (instance, "TXT", "rp=ipp/print"), ("printer.local.", "A", printer.v4),
            ("printer.local.", "AAAA", printer.v6)):
        found = [r for r in laptop.lookup(qname, qtype, family, timeout=6) if part in r["rdata"]]
        if not found:
            raise Missing(f"{qtype} of {qname} over IPv{family}")
        rdata = found[0]["rdata"] if qtype != "TXT" else "rp=ipp/print …"
        if qtype == "SRV":
            rdata += f" port {found[0]['port']}"
        seen(f"{qtype:<4} {qname} → {rdata}   "
             + paint("2", f"(TTL {found[0]['ttl']}, from {found[0]['source'].partition('%')[0]})"))


AP = {"north": "02-AA-00-00-00-01:eduroam", "south": "02-AA-00-00-00-02:eduroam"}
STUDENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "students.yaml")


def account(lab, status, phone, user, where):
    """What the WLAN controller says of a station, by FreeRADIUS's own client."""
    say(f"controller$ radclient … acct   # {status} {user} {phone.mac} at the AP of {where}")
    lab.gateway.ns.run("radclient", "127.0.0.1:1813", "acct", "demo", stdin="\n".join((
        f"Acct-Status-Type = {status}", f'Acct-Session-Id = "{user}"', f'User-Name = "{user}"',
        f'Calling-Station-Id = "{phone.mac}"', f'Called-Station-Id = "{AP[where]}"', 'Filter-Id = "students"')) + "\n")


def found(phone, service_type):
    return sorted({r["rdata"].partition(f".{service_type}")[0].replace("\\032", " ")
                   for r in phone.lookup(f"{service_type}.local.", "PTR", 4)})


def students(lab, printer):
    """Two students on one wireless VLAN: each sees only their own receiver, and the printer of their building."""
    heading("Second act: students, logged in by RADIUS (tests/lab/students.yaml)")
    lab.gateway.ns.sh("umask 077; echo demo >/run/linkspan/radius.secret")
    with open(STUDENTS, encoding="utf-8") as file:
        lab.gateway.write_config(file.read())
    lab.gateway.ctl("reload")
    receivers = [lab.station(name, 10).start_avahi() for name in ("anns-tv", "bobs-tv")]
    ann, bob = lab.station("ann", 20), lab.station("bob", 20)
    annex = lab.station("annex", 30).start_avahi()
    for receiver, name in zip(receivers, ("Ann's TV", "Bob's TV")):
        receiver.publish(name, "_airplay._tcp", 7000, "model=AppleTV5,3")
    printer.publish("North printer", SERVICE, 631, "rp=ipp/print")
    annex.publish("South printer", SERVICE, 631, "rp=ipp/print")
    expect(found(ann, "_airplay._tcp") == [], "nobody has logged in: a phone in the wireless VLAN finds no receiver")
    account(lab, "Start", ann, "ann", "north")
    account(lab, "Start", bob, "bob", "south")
    for phone, user, receiver, building in ((ann, "Ann", "Ann's TV", "North printer"),
                                            (bob, "Bob", "Bob's TV", "South printer")):
        expect(found(phone, "_airplay._tcp") == [receiver], f"{user} finds {receiver}, and no other")
        expect(found(phone, SERVICE) == [building], f"{user} finds the {building}, and no other")
    account(lab, "Interim-Update", ann, "ann", "south")
    expect(found(ann, SERVICE) == ["South printer"], "Ann went over to the south: the South printer is hers now")
    expect(found(ann, "_airplay._tcp") == ["Ann's TV"], "... and Ann's TV is still her own")
    say("# linkspanctl show stations")
    show(lab.gateway.ctl("show", "stations").stdout)


def demo(lab):
    started = time.monotonic()
    heading("The campus: a switch with three VLANs, real Avahi on each")
    print(PICTURE)
    printer = lab.station("printer", 10).start_avahi()
    laptop = lab.station("laptop", 20).start_avahi()
    visitor = lab.station("visitor", 30).start_avahi()
    asker = lab.station("phone", 20)

    heading("Before: a printer announces itself, and its VLAN is the end of the world")
    wire = lab.gateway.capture()
    published = printer.publish(INSTANCE, SERVICE, 631, "rp=ipp/print", "pdl=image/urf,application/pdf",
                                subtypes=["_universal._sub._ipp._tcp"])
    say(f'printer$ avahi-publish -s "{INSTANCE}" {SERVICE} 631 rp=ipp/print …')
    say(f"laptop$  avahi-browse -rt {SERVICE}")
    expect(laptop.browse_once(SERVICE) == [], "the laptop in the library finds nothing")

    heading("linkspan starts on the trunk (tests/lab/campus.yaml)")
    lab.gateway.start()
    show(lab.gateway.ctl("show", "links").stdout)
    seen("the gateway runs")

    heading("After: the laptop on VLAN 20 browses and resolves the printer of VLAN 10")
    browser = laptop.browse(SERVICE)
    for family in ("IPv4", "IPv6"):
        line, _ = browser.wait_line(f"^=;eth0;{family};Office.032printer;(.*)$", 20)
        host, address, port = line[1].split(";")[2:5]
        seen(f"{family}: {INSTANCE} is {host}, {address} port {port}")
    for family, address in ((4, printer.v4), (6, printer.v6)):
        expect(laptop.resolve_host("printer.local", family) == address,
               f"avahi-resolve -{family} printer.local: {address}")

    for family in (4, 6):
        heading(f"Record by record, over IPv{family}")
        records(asker, printer, family)

    heading("Policy: guests on VLAN 30 may find nothing")
    say(f"visitor$ avahi-browse -rt {SERVICE}")
    expect(visitor.browse_once(SERVICE) == [], "the visitor finds no printer")
    expect(visitor.resolve_host("printer.local", 4) is None, "nor the printer's host")

    heading("What the gateway knows and did")
    for what in ("services", "records", "counters"):
        say(f"# linkspanctl show {what}")
        show(lab.gateway.ctl("show", what).stdout)

    heading("Goodbye: the printer is switched off properly")
    published.stop()
    browser.wait_line("^-;eth0;IPv4;Office", 5)
    browser.wait_line("^-;eth0;IPv6;Office", 5)
    seen("the laptop's list is empty again")

    students(lab, printer)

    wire.stop()
    lab.gateway.stop()
    frames = len(wire.frames(f"mdns && eth.src == {lab.gateway.mac}"))
    expect(wire.malformed() == [], f"{frames} mDNS frames sent by the gateway, none malformed")
    heading(f"Done in {time.monotonic() - started:.0f} s; everything is cleaned up")


def main():
    with Lab() as lab:
        try:
            demo(lab)
        except (Missing, LabError) as error:
            sys.stdout.flush()
            print(paint("1;31", f"\n   ✗ not seen as expected: {error}"), file=sys.stderr)
            print("\nlinkspan's log:\n" + lab.gateway.log()[-4000:], file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
