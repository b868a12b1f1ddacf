# SPDX-License-Identifier: BSD-3-Clause
"""A wireless campus: stations join, log in by RADIUS accounting, publish, roam between access points and
VLANs, leave and vanish. Real Avahi, python-zeroconf and radclient."""
import pytest

from process import until

SECRET = "lab"
CONFIG = """
gateway: {id: wireless-lab}
ports:
  - {name: trunk0, device: "kernel:gw0"}
locations: {campus: {hall: {}, lobby: {}, dorm: {}}}
links:
  - {name: hall, port: trunk0, vlan: 10, type: wireless, require: [authenticated, on-link-address, own-address],
     silence: 10s, addresses: [10.10.0.2/24, "fd00:10::2/64"], policy: {in: learn, out: near}}
  - {name: dorm, port: trunk0, vlan: 20, type: wireless, require: authenticated,
     addresses: [10.20.0.2/24, "fd00:20::2/64"], policy: {in: learn, out: near}}
  - {name: desk, port: trunk0, vlan: 30, addresses: [10.30.0.2/24, "fd00:30::2/64"], policy: {out: all}}
policies:
  learn: [{permit: any}]
  near: [{permit: airplay, when: {same: location}}]
  all: [{permit: any}]
radius:
  listen: "127.0.0.1:1813"
  secret_file: /run/linkspan/secret
  roles: {students: student}
  locations: {"02-AA-00-00-00-01": campus/hall, "02-AA-00-00-00-02": campus/lobby, "02-AA-00-00-00-03": campus/dorm}
control: {socket: /run/linkspan/control.sock}
"""
AP = {"hall": "02-AA-00-00-00-01:eduroam", "lobby": "02-AA-00-00-00-02:eduroam",
      "dorm": "02-AA-00-00-00-03:eduroam"}
AIRPLAY = "_airplay._tcp"


class Wlan:
    def __init__(self, lab):
        self.lab = lab
        self.gateway = lab.gateway
        self.sessions = 0
        self.gateway.write_config(CONFIG)
        self.gateway.ns.sh(f"ip link set lo up; umask 077; echo {SECRET} >/run/linkspan/secret")
        self.gateway.start()

    def account(self, station, status, at, session, user="ann"):
        """An accounting request by FreeRADIUS's client; what it says is in force when this returns."""
        self.gateway.ns.run("radclient", "127.0.0.1:1813", "acct", SECRET, stdin="\n".join([
            f"Acct-Status-Type = {status}", f'Acct-Session-Id = "{session}"',
            f'Calling-Station-Id = "{station.mac}"', f'Called-Station-Id = "{AP[at]}"',
            f'User-Name = "{user}"', 'Filter-Id = "students"', 'NAS-Identifier = "controller"']) + "\n")

    def login(self, station, at, user="ann"):
        self.sessions += 1
        self.account(station, "Start", at, f"S{self.sessions}", user)
        return f"S{self.sessions}"

    def services(self):
        shown = self.gateway.ctl("show", "services", as_json=True)["services"]
        return {(s["instance"], s["link"]) for s in shown}

    def station(self, station):
        shown = self.gateway.ctl("show", "stations", as_json=True)["stations"]
        return {s["link"]: s for s in shown if s["mac"] == station.mac}

    def counter(self, name):
        return self.gateway.ctl("show", "counters", as_json=True)["control"][name]


@pytest.fixture(scope="module")
def wlan(lab):
    made = Wlan(lab)
    yield made
    lab.gateway.stop()


def hears(station, name):
    """The instance is there for who asks now, by plain question."""
    return any(name in r["rdata"] for r in station.lookup(f"{AIRPLAY}.local.", "PTR", 4, timeout=2))


def test_joins_logs_in_roams_moves_and_leaves(wlan):
    """The life of one station; each step rests on those before."""
    tv = wlan.lab.station("tv", 10).start_avahi()
    desk = wlan.lab.station("desk", 30).start_avahi()
    phone = wlan.lab.station("phone", 20)  # another VLAN of the same access points
    browser = desk.browse(AIRPLAY)

    # It announces itself before anybody knows who it is.
    published = tv.publish("TV", AIRPLAY, 7000, "model=AppleTV5,3")
    until(lambda: wlan.counter("refused_unauthenticated") >= 2, 20, "its announcements are refused")
    assert wlan.services() == set()
    assert "TV" not in browser.output()

    # Its login is told: it is asked, and found, without announcing itself again.
    session = wlan.login(tv, "hall")
    for family in ("IPv4", "IPv6"):
        browser.wait_line(rf"^=;eth0;{family};TV;{AIRPLAY};local;tv.local;", 20)
    until(lambda: wlan.services() == {("TV", "hall")}, 20, "it is held")
    shown = wlan.station(tv)["hall"]
    assert shown["is"] == {"user": "ann", "role": "student", "location": "campus/hall"}
    assert (shown["ap"], shown["authenticated"], shown["services"]) == ("02:aa:00:00:00:01", True, 1)
    assert shown["refused"] > 0 and tv.v4 in shown["addresses"]

    # From one access point to the other: who is at the one sees it while it is there.
    wlan.login(phone, "hall", "bob")
    until(lambda: hears(phone, "TV"), 20, "the phone in the hall sees the hall's")
    wlan.account(tv, "Interim-Update", "lobby", session)
    assert not hears(phone, "TV"), "it is in the lobby now"
    wlan.account(phone, "Interim-Update", "lobby", "S2", "bob")
    until(lambda: hears(phone, "TV"), 20, "the phone came after it")

    # From one VLAN to another, with another address: nobody hears a goodbye, nobody is renamed.
    before = wlan.counter("stations_moved")
    tv.move(20)
    second = wlan.login(tv, "dorm")
    for family, address in (("IPv4", tv.v4), ("IPv6", tv.v6)):
        until(lambda f=family, a=address: desk.resolve_host("tv.local", int(f[-1])) == a, 20,
              "its new address is known")
    until(lambda: wlan.services() == {("TV", "dorm")}, 20, "its service is on its new link alone")
    assert wlan.counter("stations_moved") == before + 1
    assert set(wlan.station(tv)) == {"dorm"}
    assert not [line for line in browser.output().splitlines() if line.startswith("-;")]
    assert "Host name conflict" not in tv.avahi.output() and "name collision" not in tv.avahi.output()
    assert wlan.counter("names_in_conflict") == 0
    assert wlan.station(tv)["dorm"]["is"]["location"] == "campus/dorm"

    # The old session's end comes late, and is none of the new one's.
    wlan.account(tv, "Stop", "hall", session)
    assert wlan.services() == {("TV", "dorm")}

    # It leaves: accounting says so, and it is gone for all who were told, though it said no goodbye.
    wlan.account(tv, "Stop", "dorm", second)
    for family in ("IPv4", "IPv6"):
        browser.wait_line(rf"^-;eth0;{family};TV;{AIRPLAY};local", 5)
    until(lambda: wlan.services() == set(), 5, "nothing is held of it")
    assert wlan.counter("stations_left") == 1
    published.stop()
    browser.stop()


def test_vanishes(wlan):
    """No goodbye, no accounting Stop: silence, an unanswered question, an unanswered ARP request."""
    tv = wlan.lab.station("tv2", 10)
    desk = wlan.lab.station("desk2", 30).start_avahi()
    browser = desk.browse(AIRPLAY)
    wlan.login(tv, "hall")
    published = tv.zeroconf_publish("TV2", AIRPLAY, 7000)
    browser.wait_line(rf"^=;eth0;IPv4;TV2;{AIRPLAY};local;tv2.local;", 20)
    left = wlan.counter("stations_left")
    # As long as it is there, silent or not, it stays.
    until(lambda: wlan.counter("stations_doubted") >= 1, 60, "it is asked")
    assert wlan.counter("stations_left") == left
    assert ("TV2", "hall") in wlan.services()
    tv.ns.sh("ip link set eth0 down")
    browser.wait_line(rf"^-;eth0;IPv4;TV2;{AIRPLAY};local", 60)
    assert wlan.counter("stations_left") == left + 1
    until(lambda: wlan.services() == set(), 5, "nothing is held of it")
    published.stop()


def test_an_address_of_another_is_not_believed(wlan):
    """`own-address`: whoever claims another's address is not learned from, and written down."""
    owner = wlan.lab.station("owner", 10)
    thief = wlan.lab.station("thief", 10)
    for station in (owner, thief):
        wlan.login(station, "hall", station.name)
    first = owner.zeroconf_publish("Owner", AIRPLAY, 7000, addresses=[owner.v4])
    until(lambda: owner.v4 in str(wlan.gateway.ctl("show", "records", as_json=True)), 20, "the owner's is learned")
    before = wlan.counter("refused_not_own")
    second = thief.zeroconf_publish("Thief", AIRPLAY, 7000, addresses=[owner.v4])
    until(lambda: wlan.counter("refused_not_own") > before, 20, "the thief's is not")
    records = wlan.gateway.ctl("show", "records", as_json=True)["records"]
    assert not [r for r in records if r["provider"] == thief.mac and r["type"] == "A"]
    first.stop()
    second.stop()
