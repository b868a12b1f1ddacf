/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/message.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "dns/name.h"
#include "dns/rdata.h"

#define RDATA_ROOM 16384

struct parser {
	const struct script_line *at;
	char *why;
	uint8_t section;
	uint8_t rdata[RDATA_ROOM];
	size_t rdlen;
};

static int fail(struct parser *p, const char *what, const char *word)
{
	snprintf(p->why, SCRIPT_WHY, "%s:%u: %s%s%s", p->at->file, p->at->number, what,
		word != NULL ? ": " : "", word != NULL ? word : "");
	return -1;
}

/* --- rdata -------------------------------------------------------------------------------------
 */

static int put(struct parser *p, const void *data, size_t len)
{
	if (p->rdlen + len > sizeof(p->rdata))
		return fail(p, "rdata too long", NULL);
	memcpy(p->rdata + p->rdlen, data, len);
	p->rdlen += len;
	return 0;
}

static int put16(struct parser *p, const char *word)
{
	uint64_t v;
	uint8_t b[2];

	if (script_number(word, 0xffff, &v) < 0)
		return fail(p, "expected a number 0..65535", word);
	dns_store16(b, (uint16_t)v);
	return put(p, b, 2);
}

static int put_name(struct parser *p, const char *word)
{
	uint8_t name[DNS_NAME_MAX + 1];
	int len = dns_name_from_text(word, name);

	if (len < 0)
		return fail(p, "not a name", word);
	return put(p, name, (size_t)len);
}

/* A character string; \DDD and \c as in names; "fill:N" makes one of N bytes. */
static int put_string(struct parser *p, const char *word)
{
	uint8_t s[256];
	uint64_t fill;
	size_t n = 0;

	if (strncmp(word, "fill:", 5) == 0 && script_number(word + 5, 255, &fill) == 0) {
		memset(s + 1, 'x', fill);
		s[0] = (uint8_t)fill;
		return put(p, s, 1 + fill);
	}
	for (const char *c = word; *c != '\0'; c++) {
		if (n == 255)
			return fail(p, "string too long", word);
		if (*c != '\\') {
			s[1 + n++] = (uint8_t)*c;
		} else if (isdigit((unsigned char)c[1]) && isdigit((unsigned char)c[2]) &&
			   isdigit((unsigned char)c[3])) {
			s[1 + n++] = (uint8_t)((c[1] - '0') * 100 + (c[2] - '0') * 10 + c[3] - '0');
			c += 3;
		} else if (c[1] != '\0') {
			s[1 + n++] = (uint8_t) * ++c;
		}
	}
	s[0] = (uint8_t)n;
	return put(p, s, n + 1);
}

static int put_address(struct parser *p, const char *word, unsigned family)
{
	struct ip_addr a;

	if (ip_parse(word, &a) < 0 || a.family != family)
		return fail(p, family == 4 ? "not an IPv4 address" : "not an IPv6 address", word);
	return put(p, a.b, family == 4 ? 4 : 16);
}

static int hex_digit(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

static int put_hex(struct parser *p, const char *word)
{
	for (; *word != '\0'; word += 2) {
		int hi = hex_digit(word[0]), lo = hi < 0 ? -1 : hex_digit(word[1]);
		uint8_t b = (uint8_t)(hi << 4 | lo);

		if (lo < 0)
			return fail(p, "not hex", word);
		if (put(p, &b, 1) < 0)
			return -1;
	}
	return 0;
}

/* The next domain name is the owner's (RFC 6762 §6.1). */
static int put_nsec(struct parser *p, const struct message_entry *e, char **w, unsigned n)
{
	uint8_t map[32] = {0}, head[2] = {0, 0};

	for (unsigned i = 0; i < n; i++) {
		int type = dns_type_from_text(w[i]);

		if (type < 0 || type > 255)
			return fail(p, "not a type below 256", w[i]);
		map[type / 8] |= (uint8_t)(0x80 >> type % 8);
		if (head[1] < type / 8 + 1)
			head[1] = (uint8_t)(type / 8 + 1);
	}
	if (put(p, e->name, e->name_len) < 0 || put(p, head, 2) < 0)
		return -1;
	return put(p, map, head[1]);
}

static int put_strings(struct parser *p, char **w, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (put_string(p, w[i]) < 0)
			return -1;
	return 0;
}

static int put_srv(struct parser *p, char **w, unsigned n)
{
	if (n != 4)
		return fail(p, "SRV: expected PRIORITY WEIGHT PORT TARGET", NULL);
	for (unsigned i = 0; i < 3; i++)
		if (put16(p, w[i]) < 0)
			return -1;
	return put_name(p, w[3]);
}

static int parse_rdata(struct parser *p, struct message_entry *e, char **w, unsigned n)
{
	p->rdlen = 0;
	if (n > 0 && strcmp(w[0], "\\#") == 0) {
		e->raw = true;
		for (unsigned i = 1; i < n; i++)
			if (put_hex(p, w[i]) < 0)
				return -1;
		return 0;
	}
	switch (e->rrtype) {
	case DNS_TYPE_A:
		return n == 1 ? put_address(p, w[0], 4) : fail(p, "A: expected ADDRESS", NULL);
	case DNS_TYPE_AAAA:
		return n == 1 ? put_address(p, w[0], 6) : fail(p, "AAAA: expected ADDRESS", NULL);
	case DNS_TYPE_PTR:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_DNAME:
	case DNS_TYPE_NS:
		return n == 1 ? put_name(p, w[0]) : fail(p, "expected one NAME", NULL);
	case DNS_TYPE_SRV:
		return put_srv(p, w, n);
	case DNS_TYPE_MX:
		if (n != 2)
			return fail(p, "MX: expected PREFERENCE NAME", NULL);
		return put16(p, w[0]) < 0 ? -1 : put_name(p, w[1]);
	case DNS_TYPE_NSEC:
		return put_nsec(p, e, w, n);
	case DNS_TYPE_TXT:
	case DNS_TYPE_HINFO:
		return put_strings(p, w, n);
	default:
		return fail(p, "a record of this type needs \\# HEX", NULL);
	}
}

/* --- entries -----------------------------------------------------------------------------------
 */

static int parse_ttl(const char *word, uint32_t *lo, uint32_t *hi)
{
	char first[16];
	const char *dots = strstr(word, "..");
	uint64_t a, b;

	if (strcmp(word, "*") == 0) {
		*lo = 0;
		*hi = UINT32_MAX;
		return 0;
	}
	if (dots == NULL) {
		if (script_number(word, UINT32_MAX, &a) < 0)
			return -1;
		*lo = *hi = (uint32_t)a;
		return 0;
	}
	if ((size_t)(dots - word) >= sizeof(first))
		return -1;
	memcpy(first, word, (size_t)(dots - word));
	first[dots - word] = '\0';
	if (script_number(first, UINT32_MAX, &a) < 0 || script_number(dots + 2, UINT32_MAX, &b) < 0)
		return -1;
	*lo = (uint32_t)a;
	*hi = (uint32_t)b;
	return 0;
}

static int parse_owner(struct parser *p, struct message_entry *e, const char *word)
{
	int len = dns_name_from_text(word, e->name);

	if (len < 0)
		return fail(p, "not a name", word);
	e->name_len = (uint8_t)len;
	return 0;
}

static int parse_type(struct parser *p, struct message_entry *e, const char *word)
{
	int type = strcmp(word, "ANY") == 0 ? DNS_TYPE_ANY : dns_type_from_text(word);

	if (type < 0)
		return fail(p, "not a record type", word);
	e->rrtype = (uint16_t)type;
	return 0;
}

/* "? NAME TYPE [QU] [class N]" */
static int parse_question(struct parser *p, struct message_entry *e, struct script_words *w)
{
	uint64_t v;

	e->section = DNS_SECTION_QUESTION;
	if (w->n < 3)
		return fail(p, "expected: ? NAME TYPE [QU] [class N]", NULL);
	if (parse_owner(p, e, w->word[1]) < 0 || parse_type(p, e, w->word[2]) < 0)
		return -1;
	for (unsigned i = 3; i < w->n; i++) {
		if (strcmp(w->word[i], "QU") == 0) {
			e->flush = true;
		} else if (strcmp(w->word[i], "class") == 0 && i + 1 < w->n &&
			   script_number(w->word[i + 1], 0x7fff, &v) == 0) {
			e->rrclass = (uint16_t)v;
			i++;
		} else {
			return fail(p, "expected QU or class N", w->word[i]);
		}
	}
	return 0;
}

/* "NAME TTL [flush] [class N] TYPE RDATA..." */
static int parse_record(struct parser *p, struct message_entry *e, struct script_words *w)
{
	unsigned i = 2;
	uint64_t v;

	if (w->n < 3 || parse_ttl(w->word[1], &e->ttl_lo, &e->ttl_hi) < 0)
		return fail(p, "expected: NAME TTL [flush] [class N] TYPE RDATA", NULL);
	if (parse_owner(p, e, w->word[0]) < 0)
		return -1;
	if (i < w->n && strcmp(w->word[i], "flush") == 0) {
		e->flush = true;
		i++;
	}
	if (i + 1 < w->n && strcmp(w->word[i], "class") == 0 &&
		script_number(w->word[i + 1], 0xffff, &v) == 0) {
		e->rrclass = (uint16_t)v;
		i += 2;
	}
	if (i == w->n)
		return fail(p, "a type is missing", NULL);
	if (parse_type(p, e, w->word[i]) < 0 ||
		parse_rdata(p, e, w->word + i + 1, w->n - i - 1) < 0)
		return -1;
	e->rdata = malloc(p->rdlen + 1);
	if (e->rdata == NULL)
		abort();
	memcpy(e->rdata, p->rdata, p->rdlen);
	e->rdlen = p->rdlen;
	return 0;
}

static int parse_entry(struct parser *p, struct message_entry *e, struct script_words *w)
{
	e->at = p->at;
	e->section = p->section;
	e->rrclass = DNS_CLASS_IN;
	if (strcmp(w->word[0], "?") == 0)
		return parse_question(p, e, w);
	if (strcmp(w->word[0], "!") == 0) {
		e->absent = true;
		e->section = MESSAGE_ANYWHERE;
		if (w->n != 3)
			return fail(p, "expected: ! NAME TYPE", NULL);
		return parse_owner(p, e, w->word[1]) < 0 ? -1 : parse_type(p, e, w->word[2]);
	}
	return parse_record(p, e, w);
}

static bool parse_marker(struct parser *p, struct message *m, const char *word)
{
	static const struct {
		const char *word;
		uint8_t section;
	} markers[] = {{"answer:", DNS_SECTION_ANSWER}, {"known:", DNS_SECTION_ANSWER},
		{"authority:", DNS_SECTION_AUTHORITY}, {"additional:", DNS_SECTION_ADDITIONAL},
		{"anywhere:", MESSAGE_ANYWHERE}};

	for (unsigned i = 0; i < sizeof(markers) / sizeof(markers[0]); i++) {
		if (strcmp(word, markers[i].word) != 0)
			continue;
		p->section = markers[i].section;
		return true;
	}
	if (strcmp(word, "...") != 0)
		return false;
	m->more = true;
	return true;
}

int message_parse(
	struct message *m, const struct script_line *lines, size_t n, char why[SCRIPT_WHY])
{
	static struct parser p;

	memset(m, 0, sizeof(*m));
	p.why = why;
	p.section = DNS_SECTION_ANSWER;
	m->entry = calloc(n + 1, sizeof(*m->entry));
	if (m->entry == NULL)
		abort();
	for (size_t i = 0; i < n; i++) {
		struct script_words w;

		p.at = &lines[i];
		if (script_split(lines[i].text, &w) < 0)
			return fail(&p, "cannot read this line", NULL);
		if (w.n == 0 || (w.n == 1 && parse_marker(&p, m, w.word[0])))
			continue;
		if (parse_entry(&p, &m->entry[m->n++], &w) < 0)
			return -1;
	}
	return 0;
}

void message_free(struct message *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->entry[i].rdata);
	free(m->entry);
	memset(m, 0, sizeof(*m));
}

/* --- wire --------------------------------------------------------------------------------------
 */

#define SUFFIXES 512

struct encoder {
	uint8_t *buf;
	size_t cap, len;
	bool compress;
	/* Where suffixes of names stand. */
	struct {
		uint16_t off;
		uint8_t len;
		uint8_t name[DNS_NAME_MAX];
	} suffix[SUFFIXES];
	unsigned n;
};

static int emit(struct encoder *e, const void *data, size_t len)
{
	if (e->len + len > e->cap)
		return -1;
	memcpy(e->buf + e->len, data, len);
	e->len += len;
	return 0;
}

static int emit16(struct encoder *e, uint16_t v)
{
	uint8_t b[2];

	dns_store16(b, v);
	return emit(e, b, 2);
}

static int find_suffix(const struct encoder *e, const uint8_t *name, size_t len)
{
	for (unsigned i = 0; e->compress && i < e->n; i++)
		if (e->suffix[i].len == len && memcmp(e->suffix[i].name, name, len) == 0)
			return e->suffix[i].off;
	return -1;
}

static int emit_name(struct encoder *e, const uint8_t *name)
{
	while (*name != 0) {
		size_t left = dns_name_len(name);
		int at = find_suffix(e, name, left);

		if (at >= 0)
			return emit16(e, (uint16_t)(0xc000 | at));
		if (e->n < SUFFIXES && e->len < 0x3fff) {
			e->suffix[e->n].off = (uint16_t)e->len;
			e->suffix[e->n].len = (uint8_t)left;
			memcpy(e->suffix[e->n++].name, name, left);
		}
		if (emit(e, name, 1u + *name) < 0)
			return -1;
		name += 1u + *name;
	}
	return emit(e, name, 1);
}

/* Bytes before the one name in the rdata of types whose name is compressed here; -1: none. */
static int name_offset(uint16_t rrtype)
{
	switch (rrtype) {
	case DNS_TYPE_PTR:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_DNAME:
	case DNS_TYPE_NS:
	case DNS_TYPE_NSEC:
		return 0;
	case DNS_TYPE_MX:
		return 2;
	case DNS_TYPE_SRV:
		return 6;
	default:
		return -1;
	}
}

static int emit_rdata(struct encoder *e, const struct message_entry *r)
{
	int front = r->raw ? -1 : name_offset(r->rrtype);
	const uint8_t *name = r->rdata + (front < 0 ? 0 : front);
	size_t name_len;

	if (front < 0)
		return emit(e, r->rdata, r->rdlen);
	name_len = dns_name_len(name);
	if (emit(e, r->rdata, (size_t)front) < 0 || emit_name(e, name) < 0)
		return -1;
	return emit(e, name + name_len, r->rdlen - (size_t)front - name_len);
}

static int emit_entry(struct encoder *e, const struct message_entry *r)
{
	uint8_t fixed[6] = {0};
	size_t at;

	if (emit_name(e, r->name) < 0 || emit16(e, r->rrtype) < 0 ||
		emit16(e, (uint16_t)(r->rrclass | (r->flush ? 0x8000 : 0))) < 0)
		return -1;
	if (r->section == DNS_SECTION_QUESTION)
		return 0;
	dns_store32(fixed, r->ttl_lo);
	at = e->len + 4;
	if (emit(e, fixed, 6) < 0 || emit_rdata(e, r) < 0)
		return -1;
	dns_store16(e->buf + at, (uint16_t)(e->len - at - 2));
	return 0;
}

int message_encode(const struct message *m, uint16_t id, uint16_t flags, bool compress,
	const uint16_t *counts, uint8_t *buf, size_t cap)
{
	static struct encoder e;
	uint16_t n[DNS_SECTIONS] = {0};

	e.buf = buf;
	e.cap = cap;
	e.len = DNS_HEADER_LEN;
	e.compress = compress;
	e.n = 0;
	if (cap < DNS_HEADER_LEN)
		return -1;
	for (uint8_t s = 0; s < DNS_SECTIONS; s++) {
		for (size_t i = 0; i < m->n; i++) {
			if (m->entry[i].section != s)
				continue;
			n[s]++;
			if (emit_entry(&e, &m->entry[i]) < 0)
				return -1;
		}
	}
	dns_store16(buf, id);
	dns_store16(buf + 2, flags);
	for (unsigned s = 0; s < DNS_SECTIONS; s++)
		dns_store16(buf + 4 + 2 * s, counts != NULL ? counts[s] : n[s]);
	return (int)e.len;
}

const char *message_entry_text(const struct message_entry *e, char *buf, size_t size)
{
	char name[DNS_NAME_TEXT_MAX], type[16], rdata[2048], ttl[32] = "*";

	dns_name_to_text(e->name, name, sizeof(name));
	dns_type_to_text(e->rrtype, type, sizeof(type));
	if (e->absent) {
		snprintf(buf, size, "! %s %s", name, type);
		return buf;
	}
	if (e->section == DNS_SECTION_QUESTION) {
		snprintf(buf, size, "? %s %s%s", name, type, e->flush ? " QU" : "");
		return buf;
	}
	if (e->ttl_lo == e->ttl_hi)
		snprintf(ttl, sizeof(ttl), "%u", e->ttl_lo);
	else if (e->ttl_hi != UINT32_MAX)
		snprintf(ttl, sizeof(ttl), "%u..%u", e->ttl_lo, e->ttl_hi);
	if (dns_rdata_to_text(e->rrtype, e->rdata, e->rdlen, rdata, sizeof(rdata)) < 0)
		snprintf(rdata, sizeof(rdata), "(%zu bytes)", e->rdlen);
	snprintf(buf, size, "%s %s%s %s %s", name, ttl, e->flush ? " flush" : "", type, rdata);
	return buf;
}
