/* SPDX-License-Identifier: BSD-3-Clause */
#include "management/radius.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "management/audit.h"
#include "management/radius_packet.h"
#include "management/sessions.h"

LOG_MODULE(radius);

#define SLOTS 16384 /* requests remembered, to know those that come again; power of two, */
#define WAYS 4      /* ... in sets */
#define BURST 256   /* datagrams at once, before others have their turn */
#define RCVBUF (4 << 20)
#define SECRET_MAX 255
#define AUDIT_US US_PER_SEC /* between two audit lines about one kind of fault */

enum slot_state { SLOT_FREE, SLOT_WAITS, SLOT_REPLIED };

/* A request, until another takes its place. */
struct slot {
	enum slot_state state;
	uint32_t life; /* grows with each that takes the place */
	struct sockaddr_in6 from;
	uint8_t id;
	uint8_t authenticator[16];
	uint8_t reply[RADIUS_REPLY_MAX];
	uint8_t reply_len;
};

struct listener {
	int fd; /* -1: none */
	struct ip_addr addr;
	uint16_t port;
	uint8_t secret[SECRET_MAX + 1];
	size_t secret_len;
};

struct mgmt_radius {
	struct listener now, next;
	bool prepared; /* next is what comes into force */
	bool keeps_fd; /* ... on the socket in use */
	uint64_t count[RADIUS_N_COUNTERS];
	uint64_t audited_us[RADIUS_N_COUNTERS];
	unsigned clock; /* the way that is given up next */
	struct slot slot[SLOTS];
};

struct mgmt_radius *mgmt_radius_create(void)
{
	struct mgmt_radius *r = calloc(1, sizeof(*r));

	if (r != NULL) {
		r->now.fd = -1;
		r->next.fd = -1;
	}
	return r;
}

void mgmt_radius_destroy(struct mgmt *m)
{
	if (m->radius == NULL)
		return;
	mgmt_radius_cancel(m);
	if (m->radius->now.fd >= 0)
		close(m->radius->now.fd);
	explicit_bzero(m->radius, sizeof(*m->radius));
	free(m->radius);
	m->radius = NULL;
}

/* --- what is listened to --------------------------------------------------------------------- */

static int fail(char *why, int rc, const char *what, const char *which)
{
	snprintf(why, MGMT_WHY, "radius: %s %s: %s", what, which, strerror(-rc));
	return rc;
}

/* The first line of the file. */
static int read_secret(const char *path, struct listener *l, char *why)
{
	char line[SECRET_MAX + 1];
	struct stat st;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail(why, -errno, "cannot read", path);
	n = read(fd, line, sizeof(line));
	if (n >= 0 && fstat(fd, &st) == 0 && (st.st_mode & S_IROTH) != 0)
		LOG_WARN("anybody may read the secret", "file=%s", path);
	close(fd);
	if (n < 0)
		return fail(why, -errno, "cannot read", path);
	while (l->secret_len < (size_t)n && line[l->secret_len] != '\n')
		l->secret_len++;
	if (l->secret_len <= SECRET_MAX)
		memcpy(l->secret, line, l->secret_len);
	explicit_bzero(line, sizeof(line));
	if (l->secret_len == 0 || l->secret_len > SECRET_MAX) {
		snprintf(why, MGMT_WHY,
			"radius: %s: expected a secret of 1 to %d bytes in its "
			"first line",
			path, SECRET_MAX);
		return -EINVAL;
	}
	return 0;
}

/* One kind of socket for both families: IPv4 clients are ::ffff:a.b.c.d to it. */
static void address_of(const struct ip_addr *a, uint16_t port, struct sockaddr_in6 *out)
{
	*out = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
	if (a->family == 6) {
		memcpy(&out->sin6_addr, a->b, 16);
		return;
	}
	out->sin6_addr.s6_addr[10] = 0xff;
	out->sin6_addr.s6_addr[11] = 0xff;
	memcpy(&out->sin6_addr.s6_addr[12], a->b, 4);
}

static int open_socket(struct listener *l, char *why)
{
	char text[IP_TEXT_SIZE], where[IP_TEXT_SIZE + 16];
	struct sockaddr_in6 at;
	int off = 0, size = RCVBUF;

	address_of(&l->addr, l->port, &at);
	l->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return fail(why, -errno, "no socket of", "IPv6");
	setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(l->fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return 0;
	snprintf(where, sizeof(where), "%s port %u", ip_format(&l->addr, text), l->port);
	size = fail(why, -errno, "cannot listen at", where);
	close(l->fd);
	l->fd = -1;
	return size;
}

int mgmt_radius_prepare(struct mgmt *m, const struct config *config, char *why)
{
	struct mgmt_radius *r = m->radius;
	const struct config_radius *c = &config->radius;
	int rc = 0;

	mgmt_radius_cancel(m);
	r->next = (struct listener){.fd = -1, .addr = c->listen, .port = c->port};
	r->prepared = true;
	r->keeps_fd =
		r->now.fd >= 0 && ip_equal(&r->now.addr, &c->listen) && r->now.port == c->port;
	if (c->listen.family == 0)
		return 0;
	rc = read_secret(c->secret_file, &r->next, why);
	if (rc == 0 && !r->keeps_fd)
		rc = open_socket(&r->next, why);
	if (rc < 0)
		mgmt_radius_cancel(m);
	return rc;
}

void mgmt_radius_cancel(struct mgmt *m)
{
	struct mgmt_radius *r = m->radius;

	if (r->prepared && r->next.fd >= 0)
		close(r->next.fd);
	r->next.fd = -1;
	r->prepared = false;
}

void mgmt_radius_commit(struct mgmt *m)
{
	struct mgmt_radius *r = m->radius;
	char text[IP_TEXT_SIZE];

	if (!r->prepared)
		return;
	r->prepared = false;
	if (r->keeps_fd)
		r->next.fd = r->now.fd;
	else if (r->now.fd >= 0)
		close(r->now.fd);
	r->now = r->next;
	r->next.fd = -1;
	if (r->keeps_fd || r->now.fd < 0)
		return;
	if (mgmt_watch(m, r->now.fd, MGMT_SRC_RADIUS) < 0)
		LOG_ERR("accounting is not heard", "error=\"%s\"", strerror(errno));
	else
		LOG_NOTICE("accounting is heard", "at=%s port=%u", ip_format(&r->now.addr, text),
			r->now.port);
}

/* --- requests -------------------------------------------------------------------------------- */

static void count(struct mgmt *m, enum radius_counter c)
{
	m->radius->count[c]++;
}

static struct ip_addr host_of(const struct sockaddr_in6 *from)
{
	const uint8_t *b = from->sin6_addr.s6_addr;

	return IN6_IS_ADDR_V4MAPPED(&from->sin6_addr) ? ip_from_bytes(4, b + 12)
						      : ip_from_bytes(6, b);
}

/* What is wrong with a datagram: counted, written down once a second. */
static void complain(
	struct mgmt *m, enum radius_counter c, const struct ip_addr *from, const char *what)
{
	char text[IP_TEXT_SIZE];

	count(m, c);
	ip_format(from, text);
	LOG_LIMITED(LOG_LEVEL_WARN, "accounting request refused", "from=%s why=\"%s\"", text, what);
	if (m->radius->audited_us[c] != 0 && m->now_us - m->radius->audited_us[c] < AUDIT_US)
		return;
	m->radius->audited_us[c] = m->now_us;
	mgmt_audit_config(m, "accounting refused",
		json_pack("{s:s,s:s,s:I}", "from", text, "why", what, "count",
			(json_int_t)m->radius->count[c]));
}

static bool is_client(const struct mgmt *m, const struct ip_addr *a)
{
	const struct config_radius *c = &m->state.config->radius;

	for (uint32_t i = 0; i < c->n_clients; i++)
		if (prefix_contains(&c->clients[i], a->family, a->b))
			return true;
	return false;
}

static void reply(struct mgmt *m, struct slot *s)
{
	s->state = SLOT_REPLIED;
	/* One that is lost is sent again when the request comes again. */
	if (sendto(m->radius->now.fd, s->reply, s->reply_len, MSG_DONTWAIT,
		    (const struct sockaddr *)&s->from, sizeof(s->from)) >= 0)
		count(m, RADIUS_C_replies);
}

static bool is_same(
	const struct slot *s, const struct sockaddr_in6 *from, const struct radius_request *r)
{
	return s->state != SLOT_FREE && s->id == r->id && s->from.sin6_port == from->sin6_port &&
	       memcmp(&s->from.sin6_addr, &from->sin6_addr, sizeof(from->sin6_addr)) == 0 &&
	       memcmp(s->authenticator, r->authenticator, sizeof(r->authenticator)) == 0;
}

/* The request's place: where it is already, or where it may be. One that has no reply yet is the
 * last to go; whoever sent it asks again. */
static struct slot *slot_of(
	struct mgmt *m, const struct sockaddr_in6 *from, const struct radius_request *r)
{
	struct slot *set, *victim;
	uint32_t a, b;

	memcpy(&a, r->authenticator, sizeof(a));
	memcpy(&b, from->sin6_addr.s6_addr + 12, sizeof(b));
	a ^= (b + from->sin6_port + ((uint32_t)r->id << 24)) * 0x9e3779b1u;
	set = &m->radius->slot[((a ^ a >> 16) & (SLOTS - 1)) / WAYS * WAYS];
	victim = &set[m->radius->clock++ % WAYS];
	for (unsigned i = 0; i < WAYS; i++) {
		if (is_same(&set[i], from, r))
			return &set[i];
		if (victim->state == SLOT_WAITS && set[i].state != SLOT_WAITS)
			victim = &set[i];
	}
	return victim;
}

static unsigned slot_number(const struct mgmt *m, const struct slot *s)
{
	return (unsigned)(s - m->radius->slot) | (s->life % (RADIUS_NO_SLOT / SLOTS)) * SLOTS;
}

void mgmt_radius_told(struct mgmt *m, unsigned number)
{
	struct slot *s = &m->radius->slot[number % SLOTS];

	if (s->state == SLOT_WAITS && slot_number(m, s) == number && m->radius->now.fd >= 0)
		reply(m, s);
}

/* Who is the NAS: as it says itself, else by where it sent from. */
static void nas_of(const struct radius_request *r, const struct ip_addr *from, uint8_t nas[16])
{
	static const uint8_t unsaid[16];

	memcpy(nas, memcmp(r->nas, unsaid, 16) != 0 ? r->nas : from->b, 16);
}

static void restarted(struct mgmt *m, const struct radius_request *r, const struct ip_addr *from)
{
	uint8_t nas[16];
	char text[IP_TEXT_SIZE];
	unsigned n;

	nas_of(r, from, nas);
	count(m, RADIUS_C_nas_restarts);
	n = mgmt_sessions_end(m, nas);
	LOG_NOTICE("NAS restarted", "from=%s sessions=%u", ip_format(from, text), n);
}

/* An authentic request that was not seen before. */
static void account(struct mgmt *m, struct slot *s, enum radius_fault fault,
	const struct radius_request *r, const struct ip_addr *from)
{
	uint8_t nas[16];

	if (fault == RADIUS_NO_STATION) {
		complain(m, RADIUS_C_no_station, from, "no MAC address in Calling-Station-Id");
	} else if (r->status == RADIUS_ON || r->status == RADIUS_OFF) {
		restarted(m, r, from);
	} else if (r->status > RADIUS_INTERIM) {
		count(m, RADIUS_C_other_status);
	} else {
		nas_of(r, from, nas);
		switch (mgmt_session_account(m, r, nas, slot_number(m, s))) {
		case MGMT_ACCOUNTED:
			count(m, RADIUS_C_accounted);
			return; /* replied to when control knows */
		case MGMT_ACCOUNTED_ALREADY:
			count(m, RADIUS_C_repeated);
			break;
		case MGMT_ACCOUNTED_STALE:
			count(m, RADIUS_C_stale);
			break;
		case MGMT_ACCOUNTED_NO_MEMORY:
			/* Not replied to: it comes again. */
			count(m, RADIUS_C_no_memory);
			s->state = SLOT_FREE;
			return;
		}
	}
	reply(m, s);
}

static void datagram(struct mgmt *m, const uint8_t *p, size_t len, const struct sockaddr_in6 *from)
{
	struct listener *l = &m->radius->now;
	struct ip_addr host = host_of(from);
	struct radius_request r;
	enum radius_fault fault;
	struct slot *s;

	count(m, RADIUS_C_requests);
	if (!is_client(m, &host)) {
		complain(m, RADIUS_C_unknown_client, &host, "radius.clients does not list it");
		return;
	}
	fault = radius_read(p, len, l->secret, l->secret_len, &r);
	if (fault == RADIUS_BAD_SECRET) {
		complain(m, RADIUS_C_bad_secret, &host, "authenticator is wrong: another secret?");
		return;
	}
	if (fault != RADIUS_OK && fault != RADIUS_NO_STATION) {
		complain(m, RADIUS_C_malformed, &host, "no whole accounting request");
		return;
	}
	s = slot_of(m, from, &r);
	if (is_same(s, from, &r)) {
		count(m, RADIUS_C_duplicates);
		if (s->state == SLOT_REPLIED)
			reply(m, s);
		return;
	}
	s->state = SLOT_WAITS;
	s->life++;
	s->from = *from;
	s->id = r.id;
	memcpy(s->authenticator, r.authenticator, sizeof(s->authenticator));
	s->reply_len = (uint8_t)radius_reply(&r, l->secret, l->secret_len, s->reply);
	account(m, s, fault, &r, &host);
}

unsigned mgmt_radius_ready(struct mgmt *m)
{
	uint8_t p[RADIUS_PACKET_MAX + 1];
	unsigned n = 0;

	while (n < BURST && m->radius->now.fd >= 0) {
		struct sockaddr_in6 from = {0};
		socklen_t size = sizeof(from);
		ssize_t len = recvfrom(m->radius->now.fd, p, sizeof(p), MSG_DONTWAIT,
			(struct sockaddr *)&from, &size);

		if (len < 0)
			break;
		datagram(m, p, (size_t)len, &from);
		n++;
	}
	return n;
}

static const struct {
	const char *name, *text;
} counters[] = {
#define RADIUS_COUNTER(name, text) {#name, text},
	RADIUS_COUNTERS(RADIUS_COUNTER)
#undef RADIUS_COUNTER
};

const char *mgmt_radius_name(unsigned counter)
{
	return counters[counter].name;
}

const char *mgmt_radius_text(unsigned counter)
{
	return counters[counter].text;
}

uint64_t mgmt_radius_count(const struct mgmt *m, unsigned counter)
{
	return m->radius->count[counter];
}

json_t *mgmt_radius_show(const struct mgmt *m)
{
	json_t *o;

	if (m->radius->now.fd < 0)
		return json_null();
	o = json_pack("{s:I,s:I}", "sessions", (json_int_t)m->sessions.n, "ended",
		(json_int_t)m->sessions.n_ended);
	for (unsigned i = 0; i < RADIUS_N_COUNTERS; i++)
		json_object_set_new(
			o, counters[i].name, json_integer((json_int_t)m->radius->count[i]));
	return o;
}
