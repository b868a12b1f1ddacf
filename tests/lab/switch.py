# SPDX-License-Identifier: BSD-3-Clause
"""The campus switch: Open vSwitch in userspace, VLANs, multicast snooping."""
from process import LabError, until

BRIDGE = "campus"


class Switch:
    """Its daemons run in a namespace of their own, sockets and database under its private /run."""

    def __init__(self, lab):
        self.ns = lab.namespace("switch")
        ns = self.ns
        ns.sh("""
            sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
            mkdir -p /run/openvswitch
            ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
        """)
        self.db = ns.popen("ovsdb-server", "/run/openvswitch/conf.db", "-vconsole:warn",
                           "--remote=punix:/run/openvswitch/db.sock")
        until(lambda: ns.run("test", "-S", "/run/openvswitch/db.sock", check=False).returncode == 0,
              10, "ovsdb-server's socket")
        self.vsctl("--no-wait", "init")
        self.daemon = ns.popen("ovs-vswitchd", "unix:/run/openvswitch/db.sock", "-vconsole:warn",
                               "--unixctl=/run/openvswitch/vswitchd.ctl")
        self.add_bridge(BRIDGE)

    def add_bridge(self, name):
        self.vsctl("add-br", name, "--", "set", "bridge", name, "datapath_type=netdev",
                   "mcast_snooping_enable=true")

    def vsctl(self, *argv):
        return self.ns.run("ovs-vsctl", "--timeout=20", *argv).stdout

    def appctl(self, *argv):
        return self.ns.run("ovs-appctl", "-t", "/run/openvswitch/vswitchd.ctl", *argv).stdout

    def cable(self, port, far, ifname, mac, *settings, bridge=BRIDGE):
        """Connects interface ifname of namespace far to a new switch port (not yet up there)."""
        if len(port) > 15:
            raise LabError(f"interface name too long: {port}")
        self.ns.net("ip", "link", "add", port, "type", "veth",
                    "peer", "name", ifname, "address", mac, "netns", far.pid)
        self.ns.run("ip", "link", "set", port, "up")
        self.vsctl("add-port", bridge, port, *settings)

    def groups(self):
        """What multicast snooping has learned: a set of (port name, VLAN, group)."""
        ports = {}
        for line in self.vsctl("--columns=ofport,name", "--format=csv", "--no-headings", "list",
                               "interface").splitlines():
            number, name = line.split(",")
            ports[number] = name.strip('"')
        found = set()
        for line in self.appctl("mdb/show", BRIDGE).splitlines()[1:]:
            number, vlan, group = line.split()[:3]
            found.add((ports.get(number, number), int(vlan), group))
        return found

    def settle(self):
        """What snooping has learned by now is in force when this returns: reports are read by the
        thread that forwards, and are seen by the main one, which has the flows made anew, when it
        wakes up next."""
        self.appctl("mdb/show", BRIDGE)
        self.appctl("revalidator/wait")
