/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/table.h"
#include "dns/service.h"

/*
 * The policy class of every record (DESIGN §6). PTR, SRV and TXT of a service have the class of
 *(type, instance, link). What only helps to reach services has no class of its own:
 *
 *	SRV ──target──▶ host group (name, link) ◀── A, AAAA, NSEC, reverse PTR, ... of the host
 *	SRV ──label───▶ label group (instance label, link) ◀── TXT of _device-info._tcp
 *
 * A group collects the classes of the SRV records that lead to it; their union is the class of what
 *hangs on it. The host by itself is a member too, matched only by `any` and `workstation`. Control
 *thread only.
 */

struct ctl;
struct dp_world;
struct policy_who;
struct cache_node;

enum ctl_group_kind {
	CTL_GROUP_HOST,
	CTL_GROUP_LABEL,
};

/* What decides the class of a record. Pointers lead into its name and rdata. */
struct ctl_subject {
	bool service; /* class of its own: type and instance are set */
	uint8_t kind; /* else enum ctl_group_kind of its group */
	uint8_t type_len;
	uint8_t instance_len;
	const uint8_t *type;     /* two labels; NULL for hosts */
	const uint8_t *instance; /* label without its length byte; NULL: none */
	const uint8_t *host;     /* host group: its name */
	const uint8_t *txt;      /* rdata of its TXT record if it is not in the cache; else NULL */
	uint16_t txt_len;
};

struct ctl_group {
	struct ctl_entry entry; /* of (kind, canonical name or label, link) */
	uint32_t cls[2];        /* class of its records by policy slot, valid while there are any */
	uint32_t classes[2];    /* ctl_class_use list: classes of its SRV records, by policy slot */
	uint32_t records;       /* list of the records that have the class */
	uint32_t srvs;          /* host groups: list of the SRV records */
	uint32_t members;       /* SRV records that lead here */
	uint32_t dirty_next;
	uint16_t link;
	uint8_t kind; /* enum ctl_group_kind */
	bool dirty;   /* union to be taken again, or group to be dropped */
};

/* How many SRV records of a group have a class. */
struct ctl_class_use {
	uint32_t cls, count, next;
};

/* Of each record of the cache, by its index: what grants hang on it. All zero: none. */
struct ctl_rec {
	uint32_t group; /* SRV: host group it leads to; else the group it belongs to */
	uint32_t label; /* SRV: label group */
	uint32_t next, prev;
	uint16_t job; /* number of the last reload that classified it */
	bool known;   /* classified */
	bool typed;   /* counted in the list of types */
};

struct ctl_grants {
	struct ctl_table groups;
	struct slab *uses;   /* struct ctl_class_use */
	struct ctl_rec *rec; /* by record index */
	uint32_t dirty;      /* list of groups */
};

/* Room for whatever the cache can hold. 0 or -ENOMEM. */
int ctl_grants_init(struct ctl *c);
void ctl_grants_fini(struct ctl *c);

/* What decides the class of a record (name, rrtype, rdata) whose name means sd. */
void ctl_subject(const uint8_t *name, const struct dns_service_name *sd, uint16_t rrtype,
	const uint8_t *rdata, struct ctl_subject *out);

/*
 * Class of a subject that has one of its own, under a world. who: its provider; NULL: nothing is
 * known of it. rdata of its TXT record is looked for in the cache where policy asks for it; s->txt
 * overrides. May append a class to the policy.
 */
uint32_t ctl_subject_class(const struct ctl *c, const struct dp_world *w,
	const struct ctl_subject *s, uint16_t link, const struct policy_who *who);

/* Record was added: gives it its class in the slot in force, and in the coming one while a reload
 * fills that. */
void ctl_grant_added(struct ctl *c, uint32_t rec);

/* Record is being removed. */
void ctl_grant_removing(struct ctl *c, uint32_t rec);

/* What the record's class depends on may have changed: takes it again, and tells those who may see
 * it only now. */
void ctl_grant_again(struct ctl *c, uint32_t rec);

/* Takes the unions again that changed in this turn, and stores them into records. Returns how many
 * groups it looked at. */
unsigned ctl_grant_turn(struct ctl *c, unsigned budget);

/* Reload (world.c): classifies one record, then takes the unions of one group, for the coming
 * world; drops the old uses. */
void ctl_grant_reclassify(struct ctl *c, uint32_t rec);
void ctl_grant_regroup(struct ctl *c, uint32_t group);
void ctl_grant_forget(struct ctl *c, uint32_t group, unsigned slot);

/* The SRV records that lead to the host of this record: first and next index, 0 at the end. */
uint32_t ctl_grant_first_srv(const struct ctl *c, uint32_t rec);
uint32_t ctl_grant_next_srv(const struct ctl *c, uint32_t srv);

/* Class in force of a host's addresses on a link, and whether any service names the host there. */
bool ctl_grant_host(const struct ctl *c, const uint8_t *host, uint16_t link, uint32_t *cls);
