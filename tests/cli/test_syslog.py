# SPDX-License-Identifier: BSD-3-Clause
"""Audit lines to the system's log: a socket of the test's own stands where /dev/log is."""
import json
import os
import socket
import subprocess

import pytest

from conftest import LINKSPAN, START_S

# A /dev of the gateway's own, with what it needs and the folder's "log".
OWN_DEV = """
set -e
for node in null zero random urandom; do
    touch "$1/$node"
    mount --bind "/dev/$node" "$1/$node"
done
mount --rbind "$1" /dev
exec "$2" -c "$3"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a mount namespace")
def test_audit_lines_go_to_syslog(gateway, tmp_path):
    dev = tmp_path / "dev"
    dev.mkdir()
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(str(dev / "log"))
    log.settimeout(START_S)
    g = gateway()
    g.config.write_text(g.text + "audit: {syslog: true}\n")
    with open(g.log_path, "w", encoding="utf-8") as stderr:
        g.process = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", OWN_DEV, "sh", str(dev),
                                      LINKSPAN, str(g.config)], stderr=stderr)
    g.until(g.is_ready)
    g.config.write_text(g.text.replace("permit: airprint", "permit: airplay") + "audit: {syslog: true}\n")
    assert g.ctl("reload").returncode == 0
    while True:
        line = log.recv(65536).decode()
        priority, _, text = line.partition(">")
        assert priority == "<29"  # daemon, notice
        said = json.loads(text.partition("linkspan audit ")[2])
        if said["event"] == "config":
            break
    assert "time" in said
    assert g.stop() == 0
    log.close()
