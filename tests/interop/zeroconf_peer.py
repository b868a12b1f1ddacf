# SPDX-License-Identifier: BSD-3-Clause
"""python-zeroconf as a peer; README.md tells how peers are driven."""
import ipaddress
import json
import socket
import sys

import zeroconf as zc


def tell(**what):
    print(json.dumps(what), flush=True)


def open_zeroconf(family, address, interface):
    if family == "4":
        return zc.Zeroconf(interfaces=[address], ip_version=zc.IPVersion.V4Only)
    return zc.Zeroconf(interfaces=[socket.if_nametoindex(interface)],
                       ip_version=zc.IPVersion.V6Only)


def publish(name, stype, port, host, family, address, interface, text):
    def info(note):
        return zc.ServiceInfo(f"{stype}.local.", f"{name}.{stype}.local.", port=int(port),
                              properties={"note": note}, server=f"{host}.local.",
                              addresses=[ipaddress.ip_address(address).packed])

    conf = open_zeroconf(family, address, interface)
    service = info(text)
    try:
        conf.register_service(service)
    except zc.NonUniqueNameException as error:
        tell(event="refused", why=repr(error))
        sys.stdin.readline()
        return
    tell(event="published", name=service.name[:-len(f".{stype}.local.")])
    for line in sys.stdin:
        if line.startswith("update "):
            service = info(line[len("update "):].rstrip("\n"))
            conf.update_service(service)
        else:
            break
    conf.unregister_service(service)
    conf.close()


class Listener(zc.ServiceListener):
    def _tell(self, conf, stype, name):
        info = conf.get_service_info(stype, name, 5000)
        if info is not None:
            tell(event="up", name=name[:-len(stype) - 1], host=info.server, port=info.port,
                 addresses=sorted(info.parsed_addresses()),
                 txt={k.decode(): (v or b"").decode() for k, v in info.properties.items()})

    def add_service(self, zc, type_, name):
        self._tell(zc, type_, name)

    def update_service(self, zc, type_, name):
        self._tell(zc, type_, name)

    def remove_service(self, zc, type_, name):
        tell(event="down", name=name[:-len(type_) - 1])


def browse(stype, _host, family, address, interface):
    conf = open_zeroconf(family, address, interface)
    zc.ServiceBrowser(conf, f"{stype}.local.", Listener())
    tell(event="browsing")
    sys.stdin.readline()
    conf.close()


if __name__ == "__main__":
    {"publish": publish, "browse": browse}[sys.argv[1]](*sys.argv[2:])
