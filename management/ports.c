/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/mgmt_priv.h"

#include "base/clock.h"
#include "base/log.h"

LOG_MODULE(port);

/* Carrier and MTU of ports as they change: kernel-backed ones by netlink, the others by looking now
 * and then. */

#define LOOK_US US_PER_SEC

void mgmt_port_seen(struct mgmt *m, unsigned index, bool up, unsigned mtu)
{
	struct dp_port *p = &m->p.ports[index];

	if (mtu > p->mtu_max) {
		if (p->mtu != p->mtu_max)
			LOG_WARN("mtu is beyond what the port was opened for",
				"port=%s mtu=%u most=%u hint=\"restart to use it\"", p->name, mtu,
				p->mtu_max);
		mtu = p->mtu_max;
	}
	if (mtu != 0 && mtu != p->mtu) {
		LOG_NOTICE("port mtu", "port=%s mtu=%u was=%u", p->name, mtu, p->mtu);
		p->mtu = (uint16_t)mtu;
		m->rebuild_wanted = true;
	}
	if (up != p->up) {
		LOG_NOTICE(up ? "port up" : "port down", "port=%s", p->name);
		p->up = up;
	}
}

void mgmt_port_gone(struct mgmt *m, unsigned index)
{
	struct dp_port *p = &m->p.ports[index];

	LOG_ERR("interface is gone", "port=%s interface=%s", p->name, p->ifname);
	p->up = false;
	m->port_gone[index] = true;
}

/*
 * It is another one to the kernel, and to open it takes privileges that were given up: the process
 * leaves, for the service manager to start it anew. Nothing is said goodbye to.
 */
void mgmt_port_back(struct mgmt *m, unsigned index)
{
	const struct dp_port *p = &m->p.ports[index];

	if (m->leaving)
		return;
	LOG_ERR("interface is back, leaving to be started anew", "port=%s interface=%s", p->name,
		p->ifname);
	m->failed = true;
	m->quietly = true;
	mgmt_leave(m, m->now_us);
}

static void look(struct mgmt *m)
{
	for (unsigned i = 0; i < m->p.n_ports; i++) {
		const struct dp_port *p = &m->p.ports[i];
		struct rte_eth_link link = {0};

		if (p->ifindex == 0 && rte_eth_link_get_nowait(p->id, &link) == 0)
			mgmt_port_seen(m, i, link.link_status == RTE_ETH_LINK_UP, 0);
	}
}

static bool tell(struct mgmt *m, unsigned index)
{
	const struct mgmt_waiter nobody = {.slot = -1};
	const struct dp_port *p = &m->p.ports[index];
	struct mgmt_pending *pending = mgmt_pending_new(MGMT_PENDING_PORT, nobody);

	if (pending == NULL)
		return false;
	pending->r.op = CTL_REQ_PORT_STATE;
	pending->r.port = p->id;
	pending->r.up = p->up;
	if (mgmt_submit(m, pending) < 0) { /* next turn again */
		mgmt_pending_free(pending);
		return false;
	}
	m->port_told[index] = p->up;
	return true;
}

unsigned mgmt_ports_turn(struct mgmt *m)
{
	unsigned done = 0;

	if (m->p.watch && m->now_us - m->ports_looked_us >= LOOK_US) {
		m->ports_looked_us = m->now_us;
		look(m);
	}
	for (unsigned i = 0; i < m->p.n_ports; i++) {
		if (m->port_told[i] != m->p.ports[i].up)
			done += tell(m, i);
	}
	return done;
}
