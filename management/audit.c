/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rte_ring_elem.h>

#include "base/counter.h"
#include "base/log.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/service.h"
#include "control/require.h"
#include "management/people.h"
#include "management/show.h"
#include "management/syslog_line.h"
#include "policy/names.h"

LOG_MODULE(mgmt);

#define FOLD_US (AUDIT_FOLD_S * UINT64_C(1000000))

/* A kind written lately: its line without time and count, and what came since. */
struct kind {
	uint64_t tag; /* 0: free */
	uint64_t since_us;
	uint64_t more;
	json_t *line;
};

struct mgmt_audit {
	char *path; /* NULL: no file */
	int fd;     /* -1: not open */
	uint64_t size, rotate;
	bool syslog;
	bool failed; /* said so in the log */
	uint64_t retry_us;
	uint64_t lines, lost; /* written; not written */
	uint32_t sweep;
	struct kind kind[AUDIT_KINDS]; /* by tag, sets of four */
};

struct mgmt_audit *mgmt_audit_create(void)
{
	struct mgmt_audit *a = calloc(1, sizeof(*a));

	if (a != NULL)
		a->fd = -1;
	return a;
}

/* --- the file -------------------------------------------------------------------------------- */

static void file_failed(struct mgmt *m, const char *what, int err)
{
	struct mgmt_audit *a = m->audit;

	if (!a->failed)
		LOG_WARN("audit lines are lost", "file=%s what=%s error=\"%s\"", a->path, what,
			strerror(err));
	a->failed = true;
	a->retry_us = m->now_us + AUDIT_RETRY_S * UINT64_C(1000000);
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

static void file_open(struct mgmt *m)
{
	struct mgmt_audit *a = m->audit;
	struct stat st;

	if (a->path == NULL || a->fd >= 0 || m->now_us < a->retry_us)
		return;
	a->fd = open(a->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
	if (a->fd < 0 || fstat(a->fd, &st) < 0) {
		file_failed(m, "open", errno);
		return;
	}
	a->size = (uint64_t)st.st_size;
	if (a->failed)
		LOG_NOTICE("audit lines are written again", "file=%s lost=%llu", a->path,
			(unsigned long long)a->lost);
	a->failed = false;
}

/* FILE becomes FILE.1, over the one before. */
static void file_rotate(struct mgmt *m)
{
	struct mgmt_audit *a = m->audit;
	char *old = NULL;

	if (asprintf(&old, "%s.1", a->path) < 0)
		return;
	if (rename(a->path, old) < 0)
		LOG_WARN("cannot rotate", "file=%s error=\"%s\"", a->path, strerror(errno));
	free(old);
	close(a->fd);
	a->fd = -1;
	file_open(m);
}

static void file_write(struct mgmt *m, const char *line, size_t len)
{
	struct mgmt_audit *a = m->audit;
	ssize_t n;

	file_open(m);
	if (a->fd >= 0 && a->size > 0 && a->size + len > a->rotate)
		file_rotate(m);
	if (a->fd < 0) {
		a->lost++;
		return;
	}
	n = write(a->fd, line, len);
	if (n == (ssize_t)len) {
		a->size += len;
		a->lines++;
		return;
	}
	a->lost++;
	/* Half a line is none: what reads the file goes by lines. */
	if (n > 0 && ftruncate(a->fd, (off_t)a->size) < 0)
		LOG_WARN("half an audit line stays", "file=%s", a->path);
	file_failed(m, "write", n < 0 ? errno : ENOSPC);
}

void mgmt_audit_open(struct mgmt *m)
{
	const struct config_audit *c = &m->state.config->audit;
	struct mgmt_audit *a = m->audit;

	if (a->fd >= 0)
		close(a->fd);
	free(a->path);
	a->fd = -1;
	a->path = c->file != NULL ? strdup(c->file) : NULL;
	a->rotate = c->rotate;
	a->syslog = c->syslog;
	a->retry_us = 0;
	file_open(m);
}

/* --- lines ----------------------------------------------------------------------------------- */

static json_t *time_now(void)
{
	struct timespec ts;
	struct tm tm;
	char text[64];
	size_t n;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03ldZ", ts.tv_nsec / 1000000);
	return json_string(text);
}

static void emit(struct mgmt *m, json_t *line, uint64_t count)
{
	struct mgmt_audit *a = m->audit;
	json_t *o = json_pack("{s:o}", "time", time_now());
	char *text;
	size_t len;

	if (o == NULL || json_object_update(o, line) < 0 ||
		json_object_set_new(o, "count", json_integer((json_int_t)count)) < 0) {
		json_decref(o);
		a->lost++;
		return;
	}
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	if (text == NULL) {
		a->lost++;
		return;
	}
	if (a->syslog)
		mgmt_syslog(text);
	if (a->path != NULL) {
		len = strlen(text);
		text[len] = '\n'; /* in place of the NUL: the length is known */
		file_write(m, text, len + 1);
	} else if (a->syslog) {
		a->lines++;
	}
	free(text);
}

static json_t *rule_of(const struct mgmt *m, const struct dp_audit_event *e)
{
	unsigned rule = e->verdict & POLICY_RULE_MASK;
	struct policy_rule_info info;

	/* Of a world that is gone the rules are gone too. */
	if (e->generation != m->state.world->generation)
		return json_string("of a configuration before this one");
	if (rule == 0 || !policy_rule_info(m->state.world->policy, rule - 1, &info))
		return json_null();
	return json_pack("{s:s,s:s,s:i,s:s}", "policy", info.policy, "file", info.file, "line",
		(int)info.line, "rule", info.text);
}

static const char *limit_name(unsigned limit)
{
	switch (limit) {
	case CACHE_REFUSED_TOTAL:
		return "records";
	case CACHE_REFUSED_LINK:
		return "records_per_link";
	case CACHE_REFUSED_TYPE:
		return "records_per_type";
	case CACHE_REFUSED_STATION:
		return "records_per_station or stations";
	default:
		return "memory";
	}
}

/* Type and instance of a service's name, else the name. */
static void add_name(json_t *o, const struct dp_audit_event *e)
{
	char text[DNS_NAME_TEXT_MAX];
	struct dns_service_name sd;
	uint8_t type[2 * (DNS_LABEL_MAX + 1) + 1];

	json_object_set_new(o, "name", show_name(e->name));
	dns_service_parse(e->name, &sd);
	if (sd.type_len == 0 || sd.type_len >= sizeof(type))
		return;
	memcpy(type, e->name + sd.type_off, sd.type_len);
	type[sd.type_len] = 0;
	if (dns_name_to_text(type, text, sizeof(text)) >= 0) {
		/* Without the dot of the root. */
		size_t len = strlen(text);

		if (len > 1 && text[len - 1] == '.')
			text[len - 1] = '\0';
		json_object_set_new(o, "type", json_string(text));
	}
	if (sd.kind == DNS_NAME_INSTANCE && dns_label_to_text(e->name, text, sizeof(text)) >= 0)
		json_object_set_new(o, "instance", json_string(text));
}

static void add_text(json_t *o, const char *key, const char *text)
{
	if (text != NULL)
		json_object_set_new(o, key, json_string(text));
}

static json_t *line_of(const struct mgmt *m, const struct dp_audit_event *e)
{
	static const char *const kinds[] = {[DP_AUDIT_DENIED] = "denied",
		[DP_AUDIT_PERMITTED] = "permitted",
		[DP_AUDIT_QUOTA] = "refused",
		[DP_AUDIT_ADMISSION] = "refused",
		[DP_AUDIT_REQUIRED] = "refused",
		[DP_AUDIT_CONFLICT] = "conflict"};
	static const char *const whats[] = {[DP_AUDIT_QUERY] = "query",
		[DP_AUDIT_ADVERTISEMENT] = "advertisement",
		[DP_AUDIT_ANSWER] = "answer"};
	struct policy_who who;
	char rrtype[16];
	json_t *o = json_pack("{s:s,s:o,s:s,s:s,s:o}", "event", kinds[e->kind], "link",
		show_link_name(m, e->link), "direction", e->what == DP_AUDIT_ANSWER ? "out" : "in",
		"kind", whats[e->what], "mac", show_mac(&e->mac));

	if (o == NULL)
		return NULL;
	mgmt_who(m, e->link, &e->mac, &who);
	if (e->family != 0)
		json_object_set_new(o, "ip", show_ip(e->family, e->ip));
	add_text(o, "user", policy_user_name(m->names, who.user));
	add_text(o, "role", policy_role_name(m->names, who.role));
	if (e->name_len > 0)
		add_name(o, e);
	if (e->rrtype != 0 && dns_type_to_text(e->rrtype, rrtype, sizeof(rrtype)) >= 0)
		add_text(o, "rrtype", rrtype);
	if (e->kind == DP_AUDIT_DENIED || e->kind == DP_AUDIT_PERMITTED)
		json_object_set_new(o, "rule", rule_of(m, e));
	if (e->kind == DP_AUDIT_QUOTA)
		add_text(o, "limit", limit_name(e->limit));
	if (e->kind == DP_AUDIT_REQUIRED)
		add_text(o, "require",
			e->limit == CTL_UNMET_AUTHENTICATED ? "authenticated"
			: e->limit == CTL_UNMET_ON_LINK     ? "on-link-address"
							    : "own-address");
	if (e->kind == DP_AUDIT_ADMISSION)
		add_text(o, "limit",
			e->limit == DP_over_station   ? "admission.station"
			: e->limit == DP_over_unknown ? "admission.link.unknown"
						      : "admission.link");
	if (e->other != 0) {
		json_object_set_new(o,
			e->kind == DP_AUDIT_CONFLICT ? "other_link" : "provider_link",
			show_link_name(m, e->other));
		json_object_set_new(o, e->kind == DP_AUDIT_CONFLICT ? "other_mac" : "provider",
			show_mac(&e->provider));
	}
	return o;
}

/* --- kinds ----------------------------------------------------------------------------------- */

static void kind_tell(struct mgmt *m, struct kind *k)
{
	if (k->more > 0)
		emit(m, k->line, k->more);
	k->more = 0;
	k->since_us = m->now_us;
}

static void kind_drop(struct mgmt *m, struct kind *k)
{
	if (k->tag == 0)
		return;
	kind_tell(m, k);
	json_decref(k->line);
	*k = (struct kind){.tag = 0};
}

/* The kind of a tag, or the place for it. */
static struct kind *kind_find(struct mgmt *m, uint64_t tag)
{
	struct kind *set = &m->audit->kind[tag % (AUDIT_KINDS / 4) * 4], *victim = &set[0];

	for (unsigned i = 0; i < 4; i++) {
		if (set[i].tag == tag)
			return &set[i];
		if (set[i].tag == 0 || (victim->tag != 0 && set[i].since_us < victim->since_us))
			victim = &set[i];
	}
	kind_drop(m, victim);
	return victim;
}

static void take(struct mgmt *m, const struct dp_audit_event *e)
{
	struct kind *k = kind_find(m, e->tag);

	if (k->tag == 0) {
		if (e->more != 0) {
			/* What it counts was pushed out by others, and is not known any more. */
			m->audit->lost += e->more;
			return;
		}
		k->line = line_of(m, e);
		if (k->line == NULL) {
			m->audit->lost++;
			return;
		}
		k->tag = e->tag;
		k->since_us = m->now_us;
		emit(m, k->line, 1);
		return;
	}
	k->more += e->more != 0 ? e->more : 1;
	if (m->now_us - k->since_us >= FOLD_US)
		kind_tell(m, k);
}

/* Counts that wait, and kinds that have been quiet. */
static void sweep(struct mgmt *m)
{
	struct mgmt_audit *a = m->audit;

	for (unsigned n = 0; n < 64; n++) {
		struct kind *k = &a->kind[a->sweep++ % AUDIT_KINDS];

		if (k->tag == 0 || m->now_us - k->since_us < FOLD_US)
			continue;
		if (k->more > 0)
			kind_tell(m, k);
		else
			kind_drop(m, k);
	}
}

unsigned mgmt_audit_turn(struct mgmt *m)
{
	struct dp_audit_event e;
	unsigned done = 0;

	for (unsigned i = 0; i <= m->p.shared->n_workers; i++) {
		struct rte_ring *r = m->p.shared->audit[i]->ring;

		for (unsigned n = 0;
			n < AUDIT_TURN && rte_ring_sc_dequeue_elem(r, &e, sizeof(e)) == 0;
			n++, done++)
			take(m, &e);
	}
	sweep(m);
	return done;
}

void mgmt_audit_config(struct mgmt *m, const char *what, json_t *more)
{
	json_t *o = json_pack("{s:s,s:s}", "event", "config", "what", what);

	if (o != NULL && more != NULL)
		json_object_update(o, more);
	if (o != NULL && m->state.world->audit)
		emit(m, o, 1);
	json_decref(o);
	json_decref(more);
}

uint64_t mgmt_audit_lines(const struct mgmt *m)
{
	return m->audit->lines;
}

uint64_t mgmt_audit_lost(const struct mgmt *m)
{
	uint64_t lost = m->audit->lost;

	for (unsigned i = 0; i <= m->p.shared->n_workers; i++)
		lost += counter_read(&m->p.shared->audit[i]->lost);
	return lost;
}

json_t *mgmt_audit_show(const struct mgmt *m)
{
	return json_pack("{s:o,s:b,s:I,s:I}", "file",
		m->audit->path != NULL ? json_string(m->audit->path) : json_null(), "syslog",
		m->audit->syslog, "lines", (json_int_t)mgmt_audit_lines(m), "lost",
		(json_int_t)mgmt_audit_lost(m));
}

void mgmt_audit_destroy(struct mgmt *m)
{
	struct mgmt_audit *a = m->audit;

	if (a == NULL)
		return;
	if (m->state.world != NULL)
		while (mgmt_audit_turn(m) > 0)
			;
	for (unsigned i = 0; i < AUDIT_KINDS; i++)
		kind_drop(m, &a->kind[i]);
	if (a->fd >= 0)
		close(a->fd);
	free(a->path);
	free(a);
	m->audit = NULL;
}
