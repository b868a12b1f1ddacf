# SPDX-License-Identifier: BSD-3-Clause
"""The campus lab: a switch, stations and the gateway, each in namespaces of its own.

Nothing is named or left on the machine: the namespaces are anonymous, every file is in one
temporary directory, and all of it goes when the lab is closed or its process ends. Two labs can
run side by side. Needs root.
"""
import atexit
import os
import shutil
import signal
import sys
import tempfile

from gateway import Gateway
from process import Namespace, need_root
from station import Station
from switch import Switch


def _leave(number, _frame):
    sys.exit(128 + number)  # unwinds, and atexit closes what is open


class Lab:
    def __init__(self):
        need_root()
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, _leave)
        self.open = []  # namespaces, closed in reverse
        atexit.register(self.close)
        self.dir = tempfile.mkdtemp(prefix="linkspan-lab-")
        self.numbers = {}
        try:
            self.switch = Switch(self)
            self.gateway = Gateway(self)
        except BaseException:
            self.close()
            raise

    def namespace(self, name):
        """Namespaces that are closed, with all that runs in them, when the lab is."""
        made = Namespace(name)
        self.open.append(made)
        return made

    def file(self, name):
        """A path in the lab's own directory; a name used before gets a number."""
        path = os.path.join(self.dir, name)
        stem, ext = os.path.splitext(path)
        number = 1
        while os.path.exists(path):
            number += 1
            path = f"{stem}-{number}{ext}"
        return path

    def station(self, name, vlan, families=(4, 6), **where):
        """A new host on an access port of the VLAN; hosts are numbered from .11 on."""
        number = self.numbers.get(vlan, 10) + 1
        self.numbers[vlan] = number
        return Station(self, name, vlan, number, families, **where)

    def close(self):
        atexit.unregister(self.close)
        while self.open:
            self.open.pop().close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.close()
