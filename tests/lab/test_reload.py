# SPDX-License-Identifier: BSD-3-Clause
"""A running gateway and its configuration file: new policies at once, mistakes refused whole."""
import re
import signal

import pytest

from process import until

CLOSED = "policy: {in: nothing, out: nothing}"
OPEN = "policy: {out: offer}"   # an omitted `in` learns nothing, but lets stations ask


@pytest.fixture(scope="module")
def guest(campus):
    """A station on VLAN 30 that can ask; a printer on VLAN 10 is there to be found."""
    campus.station("dormbox", 10).start_avahi().publish("Dorm printer", "_ipp._tcp", 631)
    library = campus.station("asklib", 20)
    assert library.lookup("Dorm printer._ipp._tcp.local", "SRV", 4, timeout=6)
    return campus.station("askguest", 30)


@pytest.fixture(autouse=True)
def original(campus):
    text = campus.gateway.read_config()
    yield text
    campus.gateway.write_config(text)
    campus.gateway.ctl("reload")


def sees(station):
    return station.lookup("Dorm printer._ipp._tcp.local", "SRV", 4, timeout=1.5)


def test_reload_opens_and_closes_a_vlan(campus, guest, original):
    assert CLOSED in original and not sees(guest)
    campus.gateway.write_config(original.replace(CLOSED, OPEN))
    campus.gateway.ctl("reload")
    assert sees(guest)  # in force when the command returns
    browser = guest.zeroconf_browse("_ipp._tcp")
    browser.wait_line('"add", "name": "Dorm printer')
    campus.gateway.write_config(original)
    campus.gateway.ctl("reload")
    assert not sees(guest)


def test_sighup_reloads(campus, guest, original):
    campus.gateway.write_config(original.replace(CLOSED, OPEN))
    campus.gateway.process.send(signal.SIGHUP)
    until(lambda: sees(guest), 10, "the guest sees the printer after SIGHUP")


def test_a_file_with_mistakes_is_refused_and_all_are_listed(campus, guest, original):
    wrong = original.replace(CLOSED, "policy: {in: nothing, out: nobody}") \
        .replace("vlan: 20", "vlan: 4095").replace("deny: any", "deny: any, colour: blue")
    campus.gateway.write_config(wrong)
    done = campus.gateway.ctl("reload", check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    lines = wrong.splitlines()
    for word in ("nobody", "4095", "colour"):
        number = next(i for i, line in enumerate(lines, 1) if word in line)
        column = lines[number - 1].index(word) + 1
        assert re.search(rf"campus\.yaml:{number}:{column}\b.*{word}", said), (word, said)
    assert not sees(guest)
    asker = campus.station("after", 20)
    assert sees(asker)  # the old configuration works on


def test_a_dry_run_changes_nothing(campus, guest, original):
    campus.gateway.write_config(original.replace(CLOSED, OPEN))
    campus.gateway.ctl("reload", "--dry-run")
    assert not sees(guest)


def test_what_needs_a_restart_is_refused_by_name(campus, guest, original):
    campus.gateway.write_config(original.replace(CLOSED, OPEN).replace("id: campus-lab", "id: other"))
    done = campus.gateway.ctl("reload", check=False)
    assert done.returncode == 1
    assert "gateway" in done.stdout + done.stderr
    assert not sees(guest)
