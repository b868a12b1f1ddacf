/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "dns/name.h"
#include "management/mgmt_priv.h"

/*
 * What `show` and telemetry tell. A reply is one JSON document, made a page at a time as the client
 * reads: an object of small members and arrays whose elements are dumped one by one. Management
 * thread; a page that reads the cache looks at no more than SHOW_SLOTS slots as an RCU reader,
 * copies what it needs, and renders after going offline.
 */

#define SHOW_SLOTS 1000        /* cache slots looked at in one go */
#define SHOW_PAGE (128u << 10) /* a page ends when its text is longer */

struct show_ops;

/* What an `explain` is about. */
enum explain_by {
	EXPLAIN_ALL,
	EXPLAIN_TYPE,     /* name */
	EXPLAIN_INSTANCE, /* name */
	EXPLAIN_LABEL,    /* label: an instance's, of whatever type */
};

struct explain_what {
	uint16_t link; /* the consumer's */
	bool has_mac;
	struct mac_addr mac; /* the consumer's */
	uint32_t consumer;   /* its number, if it is known as one */
	enum explain_by by;
	uint8_t name[DNS_NAME_MAX + 1]; /* lower case */
	char label[DNS_LABEL_TEXT_MAX];
};

/* How far a reply is. */
struct show_state {
	const struct show_ops *ops; /* NULL: no paged reply under way */
	struct explain_what what;
	uint32_t cursor;
	unsigned stage;
	bool comma;  /* the array under way has an element */
	bool ending; /* stream: the client has no more to say */
};

/* Writes the next page. Returns true while there is more. */
typedef bool (*show_page_fn)(struct mgmt *m, struct show_state *s, struct text *out);

struct show_ops {
	const char *name;
	show_page_fn page;
	void (*end)(struct mgmt *m); /* no page follows, the client may be gone; NULL: never mind */
	bool stream; /* goes on until the client has no more to say; a page may be empty */
};

/* The thing to show of that name, or NULL. */
const struct show_ops *show_find(const char *name);

/* One more element of the array under way; takes the reference over. */
void show_element(struct show_state *s, struct text *out, json_t *element);

/* Starts an array member: `"name":[`. */
void show_array(struct show_state *s, struct text *out, const char *name);

/* json_pack() and friends fail for want of memory only; so do these, and give NULL. */
json_t *show_mac(const struct mac_addr *mac);

/* Text of a wire name. */
json_t *show_name(const uint8_t *wire);
json_t *show_ip(unsigned family, const uint8_t *bytes);

/* What is known of the link with this id; NULL: none in force. */
const struct dp_link *show_link(const struct mgmt *m, uint16_t id);

/* Its name, or "#17" while records of a removed one leave. */
json_t *show_link_name(const struct mgmt *m, uint16_t id);

/* Name of the port with that DPDK id. */
const char *show_port_name(const struct mgmt *m, uint16_t id);

/*
 * Counters of a link summed over workers and control, baseline subtracted. Management, or a thread
 * that holds m->lock.
 */
void show_link_counters(const struct mgmt *m, uint16_t id, struct dp_link_counters *sum);

/* That sum without a baseline, to become one: allocated, NULL without memory. */
struct dp_link_counters *show_link_baseline(const struct mgmt *m, uint16_t id);

/* Packets of a sum: those that ended. */
uint64_t show_packets(const struct dp_link_counters *sum);

/* What show and telemetry have in common. */
json_t *show_port_stats(const struct dp_port *p);
json_t *show_control_counters(const struct mgmt *m);
json_t *show_cache_counters(const struct mgmt *m);

/* Name of what became of a record, enum cache_outcome. */
const char *show_cache_outcome(unsigned outcome);

bool show_status(struct mgmt *m, struct show_state *s, struct text *out);
bool show_ports(struct mgmt *m, struct show_state *s, struct text *out);
bool show_links(struct mgmt *m, struct show_state *s, struct text *out);
bool show_records(struct mgmt *m, struct show_state *s, struct text *out);
bool show_services(struct mgmt *m, struct show_state *s, struct text *out);
bool show_stations(struct mgmt *m, struct show_state *s, struct text *out);
bool show_policy(struct mgmt *m, struct show_state *s, struct text *out);
bool show_gateways(struct mgmt *m, struct show_state *s, struct text *out);
bool show_counters(struct mgmt *m, struct show_state *s, struct text *out);
