# SPDX-License-Identifier: BSD-3-Clause
"""Rules about stations, with real stacks: who is told, who overhears nothing, what is written down."""
import json
import os
import signal

import pytest

from process import until

CONFIG = """
gateway: {{id: people-lab}}
ports:
  - {{name: trunk0, device: "kernel:gw0"}}
locations:
  campus: {{dorm: {{floor-1: {{}}, floor-2: {{}}}}, library: {{}}}}
roles: [student, staff]
links:
  - {{name: screens, port: trunk0, vlan: 10, location: campus/library,
     addresses: [10.10.0.2/24, "fd00:10::2/64"], policy: {{in: learn}}}}
  - {{name: phones, port: trunk0, vlan: 20, location: campus/dorm/floor-1, type: wireless,
     addresses: [10.20.0.2/24, "fd00:20::2/64"], policy: {{out: see}}}}
stations:
  - {{mac: "{anns_screen}", user: ann}}
  - {{mac: "{bobs_screen}", user: bob, location: campus/dorm/floor-1}}
  - {{mac: "{anns_phone}", user: ann, role: student}}
  - {{mac: "{bobs_phone}", user: bob, role: student}}
policies:
  learn:
    - {{permit: [airplay, airprint, _http._tcp]}}
  see:
    - {{permit: airplay, when: {{same: user}}}}
    - {{permit: airprint, nearest: 1}}
    - {{permit: _http._tcp, role: staff}}
audit: {{file: {audit}}}
control: {{socket: /run/linkspan/control.sock}}
"""


class Campus:
    def __init__(self, lab):
        self.lab = lab
        self.gateway = lab.gateway
        self.anns_screen = lab.station("annscreen", 10)
        self.bobs_screen = lab.station("bobscreen", 10)
        self.anns_phone = lab.station("annphone", 20)
        self.bobs_phone = lab.station("bobphone", 20)
        self.audit = lab.file("audit.jsonl")
        self.write()

    def write(self, old="", new=""):
        text = CONFIG.format(anns_screen=self.anns_screen.mac, bobs_screen=self.bobs_screen.mac,
                             anns_phone=self.anns_phone.mac, bobs_phone=self.bobs_phone.mac,
                             audit=self.audit)
        assert old in text
        self.gateway.write_config(text.replace(old, new) if old else text)

    def lines(self):
        if not os.path.exists(self.audit):
            return []
        with open(self.audit, encoding="utf-8") as file:
            return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def people(lab):
    made = Campus(lab)
    lab.gateway.start()
    for station in (made.anns_screen, made.bobs_screen, made.anns_phone, made.bobs_phone):
        station.start_avahi()
    made.anns_screen.publish("Ann TV", "_airplay._tcp", 7000, "model=AppleTV5,3")
    made.bobs_screen.publish("Bob TV", "_airplay._tcp", 7000, "model=AppleTV5,3")
    yield made
    lab.gateway.stop()


def seen(station, service_type):
    return {s["name"] for s in station.browse_once(service_type)}


def test_everybody_finds_their_own_and_overhears_nothing(people):
    there = {"ann": people.anns_phone.capture("udp", "port", "5353"),
             "bob": people.bobs_phone.capture("udp", "port", "5353")}
    until(lambda: seen(people.anns_phone, "_airplay._tcp") == {"Ann TV"}, 20, "Ann finds hers")
    until(lambda: seen(people.bobs_phone, "_airplay._tcp") == {"Bob TV"}, 20, "Bob finds his")
    resolved = people.anns_phone.browse_once("_airplay._tcp")
    assert {s["family"] for s in resolved} == {4, 6}
    assert {s["host"] for s in resolved} == {"annscreen.local"}
    for capture in there.values():
        capture.stop()
    for name, other, host in (("ann", "Bob TV", "bobscreen"), ("bob", "Ann TV", "annscreen")):
        capture = there[name]
        assert capture.malformed() == []
        # No frame of ours that reached the one holds the other's, be it addressed to whom it may.
        # (What a phone asks and already knows is its own to say, and heard by its neighbours.)
        ours = f"eth.src == {people.gateway.mac} && "
        assert capture.frames(f'{ours}frame contains "{other}"', "frame.number") == [], other
        assert capture.frames(f'{ours}frame contains "{host}"', "frame.number") == [], host
        own = capture.frames(f'frame contains "{name.capitalize()} TV" && dns.flags.response == 1',
                             "eth.dst", "ip.dst", "ipv6.dst")
        # To the MAC of the one, but to the group's address: every listener on it hears.
        phone = {"ann": people.anns_phone, "bob": people.bobs_phone}[name]
        assert {frame[0] for frame in own} == {phone.mac}
        assert {frame[1] or frame[2] for frame in own} <= {"224.0.0.251", "ff02::fb", phone.v4,
                                                          phone.v6}


def test_an_open_browser_hears_of_its_own(people):
    anns, bobs = people.anns_phone.browse("_airplay._tcp"), people.bobs_phone.browse("_airplay._tcp")
    anns.wait_line("Ann\\\\032TV")
    bobs.wait_line("Bob\\\\032TV")
    second = people.anns_screen.publish("Ann second", "_airplay._tcp", 7001)
    for family in ("IPv4", "IPv6"):
        anns.wait_line(rf"^=;eth0;{family};Ann\\032second;_airplay._tcp;local;annscreen.local;")
    second.stop()
    for family in ("IPv4", "IPv6"):
        anns.wait_line(rf"^-;eth0;{family};Ann\\032second;_airplay._tcp;local", 20)
    assert "second" not in bobs.output()
    anns.stop()
    bobs.stop()


def test_the_nearest_printer(people):
    people.anns_screen.publish("Library printer", "_ipp._tcp", 631)
    people.bobs_screen.publish("Floor printer", "_ipp._tcp", 631)
    until(lambda: {"Library printer", "Floor printer"} <=
          {s["instance"] for s in people.gateway.ctl("show", "services", as_json=True)["services"]},
          20, "both printers are known")
    until(lambda: seen(people.anns_phone, "_ipp._tcp") == {"Floor printer"}, 20, "the nearer one")
    people.gateway.ctl("station", "set", people.anns_phone.mac, "location=campus/library")
    until(lambda: seen(people.anns_phone, "_ipp._tcp") >= {"Library printer"}, 20,
          "the nearer one, elsewhere")
    people.gateway.ctl("station", "remove", people.anns_phone.mac)


def test_a_role_given_by_command(people):
    people.bobs_screen.publish("Web", "_http._tcp", 80)
    until(lambda: "Web" in {s["instance"] for s in
                            people.gateway.ctl("show", "services", as_json=True)["services"]},
          20, "the page is known")
    phone = people.anns_phone
    assert seen(phone, "_http._tcp") == set()
    explained = people.gateway.ctl("explain", "--consumer", phone.mac, "--service", "Web").stdout
    assert "deny" in explained and "consumer matches: no" in explained
    said = people.gateway.ctl("station", "set", phone.mac, "role=staff").stdout
    assert said == f"{phone.mac} user=ann role=staff location= ap= authenticated=no addresses=\n"
    until(lambda: seen(phone, "_http._tcp") == {"Web"}, 20, "staff finds it")
    assert people.gateway.ctl("explain", "--consumer", phone.mac, "--service", "Web",
                              as_json=True)["services"][0]["verdict"] == "permit"
    shown = {s["mac"]: s for s in people.gateway.ctl("show", "stations", as_json=True)["stations"]}
    assert shown[phone.mac]["is"] == {"user": "ann", "role": "staff",
                                      "location": "campus/dorm/floor-1"}
    assert shown[phone.mac]["asks"]
    refused = people.gateway.ctl("station", "set", phone.mac, "role=boss", check=False)
    assert refused.returncode == 1 and "roles: does not list boss" in refused.stderr


def test_what_is_written_down(people):
    people.bobs_phone.ask("_http._tcp.local", "PTR", 4, timeout=1)
    until(lambda: any(e["event"] == "denied" and e["kind"] == "query"
                      and e.get("type") == "_http._tcp" and e["mac"] == people.bobs_phone.mac
                      for e in people.lines()), 5, "the denied question")
    denied = next(e for e in people.lines() if e["event"] == "denied" and e["kind"] == "query"
                  and e["mac"] == people.bobs_phone.mac)
    assert (denied["link"], denied["direction"], denied["user"], denied["role"]) == (
        "phones", "in", "bob", "student")
    assert denied["count"] == 1
    # Ann's receiver was denied to Bob, by no rule at all.
    answer = next(e for e in people.lines() if e["kind"] == "answer"
                  and e["mac"] == people.bobs_phone.mac and e.get("instance") == "Ann TV")
    assert (answer["direction"], answer["provider_link"], answer["provider"], answer["rule"]) == (
        "out", "screens", people.anns_screen.mac, None)
    station = next(e for e in people.lines() if e["event"] == "config" and e["what"] == "station")
    assert station["mac"] == people.anns_phone.mac
    # As logrotate does it: moved away, then SIGHUP.
    os.rename(people.audit, people.audit + ".old")
    people.gateway.process.send(signal.SIGHUP)
    until(lambda: any(e["event"] == "config" and e["what"] == "reload" for e in people.lines()), 10,
          "the reload is in a new file")


def test_a_flood_costs_its_sender(people):
    """Over its meter a station's packets are dropped, counted and written down; its neighbour is served."""
    flood = people.bobs_phone.tool("flood", "_airplay._tcp.local", "PTR", "--interface", people.bobs_phone.v4,
                                   "--count", "1000000")
    outcomes = lambda: next(link["outcomes"] for link in people.gateway.ctl("show", "counters", as_json=True)["links"]
                            if link["link"] == "phones")
    until(lambda: outcomes()["over_station"] > 1000, 30, "most of the flood is over the station's rate")
    until(lambda: any(e["event"] == "refused" and e["limit"] == "admission.station"
                      and e["mac"] == people.bobs_phone.mac and e["user"] == "bob"
                      for e in people.lines()), 5, "it is written down")
    assert people.anns_phone.lookup("_airplay._tcp.local", "PTR", 4) != []
    assert flood.running()
    flood.stop()


def test_a_reload_names_the_services(people):
    people.write("permit: airprint, nearest: 1", "deny: airprint")
    said = people.gateway.ctl("reload", "--dry-run").stdout
    assert "services newly hidden: 2" in said and "Floor\\032printer" in said.replace(" ", "\\032")
    people.gateway.ctl("reload")
    # Avahi has it still: asked anew, nobody is told.
    assert people.anns_phone.lookup("_ipp._tcp.local", "PTR", 4, timeout=1) == []
    denied = lambda: [e for e in people.lines() if e["event"] == "denied"
                      and e.get("type") == "_ipp._tcp" and e["mac"] == people.anns_phone.mac]
    until(lambda: denied(), 5, "the denied question")
    assert denied()[0]["rule"]["rule"] == "{deny: airprint}"
    with open(denied()[0]["rule"]["file"], encoding="utf-8") as config:
        line = config.read().splitlines()[denied()[0]["rule"]["line"] - 1]
    assert line.strip() == "- {deny: airprint}"
