# SPDX-License-Identifier: BSD-3-Clause
"""linkspan itself, in a namespace that holds nothing but the far end of the trunk."""
import json
import os
import re
import shutil

from process import LabError, until
from station import HERE, Capture

BUILD = os.environ.get("LINKSPAN_BUILD", os.path.join(HERE, "..", "..", "build"))
CONFIG = os.path.join(HERE, "campus.yaml")
SOCKET = "/run/linkspan/control.sock"  # in campus.yaml; /run is private to the namespace
MAC = "02:00:00:00:00:02"


class Gateway:
    """The interface gw0, on a trunk port of the switch; start() runs the program there.

    A second one has a number, which is the host part of its addresses and the end of its MAC."""

    def __init__(self, lab, number=2):
        self.lab = lab
        self.ns = lab.namespace("gateway" if number == 2 else f"gateway{number}")
        self.process = None
        self.mac = MAC[:-2] + f"{number:02x}"
        self.config = lab.file("campus.yaml")
        shutil.copyfile(CONFIG, self.config)
        if number != 2:
            self.write_config(re.sub(r"(0\.|::)2/", rf"\g<1>{number}/", self.read_config())
                              .replace("id: campus-lab", f"id: campus-lab-{number}"))
        self.ns.sh("""
            sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
            mkdir -p /run/linkspan
        """)
        lab.switch.cable(f"trunk{number - 2}", self.ns, "gw0", self.mac, "trunks=10,20,30")
        self.ns.sh("ethtool -K gw0 tx off tso off gso off gro off >/dev/null; ip link set gw0 up")

    def read_config(self):
        with open(self.config, encoding="utf-8") as file:
            return file.read()

    def write_config(self, text):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, *eal):
        """Runs linkspan; returns when its control socket answers."""
        argv = [os.path.realpath(os.path.join(BUILD, "linkspan")), "-c", self.config]
        if not os.access(argv[0], os.X_OK):
            raise LabError(f"{argv[0]} is not built: ./run build")
        self.process = self.ns.popen(*argv, *(["--", *eal] if eal else []))
        until(self._ready, 30, "linkspan answers on its control socket")
        return self

    def _ready(self):
        if not self.process.running():
            raise LabError(f"linkspan exited {self.process.wait()}:\n{self.process.output()}")
        return self.ctl("show", "status", check=False).returncode == 0

    def ctl(self, *argv, check=True, as_json=False):
        """linkspanctl: the CompletedProcess, or the parsed answer with as_json."""
        done = self.ns.run(os.path.realpath(os.path.join(BUILD, "ctl", "linkspanctl")),
                           "-s", SOCKET, *(["--json"] if as_json else []), *argv, check=check)
        return json.loads(done.stdout) if as_json else done

    def log(self):
        return self.process.output() if self.process else ""

    def capture(self, *expression):
        """Everything on the trunk, both directions, tags and all."""
        return Capture(self.ns, "gw0", self.lab.file("trunk.pcap"), *expression)

    def stop(self):
        """SIGTERM; anything but a clean exit is an error."""
        process, self.process = self.process, None
        if process is None:
            return
        code = process.stop()
        if code != 0:
            raise LabError(f"linkspan exited {code} after SIGTERM:\n{process.output()}")
