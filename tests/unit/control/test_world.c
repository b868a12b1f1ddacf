/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include <stdlib.h>

#include "control/ctl.h"
#include "dns/wire.h"

/* New worlds: classes refilled, nothing left that may not stay, nothing lost that may. */

TestSuite(world, .init = start, .fini = stop);

#define IPP "_ipp._tcp.local"
#define LASER "Laser._ipp._tcp.local"

#define HEAD "gateway: {id: test}\nports: [{name: trunk, device: \"net_null0\"}]\nlinks:\n"
#define LINKS(lab_in, desk_out, guest_out)                                                         \
	"  - {name: lab, port: trunk, vlan: 10, addresses: [10.10.0.1/24], policy: {in: " lab_in   \
	", out: all}}\n"                                                                           \
	"  - {name: desk, port: trunk, vlan: 20, addresses: [10.20.0.1/24], policy: {in: all, "    \
	"out: " desk_out "}}\n"                                                                    \
	"  - {name: guest, port: trunk, vlan: 30, addresses: [10.30.0.1/24], policy: {in: all, "   \
	"out: " guest_out "}}\n"                                                                   \
	"policies:\n  all: [{permit: any}]\n  print: [{permit: _ipp._tcp}]\n"                      \
	"  files: [{permit: _smb._tcp}]\n"

static void two_services(void)
{
	HEAR(LAB, 5, {IPP, DNS_TYPE_PTR, 4500, LASER}, {LASER, DNS_TYPE_SRV, 4500, "laser.local"},
		{LASER, DNS_TYPE_TXT, 4500, "rp=ipp"},
		{"laser.local", DNS_TYPE_A, 4500, "10.10.0.5"});
	HEAR(LAB, 6, {"_smb._tcp.local", DNS_TYPE_PTR, 4500, "Disk._smb._tcp.local"},
		{"Disk._smb._tcp.local", DNS_TYPE_SRV, 4500, "disk.local"},
		{"disk.local", DNS_TYPE_A, 4500, "10.10.0.6"});
}

Test(world, records_get_the_classes_of_the_new_policy)
{
	two_services();
	cr_assert(visible(find(LAB, IPP, DNS_TYPE_PTR, NULL), GUEST));
	load_world(HEAD LINKS("all", "print", "files"));
	cr_assert(!visible(find(LAB, IPP, DNS_TYPE_PTR, NULL), GUEST));
	cr_assert(!visible(find(LAB, LASER, DNS_TYPE_SRV, NULL), GUEST));
	cr_assert(!visible(find(LAB, "laser.local", DNS_TYPE_A, NULL), GUEST));
	cr_assert(visible(find(LAB, "laser.local", DNS_TYPE_A, NULL), DESK));
	cr_assert(visible(find(LAB, "_smb._tcp.local", DNS_TYPE_PTR, NULL), GUEST));
	cr_assert(visible(find(LAB, "disk.local", DNS_TYPE_A, NULL), GUEST));
	/* And back: the other class slot again. */
	load_world(HEAD LINKS("all", "files", "print"));
	cr_assert(visible(find(LAB, "laser.local", DNS_TYPE_A, NULL), GUEST));
	cr_assert(!visible(find(LAB, "disk.local", DNS_TYPE_A, NULL), GUEST));
	/* What comes and goes afterwards still lends what it should. */
	HEAR(LAB, 5, {LASER, DNS_TYPE_SRV, 0, "laser.local"});
	elapse(1100);
	cr_assert(!visible(find(LAB, "laser.local", DNS_TYPE_A, NULL), GUEST));
}

Test(world, what_in_no_longer_permits_is_removed)
{
	two_services();
	load_world(HEAD LINKS("print", "files", "all"));
	cr_assert_neq(find(LAB, IPP, DNS_TYPE_PTR, NULL), 0);
	cr_assert_eq(find(LAB, "_smb._tcp.local", DNS_TYPE_PTR, NULL), 0);
	cr_assert_eq(find(LAB, "Disk._smb._tcp.local", DNS_TYPE_SRV, NULL), 0);
	cr_assert(visible(find(LAB, "laser.local", DNS_TYPE_A, NULL), GUEST));
	/* Addresses stay where something is permitted, and nobody sees them. */
	cr_assert(!visible(find(LAB, "disk.local", DNS_TYPE_A, NULL), DESK));
}

Test(world, records_of_a_removed_link_are_purged)
{
	two_services();
	HEAR(DESK, 9, {IPP, DNS_TYPE_PTR, 4500, "Ink._ipp._tcp.local"});
	load_world(HEAD "  - {name: lab, port: trunk, vlan: 10, addresses: [10.10.0.1/24], policy: "
			"{in: all, out: all}}\n"
			"policies: {all: [{permit: any}]}\n");
	cr_assert_eq(cache_link_records(ctl_cache(h.ctl), DESK), 0);
	cr_assert_eq(cache_link_records(ctl_cache(h.ctl), LAB), 7);
	/* Whoever waits there, or has interest there, is in nobody's way. */
	QUERY(DESK, 7, 1, 0, {IPP, DNS_TYPE_PTR});
	cr_assert_eq(ctl_held(h.ctl), 0);
}

Test(world, records_learned_and_lost_while_a_world_comes_are_right_in_both, .timeout = 120)
{
	char name[64], host[32], text[32];
	bool alive[400] = {false};
	struct ctl_request *r;
	unsigned rounds = 0;
	uint32_t rec;

	for (unsigned i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "p%u.%s", i, i % 2 ? IPP : "_smb._tcp.local");
		snprintf(host, sizeof(host), "h%u.local", i % 41);
		snprintf(text, sizeof(text), "10.10.1.%u", i % 41);
		HEAR(LAB, 5 + i % 100, {name, DNS_TYPE_SRV, 4500, host},
			{host, DNS_TYPE_A, 4500, text});
		alive[i] = true;
	}
	r = submit_world(HEAD LINKS("all", "files", "print"));
	h.ctl->job.budget = 7;
	h.paused = true;
	/* One piece of the work, then a service that is new or gone, over and over. */
	for (unsigned i = 0; ctl_reply(h.ctl) == NULL; rounds = ++i) {
		unsigned n = i % 2 ? 200 + i / 2 % 200 : i * 37 % 200;
		const struct rr rr[] = {{name, DNS_TYPE_SRV, i % 2 ? 4500 : 0, host}};

		cr_assert_lt(i, 10000);
		ctl_turn(h.ctl, h.now_us);
		h.now_us += 100000;
		snprintf(name, sizeof(name), "p%u.%s", n, n % 2 ? IPP : "_smb._tcp.local");
		snprintf(host, sizeof(host), "h%u.local", n % 41);
		hear_from(LAB, 5 + n % 100, NULL, DP_PKT_GROUP, rr, 1);
		alive[n] = i % 2;
	}
	h.paused = false;
	turn();
	cr_assert_gt(rounds, 100);
	cr_assert_eq(r->status, 0);
	world_free(r->old);
	h.world = r->world;
	free(r);
	elapse(2000);
	/* Each address is seen by those, and only those, whom a service naming its host is
	 * permitted. */
	for (unsigned k = 0; k < 41; k++) {
		bool print = false, files = false;

		for (unsigned i = k; i < 400; i += 41) {
			snprintf(name, sizeof(name), "p%u.%s", i, i % 2 ? IPP : "_smb._tcp.local");
			rec = find(LAB, name, DNS_TYPE_SRV, NULL);
			cr_assert_eq(rec != 0, alive[i], "p%u", i);
			if (rec == 0)
				continue;
			cr_assert_eq(visible(rec, GUEST), i % 2 == 1);
			cr_assert_eq(visible(rec, DESK), i % 2 == 0);
			*(i % 2 ? &print : &files) = true;
		}
		snprintf(host, sizeof(host), "h%u.local", k);
		rec = find(LAB, host, DNS_TYPE_A, NULL);
		cr_assert_eq(visible(rec, GUEST), print, "h%u", k);
		cr_assert_eq(visible(rec, DESK), files, "h%u", k);
	}
	/* Nothing was counted twice: when all services are gone, so is what they lent. */
	for (unsigned i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "p%u.%s", i, i % 2 ? IPP : "_smb._tcp.local");
		snprintf(host, sizeof(host), "h%u.local", i % 41);
		HEAR(LAB, 5 + i % 100, {name, DNS_TYPE_SRV, 0, host});
	}
	elapse(2000);
	cr_assert_eq(slab_in_use(h.ctl->grants.uses), 0);
	for (unsigned k = 0; k < 41; k++) {
		snprintf(host, sizeof(host), "h%u.local", k);
		cr_assert(!visible(find(LAB, host, DNS_TYPE_A, NULL), GUEST));
	}
}

Test(world, the_old_world_is_held_until_no_worker_can_read_it)
{
	struct ctl_request *r;

	rcu_online(h.shared.rcu, 0);
	r = submit_world(HEAD LINKS("all", "all", "all"));
	for (unsigned i = 0; i < 100; i++)
		ctl_turn(h.ctl, h.now_us);
	cr_assert_eq(h.shared.world, r->world, "in force");
	cr_assert_null(ctl_reply(h.ctl), "but worker 0 may still hold the old one");
	rcu_quiescent(h.shared.rcu, 0);
	for (unsigned i = 0; i < 100; i++)
		ctl_turn(h.ctl, h.now_us);
	cr_assert_eq(ctl_reply(h.ctl), r);
	rcu_offline(h.shared.rcu, 0);
	world_free(r->old);
	h.world = r->world;
	free(r);
	turn();
}

Test(world, a_world_for_the_class_slot_in_force_is_refused)
{
	struct ctl_request *r;

	h.generation++;
	r = submit_world(campus);
	turn();
	cr_assert_eq(ctl_reply(h.ctl), r);
	cr_assert_eq(r->status, -EINVAL);
	world_free(r->world);
	free(r);
}

Test(world, flush_removes_the_records_of_a_link_or_all)
{
	struct ctl_request r = {.op = CTL_REQ_FLUSH, .link = DESK};

	two_services();
	HEAR(DESK, 9, {IPP, DNS_TYPE_PTR, 4500, "Ink._ipp._tcp.local"});
	cr_assert_eq(ctl_submit(h.ctl, &r), 0);
	turn();
	cr_assert_eq(ctl_reply(h.ctl), &r);
	cr_assert_eq(r.status, 1);
	cr_assert_eq(cache_link_records(ctl_cache(h.ctl), LAB), 7);
	r.link = 0;
	cr_assert_eq(ctl_submit(h.ctl, &r), 0);
	turn();
	cr_assert_eq(ctl_reply(h.ctl), &r);
	cr_assert_eq(r.status, 7);
	elapse(10);
	cr_assert_eq(ctl_table_count(&h.ctl->grants.groups), 0, "no group outlives its records");
	cr_assert_eq(slab_in_use(h.ctl->grants.uses), 0);
	cr_assert_eq(h.shared.types->n, 0);
}

Test(world, more_requests_than_there_is_room_for_are_refused)
{
	struct ctl_request r[70] = {0};
	unsigned taken = 0, given = 0;

	for (unsigned i = 0; i < 70; i++) {
		r[i].op = CTL_REQ_PORT_STATE;
		taken += ctl_submit(h.ctl, &r[i]) == 0;
	}
	cr_assert_lt(taken, 70);
	turn();
	while (ctl_reply(h.ctl) != NULL)
		given++;
	cr_assert_eq(given, taken);
}
