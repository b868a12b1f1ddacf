# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own tools attach to a running gateway: with hugepages all of them, without the telemetry alone."""
import json
import os
import subprocess

import pytest

from conftest import LINKSPAN, run

PAGES = "/proc/sys/vm/nr_hugepages"
WANTED = 384  # of 2 MiB


@pytest.fixture(scope="module")
def hugepages():
    """Enough free ones, and as many as before afterwards; skipped where the machine gives none."""
    with open(PAGES, encoding="ascii") as f:
        before = int(f.read())
    try:
        with open(PAGES, "w", encoding="ascii") as f:
            f.write(str(before + WANTED))
        with open(PAGES, encoding="ascii") as f:
            if int(f.read()) < before + WANTED:
                pytest.skip("this machine has no hugepages to give")
        yield
    except PermissionError:
        pytest.skip("hugepages need root")
    finally:
        try:
            with open(PAGES, "w", encoding="ascii") as f:
                f.write(str(before))
        except PermissionError:
            pass


def with_hugepages(script):
    """Runs it where hugetlbfs is mounted, seen by nobody else."""
    return subprocess.run(["unshare", "--mount", "--propagation", "private", "bash", "-c",
                           "mkdir -p /mnt/huge && mount -t hugetlbfs none /mnt || exit 99\n" + script],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)


def attach(g, tool):
    """Runs the tool beside a gateway; both are gone afterwards."""
    return with_hugepages(f"""
        {LINKSPAN} -c {g.config} 2>{g.log_path} &
        for i in $(seq 600); do grep -q 'msg="ready"' {g.log_path} && break; sleep 0.1; done
        {tool}
        echo "tool: $?"
        kill -TERM %1
        wait %1
        echo "gateway: $?"
        echo "left: $(ls /mnt | wc -l)"
    """)


def test_dumpcap(gateway, hugepages, tmp_path):
    g = gateway(device="net_null0,size=100")  # frames of zeros, as many as are wanted
    done = attach(g, f"timeout 60 dpdk-dumpcap -P --file-prefix=linkspan-{g.id} -i 0 -c 40 -w {tmp_path}/out.pcap")
    assert done.stdout.endswith("tool: 0\ngateway: 0\nleft: 0\n"), done.stdout + g.log()
    assert "cannot attach" not in g.log()
    rows = run("tshark", "-r", tmp_path / "out.pcap", "-T", "fields", "-e", "frame.len").stdout.split()
    assert len(rows) >= 40 and set(rows) == {"100"}


def test_proc_info(gateway, hugepages):
    g = gateway()
    done = attach(g, f"timeout 60 dpdk-proc-info --no-pci --file-prefix=linkspan-{g.id} -- -p 0x1 --stats")
    assert "NIC statistics for port 0" in done.stdout
    assert done.stdout.endswith("tool: 0\ngateway: 0\nleft: 0\n"), done.stdout + g.log()


def test_without_hugepages_a_line_says_what_to_use(gateway):
    g = gateway().start("--", "--no-huge")
    assert g.log().count('msg="dpdk-dumpcap and dpdk-proc-info cannot attach without hugepages" '
                         'instead="linkspanctl capture"') == 1


def telemetry(g, command):
    done = run("dpdk-telemetry.py", "-f", f"linkspan-{g.id}", input=f"{command}\nquit\n")
    assert done.returncode == 0, done.stderr
    return json.loads(next(l for l in done.stdout.splitlines() if l.startswith('{"/')).replace("--> ", ""))[
        command.split(",")[0]]


@pytest.mark.skipif(os.geteuid() != 0, reason="the tool looks in root's directory")
def test_telemetry(gateway):
    g = gateway().start()
    status = telemetry(g, "/linkspan/status")
    assert (status["gateway"], status["ready"], status["links"]) == (g.id, 1, 2)
    counters = telemetry(g, "/linkspan/counters")
    assert "answered" in counters and "control_responses" in counters
    assert len(telemetry(g, "/linkspan/links")) == 2
    assert telemetry(g, "/ethdev/list") == [0]
