# SPDX-License-Identifier: BSD-3-Clause
"""GET /metrics, as Prometheus reads it and as nobody should."""
import http.client
import json
import re
import socket
import subprocess
import sys

import pytest

from conftest import ROOT, START_S, run

TRAFFIC = f"{ROOT}/pktgen-scripts/traffic.py"


def free_port(host):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


class Scraped:
    """A gateway that tells metrics."""

    def __init__(self, gateway, host="127.0.0.1", **kwargs):
        self.host = host
        self.port = free_port(host)
        self.gateway = gateway(**kwargs)
        self.plain = self.gateway.text
        self.listen_at(self.port)

    def listen_at(self, port):
        where = f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"
        self.gateway.config.write_text(self.plain + f'metrics: {{listen: "{where}"}}\n')

    def start(self):
        self.gateway.start()
        return self

    def request(self, method, path, port=None):
        c = http.client.HTTPConnection(self.host, port or self.port, timeout=START_S)
        c.request(method, path)
        answer = c.getresponse()
        body = answer.read().decode()
        c.close()
        return answer, body

    def scrape(self):
        answer, body = self.request("GET", "/metrics")
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return body


@pytest.fixture
def scraped(gateway):
    return lambda **kwargs: Scraped(gateway, **kwargs)


def samples(body):
    """{"name{labels}": value} of all samples."""
    found = {}
    for line in body.splitlines():
        if line.startswith("#"):
            continue
        name, value = line.rsplit(" ", 1)
        assert name not in found, f"twice: {name}"
        found[name] = float(value)
    return found


def names_of(header, macro):
    text = open(f"{ROOT}/{header}", encoding="utf-8").read()
    body = text[text.index(f"#define {macro}(X)"):]
    return re.findall(r"X\((\w+),", body[:body.index("\n\n")])


def test_promtool_finds_nothing_wrong(scraped):
    body = scraped().start().scrape()
    done = run("promtool", "check", "metrics", input=body)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # It can: the same check finds a metric without HELP.
    bad = run("promtool", "check", "metrics", input="x_total 1\n")
    assert bad.returncode != 0


def test_all_that_is_counted_is_told(scraped):
    found = samples(scraped().start().scrape())
    wanted = [f'linkspan_packets_total{{outcome="{n}"}}' for n in names_of("dataplane/outcome.h", "DP_OUTCOMES")]
    wanted += [f"linkspan_{n}_total" for n in names_of("dataplane/outcome.h", "DP_EVENTS")]
    wanted += [f"linkspan_control_{n}_total" for n in names_of("control/control.h", "CTL_COUNTERS")]
    wanted += [f'linkspan_control_table_entries{{table="{n}"}}' for n in names_of("control/control.h", "CTL_TABLES")]
    wanted += [f"linkspan_radius_{n}_total" for n in names_of("management/radius.h", "RADIUS_COUNTERS")]
    assert len(wanted) > 150
    assert [w for w in wanted if w not in found] == []
    for name in ("linkspan_ready", 'linkspan_port_up{port="p0"}', 'linkspan_upcall_ring_entries{worker="0"}',
                 'linkspan_lcore_busy_seconds_total{lcore="control"}', "linkspan_rcu_deferred",
                 'linkspan_mempool_available{pool="p0"}', "linkspan_cache_records_limit",
                 'linkspan_link_admission_rate{link="a",meter="unknown"}',
                 'linkspan_policy_rule_hits_total{policy="offer",number="1",rule="{permit: airprint}"}'):
        assert name in found, name


def test_each_packet_is_counted_once(scraped, tmp_path):
    """What came in at the port, by what became of it, over all and by link."""
    pcap = tmp_path / "in.pcap"
    subprocess.run([sys.executable, TRAFFIC, "mixed", str(pcap), "--packets", "3000", "--seed", "3"], check=True)
    s = scraped(device=f"net_pcap0,rx_pcap={pcap},tx_pcap={tmp_path}/out.pcap").start()
    s.gateway.until(lambda: samples(s.scrape())['linkspan_port_rx_packets_total{port="p0"}'] == 3000)

    def told():
        found = samples(s.scrape())
        return sum(v for k, v in found.items() if k.startswith("linkspan_packets_total{"))
    s.gateway.until(lambda: told() == 3000)


def test_of_links_only_what_is_not_zero(scraped):
    found = samples(scraped().start().scrape())
    assert not [k for k in found if k.startswith("linkspan_link_packets_total") and found[k] == 0]


def test_other_requests_are_refused(scraped):
    s = scraped().start()
    assert s.request("GET", "/")[0].status == 404
    assert s.request("POST", "/metrics")[0].status == 405
    answer, body = s.request("HEAD", "/metrics")
    assert (answer.status, body) == (200, "")


def test_garbage_and_silent_clients_disturb_nobody(scraped):
    s = scraped().start()
    silent = [socket.create_connection((s.host, s.port), START_S) for _ in range(10)]
    for junk in (b"\x00\xff" * 5000, b"GET " + b"x" * 200000, b"GET /metrics HTTP/9.9\r\n\r\n"):
        with socket.create_connection((s.host, s.port), START_S) as c:
            try:
                c.sendall(junk)
                c.recv(100)
            except ConnectionError:
                pass
    half = socket.create_connection((s.host, s.port), START_S)
    half.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")  # and never reads
    assert s.gateway.show("status")["ready"]
    assert "linkspan_ready 1" in s.scrape()
    for c in (*silent, half):
        c.close()
    assert s.gateway.stop() == 0


def test_silent_connections_do_not_keep_others_out(scraped):
    s = scraped().start()
    held = [socket.create_connection((s.host, s.port), START_S) for _ in range(16)]
    assert "linkspan_ready 1" in s.scrape()  # once the silent ones have been closed
    for c in held:
        assert c.recv(1) == b""
        c.close()


def test_a_reload_moves_it(scraped):
    s = scraped(host="::1").start()
    before = s.port
    s.port = free_port(s.host)
    s.listen_at(s.port)
    assert s.gateway.ctl("reload").returncode == 0
    assert "linkspan_config_generation 2" in s.scrape()
    with pytest.raises(ConnectionRefusedError):
        s.request("GET", "/metrics", port=before)
    s.gateway.config.write_text(s.plain)
    assert s.gateway.ctl("reload").returncode == 0
    with pytest.raises(ConnectionRefusedError):
        s.request("GET", "/metrics")


def test_an_address_in_use_refuses_the_reload(scraped):
    s = scraped().start()
    with socket.socket() as other:
        other.bind((s.host, 0))
        other.listen()
        s.listen_at(other.getsockname()[1])
        done = s.gateway.ctl("reload")
    assert done.returncode == 1 and "metrics: cannot listen at 127.0.0.1 port" in done.stderr
    found = samples(s.scrape())
    assert found["linkspan_config_last_reload_successful"] == 0
    assert json.loads(s.gateway.ctl("--json", "show", "status").stdout)["reload_error"]


def test_an_address_in_use_refuses_the_start(scraped):
    s = scraped()
    with socket.socket() as other:
        other.bind((s.host, 0))
        other.listen()
        s.listen_at(other.getsockname()[1])
        s.gateway.launch()
        assert s.gateway.process.wait(START_S) == 1
    assert "metrics: cannot listen" in s.gateway.log()


# --- what deploy/ makes of it -----------------------------------------------------------------

def test_alert_rules_fire_when_they_should_and_only_then():
    done = run("promtool", "check", "rules", f"{ROOT}/deploy/prometheus/linkspan.rules.yml")
    assert done.returncode == 0, done.stderr
    done = run("promtool", "test", "rules", f"{ROOT}/tests/cli/rules_test.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    rules = open(f"{ROOT}/deploy/prometheus/linkspan.rules.yml", encoding="utf-8").read()
    cases = open(f"{ROOT}/tests/cli/rules_test.yml", encoding="utf-8").read()
    for alert in re.findall(r"alert: (\w+)", rules):
        assert f'alertname="{alert}",instance="sick"' in cases, f"{alert} was never seen to fire"


def expressions():
    with open(f"{ROOT}/deploy/grafana/linkspan.json", encoding="utf-8") as f:
        board = json.load(f)
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    rules = open(f"{ROOT}/deploy/prometheus/linkspan.rules.yml", encoding="utf-8").read()
    for name, expr in re.findall(r"alert: (\w+)\n\s+expr: (.*)", rules):
        yield name, expr


def test_dashboard_and_alerts_ask_for_metrics_that_exist(scraped, tmp_path):
    told = set(re.findall(r"^# TYPE (\w+)", scraped().start().scrape(), re.M))
    asked = list(expressions())
    assert len(asked) > 40
    for where, expr in asked:
        for name in re.findall(r"\blinkspan_\w+", expr):
            assert name in told, f"{where}: {name}"
    # Each is PromQL: as a recording rule promtool reads it.
    rules = tmp_path / "all.yml"
    plain = [e.replace("$__rate_interval", "5m").replace("$instance", ".*") for _, e in asked]
    rules.write_text(json.dumps({"groups": [{"name": "all", "rules": [
        {"record": f"r{i}", "expr": e} for i, e in enumerate(plain)]}]}))
    done = run("promtool", "check", "rules", rules)
    assert done.returncode == 0, done.stdout + done.stderr
