# SPDX-License-Identifier: BSD-3-Clause
"""avahi-daemon as a peer, by D-Bus; README.md tells how peers are driven.

The daemon is started by the lab, with the station's own name, and on the family wanted alone.
"""
import json
import sys

import dbus
import dbus.mainloop.glib
from gi.repository import GLib

ANY = -1  # interface, protocol
ESTABLISHED, COLLISION = 2, 3  # AVAHI_ENTRY_GROUP_*

dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
BUS = dbus.SystemBus()
LOOP = GLib.MainLoop()
SERVER = dbus.Interface(BUS.get_object("org.freedesktop.Avahi", "/"),
                        "org.freedesktop.Avahi.Server")


def tell(**what):
    print(json.dumps(what), flush=True)


def of(path, what):
    return dbus.Interface(BUS.get_object("org.freedesktop.Avahi", path),
                          f"org.freedesktop.Avahi.{what}")


class Publisher:
    def __init__(self, name, stype, port, _host, _family, _address, _interface, text):
        self.name, self.stype, self.port, self.text = name, stype, int(port), text
        self.group = of(SERVER.EntryGroupNew(), "EntryGroup")
        self.group.connect_to_signal("StateChanged", self.changed)
        self.add()

    def txt(self):
        return dbus.Array([dbus.ByteArray(f"note={self.text}".encode())], signature="ay")

    def add(self):
        self.group.AddService(ANY, ANY, dbus.UInt32(0), self.name, self.stype, "", "",
                              dbus.UInt16(self.port), self.txt())
        self.group.Commit()

    def changed(self, state, _error):
        if state == ESTABLISHED:
            tell(event="published", name=self.name)
        elif state == COLLISION:
            self.group.Reset()
            self.name = str(SERVER.GetAlternativeServiceName(self.name))
            self.add()

    def command(self, line):
        if line.startswith("update "):
            self.text = line[len("update "):]
            self.group.UpdateServiceTxt(ANY, ANY, dbus.UInt32(0), self.name, self.stype, "",
                                        self.txt())
        else:
            self.group.Free()
            LOOP.quit()


class Browser:
    def __init__(self, stype, *_rest):
        self.resolvers = {}
        browser = of(SERVER.ServiceBrowserNew(ANY, ANY, stype, "local", dbus.UInt32(0)),
                     "ServiceBrowser")
        browser.connect_to_signal("ItemNew", self.new)
        browser.connect_to_signal("ItemRemove", self.remove)
        tell(event="browsing")

    def new(self, interface, protocol, name, stype, domain, _flags):
        resolver = of(SERVER.ServiceResolverNew(interface, protocol, name, stype, domain, ANY,
                                                dbus.UInt32(0)), "ServiceResolver")
        resolver.connect_to_signal("Found", self.found)
        self.resolvers[(interface, protocol, name)] = resolver

    def found(self, _interface, _protocol, name, _stype, _domain, host, _aprotocol, address, port,
              txt, _flags):
        texts = [bytes(t).decode().partition("=") for t in txt]
        tell(event="up", name=str(name), host=str(host), port=int(port), addresses=[str(address)],
             txt={key: value for key, _, value in texts})

    def remove(self, interface, protocol, name, _stype, _domain, _flags):
        self.resolvers.pop((interface, protocol, name), None)
        tell(event="down", name=str(name))

    def command(self, _line):
        LOOP.quit()


def main():
    peer = {"publish": Publisher, "browse": Browser}[sys.argv[1]](*sys.argv[2:])

    def heard(*_):
        line = sys.stdin.readline()
        if not line:
            LOOP.quit()
            return False
        peer.command(line.rstrip("\n"))
        return True

    GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, heard)
    LOOP.run()


if __name__ == "__main__":
    main()
