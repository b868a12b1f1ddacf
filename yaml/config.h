/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * What a configuration file says, as plain data: names resolved to indexes, VLAN ranges expanded,
 * presets and named sets flattened to service types, every default filled in.
 *
 * A struct config is built by yaml_load_file() or yaml_load_string(), owns everything it points to
 * and is freed as a whole by config_free(). It is never changed after loading, so any thread may
 * read it; only management does (workers and control read the world compiled from it).
 */

/** Which file it is that something stands in. */
enum config_file {
	CONFIG_FILE_MAIN,
	CONFIG_FILE_STATIONS, /* the one that stations_file names */
	CONFIG_FILES,
};

/** Where in a file something stands: 1-based line and column; column counts characters. */
struct config_pos {
	uint32_t line;
	uint32_t col;
	enum config_file file;
};

/** What the process gives up once its ports are open (gateway.sandbox). */
enum config_sandbox {
	CONFIG_SANDBOX_AUTO,
	CONFIG_SANDBOX_OFF,
};

/** How an lcore without work passes its time (gateway.idle). */
enum config_idle {
	CONFIG_IDLE_AUTO,
	CONFIG_IDLE_POLL,
	CONFIG_IDLE_YIELD,
	CONFIG_IDLE_SLEEP,
};

/** Bounds of the cache (gateway.limits). */
struct config_limits {
	uint32_t records;             /* all records held */
	uint32_t stations;            /* known in all */
	uint32_t records_per_station; /* of one provider */
	uint32_t records_per_link;    /* learned from one link */
	uint32_t records_per_type;    /* instances of one service type or subtype */
	uint32_t ttl;                 /* seconds; cap of a learned TTL */
	uint64_t rendered;            /* bytes of rendered answers */
};

/** The gateway: section. */
struct config_gateway {
	const char *id;   /* [a-z0-9-], 1..31 characters */
	uint32_t workers; /* worker lcores; 0: auto, all lcores but one */
	uint64_t memory;  /* bytes; 0: auto */
	enum config_idle idle;
	enum config_sandbox sandbox;
	struct config_limits limits;
};

/** What kind of thing a port's device string names. */
enum config_device {
	CONFIG_DEVICE_KERNEL, /* "kernel:IF": AF_PACKET on a Linux interface */
	CONFIG_DEVICE_XDP,    /* "xdp:IF": AF_XDP on a Linux interface */
	CONFIG_DEVICE_TAP,    /* "tap:NAME": a tap interface made by DPDK */
	CONFIG_DEVICE_PCI,    /* "0000:3b:00.0[,devargs]": a NIC bound to DPDK */
	CONFIG_DEVICE_VDEV,   /* "net_pcap0,rx_pcap=...": any other DPDK vdev */
};

/** One entry of ports:. */
struct config_port {
	const char *name;   /* 1..31 characters of [A-Za-z0-9._:/-] */
	const char *device; /* as written */
	enum config_device kind;
	/*
	 * KERNEL, XDP, TAP: the interface name. PCI: the address with its domain, in lower case,
	 * and the devargs if any ("0000:3b:00.0,arg=1"). VDEV: the whole string, name and devargs.
	 */
	const char *target;
	const char *bypass; /* name of the port that it makes an inline pair with, as written; or
			       NULL */
	uint32_t peer;      /* index of the other port of its pair, on both; CONFIG_NO_PORT: none */
	struct config_pos pos;
};

#define CONFIG_LOCATION_LEVELS 12 /* deepest place, counted from 1 at the top */
#define CONFIG_LOCATION_PATH_MAX 1023
#define CONFIG_STATIONS_MAX 100000
#define CONFIG_NO_LOCATION UINT32_MAX

/** A place of locations:; one that holds others stands before them. */
struct config_location {
	const char *path; /* names from the top, "campus/north/dorm-a" */
	uint32_t parent;  /* index into config.locations; CONFIG_NO_LOCATION: at the top */
	uint32_t level;   /* 1: at the top */
	struct config_pos pos;
};

enum config_authenticated {
	CONFIG_AUTHENTICATED_UNSAID,
	CONFIG_AUTHENTICATED_NO,
	CONFIG_AUTHENTICATED_YES,
};

#define CONFIG_STATION_ADDRESSES 4

/** An entry of stations:. */
struct config_station {
	struct mac_addr mac; /* unique */
	const char *user;    /* NULL: not known */
	const char *role;    /* NULL: none */
	uint32_t location;   /* index into config.locations; CONFIG_NO_LOCATION: its link's */
	const char *ap;      /* its access point; NULL: not known */
	enum config_authenticated authenticated;
	struct ip_prefix addresses[CONFIG_STATION_ADDRESSES]; /* whole ones too, as /32 and /128 */
	uint32_t n_addresses;
	struct config_pos pos;
};

/** What a link does with mDNS. */
enum config_link_mode {
	CONFIG_LINK_GATEWAY, /* learn, answer */
	CONFIG_LINK_OFF,     /* neither; on an inline pair its mDNS crosses */
	CONFIG_LINK_FILTER,  /* neither: the link's mDNS is dropped, on an inline pair too */
};

/* What links[].require lists. */
#define CONFIG_REQUIRE_AUTHENTICATED 0x01
#define CONFIG_REQUIRE_ON_LINK 0x02
#define CONFIG_REQUIRE_OWN 0x04

#define CONFIG_LINK_NAME_MAX 63 /* bytes, without the NUL */
#define CONFIG_LINKS_MAX 65535
#define CONFIG_GATEWAYS_MAX 64
#define CONFIG_LINK_ADDRESSES_MAX 16
#define CONFIG_LINK_PREFIXES_MAX 64
#define CONFIG_NO_POLICY UINT32_MAX
#define CONFIG_NO_PORT UINT32_MAX

/** One link: an entry of links:, or one VLAN of an entry with a range. In file and VLAN order. */
struct config_link {
	const char *name; /* unique; 1..CONFIG_LINK_NAME_MAX bytes of [A-Za-z0-9._:/-] */
	uint32_t port;    /* index into config.ports */
	/*
	 * The other side of an inline pair: made of the link before it, with which it shares all
	 * but the port, and the name, which has "/PORT" behind it.
	 */
	bool far_side;
	const char *group; /* for rules; NULL: none */
	uint32_t location; /* index into config.locations; CONFIG_NO_LOCATION: none */
	uint16_t vlan;     /* 1..4094; 0: untagged */
	uint16_t mtu;      /* bytes, 576..9000; 0: min(1500, the port's) */
	enum config_link_mode mode;
	uint32_t query_budget; /* our own queries onto this link, per second */
	bool wireless;         /* type: wireless */
	bool unicast;          /* delivery: unicast */
	bool isolated;         /* bridged: false */
	uint8_t require;       /* CONFIG_REQUIRE_*, of what is learned here */
	uint32_t silence;      /* seconds until a silent station is looked for; 0: never */
	bool conflicts_report; /* a name of another link may be claimed here too */
	bool announce;         /* what is learned elsewhere is announced here */
	const struct ip_prefix *addresses; /* own addresses: the host bits are the address */
	uint32_t n_addresses;              /* at most one IPv4 among them */
	const struct ip_prefix *prefixes;  /* further on-link prefixes, host bits zero */
	uint32_t n_prefixes;
	uint32_t policy_in;    /* index into config.policies; CONFIG_NO_POLICY if omitted */
	uint32_t policy_out;   /* the same */
	struct config_pos pos; /* of the entry; links of one range share it */
};

/** A service type that a rule or a named set comes down to. */
struct config_type_ref {
	const char *type; /* base type in lower case, "_ipp._tcp"; stands for its subtypes too */
	const char *via;  /* the preset, named set or type as the rule wrote it; for explain */
};

/** What `permit:`, `deny:` or a named set comes down to; presets and named sets are flattened. */
struct config_services {
	const struct config_type_ref *types; /* no type twice, in the order written */
	uint32_t n_types;
	bool any;         /* every service, and hosts that offer none */
	bool workstation; /* the preset `workstation`: hosts that offer no service, too */
};

/** Message kinds a rule applies to, as a mask. */
enum config_kind {
	CONFIG_KIND_QUERY = 1,
	CONFIG_KIND_ADVERTISEMENT = 2,
	CONFIG_KIND_BOTH = 3, /* `kind:` omitted */
};

/** The links that `from:` or `to:` comes down to: those of `link:`, of `group:`, or of both. */
struct config_link_list {
	const uint32_t *links;     /* indexes into config.links, ascending, none twice */
	uint32_t n;                /* 0: the criterion is absent, any link matches */
	const char *const *groups; /* as written, to print */
	uint32_t n_groups;
	bool by_link; /* `link:` is written */
};

/** A MAC address, or how one begins. */
struct config_mac_prefix {
	struct mac_addr mac; /* zero behind its bits */
	uint32_t bits;       /* 8, 16, ... 48 */
};

/** What a rule asks of a station: one of each list that is not empty. */
struct config_who {
	const struct config_mac_prefix *macs; /* none twice */
	uint32_t n_macs;
	const char *const *roles; /* exactly this name */
	uint32_t n_roles;
	const char *const *users; /* the same */
	uint32_t n_users;
	const uint32_t *locations; /* indexes into config.locations; places in them match too */
	uint32_t n_locations;
};

/** What a rule wants provider and consumer to have in common (`when: {same: ...}`). */
enum config_same {
	CONFIG_SAME_NONE,
	CONFIG_SAME_USER,
	CONFIG_SAME_ROLE,
	CONFIG_SAME_LOCATION,
};

/** One rule of a policy. First match wins. */
struct config_rule {
	bool permit; /* else deny */
	enum config_kind kind;
	struct config_services services;
	/*
	 * Glob over the instance's first label, UTF-8, escapes as written ("Lecture \\*"): `*` any
	 * run of characters, `?` one character, `\` takes the next one literally. NULL: any.
	 */
	const char *instance;
	/*
	 * "KEY=GLOB" or "KEY", of an attribute of the TXT record: keys compare without case, the
	 * glob is like that of `instance`. NULL: any.
	 */
	const char *txt;
	struct config_link_list from; /* the provider's link */
	struct config_link_list to;   /* the consumer's link */
	struct config_who from_who;   /* the provider */
	struct config_who to_who;     /* the consumer */
	enum config_same same;        /* not in an `in` policy */
	uint32_t level;               /* SAME_LOCATION: down to this level; 0: to the end */
	uint32_t nearest;             /* of what it permits, so many instances; 0: all */
	bool audit;                   /* what it permits is written down too */
	struct config_pos pos;        /* of the rule */
};

/** One entry of policies:. */
struct config_policy {
	const char *name;
	const struct config_rule *rules;
	uint32_t n_rules; /* 0 denies all */
	struct config_pos pos;
};

/** One entry of services:, for show and explain; rules hold their own flattened copy. */
struct config_set {
	const char *name;
	struct config_services services;
	struct config_pos pos;
};

/** The admission: section. Packets per second. */
struct config_admission {
	bool off;
	uint32_t station_queries, station_advertisements;
	uint32_t station_burst; /* packets */
	uint32_t link_queries, link_advertisements, link_unknown;
	uint32_t misses_station, misses_gateway; /* questions */
};

/** The audit: section. */
struct config_audit {
	const char *file; /* absolute path; NULL: nothing is written to a file */
	uint64_t rotate;  /* bytes: a file this large is renamed to FILE.1 */
	bool syslog;      /* lines go to syslog (daemon, notice) too */
	struct config_pos pos;
};

#define CONFIG_RADIUS_CLIENTS_MAX 256

/** One entry of radius.roles or radius.locations. */
struct config_radius_map {
	const char *key; /* as written; of an access point its MAC as mac_format() has it */
	const char *role;
	uint32_t location; /* index into config.locations */
};

/** The radius: section. */
struct config_radius {
	struct ip_addr listen; /* family 0: nothing is listened to */
	uint16_t port;
	const char *secret_file; /* absolute path; not NULL if something is listened to */
	const struct ip_prefix *clients;
	uint32_t n_clients;
	const struct config_radius_map *roles;     /* by key */
	const struct config_radius_map *locations; /* by key */
	uint32_t n_roles, n_locations;
};

/** The metrics: section. */
struct config_metrics {
	struct ip_addr listen; /* family 0: nothing is listened to */
	uint16_t port;
};

/** The control: section. */
struct config_control {
	const char *socket; /* absolute path, at most 107 bytes */
	const char *group;  /* owner group of the socket; NULL: the process's own */
};

struct config_arena;

/** A whole configuration file. */
struct config {
	const char *file; /* the name it was loaded by; rules are named FILE:LINE by it */
	struct config_gateway gateway;
	struct config_port *ports;
	uint32_t n_ports; /* at least 1 */
	struct config_set *sets;
	uint32_t n_sets;
	struct config_location *locations;
	uint32_t n_locations;
	const char *const *roles; /* n_roles 0: any name is a role */
	uint32_t n_roles;
	struct config_station *stations; /* in the order of their addresses */
	uint32_t n_stations;
	struct config_link *links;
	uint32_t n_links;
	struct config_policy *policies;
	uint32_t n_policies;
	struct config_services pinned; /* types only: `any` and `workstation` are errors */
	struct mac_addr *gateways;     /* other gateways on our links */
	uint32_t n_gateways;
	struct config_admission admission;
	struct config_audit audit;
	struct config_radius radius;
	struct config_metrics metrics;
	struct config_control control;
	const char *const *eal; /* argv pieces, "--log-level=lib.eal:warning"; in file order */
	uint32_t n_eal;
	struct config_arena *arena; /* private to yaml/: holds everything above */
};
