/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "dns/name.h"
#include "dns/reader.h"
#include "management/pcapng.h"
#include "management/show.h"
#include "policy/glob.h"

LOG_MODULE(capture);

#define PAGE_FRAMES 256
#define GLOB_MAX 255

/* --- the tap --------------------------------------------------------------------------------- */

struct rte_mbuf *mgmt_tap_read(struct mgmt *m)
{
	void *copy;

	for (unsigned w = 0; w < m->p.shared->n_workers; w++)
		if (rte_ring_sc_dequeue(m->p.shared->capture.ring[w], &copy) == 0)
			return copy;
	return NULL;
}

static uint64_t lost_ever(const struct mgmt *m)
{
	uint64_t n = 0;

	for (unsigned w = 0; w < m->p.shared->n_workers; w++)
		n += atomic_load_explicit(&m->p.shared->capture.lost[w], memory_order_relaxed);
	return n;
}

uint64_t mgmt_tap_lost(const struct mgmt *m)
{
	return lost_ever(m) - m->tap.lost_before;
}

static void drain(struct mgmt *m)
{
	struct rte_mbuf *copy;

	while ((copy = mgmt_tap_read(m)) != NULL)
		rte_pktmbuf_free(copy);
}

int mgmt_tap_open(struct mgmt *m, const struct dp_link *l, const struct mac_addr *station)
{
	struct dp_capture *c = &m->p.shared->capture;

	if (m->tap.open)
		return -EBUSY;
	drain(m); /* of a worker that was slow to see the last one's end */
	m->tap.open = true;
	m->tap.lost_before = lost_ever(m);
	atomic_store_explicit(
		&c->station, station != NULL ? mac_word(station->b) : 0, memory_order_relaxed);
	atomic_store_explicit(&c->which, dp_capture_which(l->port, l->vlan, station != NULL),
		memory_order_release);
	return 0;
}

void mgmt_tap_close(struct mgmt *m)
{
	if (!m->tap.open)
		return;
	atomic_store_explicit(&m->p.shared->capture.which, 0, memory_order_release);
	drain(m);
	m->tap.open = false;
}

/* --- which frames ---------------------------------------------------------------------------- */

static bool name_matches(const char *glob, const uint8_t *name)
{
	char text[DNS_NAME_TEXT_MAX];
	int len = dns_name_to_text(name, text, sizeof(text));

	return len > 0 && policy_glob_match(glob, (const uint8_t *)text, (size_t)len);
}

/* Has a question or record of the message such a name, or a PTR such a target? */
static bool message_matches(const char *glob, const uint8_t *msg, size_t len)
{
	static uint8_t rdata[DNS_RDATA_MAX];
	static struct dns_question q;
	static struct dns_rr rr;
	struct dns_reader r;
	int rc;

	if (dns_reader_init(&r, msg, len) < 0)
		return false;
	while (dns_reader_question(&r, &q) == 1)
		if (name_matches(glob, q.qname))
			return true;
	while ((rc = dns_reader_rr(&r, &rr)) == 1 || rc == -EINVAL) {
		if (rc != 1)
			continue;
		if (name_matches(glob, rr.name))
			return true;
		if (rr.rrtype == DNS_TYPE_PTR &&
			dns_rdata_expand(&r, &rr, rdata, sizeof(rdata)) > 0 &&
			name_matches(glob, rdata))
			return true;
	}
	return false;
}

static bool frame_matches(const char *glob, const uint8_t *frame, unsigned size)
{
	unsigned len, at;

	if (glob == NULL)
		return true;
	at = dp_capture_dns(frame, size, &len);
	return at != 0 && message_matches(glob, frame + at, len);
}

/* --- capture --------------------------------------------------------------------------------- */

static uint64_t wall_us(const struct mgmt *m, uint64_t at_us)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * US_PER_SEC + (uint64_t)now.tv_nsec / 1000 -
	       (m->now_us - at_us);
}

static void put_frame(struct mgmt *m, struct text *out, struct rte_mbuf *copy)
{
	static uint8_t linear[UINT16_MAX];
	uint32_t len = rte_pktmbuf_pkt_len(copy);
	const uint8_t *bytes = rte_pktmbuf_read(copy, 0, len, linear);
	const struct dp_captured *c = dp_captured(copy);

	if (bytes == NULL || !frame_matches(m->tap.glob, bytes, len))
		return;
	pcapng_frame(out, wall_us(m, c->at_us), c->out, bytes, len);
	m->tap.captured++;
}

static bool capture_page(struct mgmt *m, struct show_state *s, struct text *out)
{
	for (unsigned i = 0; i < PAGE_FRAMES && text_left(out) < SHOW_PAGE; i++) {
		struct rte_mbuf *copy = mgmt_tap_read(m);

		if (copy == NULL)
			break;
		put_frame(m, out, copy);
		rte_pktmbuf_free(copy);
	}
	if (!s->ending)
		return true;
	pcapng_end(out, wall_us(m, m->now_us), m->tap.captured, mgmt_tap_lost(m));
	return false;
}

static void capture_end(struct mgmt *m)
{
	LOG_NOTICE("capture ended", "frames=%llu lost=%llu", (unsigned long long)m->tap.captured,
		(unsigned long long)mgmt_tap_lost(m));
	mgmt_tap_close(m);
	free(m->tap.glob);
	m->tap.glob = NULL;
}

static const struct show_ops capture_ops = {
	.name = "capture", .page = capture_page, .end = capture_end, .stream = true};

struct wish {
	const struct dp_link *link;
	struct mac_addr station;
	bool has_station;
	char *glob;
};

static json_t *read_wish(
	const struct mgmt *m, const char *const *args, unsigned n, struct wish *out)
{
	*out = (struct wish){0};
	for (unsigned i = 0; i < n; i++) {
		const char *a = args[i];

		if (strncmp(a, "link=", 5) == 0) {
			const struct link_id *e = link_ids_find(m->state.ids, a + 5);

			out->link = e != NULL ? show_link(m, e->id) : NULL;
			if (out->link == NULL)
				return mgmt_error("there is no link %s", a + 5);
		} else if (strncmp(a, "station=", 8) == 0) {
			if (mac_parse(a + 8, &out->station) < 0)
				return mgmt_error("no MAC address: %s", a + 8);
			out->has_station = true;
		} else if (strncmp(a, "name=", 5) == 0) {
			if (a[5] == '\0' || strlen(a + 5) > GLOB_MAX)
				return mgmt_error(
					"name: expected a glob of 1 to %u bytes", GLOB_MAX);
			free(out->glob);
			out->glob = malloc(strlen(a + 5) + 1);
			if (out->glob == NULL)
				return mgmt_error("%s", strerror(ENOMEM));
			policy_glob_normal(a + 5, out->glob);
		} else {
			return mgmt_error("capture takes link=NAME, station=MAC and name=GLOB");
		}
	}
	return out->link != NULL ? NULL : mgmt_error("capture: of which link?");
}

json_t *mgmt_capture(struct mgmt *m, const char *const *args, unsigned n, struct show_state *show,
	struct text *out)
{
	struct wish w;
	json_t *error = read_wish(m, args, n, &w);

	if (error == NULL && mgmt_tap_open(m, w.link, w.has_station ? &w.station : NULL) < 0)
		error = mgmt_error("a capture or self-test is under way");
	if (error != NULL) {
		free(w.glob);
		return error;
	}
	m->tap.glob = w.glob;
	m->tap.captured = 0;
	LOG_NOTICE("capture begins", "link=%s", w.link->name);
	text_json(out, json_pack("{s:s}", "capture", w.link->name));
	text_str(out, "\n");
	pcapng_begin(out, w.link->name);
	memset(show, 0, sizeof(*show));
	show->ops = &capture_ops;
	return NULL;
}
