#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Prints a configuration for the loads of traffic.py on one port.

    gateway.py DEVICE [--links L] [--delivery unicast|multicast] > gateway.yaml
"""

import argparse

import traffic


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("device", help="0000:3b:00.0, or net_vhost0,iface=/tmp/linkspan.sock,queues=1")
    p.add_argument("--links", type=int, default=16)
    p.add_argument("--delivery", default="unicast", choices=("unicast", "multicast"))
    a = p.parse_args()
    print(f"""gateway: {{id: pktgen, workers: 1}}
ports:
  - {{name: trunk0, device: "{a.device}"}}
links:
  - {{name: prov, port: trunk0, vlan: {traffic.PROVIDERS}, addresses: [10.15.255.254/12], policy: {{in: all, out: all}}}}""")
    for i in range(a.links):
        v4, v6 = traffic.networks(i)
        print(f"  - {{name: w{i}, port: trunk0, vlan: {traffic.VLAN0 + i}, type: wireless, delivery: {a.delivery},"
              f" addresses: [{traffic.address4(v4, 2)}/20, \"{v6}::2/64\"], policy: {{in: all, out: all}}}}")
    print("""policies:
  all: [{permit: any}]
admission:
  station: {queries: 1000000/s, advertisements: 1000000/s, burst: 1000000}
  link: {queries: 100000000/s, advertisements: 1000000/s, unknown: 1000000/s}
control: {socket: /run/linkspan-pktgen.sock}""")


if __name__ == "__main__":
    main()
