# SPDX-License-Identifier: BSD-3-Clause
"""The whole program on vdev ports, in ordinary memory: start, show, reload, leave."""
import json
import fcntl
import os
import signal
import stat
import subprocess

import pytest

from conftest import CTL, LINKSPAN, run

NO_HUGE = ("--", "--no-huge")


def runtime_dirs(gateway):
    base = "/var/run/dpdk" if os.geteuid() == 0 else \
        os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/tmp"), "dpdk")
    return [d for d in (os.listdir(base) if os.path.isdir(base) else []) if gateway.id in d]


def test_start_show_and_leave(gateway):
    g = gateway().start(*NO_HUGE)
    g.wait_log('msg="ready" ')
    assert stat.S_IMODE(os.stat(g.socket).st_mode) == 0o660
    status = g.show("status")
    assert (status["gateway"], status["links"], status["ports"]) == (g.id, 2, 1)
    assert [l["name"] for l in g.show("links")["links"]] == ["a", "b"]
    assert g.show("ports")["ports"][0]["driver"] == "net_null"
    assert [r["policy"] for r in g.show("policy")["rules"]] == ["learn", "offer"]
    counters = g.show("counters")
    assert [l["link"] for l in counters["links"]] == [None, "a", "b"]
    for what, member in (("records", "records"), ("services", "services"),
                         ("stations", "stations")):
        assert g.show(what) == {member: []}
    assert g.stop() == 0
    assert 'msg="left"' in g.log()
    assert not os.path.exists(g.socket)
    assert runtime_dirs(g) == []
    assert g.ctl("show", "status").returncode == 3


@pytest.mark.parametrize("what, header", [
    ("ports", "PORT"), ("links", "LINK"), ("services", "INSTANCE"), ("records", "NAME"),
    ("stations", "LINK"), ("policy", "POLICY"), ("counters", "OF"),
])
def test_tables_for_people(gateway, what, header):
    g = gateway().start(*NO_HUGE)
    done = g.ctl("show", what)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].split()[0] == header
    assert all(line == line.rstrip() for line in lines)
    if what in ("ports", "links"):
        assert max(len(line) for line in lines) <= 80
    assert g.stop() == 0


def test_reload_by_command_and_by_signal(gateway):
    g = gateway().start(*NO_HUGE)
    g.config.write_text(g.text.replace("name: b,", "name: c,"))
    done = g.ctl("reload", "--dry-run")
    assert done.returncode == 0
    assert "links added: c" in done.stdout and "nothing was changed" in done.stdout
    assert [l["name"] for l in g.show("links")["links"]] == ["a", "b"]
    done = g.ctl("reload")
    assert (done.returncode, done.stderr) == (0, "")
    assert "links removed: b" in done.stdout and "in force, generation 2" in done.stdout
    assert [l["name"] for l in g.show("links")["links"]] == ["a", "c"]

    g.config.write_text(g.text)
    g.process.send_signal(signal.SIGHUP)
    g.wait_log('msg="reload in force" generation=3 ')
    assert [l["name"] for l in g.show("links")["links"]] == ["a", "b"]
    assert g.stop(signal.SIGINT) == 0


def test_a_bad_reload_keeps_what_runs(gateway):
    g = gateway().start(*NO_HUGE)
    g.config.write_text(g.text.replace("vlan: 20", "vlan: 9999").replace("airprint", "airpaint"))
    done = g.ctl("reload")
    assert done.returncode == 1
    assert done.stderr.startswith("refused: ")
    assert f"{g.config}:7:" in done.stderr and f"{g.config}:10:" in done.stderr
    assert g.show("status")["generation"] == 1
    assert "has 2 errors" in g.show("status")["reload_error"]
    g.config.write_text(g.text.replace("records: 1000", "records: 2000"))
    done = g.ctl("reload")
    assert done.returncode == 1
    assert done.stderr.count("gateway.limits.records") == 1
    assert g.stop() == 0


def test_stations_in_a_file_of_their_own(gateway):
    """As many as there may be, and what becomes of them in a reload."""
    g = gateway()
    who = g.folder / "who.yaml"
    mac = "02:00:00:{:02x}:{:02x}:{:02x}".format

    def write(n, of):
        who.write_text("".join(
            f'- {{mac: "{mac(i >> 16, i >> 8 & 255, i & 255)}", user: {of}{i}, role: student, ap: ap-{i % 500}}}\n'
            for i in range(n)))

    def user(i):
        done = g.ctl("--json", "station", "show", mac(i >> 16, i >> 8 & 255, i & 255))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["is"]["user"]

    write(100000, "ann")
    g.config.write_text(g.text + f"stations_file: {who}\n")
    g.start()
    assert (user(0), user(99999)) == ("ann0", "ann99999")
    write(2, "bob")
    assert g.ctl("reload").returncode == 0
    assert (user(0), user(99999)) == ("bob0", None)
    who.write_text("- {mac: nonsense}\n")
    done = g.ctl("reload")
    assert done.returncode == 1 and f"{who}:1:9: stations[0].mac: found \"nonsense\"" in done.stderr + done.stdout
    assert user(1) == "bob1"
    assert g.stop() == 0


def test_two_terminating_signals_at_once_are_one(gateway):
    g = gateway().start(*NO_HUGE)
    g.process.send_signal(signal.SIGSTOP)  # so that it finds both
    os.waitid(os.P_PID, g.process.pid, os.WSTOPPED)
    g.process.send_signal(signal.SIGINT)
    g.process.send_signal(signal.SIGTERM)
    g.process.send_signal(signal.SIGCONT)
    assert g.process.wait(60) == 0
    assert 'msg="left"' in g.log()
    assert not os.path.exists(g.socket)


def test_nobody_reads_its_log(gateway):
    g = gateway()
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    fcntl.fcntl(writer, fcntl.F_SETFL, 0)
    g.log_path.write_text("")
    g.process = subprocess.Popen([LINKSPAN, "-c", str(g.config), *NO_HUGE], stderr=writer)
    os.close(writer)
    g.until(g.is_ready)
    assert g.stop() == 0
    os.close(reader)


def test_a_file_in_the_place_of_the_socket_is_kept(gateway):
    g = gateway()
    g.socket.write_text("dear")
    done = run(LINKSPAN, "-c", g.config, *NO_HUGE)
    assert done.returncode == 1
    assert f"{g.socket} exists and is no socket" in done.stderr
    assert g.socket.read_text() == "dear"


def test_flush_and_log(gateway):
    g = gateway().start(*NO_HUGE)
    assert g.ctl("flush").stdout == "0 records flushed\n"
    assert g.ctl("flush", "link=a").returncode == 0
    assert g.ctl("flush", "link=z").returncode == 1
    assert g.ctl("log", "err").returncode == 0
    before = g.log()
    assert g.ctl("reload").returncode == 0
    assert "reload in force" not in g.log()[len(before):]
    assert g.ctl("log", "loud").returncode == 1
    assert g.stop() == 0


@pytest.mark.parametrize("workers", [2, 4])
def test_more_workers_than_cpus_and_queues(gateway, workers):
    g = gateway(device="net_ring0", gateway=f", workers: {workers}").start(*NO_HUGE)
    status = g.show("status")
    assert [w["worker"] for w in status["workers"]] == list(range(workers))
    assert len(g.show("ports")["ports"][0]["queues"]) == workers
    # Its own frames come back through the ring: counted, and not taken for a station's.
    g.until(lambda: any(l["outcomes"]["own"] for l in g.show("counters")["links"]))
    assert g.show("stations") == {"stations": []}
    assert g.stop() == 0


def test_workers_without_a_queue_are_told_of_once(gateway):
    pcap = "net_pcap0,tx_pcap=/dev/null"
    g = gateway(device=pcap, gateway=", workers: 3").start(*NO_HUGE)
    assert g.log().count('msg="more workers than queues" workers=3 queues=1') == 1
    assert g.stop() == 0


def test_everything_on_one_cpu(gateway):
    cpu = sorted(os.sched_getaffinity(0))[0]
    g = gateway()
    g.start("--", "--no-huge", f"--lcores=(0,1)@{cpu}")
    assert g.show("status")["ready"]
    assert g.ctl("reload").returncode == 0
    assert g.stop() == 0


@pytest.mark.parametrize("idle", ["auto", "poll", "yield", "sleep"])
def test_idle_policies(gateway, idle):
    g = gateway(gateway=f", idle: {idle}").start(*NO_HUGE)
    assert g.ctl("reload").returncode == 0
    assert g.stop() == 0


@pytest.mark.parametrize("device, why", [
    ("kernel:nope0", "port p0 (kernel:nope0): there is no interface nope0"),
    ("xdp:nope0", "port p0 (xdp:nope0): there is no interface nope0"),
    ("net_bogus0", "port p0 (net_bogus0): DPDK knows no such device or driver"),
    ("net_pcap0,rx_pcap=/nonexistent", "the DPDK driver refused it"),
])
def test_a_port_that_cannot_be_opened(gateway, device, why):
    g = gateway(device=device).launch(*NO_HUGE)
    assert g.process.wait(60) == 1
    assert why in g.log()
    assert runtime_dirs(g) == []


def test_too_few_lcores_is_an_error_with_both_numbers(gateway):
    cpu = sorted(os.sched_getaffinity(0))[0]
    g = gateway(gateway=", workers: 2").launch("--", "--no-huge", "--lcores", f"(0,1)@{cpu}")
    assert g.process.wait(60) == 1
    assert 'msg="too few lcores" workers=2 lcores=2' in g.log()


def test_a_second_gateway_leaves_the_first_alone(gateway):
    g = gateway().start(*NO_HUGE)
    second = run(LINKSPAN, "-c", g.config, *NO_HUGE)
    assert second.returncode == 1
    assert "DPDK does not start" in second.stderr
    other = gateway()
    other.config.write_text(other.text.replace(str(other.socket), str(g.socket)))
    third = run(LINKSPAN, "-c", other.config, *NO_HUGE)
    assert third.returncode == 1
    assert "Address already in use" in third.stderr
    assert g.show("status")["gateway"] == g.id
    assert g.stop() == 0


def test_after_a_kill_the_next_start_cleans_up(gateway):
    g = gateway().start(*NO_HUGE)
    g.process.kill()
    g.process.wait()
    assert os.path.exists(g.socket)
    g.start(*NO_HUGE)
    assert g.show("status")["ready"]
    assert g.stop() == 0
    assert runtime_dirs(g) == []


def test_many_clients_at_once(gateway):
    g = gateway().start(*NO_HUGE)
    crowd = [subprocess.Popen([CTL, "--json", "-s", str(g.socket), "show", "counters"],
                              stdout=subprocess.PIPE) for _ in range(20)]
    answers = {c.communicate()[0] for c in crowd}
    assert all(c.returncode == 0 for c in crowd)
    assert all(a.endswith(b"}\n") for a in answers)
    assert g.stop() == 0
