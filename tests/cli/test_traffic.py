# SPDX-License-Identifier: BSD-3-Clause
"""The loads of the benchmarks: the same bytes for the same seed, and frames that are what they say."""
import os
import subprocess
import sys

import pytest
from scapy.layers.dns import DNS
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q
from scapy.utils import rdpcap

TRAFFIC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "pktgen-scripts", "traffic.py")


def make(path, load, *argv):
    subprocess.run([sys.executable, TRAFFIC, load, str(path), "--packets", "200", *argv], check=True)
    return path.read_bytes()


@pytest.mark.parametrize("load", ["hot", "direct", "known", "questions", "nothing", "flood", "announce", "churn", "goodbye",
                                  "mixed", "other", "inline", "campus"])
def test_a_seed_is_a_file(tmp_path, load):
    first = make(tmp_path / "a", load, "--seed", "7")
    assert first == make(tmp_path / "b", load, "--seed", "7")
    assert len(rdpcap(str(tmp_path / "a"))) == 200


def test_another_seed_is_another_file(tmp_path):
    assert make(tmp_path / "a", "hot", "--seed", "1") != make(tmp_path / "b", "hot", "--seed", "2")


@pytest.mark.parametrize("family, layer", [("4", IP), ("6", IPv6)])
def test_queries_are_mdns(tmp_path, family, layer):
    make(tmp_path / "a", "hot", "--family", family)
    for frame in rdpcap(str(tmp_path / "a")):
        assert 100 <= frame[Dot1Q].vlan < 116
        assert frame[UDP].sport == frame[UDP].dport == 5353
        said = frame[UDP].chksum
        del frame[UDP].chksum
        assert layer(bytes(frame[layer]))[UDP].chksum == said
        assert DNS(bytes(frame[UDP].payload)).qdcount == 1


def test_providers_come_first(tmp_path):
    make(tmp_path / "a", "hot", "--providers", "--names", "8")
    frames = rdpcap(str(tmp_path / "a"))
    assert len(frames) == 208 and all(f[Dot1Q].vlan == 1000 for f in frames[:8])
