# SPDX-License-Identifier: BSD-3-Clause
"""Every reply of linkspanctl --json is as docs/schema/linkspanctl.json says, to the last member."""
import json
import subprocess
import sys

import jsonschema
import pytest

from conftest import ROOT

TRAFFIC = f"{ROOT}/pktgen-scripts/traffic.py"
CONFIG = """
gateway: {{id: {id}}}
ports: [{{name: p0, device: "{device}"}}]
links:
  - {{name: "net-{{vlan}}", port: p0, vlan: "100-115", addresses: ["10.{{vlan}}.0.2/16"], policy: {{in: learn, out: offer}}}}
  - {{name: servers, port: p0, vlan: 1000, addresses: ["10.200.0.2/16"], policy: {{in: learn, out: offer}}}}
policies: {{learn: [{{permit: any}}], offer: [{{permit: any, when: {{same: role}}}}, {{permit: any}}]}}
gateways: ["02:00:00:00:99:99"]
control: {{socket: "{socket}"}}
"""

with open(f"{ROOT}/docs/schema/linkspanctl.json", encoding="utf-8") as f:
    SCHEMA = json.load(f)


def check(name, reply):
    jsonschema.validate(reply, {**SCHEMA, "$ref": f"#/$defs/{name}"})
    return reply


@pytest.fixture(scope="module")
def pcap(tmp_path_factory):
    path = tmp_path_factory.mktemp("schema") / "in.pcap"
    subprocess.run([sys.executable, TRAFFIC, "hot", str(path), "--packets", "2000", "--seed", "5", "--providers"],
                   check=True)
    return path


@pytest.fixture
def fed(gateway, pcap, tmp_path):
    """A gateway that has records, stations, and services both whole and not."""
    device = f"net_pcap0,rx_pcap={pcap},tx_pcap={tmp_path}/out.pcap"
    g = gateway(device=device)
    g.text = CONFIG.format(id=g.id, device=device, socket=g.socket)
    g.config.write_text(g.text)
    g.start()
    g.until(lambda: g.show("ports")["ports"][0]["stats"]["ipackets"] >= 2000)
    return g


def ask(g, name, *argv):
    return check(name, json.loads(g.ctl("--json", *argv).stdout))


def test_a_reply_that_differs_is_found():
    with pytest.raises(jsonschema.ValidationError):
        check("flush", {"flushed": 1, "more": 2})
    with pytest.raises(jsonschema.ValidationError):
        check("show-status", {"gateway": "x"})


def test_show(fed):
    for what in ("status", "ports", "links", "services", "records", "stations", "policy", "gateways", "counters", "top"):
        reply = ask(fed, f"show-{what}", "show", what)
        if what in reply:
            assert reply[what] != []
    fed.until(lambda: ask(fed, "show-top", "show", "top")["interval_s"] > 0)


def test_commands(fed):
    service = fed.show("services")["services"][0]
    kind = service["type"].removesuffix(".local")
    assert ask(fed, "explain", "explain", "--consumer", "link=net-100", "--service", kind)["services"]
    ask(fed, "explain", "explain", "--consumer", "02:00:00:00:00:77@net-100", "--service", service["instance"])
    ask(fed, "explain", "explain", "--consumer", "link=net-100", "--service", "_nowhere._tcp")
    assert ask(fed, "sweep", "sweep", "--link", "servers", "--service", kind)["found"]
    ask(fed, "selftest", "selftest")
    ask(fed, "link-set", "link", "set", "net-100", "mode=off")
    ask(fed, "station-set", "station", "set", "02:00:00:00:00:01", "user=ann")
    ask(fed, "station-show", "station", "show", "02:00:00:00:00:01")
    ask(fed, "station-remove", "station", "remove", "02:00:00:00:00:01")
    ask(fed, "gateway", "gateway", "pause")
    ask(fed, "gateway", "gateway", "resume")
    ask(fed, "log", "log", "info")
    fed.config.write_text(fed.text.replace("net-", "room-").replace("[{permit: any}]", "[{deny: airprint}, {permit: any}]"))
    ask(fed, "reload", "reload", "--dry-run")
    ask(fed, "reload", "reload")
    ask(fed, "flush", "flush")


def test_refusals(fed):
    fed.config.write_text(fed.text + "nonsense: 1\n")
    assert ask(fed, "error", "reload")["details"]
    fed.config.write_text(fed.text.replace("gateway: {id: ", "gateway: {idle: poll, id: "))
    assert ask(fed, "error", "reload")["restart_keys"]
    ask(fed, "error", "flush", "link=nowhere")
    ask(fed, "error", "sweep", "--link", "nowhere")
