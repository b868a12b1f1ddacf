# SPDX-License-Identifier: BSD-3-Clause
"""The operator's commands among real mDNS software: sweep, capture, selftest."""
import json
import subprocess

import pytest

from process import until


@pytest.fixture(scope="module")
def stations(campus):
    """Avahi and python-zeroconf on two VLANs; media services that no policy lets cross are among what they offer."""
    dorm = campus.station("dormbox", 10).start_avahi()
    library = campus.station("desk", 20).start_avahi()
    zeroconf = campus.station("zc", 20)
    running = [dorm.publish("Music of Ann", "_daap._tcp", 3689, "txtvers=1"),
               dorm.publish("Printer of Ann", "_ipp._tcp", 631, "rp=ipp"),
               library.publish("Speaker", "_raop._tcp", 5000, "am=x"),
               zeroconf.zeroconf_publish("Photos", "_dpap._tcp", 8770, "txtvers=1")]
    yield {"dorm": dorm, "library": library, "zc": zeroconf}
    for process in running:
        process.stop()


def sweep(campus, *argv):
    return campus.gateway.ctl("sweep", *argv, as_json=True)


def rows(reply):
    return {(f["type"], f["instance"], f["link"], f["mac"], f["learnable"]) for f in reply["found"]}


def test_sweep_lists_what_no_policy_lets_cross(campus, stations):
    reply = sweep(campus)
    dorm, library, zc = (stations[n] for n in ("dorm", "library", "zc"))
    wanted = {("_daap._tcp.local", "Music of Ann", "dorm", dorm.mac, False),
              ("_ipp._tcp.local", "Printer of Ann", "dorm", dorm.mac, True),
              ("_raop._tcp.local", "Speaker", "library", library.mac, True),
              ("_dpap._tcp.local", "Photos", "library", zc.mac, False)}
    got = rows(reply)
    assert {w[:4] for w in wanted} <= {g[:4] for g in got}, got
    assert {g for g in got if g[0] in ("_daap._tcp.local", "_ipp._tcp.local", "_dpap._tcp.local")} == {
        w for w in wanted if w[0] != "_raop._tcp.local"}
    assert reply["swept"]["links_done"] == reply["swept"]["links"] == 3
    said_by = next(f["address"] for f in reply["found"] if f["instance"] == "Music of Ann")
    assert said_by in (dorm.v4, dorm.v6) or said_by.startswith("fe80:")
    # Nothing of it was learned that policy keeps out.
    names = {r["name"] for r in campus.gateway.ctl("show", "records", as_json=True)["records"]}
    assert not [n for n in names if "_daap" in n or "_dpap" in n]


def test_sweep_again_finds_the_same(campus, stations):
    """A second one soon after: questions are asked anew, though none is cached."""
    first = rows(sweep(campus, "--service", "_daap._tcp", "--service", "_dpap._tcp"))
    assert {r[1] for r in first} == {"Music of Ann", "Photos"}
    assert rows(sweep(campus, "--service", "_daap._tcp", "--service", "_dpap._tcp")) == first


def test_sweep_of_a_link_or_a_set_alone(campus, stations):
    assert {r[2] for r in rows(sweep(campus, "--link", "library"))} == {"library"}
    got = rows(sweep(campus, "--link", "dorm", "--service", "campus"))  # a named set of the configuration
    assert {r[:2] for r in got} == {("_ipp._tcp.local", "Printer of Ann")}
    table = campus.gateway.ctl("sweep", "--link", "dorm", "--service", "airprint").stdout
    assert "_ipp._tcp.local  Printer of Ann  dorm" in table and "services on 1 links asked" in table


def test_sweep_refuses_what_is_not_there(campus):
    for argv, why in ((("--link", "nowhere"), "there is no link nowhere"),
                      (("--service", "nonsense"), "no service type, preset or named set: nonsense"),
                      (("--service", "_x"), "no service type")):
        done = campus.gateway.ctl("sweep", *argv, check=False)
        assert done.returncode == 1 and why in done.stderr


def test_a_sweep_that_nobody_listens_to_ends(campus, stations):
    from gateway import BUILD, SOCKET  # noqa: PLC0415
    ctl = campus.gateway.ns.popen(f"{BUILD}/ctl/linkspanctl", "-s", SOCKET, "sweep")
    until(lambda: campus.gateway.log().count("sweep begins") >= 5, 30, "a sweep begins")
    ctl.stop(9)
    done = until(lambda: "a sweep is under way" not in campus.gateway.ctl(
        "sweep", "--link", "dorm", "--service", "_ipp._tcp", check=False).stderr, 30, "another may begin")
    assert done


def test_capture_sees_a_real_query_and_its_answer(campus, stations, tmp_path):
    from gateway import BUILD, SOCKET  # noqa: PLC0415
    path = tmp_path / "library.pcapng"
    desk = stations["library"]
    capture = campus.gateway.ns.popen(f"{BUILD}/ctl/linkspanctl", "-s", SOCKET, "capture", "--link", "library",
                                      "--station", desk.mac, "--name", "*_ipp._tcp*", "--write", path)
    until(lambda: "capture begins" in campus.gateway.log(), 30, "the capture begins")
    browser = desk.browse("_ipp._tcp")
    browser.wait_line(r"^=;eth0;IPv4;Printer.032of.032Ann;_ipp._tcp;local;")
    browser.stop()
    capture.stop(2)
    done = subprocess.run(["tshark", "-r", path, "-T", "fields", "-e", "frame.packet_flags_direction", "-e",
                           "dns.flags.response", "-e", "dns.qry.name", "-e", "dns.ptr.domain_name"],
                          stdout=subprocess.PIPE, text=True, check=True)
    seen = [line.split("\t") for line in done.stdout.splitlines()]
    assert any(r[1] in ("0", "False") and "_ipp._tcp.local" in r[2] for r in seen), seen
    assert all("_ipp" in json.dumps(r) for r in seen)


def test_selftest_among_real_stations(campus, stations):
    reply = campus.gateway.ctl("selftest", as_json=True)
    assert reply["found"] and {reply["from"], reply["to"]} <= {"dorm", "library"}
    done = campus.gateway.ctl("selftest", "--from", "dorm", "--to", "guests", check=False)
    assert done.returncode == 1
