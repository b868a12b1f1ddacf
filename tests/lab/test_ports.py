# SPDX-License-Identifier: BSD-3-Clause
"""Other devices than kernel: interfaces, with real frames on them."""
import json
import re
import socket
import subprocess

import pytest

from process import PYTHON, until
from test_flood import CONFIG, TOOL, trunk  # pylint: disable=unused-import


AF_XDP = 44


def has_xdp():
    try:
        socket.socket(AF_XDP, socket.SOCK_RAW).close()
    except OSError:
        return False
    return True


def well_behaved(outside, questions):
    """What comes of questions that stations ask."""
    good = outside.popen(PYTHON, TOOL, "flood1", "good", questions, 200, stdin=subprocess.PIPE)
    good.wait_line("^asking", 90)
    good.say("go")
    result = json.loads(good.wait_line(r'^\{"asked"', 120)[0].string)
    assert good.wait(30) == 0
    return result


def rendered(gateway):
    counters = gateway.ctl("show", "counters", as_json=True)
    return sum(link["events"]["rendered"] for link in counters["links"])


def carrier(gateway):
    return gateway.ctl("show", "ports", as_json=True)["ports"][0]["link"]


@pytest.mark.skipif(not has_xdp(), reason="this kernel has no AF_XDP")
def test_xdp(lab, trunk):
    """AF_XDP: with what is given up after the start, from the start to what is left on the interface."""
    gateway = lab.gateway
    config = CONFIG.replace("kernel:flood0", "xdp:flood0")
    gateway.write_config(config.replace("name: users,", "name: users, delivery: unicast,"))
    for _ in range(2):  # nothing of the first is in the way of the second
        gateway.start()
        status = gateway.ns.sh(f"cat /proc/{gateway.ctl('show', 'status', as_json=True)['pid']}/status")
        assert re.search(r"^Seccomp:\s+2$", status, re.M)
        assert int(re.search(r"^CapEff:\s+(\w+)$", status, re.M)[1], 16) == 1 << 39 | 1 << 12, "CAP_BPF, CAP_NET_ADMIN"
        assert "xdp" in gateway.ns.sh("ip link show flood0")
        result = well_behaved(trunk, 200)
        assert result["answered"] == result["asked"], result
        # A frame begins further behind in its buffer here: that keeps none off the short way.
        assert rendered(gateway) > 0, "answers were kept and given again"
        assert gateway.ctl("selftest", check=False).returncode == 0
        trunk.sh("ip link set flood1 down")
        until(lambda: carrier(gateway) == "down", 30, "the port is down")
        trunk.sh("ip link set flood1 up")
        until(lambda: carrier(gateway) == "up", 30, "the port is up")
        gateway.ctl("reload")
        result = well_behaved(trunk, 200)
        assert result["answered"] == result["asked"], result
        gateway.stop()
        assert "xdp" not in gateway.ns.sh("ip link show flood0")
