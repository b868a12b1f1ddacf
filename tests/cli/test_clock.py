# SPDX-License-Identifier: BSD-3-Clause
"""The wall clock jumps, as when NTP sets it at last: only what is written down with a date sees it."""
import glob
import os
import re
import subprocess
import sys

import pytest

from conftest import LINKSPAN, ROOT

TRAFFIC = f"{ROOT}/pktgen-scripts/traffic.py"
FAKETIME = (glob.glob("/usr/lib/*/faketime/libfaketime.so.1") or [None])[0]


@pytest.mark.parametrize("jump", ["+30d", "-3y"])
def test_a_jump_of_the_wall_clock_changes_no_ttl(gateway, tmp_path, jump):
    pcap, offset = tmp_path / "in.pcap", tmp_path / "offset"
    subprocess.run([sys.executable, TRAFFIC, "hot", str(pcap), "--packets", "10", "--seed", "5", "--providers"], check=True)
    g = gateway(device=f"net_pcap0,rx_pcap={pcap},tx_pcap={tmp_path}/out.pcap")
    # The link that traffic.py puts its providers on.
    g.config.write_text(g.text.replace("vlan: 10, addresses: [10.10.0.2/24]", "vlan: 1000, addresses: [10.200.0.2/16]"))
    offset.write_text("+0")
    with open(g.log_path, "w", encoding="utf-8") as log:
        g.process = subprocess.Popen([LINKSPAN, "-c", str(g.config)], stderr=log, env={
            **os.environ, "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
    g.until(g.is_ready)
    g.until(lambda: len(g.show("services")["services"]) >= 64)
    before = {s["instance"]: s["ttl_left"] for s in g.show("services")["services"]}
    uptime = g.show("status")["uptime_s"]
    offset.write_text(jump)
    assert g.ctl("log", "info").returncode == 0  # a line with the new date
    dates = {line[:4] + line[5:7] for line in g.log().splitlines() if re.match(r"\d{4}-", line)}
    assert len(dates) == 2, "the clock did not jump"
    after = {s["instance"]: s["ttl_left"] for s in g.show("services")["services"]}
    assert set(after) == set(before)
    assert all(before[i] - 60 <= after[i] <= before[i] for i in before)
    assert uptime <= g.show("status")["uptime_s"] <= uptime + 60
    assert g.ctl("selftest").returncode == 0
    assert g.stop() == 0
