/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/match.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "dns/name.h"

struct matching {
	const struct message *want;
	const struct dissect_rr **rr; /* all of all frames */
	bool *used;
	size_t n;
	char *why;
	size_t said;
};

static void __attribute__((format(printf, 2, 3))) say(struct matching *m, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(m->why + m->said, MATCH_WHY - m->said, fmt, ap);
	va_end(ap);
	if (n > 0)
		m->said += (size_t)n;
	if (m->said >= MATCH_WHY)
		m->said = MATCH_WHY - 1;
}

/* Case and all: names keep their bytes (DESIGN §5). */
static bool same_name(const struct message_entry *e, const struct dissect_rr *r)
{
	return e->name_len == dns_name_len(r->name) && memcmp(e->name, r->name, e->name_len) == 0;
}

static bool same_data(const struct message_entry *e, const struct dissect_rr *r)
{
	if (e->section == DNS_SECTION_QUESTION)
		return true;
	return e->rdlen == r->rdlen && memcmp(e->rdata, r->rdata, e->rdlen) == 0;
}

static bool is_of_section(const struct message_entry *e, const struct dissect_rr *r)
{
	if (e->section == MESSAGE_ANYWHERE)
		return r->section != DNS_SECTION_QUESTION;
	return e->section == r->section;
}

/* The first unused record that fits the entry; *near: one that has the name, type and data. */
static bool take(struct matching *m, const struct message_entry *e, const struct dissect_rr **near)
{
	*near = NULL;
	for (size_t i = 0; i < m->n; i++) {
		const struct dissect_rr *r = m->rr[i];

		if (m->used[i] || r->rrtype != e->rrtype || !same_name(e, r) || !same_data(e, r) ||
			(e->section == DNS_SECTION_QUESTION) !=
				(r->section == DNS_SECTION_QUESTION))
			continue;
		*near = r;
		if (!is_of_section(e, r) || e->flush != r->flush)
			continue;
		if (r->section != DNS_SECTION_QUESTION &&
			(r->ttl < e->ttl_lo || r->ttl > e->ttl_hi))
			continue;
		m->used[i] = true;
		return true;
	}
	return false;
}

static bool match_entry(struct matching *m, const struct message_entry *e)
{
	static const char *const sections[] = {"question", "answer", "authority", "additional"};
	const struct dissect_rr *near;
	char text[8192];

	if (e->absent) {
		for (size_t i = 0; i < m->n; i++) {
			if (m->rr[i]->section == DNS_SECTION_QUESTION ||
				m->rr[i]->rrtype != e->rrtype || !same_name(e, m->rr[i]))
				continue;
			say(m, "    not allowed: %s\n",
				dissect_rr_text(m->rr[i], text, sizeof(text)));
			return false;
		}
		return true;
	}
	if (take(m, e, &near))
		return true;
	say(m, "    missing:     %s\n", message_entry_text(e, text, sizeof(text)));
	if (near != NULL)
		say(m, "        there is %s (%s)\n", dissect_rr_text(near, text, sizeof(text)),
			sections[near->section]);
	return false;
}

static bool match_all(struct matching *m)
{
	char text[8192];
	bool ok = true;

	for (size_t i = 0; i < m->want->n; i++)
		ok &= match_entry(m, &m->want->entry[i]);
	for (size_t i = 0; i < m->n && !m->want->more; i++) {
		if (m->used[i])
			continue;
		say(m, "    too much:    %s\n", dissect_rr_text(m->rr[i], text, sizeof(text)));
		ok = false;
	}
	return ok;
}

bool match_message(
	const struct message *want, const struct dissected *const *got, unsigned n_got, char *why)
{
	struct matching m = {.want = want, .why = why};
	size_t all = 0;
	bool ok;

	why[0] = '\0';
	for (unsigned i = 0; i < n_got; i++)
		all += got[i]->n_rr;
	m.rr = calloc(all + 1, sizeof(*m.rr));
	m.used = calloc(all + 1, sizeof(*m.used));
	if (m.rr == NULL || m.used == NULL)
		abort();
	for (unsigned i = 0; i < n_got; i++)
		for (size_t k = 0; k < got[i]->n_rr; k++)
			m.rr[m.n++] = &got[i]->rr[k];
	ok = match_all(&m);
	free(m.rr);
	free(m.used);
	return ok;
}
