/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/mgmt_priv.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

LOG_MODULE(netlink);

/*
 * What the kernel says of the interfaces that ports ride on. Their PMDs never tell: carrier always
 * reads up, MTU 1500.
 */
struct mgmt_netlink {
	int fd;
};

static bool is_watched(const struct dp_port *p)
{
	return p->ifindex != 0;
}

/* --- what disturbs --------------------------------------------------------------------------- */

static bool ipv6_enabled(const char *ifname)
{
	char path[128], c = '1';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", ifname);
	f = fopen(path, "re");
	if (f == NULL)
		return false; /* a kernel without IPv6 */
	if (fread(&c, 1, 1, f) != 1)
		c = '1';
	fclose(f);
	return c == '0';
}

static bool has_address(const struct ifaddrs *all, const char *ifname)
{
	for (const struct ifaddrs *a = all; a != NULL; a = a->ifa_next) {
		if (a->ifa_addr != NULL && strcmp(a->ifa_name, ifname) == 0 &&
			(a->ifa_addr->sa_family == AF_INET || a->ifa_addr->sa_family == AF_INET6))
			return true;
	}
	return false;
}

/* The host's own stack on such an interface answers for itself, and the port hears it as if it were
 * a station. */
static void warn_of_host_stack(const struct mgmt *m)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		return;
	for (unsigned i = 0; i < m->p.n_ports; i++) {
		const struct dp_port *p = &m->p.ports[i];

		/* A tap's kernel side is meant to be somebody. */
		if (!is_watched(p) || strcmp(p->driver, "net_tap") == 0)
			continue;
		if (has_address(all, p->ifname))
			LOG_WARN("the gateway's interface has addresses of the host",
				"port=%s interface=%s hint=\"ip addr flush dev %s\"", p->name,
				p->ifname, p->ifname);
		if (ipv6_enabled(p->ifname))
			LOG_WARN("the gateway's interface has IPv6 of the host",
				"port=%s interface=%s hint=\"sysctl "
				"net.ipv6.conf.%s.disable_ipv6=1\"",
				p->name, p->ifname, p->ifname);
	}
	freeifaddrs(all);
}

/* --- the watch ------------------------------------------------------------------------------- */

/* Reads all anew: at start, and after messages were lost. */
static void look_at_all(struct mgmt *m)
{
	for (unsigned i = 0; i < m->p.n_ports; i++) {
		const struct dp_port *p = &m->p.ports[i];
		struct dp_netif nif;

		if (!is_watched(p))
			continue;
		if (dp_netif_read(p->ifname, &nif) == 0 && nif.index == p->ifindex)
			mgmt_port_seen(m, i, nif.running, nif.mtu);
		else if (p->up)
			mgmt_port_gone(m, i);
	}
}

static int port_of_index(const struct mgmt *m, unsigned ifindex)
{
	for (unsigned i = 0; i < m->p.n_ports; i++) {
		if (is_watched(&m->p.ports[i]) && m->p.ports[i].ifindex == ifindex)
			return (int)i;
	}
	return -1;
}

static unsigned link_mtu(const struct nlmsghdr *h, const struct ifinfomsg *info)
{
	int len = (int)IFLA_PAYLOAD(h);

	for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		unsigned mtu;

		if (a->rta_type != IFLA_MTU || RTA_PAYLOAD(a) < sizeof(mtu))
			continue;
		memcpy(&mtu, RTA_DATA(a), sizeof(mtu));
		return mtu;
	}
	return 0;
}

/* The name of the interface that the message is about; empty: it does not say. */
static void link_name(
	const struct nlmsghdr *h, const struct ifinfomsg *info, char name[IF_NAMESIZE])
{
	int len = (int)IFLA_PAYLOAD(h);

	name[0] = '\0';
	for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		size_t size = RTA_PAYLOAD(a);

		if (a->rta_type != IFLA_IFNAME || size == 0)
			continue;
		snprintf(name, IF_NAMESIZE, "%.*s", (int)size, (const char *)RTA_DATA(a));
		return;
	}
}

/* An interface that is up: does it have the name of one that is gone? */
static void on_other(struct mgmt *m, const struct nlmsghdr *h, const struct ifinfomsg *info)
{
	char name[IF_NAMESIZE];

	if (h->nlmsg_type != RTM_NEWLINK || (info->ifi_flags & IFF_UP) == 0)
		return;
	link_name(h, info, name);
	for (unsigned i = 0; i < m->p.n_ports; i++)
		if (m->port_gone[i] && strcmp(m->p.ports[i].ifname, name) == 0)
			mgmt_port_back(m, i);
}

static void on_message(struct mgmt *m, const struct nlmsghdr *h)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);
	int port;

	if (h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK)
		return;
	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return;
	/* Bridges repeat their members' state under their own family. */
	if (info->ifi_family != AF_UNSPEC)
		return;
	port = port_of_index(m, (unsigned)info->ifi_index);
	if (port < 0) {
		on_other(m, h, info);
		return;
	}
	if (h->nlmsg_type == RTM_DELLINK)
		mgmt_port_gone(m, (unsigned)port);
	else
		mgmt_port_seen(m, (unsigned)port,
			(info->ifi_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING),
			link_mtu(h, info));
}

unsigned mgmt_netlink_ready(struct mgmt *m)
{
	char buf[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	unsigned n = 0;
	ssize_t got;

	while ((got = recv(m->netlink->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		unsigned len = (unsigned)got;

		for (const struct nlmsghdr *h = (const struct nlmsghdr *)buf; NLMSG_OK(h, len);
			h = NLMSG_NEXT(h, len)) {
			on_message(m, h);
			n++;
		}
	}
	if (got < 0 && errno == ENOBUFS) {
		look_at_all(m);
		n++;
	}
	return n;
}

int mgmt_netlink_open(struct mgmt *m)
{
	struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	struct mgmt_netlink *nl = calloc(1, sizeof(*nl));
	int rc;

	if (nl == NULL)
		return -ENOMEM;
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (nl->fd < 0) {
		rc = -errno;
		free(nl);
		return rc;
	}
	m->netlink = nl;
	if (bind(nl->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		rc = -errno;
		mgmt_netlink_close(m);
		return rc;
	}
	rc = mgmt_watch(m, nl->fd, MGMT_SRC_NETLINK);
	if (rc < 0) {
		mgmt_netlink_close(m);
		return rc;
	}
	look_at_all(m); /* what happened since the ports were opened */
	warn_of_host_stack(m);
	return 0;
}

void mgmt_netlink_close(struct mgmt *m)
{
	if (m->netlink == NULL)
		return;
	close(m->netlink->fd);
	free(m->netlink);
	m->netlink = NULL;
}
