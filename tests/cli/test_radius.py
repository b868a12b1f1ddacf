# SPDX-License-Identifier: BSD-3-Clause
"""RADIUS accounting, as FreeRADIUS's own client sends it and as nobody should."""
import hashlib
import hmac
import json
import re
import socket
import struct

import pytest

from conftest import run

SECRET = "s3cret-of-the-campus"
ANN = "02:00:00:00:00:01"
LOOP = "127.0.0.1"

MORE = """
locations: {{campus: {{hall: {{}}, dorm: {{floor-1: {{}}}}}}}}
roles: [student, teacher]
audit: {{file: "{audit}"}}
radius:
  listen: "{listen}"
  secret_file: "{secret}"
  roles: {{students: student, Staff: teacher}}
  locations: {{"00-10-A4-23-19-C0": campus/hall, port-7: campus/dorm/floor-1, nas-1: campus/dorm}}
"""


class Listener:
    """A gateway that listens to accounting, and what is needed to speak to it."""

    def __init__(self, gateway, folder, listen=LOOP, more=""):
        with socket.socket(socket.AF_INET6 if ":" in listen else socket.AF_INET,
                           socket.SOCK_DGRAM) as s:
            s.bind((listen, 0))
            self.port = s.getsockname()[1]
        self.host = listen
        self.secret = folder / "secret"
        self.secret.write_text(SECRET + "\n")
        self.secret.chmod(0o600)
        self.audit = folder / "audit.jsonl"
        self.gateway = gateway()
        where = f"[{listen}]:{self.port}" if ":" in listen else f"{listen}:{self.port}"
        self.gateway.text += MORE.format(listen=where, secret=self.secret, audit=self.audit) + more
        self.gateway.config.write_text(self.gateway.text)

    def start(self):
        self.gateway.start()
        return self

    def radclient(self, *attributes, secret=SECRET, tries=3):
        """One request; the CompletedProcess. It returns when the reply is there: then it is in force."""
        where = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        return run("radclient", "-r", tries, "-t", "2", where, "acct", secret,
                   input="\n".join(attributes) + "\n")

    def account(self, status, *more, session="S1", mac=ANN):
        done = self.radclient(f"Acct-Status-Type = {status}", f'Acct-Session-Id = "{session}"',
                              f'Calling-Station-Id = "{mac}"', *more)
        assert done.returncode == 0, done.stdout + done.stderr

    def said(self, mac=ANN):
        done = self.gateway.ctl("--json", "station", "show", mac)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["is"]

    def counters(self):
        return self.gateway.show("counters")["radius"]

    def send(self, *packets, replies=0):
        """Datagrams as they are, and the replies that came to them, so many at least. One that is replied
        to at once goes behind them: then all have been looked at."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(20)
            s.connect((self.host, self.port))
            for p in packets:
                s.send(p)
            last = packet([(40, struct.pack("!I", 15))], ident=255)
            s.send(last)
            got, looked = [], False
            while not looked or len(got) < replies:
                reply = s.recv(4096)
                if reply[1] == 255:
                    looked = True
                else:
                    got.append(reply)
            return got

    def audited(self, what):
        lines = [json.loads(line) for line in self.audit.read_text().splitlines()]
        return [line for line in lines if line.get("what") == what]


def packet(attributes, ident=1, secret=SECRET, code=4, length=None):
    """An Accounting-Request (RFC 2866 3); attributes: (type, value), or bytes as they are."""
    body = b"".join(a if isinstance(a, bytes) else bytes([a[0], len(a[1]) + 2]) + a[1]
                    for a in attributes)
    head = struct.pack("!BBH", code, ident, len(body) + 20 if length is None else length)
    digest = hashlib.md5(head + bytes(16) + body + secret.encode()).digest()
    return head + digest + body


START = [(40, struct.pack("!I", 1)), (44, b"S1"), (31, ANN.encode())]


@pytest.fixture
def listener(gateway, tmp_path):
    return lambda *args, **kwargs: Listener(gateway, tmp_path, *args, **kwargs)


def test_who_and_where(listener):
    it = listener().start()
    it.account("Start", 'User-Name = "ann"', "Class = 0x73747564656e7473",
               'Called-Station-Id = "00-10-A4-23-19-C0:eduroam"', "Framed-IP-Address = 10.10.0.7",
               'NAS-Identifier = "nas-1"')
    assert it.said() == {"user": "ann", "role": "student", "location": "campus/hall",
                         "ap": "00:10:a4:23:19:c0", "authenticated": True,
                         "addresses": ["10.10.0.7/32"]}
    # What an update does not speak of stays as it was.
    it.account("Interim-Update", "Framed-IPv6-Prefix = 2001:db8:7::/64")
    assert it.said()["user"] == "ann" and it.said()["role"] == "student"
    assert it.said()["addresses"] == ["2001:db8:7::/64"]
    it.account("Stop")
    assert it.said() == {"user": None, "role": None, "location": None, "ap": None,
                         "authenticated": False, "addresses": []}
    c = it.counters()
    assert (c["requests"], c["replies"], c["accounted"]) == (3, 3, 3)
    assert (c["sessions"], c["ended"]) == (0, 1)


@pytest.mark.parametrize("attributes, location", [
    (['NAS-Port-Id = "port-7"', 'NAS-Identifier = "nas-1"'], "campus/dorm/floor-1"),
    (['NAS-Identifier = "nas-1"'], "campus/dorm"),
    (['Called-Station-Id = "0010.a423.19c0"', 'NAS-Port-Id = "port-7"'], "campus/hall"),
    (['NAS-Identifier = "nas-2"'], None),
])
def test_the_most_exact_place_counts(listener, attributes, location):
    it = listener().start()
    it.account("Start", *attributes)
    assert it.said()["location"] == location


@pytest.mark.parametrize("attributes, role", [
    (['Filter-Id = "students"'], "student"),
    (["Class = 0x5374616666", 'Filter-Id = "students"'], "teacher"),
    (['Filter-Id = "Students"'], None),
    ([], None),
])
def test_roles_by_class_and_filter_id(listener, attributes, role):
    it = listener().start()
    it.account("Start", *attributes)
    assert it.said()["role"] == role


@pytest.mark.parametrize("mac", ["02-00-00-00-00-01", "02:00:00:00:00:01", "0200.0000.0001",
                                 "0200-0000-0001", "020000000001", "02-00-00-00-00-01".upper()])
def test_mac_addresses_in_every_writing(listener, mac):
    it = listener().start()
    it.account("Start", mac=mac)
    assert it.said()["authenticated"]


@pytest.mark.parametrize("mac", ["", "02:00:00:00:00", "02:00:00:00:00:01:02", "02-00:00-00:00-01",
                                 "01:00:00:00:00:01", "00:00:00:00:00:00", "ann@example.org",
                                 "0200.0000", "g2:00:00:00:00:01", "2001:db8::1", "x" * 200])
def test_absurd_mac_addresses_are_replied_to_and_counted(listener, mac):
    it = listener().start()
    replies = it.send(packet([(40, struct.pack("!I", 1)), (44, b"S1"), (31, mac.encode())]), replies=1)
    assert len(replies) == 1
    assert it.counters()["no_station"] == 1
    assert not it.said()["authenticated"]
    assert it.audited("accounting refused")[0]["why"] == "no MAC address in Calling-Station-Id"


def test_a_wrong_secret_is_not_replied_to(listener):
    it = listener().start()
    done = it.radclient("Acct-Status-Type = Start", 'Acct-Session-Id = "S1"',
                        f'Calling-Station-Id = "{ANN}"', secret="wrong", tries=1)
    assert done.returncode != 0
    assert it.counters()["bad_secret"] >= 1
    assert it.counters()["accounted"] == 0
    assert not it.said()["authenticated"]
    assert "authenticator" in it.audited("accounting refused")[0]["why"]


def test_a_client_that_is_not_listed_is_not_heard(listener):
    it = listener(more="  clients: [192.0.2.0/24, \"2001:db8::1\"]\n").start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(packet(START), (LOOP, it.port))
        it.gateway.until(lambda: it.counters()["unknown_client"] == 1)
    assert it.counters()["replies"] == 0
    assert not it.said()["authenticated"]


@pytest.mark.parametrize("bad", [
    b"", b"\x04", packet(START)[:19], packet(START)[:30], packet(START, code=1),
    packet(START, length=19), packet(START, length=5000),
    packet([*START, b"\x08\x00"]), packet([*START, b"\x08\x01"]), packet([*START, b"\x08"]),
    packet([*START, b"\x08\x30\x01"]), packet([(44, b"S1"), (31, ANN.encode())]),
])
def test_broken_packets_are_counted_and_nothing_else(listener, bad):
    it = listener().start()
    assert it.send(bad) == []
    assert it.counters()["malformed"] + it.counters()["bad_secret"] == 1
    assert it.counters()["accounted"] == 0
    assert not it.said()["authenticated"]


def test_a_request_received_again_is_replied_to_again(listener):
    it = listener().start()
    once = packet(START, ident=7)
    replies = it.send(once, once, once, replies=1)
    # The second may have come while the first was under way: then it has no reply of its own.
    assert 1 <= len(replies) <= 3 and len(set(replies)) == 1
    # From another port it is another request (RFC 2866 3), that says nothing new.
    assert it.send(once, replies=1)[0] == replies[0]
    c = it.counters()
    assert (c["accounted"], c["duplicates"], c["repeated"]) == (1, 2, 1)


def test_replies_are_authentic(listener):
    it = listener().start()
    request = packet(START, ident=9)
    reply, = it.send(request, replies=1)
    assert reply[:4] == bytes([5, 9, 0, 20])
    assert reply[4:] == hashlib.md5(reply[:4] + request[4:20] + SECRET.encode()).digest()


def signed(attributes, secret=SECRET, ident=3):
    """With a Message-Authenticator (RFC 2869 5.14)."""
    plain = packet([*attributes, (80, bytes(16))], ident=ident)
    mac = hmac.new(secret.encode(), plain[:4] + bytes(16) + plain[20:], "md5").digest()
    return packet([*attributes, (80, mac)], ident=ident)


def test_message_authenticators_are_verified_and_given(listener):
    it = listener().start()
    request = signed(START)
    reply, = it.send(request, replies=1)
    assert len(reply) == 38
    mac = hmac.new(SECRET.encode(), reply[:4] + request[4:20] + reply[20:22] + bytes(16), "md5").digest()
    assert reply[22:] == mac
    assert it.send(signed(START, secret="wrong", ident=4)) == []
    assert it.counters()["bad_secret"] == 1


def test_a_stop_of_an_older_session_does_not_end_the_present_one(listener):
    it = listener().start()
    it.account("Start", 'Called-Station-Id = "00-10-A4-23-19-C1"', session="at-ap-1")
    it.account("Start", 'Called-Station-Id = "00-10-A4-23-19-C0"', session="at-ap-2")
    it.account("Stop", session="at-ap-1")
    assert it.said()["authenticated"] and it.said()["location"] == "campus/hall"
    it.account("Interim-Update", "Acct-Session-Time = 3600", session="at-ap-1")
    assert it.said()["ap"] == "00:10:a4:23:19:c0"
    assert it.counters()["stale"] == 2
    it.account("Stop", session="at-ap-2")
    assert not it.said()["authenticated"]


def test_a_start_that_comes_after_its_stop_begins_nothing(listener):
    it = listener().start()
    it.account("Stop", session="S7")
    it.account("Start", "Acct-Delay-Time = 5", session="S7")
    it.account("Interim-Update", session="S7")
    assert not it.said()["authenticated"]
    assert it.counters()["stale"] == 2
    it.account("Start", session="S8")
    assert it.said()["authenticated"]


def test_an_update_is_a_start_to_a_gateway_that_missed_it(listener):
    it = listener().start()
    it.account("Interim-Update", 'User-Name = "ann"', "Acct-Session-Time = 300")
    assert it.said()["user"] == "ann"


def test_a_nas_that_restarts_ends_its_sessions(listener):
    it = listener().start()
    it.account("Start", "NAS-IP-Address = 10.9.0.1", session="A")
    it.account("Start", "NAS-IP-Address = 10.9.0.2", session="B", mac="02:00:00:00:00:02")
    done = it.radclient("Acct-Status-Type = Accounting-On", "NAS-IP-Address = 10.9.0.1",
                        'Acct-Session-Id = "0"')
    assert done.returncode == 0
    assert not it.said()["authenticated"]
    assert it.said("02:00:00:00:00:02")["authenticated"]


def test_commands_are_believed_before_the_network(listener):
    it = listener().start()
    it.account("Start", 'User-Name = "ann"', 'Filter-Id = "students"')
    assert it.gateway.ctl("station", "set", ANN, "user=bob", "ap=desk").returncode == 0
    assert (it.said()["user"], it.said()["role"], it.said()["ap"]) == ("bob", "student", "desk")
    assert it.gateway.ctl("station", "remove", ANN).returncode == 0
    assert it.said()["user"] is None and not it.said()["authenticated"]


def test_a_reload_tells_anew_what_attributes_mean(listener):
    it = listener().start()
    it.account("Start", 'Filter-Id = "students"', 'NAS-Identifier = "nas-1"')
    assert (it.said()["role"], it.said()["location"]) == ("student", "campus/dorm")
    it.gateway.config.write_text(it.gateway.text.replace("students: student", "students: teacher")
                                 .replace("nas-1: campus/dorm", "nas-1: campus/hall"))
    done = it.gateway.ctl("reload")
    assert done.returncode == 0, done.stderr
    assert (it.said()["role"], it.said()["location"]) == ("teacher", "campus/hall")


def test_the_secret_is_read_again_with_a_reload(listener):
    it = listener().start()
    it.secret.write_text("another\n")
    assert it.gateway.ctl("reload").returncode == 0
    done = it.radclient("Acct-Status-Type = Start", 'Acct-Session-Id = "S1"',
                        f'Calling-Station-Id = "{ANN}"', secret="another")
    assert done.returncode == 0
    it.secret.unlink()
    refused = it.gateway.ctl("reload")
    assert refused.returncode == 1
    assert "cannot read" in refused.stderr + refused.stdout
    done = it.radclient("Acct-Status-Type = Stop", 'Acct-Session-Id = "S1"',
                        f'Calling-Station-Id = "{ANN}"', secret="another")
    assert done.returncode == 0, "the running configuration stays"


def test_ipv6(listener):
    it = listener("::1").start()
    it.account("Start", 'User-Name = "ann"')
    assert it.said()["user"] == "ann"


@pytest.mark.parametrize("spoil, why", [
    (lambda it: it.secret.unlink(), "cannot read"),
    (lambda it: it.secret.write_text("\n"), "expected a secret"),
    (lambda it: it.secret.write_text("x" * 300), "expected a secret"),
])
def test_a_secret_that_cannot_be_had_is_an_error_at_the_start(listener, spoil, why):
    it = listener()
    spoil(it)
    it.gateway.launch()
    assert it.gateway.process.wait(60) != 0
    assert why in it.gateway.log()
    assert SECRET not in it.gateway.log()


def test_an_address_that_is_taken_is_an_error_at_the_start(listener):
    it = listener()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((LOOP, it.port))
        it.gateway.launch()
        assert it.gateway.process.wait(60) != 0
    assert re.search(rf"cannot listen at 127.0.0.1 port {it.port}", it.gateway.log())


def test_a_flood_of_logins_is_taken_in_whole(listener):
    """A class begins: a thousand stations in one go."""
    it = listener().start()
    n = 1000
    requests = []
    for i in range(n):
        mac = f"02:00:00:01:{i >> 8:02x}:{i & 255:02x}"
        requests.append("\n".join(["Acct-Status-Type = Start", f'Acct-Session-Id = "{i}"',
                                   f'Calling-Station-Id = "{mac}"', f'User-Name = "user{i}"']))
    done = run("radclient", "-p", "64", "-t", "5", f"{LOOP}:{it.port}", "acct", SECRET,
               input="\n\n".join(requests) + "\n")
    assert done.returncode == 0, done.stderr[-500:]
    assert it.counters()["sessions"] == n
    assert it.said(f"02:00:00:01:{(n - 1) >> 8:02x}:{(n - 1) & 255:02x}")["user"] == f"user{n - 1}"
