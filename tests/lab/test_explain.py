# SPDX-License-Identifier: BSD-3-Clause
"""linkspanctl explain says what the gateway does, and by which rule."""
import pytest

from process import until


@pytest.fixture(scope="module")
def services(campus):
    """A printer and a screen in the dorm, one in the library, one that nobody else can reach."""
    dorm = campus.station("dorm", 10).start_avahi()
    desk = campus.station("desk", 20).start_avahi()
    lonely = campus.station("lonely", 10)
    # Askers of their own: what is sent to one address and port 5353 gets to one socket of a host.
    made = {"dorm": dorm, "askers": {"dorm": campus.station("dormask", 10),
                                     "library": campus.station("deskask", 20),
                                     "guests": campus.station("guestask", 30)}}
    dorm.publish("Office: printer", "_ipp._tcp", 631)
    dorm.publish("Screen", "_airplay._tcp", 7000)
    dorm.publish("Denied", "_http._tcp", 80)
    desk.publish("Library printer", "_ipp._tcp", 631)
    lonely.zeroconf_publish("Lonely", "_ipp._tcp", 631, addresses=["169.254.7.7"])
    names = {"Office: printer", "Screen", "Library printer", "Lonely"}
    until(lambda: names <= {s["instance"] for s in
                            campus.gateway.ctl("show", "services", as_json=True)["services"]},
          20, "the services are known")
    return made


def explain(campus, consumer, *service):
    return campus.gateway.ctl("explain", "--consumer", consumer,
                              *[f"--service={s}" for s in service], as_json=True)


def by_instance(reply):
    return {s["instance"]: s for s in reply["services"]}


def test_every_reason(campus, services):
    seen = by_instance(explain(campus, "link=library"))
    assert {n: s["verdict"] for n, s in seen.items()} == {
        "Office: printer": "permit", "Screen": "permit", "Library printer": "deny",
        "Lonely": "deny"}
    permitted = seen["Office: printer"]
    assert permitted["why"] == "permitted by a rule"
    assert permitted["rule"]["policy"] == "offer"
    with open(permitted["rule"]["file"], encoding="utf-8") as config:
        line = config.read().splitlines()[permitted["rule"]["line"] - 1]
    assert line.strip() == "- {permit: campus}"
    assert "consumer's link" in seen["Library printer"]["why"]
    assert "RFC 8766" in seen["Lonely"]["why"]
    denied = by_instance(explain(campus, "link=guests"))["Screen"]
    assert (denied["verdict"], denied["why"]) == ("deny", "denied by a rule")
    assert denied["rule"]["policy"] == "nothing"
    own = by_instance(explain(campus, services["dorm"].mac))
    assert own["Screen"]["why"] == "it is the consumer's own"
    assert own["Library printer"]["verdict"] == "permit"


def test_it_says_what_is_answered(campus, services):
    """For each consumer's link: what is told is what explain calls permitted."""
    for link, asker in services["askers"].items():
        for stype in ("_ipp._tcp", "_airplay._tcp", "_http._tcp"):
            said = explain(campus, f"link={link}", stype)
            told = {s["instance"] for s in said["services"] if s["verdict"] == "permit"}
            # Owners on the asker's own link answer too, so all of the time is waited for.
            answers = asker.ask(f"{stype}.local", "PTR", 4, "--qu", timeout=1, enough=99)
            ours = {a["rdata"].split("._")[0] for a in answers
                    if a["type"] == 12 and a["source"] == f"10.{asker.vlan}.0.2"}
            assert ours == told, (link, stype)


def test_one_of_them(campus, services):
    assert set(by_instance(explain(campus, "link=library", "screen"))) == {"Screen"}
    assert set(by_instance(explain(campus, "link=library", "Screen._airplay._tcp.local"))) == {
        "Screen"}
    assert set(by_instance(explain(campus, "link=library", "Office: printer"))) == {
        "Office: printer"}
    reply = explain(campus, "link=library", "_http._tcp")
    assert reply["services"] == []
    links = {entry["link"]: entry for entry in reply["links"]}
    assert {n: (e["role"], e["asked"], e["learned"]) for n, e in links.items()} == {
        "dorm": ("provider", "deny", "deny"), "library": ("consumer", "deny", "deny"),
        "guests": ("provider", "deny", "deny")}
    assert links["guests"]["learned_rule"]["rule"] == "{deny: any}"
    airplay = {e["link"]: e for e in explain(campus, "link=library", "_airplay._tcp")["links"]}
    assert (airplay["dorm"]["asked"], airplay["dorm"]["learned"]) == ("permit", "permit")
    table = campus.gateway.ctl("explain", "--consumer", "link=library", "--service",
                               "_airplay._tcp").stdout
    assert "permitted by a rule" in table and "Where the type may be asked for" in table


@pytest.mark.parametrize("consumer,why", [
    ("link=nowhere", "there is no link nowhere"),
    ("me", "expected consumer="),
    ("02:00:00:00:99:99", "has not been heard"),
    ("02:00:00:00:99:99@nowhere", "there is no link nowhere"),
])
def test_a_consumer_that_is_none(campus, consumer, why):
    done = campus.gateway.ctl("explain", "--consumer", consumer, check=False)
    assert done.returncode == 1
    assert why in done.stderr
