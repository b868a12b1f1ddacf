/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "base/log.h"
#include "tests/unit/management/bench.h"

/*
 * The control socket: an input is what a client sends, in one piece or byte by byte. Every line of
 * the reply is a JSON document, and the gateway is ready as before.
 */

static const char yaml[] =
	"gateway: {id: fuzz}\n"
	"ports: [{name: p, device: \"net_ring\"}]\n"
	"links:\n"
	"  - {name: a, port: p, vlan: 10, addresses: [10.10.0.2/24], policy: {in: l, out: o}}\n"
	"  - {name: b, port: p, vlan: 20, addresses: [10.20.0.2/24], policy: {in: l, out: o}}\n"
	"policies: {l: [{permit: any}], o: [{permit: airprint, role: staff}, {permit: any}]}\n";

static void start(void)
{
	static const uint8_t srv[] = "\0\0\0\0\2\x77\3lab\5local";
	const uint8_t *name;
	size_t len;

	if (bench.mgmt != NULL)
		return;
	log_set_level("err");
	bench_start(yaml);
	name = bench_wire("Lab._ipp._tcp.local", &len);
	bench_learn("a", 1, "_ipp._tcp.local", 12, name, len, false, false);
	bench_learn("a", 1, "Lab._ipp._tcp.local", 33, srv, sizeof(srv), true, false);
}

/* The reply, all of it, in a buffer of its own; the caller frees. */
static char *read_all(int fd, size_t *len)
{
	size_t size = 1u << 16;
	char *buf = malloc(size);

	*len = 0;
	for (unsigned idle = 0; idle < 3;) {
		ssize_t n;

		bench_settle();
		FUZZ_CHECK(buf != NULL);
		n = recv(fd, buf + *len, size - *len, MSG_DONTWAIT);
		if (n == 0)
			break;
		if (n < 0) {
			idle++;
			continue;
		}
		*len += (size_t)n;
		if (size - *len < 4096)
			buf = realloc(buf, size *= 2);
		idle = 0;
	}
	return buf;
}

static void check_reply(const char *buf, size_t len)
{
	const char *end, *p = buf;

	while ((end = memchr(p, '\n', len - (size_t)(p - buf))) != NULL) {
		json_t *reply = json_loadb(p, (size_t)(end - p), JSON_DECODE_ANY, NULL);
		bool capture = json_object_get(reply, "capture") != NULL;

		FUZZ_CHECK(reply != NULL);
		json_decref(reply);
		p = end + 1;
		if (capture) /* pcapng follows */
			return;
	}
	FUZZ_CHECK(p == buf + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len;
	char *reply;
	int fd;

	start();
	if (size > 65536)
		return 0;
	fd = bench_client();
	if (size > 0 && data[0] & 1 && size < 512) {
		for (size_t i = 0; i < size; i++) {
			if (send(fd, data + i, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
				break;
			mgmt_turn(bench.mgmt, bench.now_us);
		}
	} else if (size > 0) {
		send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	shutdown(fd, SHUT_WR);
	reply = read_all(fd, &len);
	check_reply(reply, len);
	free(reply);
	close(fd);
	bench_settle();
	FUZZ_CHECK(mgmt_ready(bench.mgmt));
	return 0;
}
