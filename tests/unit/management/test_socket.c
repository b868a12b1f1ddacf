/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "bench.h"
#include "dns/wire.h"

#define ONE                                                                                        \
	"gateway: {id: t}\nports: [{name: p, device: net_ring_p}]\n"                               \
	"links: [{name: a, port: p, vlan: 1, policy: {in: x, out: x}}]\n"                          \
	"policies: {x: [{permit: any}]}\n"

static void start(void)
{
	bench_start(ONE);
}

static void expect_error(json_t *reply, const char *part)
{
	const char *error = json_string_value(json_object_get(reply, "error"));

	cr_assert_not_null(error);
	cr_assert(strstr(error, part) != NULL, "%s", error);
	json_decref(reply);
}

Test(socket, requests_that_are_none_are_answered_by_an_error, .init = start)
{
	static const struct {
		const char *line, *error;
	} cases[] = {
		{"\n", "not JSON"},
		{"nonsense\n", "not JSON"},
		{"[1]\n", "expected {"},
		{"{\"cmd\":7}\n", "expected {"},
		{"{\"cmd\":\"dance\"}\n", "no such command: dance"},
		{"{\"cmd\":\"show\"}\n", "show what?"},
		{"{\"cmd\":\"show\",\"args\":[\"nothing\"]}\n", "show what?"},
		{"{\"cmd\":\"show\",\"args\":[1]}\n", "at most 16 strings"},
		{"{\"cmd\":\"log\",\"args\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\","
		 "\"j\",\"k\",\"l\",\"m\",\"n\",\"o\",\"p\",\"q\"]"
		 "}\n",
			"at most 16 strings"},
		{"{\"cmd\":\"reload\",\"args\":[\"now\"]}\n", "nothing but --dry-run"},
		{"{\"cmd\":\"flush\",\"args\":[\"a\"]}\n", "nothing but link=NAME"},
		{"{\"cmd\":\"flush\",\"args\":[\"link=zz\"]}\n", "there is no link zz"},
		{"{\"cmd\":\"log\",\"args\":[\"loud\"]}\n", "log takes a level"},
		{"{\"cmd\":\"log\",\"args\":[\"nobody:debug\"]}\n", "no such log module"},
	};
	int fd = bench_client();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_send(fd, cases[i].line);
		expect_error(bench_reply(fd), cases[i].error);
	}
	bench_stop();
}

Test(socket, several_requests_on_one_connection_are_answered_in_order, .init = start)
{
	json_t *reply;
	int fd = bench_client();

	bench_send(fd, "{\"cmd\":\"reload\"}\n{\"cmd\":\"show\",\"args\":[\"links\"]}\n");
	bench_settle();
	/* Both are there; the first line is the reload's. */
	char buf[8192];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);
	char *second;

	cr_assert_gt(n, 0);
	buf[n] = '\0';
	second = strchr(buf, '\n') + 1;
	reply = json_loads(second, 0, NULL);
	cr_assert_not_null(reply);
	cr_assert_eq(json_array_size(json_object_get(reply, "links")), 1);
	second[-1] = '\0';
	json_decref(reply);
	reply = json_loads(buf, 0, NULL);
	cr_assert_eq(json_integer_value(json_object_get(reply, "generation")), 2);
	json_decref(reply);
	bench_stop();
}

Test(socket, a_line_may_come_in_pieces, .init = start)
{
	json_t *reply;
	int fd = bench_client();

	bench_send(fd, "{\"cmd\":\"show\",");
	bench_settle();
	bench_send(fd, "\"args\":[\"status\"]}");
	bench_settle();
	cr_assert_eq(recv(fd, &(char){0}, 1, 0), -1, "nothing before the end of the line");
	bench_send(fd, "\n");
	reply = bench_reply(fd);
	cr_assert_str_eq(json_string_value(json_object_get(reply, "gateway")), "t");
	json_decref(reply);
	bench_stop();
}

Test(socket, a_line_without_end_is_refused_and_closed, .init = start)
{
	char line[8192];
	int fd = bench_client();

	memset(line, 'x', sizeof(line));
	cr_assert_eq(send(fd, line, sizeof(line), MSG_NOSIGNAL), (ssize_t)sizeof(line));
	expect_error(bench_reply(fd), "longer than 4096 bytes");
	bench_settle();
	cr_assert_leq(recv(fd, line, 1, 0), 0);
	cr_assert_neq(errno, EAGAIN);
	bench_stop();
}

/* A client that is done asking still gets its answer. */
Test(socket, a_half_closed_client_is_answered, .init = start)
{
	json_t *reply;
	int fd = bench_client();

	bench_send(fd, "{\"cmd\":\"flush\"}\n");
	shutdown(fd, SHUT_WR);
	reply = bench_reply(fd);
	cr_assert_eq(json_integer_value(json_object_get(reply, "flushed")), 0);
	json_decref(reply);
	bench_settle();
	cr_assert_null(bench_reply(fd), "then it is closed");
	bench_stop();
}

static unsigned replies_until_close(int fd)
{
	unsigned n = 0;
	char c;

	for (unsigned i = 0; i < 1000; i++) {
		ssize_t got;

		bench_settle();
		while ((got = recv(fd, &c, 1, 0)) > 0)
			n += c == '\n';
		if (got == 0)
			return n;
	}
	cr_assert_fail("it is never closed");
	return 0;
}

Test(socket, a_half_closed_client_is_answered_all_it_asked, .init = start)
{
	int fd = bench_client();

	bench_send(fd, "{\"cmd\":\"flush\"}\n{\"cmd\":\"show\",\"args\":[\"links\"]}\n"
		       "{\"cmd\":\"show\",\"args\":[\"ports\"]}\nunfinished");
	shutdown(fd, SHUT_WR);
	cr_assert_eq(replies_until_close(fd), 3);
	bench_stop();
}

/* More lines than the buffer holds at once. */
Test(socket, a_long_list_of_requests_is_answered_before_the_end, .init = start)
{
	int fd = bench_client();

	for (unsigned i = 0; i < 150; i++)
		bench_send(fd, "{\"cmd\":\"show\",\"args\":[\"ports\"]}\n");
	shutdown(fd, SHUT_WR);
	cr_assert_eq(replies_until_close(fd), 150);
	bench_stop();
}

static void learn_many(unsigned n)
{
	uint8_t addr[4] = {10, 0, 0, 0};
	char name[64];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "host-with-a-rather-long-name-%u.local", i);
		addr[2] = (uint8_t)(i >> 8);
		addr[3] = (uint8_t)i;
		bench_learn("a", 1, name, DNS_TYPE_A, addr, 4, true, false);
	}
}

/* It blocks nobody else, holds a bounded buffer, and is dropped in the end. */
Test(socket, a_client_that_never_reads_is_dropped, .init = start)
{
	const int small = 4096;
	json_t *reply;
	int lazy, busy;

	learn_many(3500);
	lazy = bench_client();
	busy = bench_client();
	setsockopt(lazy, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	bench_send(lazy, "{\"cmd\":\"show\",\"args\":[\"records\"]}\n");
	for (unsigned i = 0; i < 50; i++)
		mgmt_turn(bench.mgmt, bench.now_us);
	reply = bench_ask(busy, "show", "records");
	cr_assert_eq(json_array_size(json_object_get(reply, "records")), 3500);
	json_decref(reply);
	mgmt_turn(bench.mgmt, bench.now_us + 60 * US_PER_SEC);
	mgmt_turn(bench.mgmt, bench.now_us + 60 * US_PER_SEC);
	for (ssize_t n = 1; n > 0;) {
		char buf[4096];

		n = recv(lazy, buf, sizeof(buf), 0);
		cr_assert(n >= 0 || errno != EAGAIN, "the connection is still there");
	}
	bench_stop();
}

Test(socket, more_clients_than_slots_push_out_the_idlest, .init = start)
{
	json_t *reply;
	int fd[40];

	for (unsigned i = 0; i < 40; i++) {
		fd[i] = bench_client();
		bench.now_us += US_PER_MS;
		mgmt_turn(bench.mgmt, bench.now_us);
	}
	reply = bench_ask(fd[39], "show", "status");
	cr_assert_not_null(reply);
	json_decref(reply);
	cr_assert_eq(recv(fd[0], &(char){0}, 1, 0), 0, "the first one had to go");
	bench_stop();
}

/* --- the listening socket -------------------------------------------------------------------- */

static int connect_to(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -1;
}

Test(socket, is_for_its_group_and_goes_with_the_gateway, .init = start)
{
	char path[128];
	json_t *reply;
	struct stat st;

	snprintf(path, sizeof(path), "%s/s", bench.dir);
	cr_assert_eq(mgmt_socket_open(bench.mgmt, path, NULL), 0);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0660);
	reply = bench_ask(connect_to(path), "show", "status");
	cr_assert_not_null(reply);
	json_decref(reply);
	bench_stop(); /* looks that nothing is left in the directory */
}

Test(socket, a_stale_file_is_replaced_a_live_one_is_not, .init = start)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char path[96];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(path, sizeof(path), "%s/s", bench.dir);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	cr_assert_eq(mgmt_socket_open(bench.mgmt, path, NULL), -EADDRINUSE);
	close(fd); /* killed: the file stays */
	cr_assert_eq(access(path, F_OK), 0);
	cr_assert_eq(mgmt_socket_open(bench.mgmt, path, NULL), 0);
	cr_assert_geq(connect_to(path), 0);
	bench_stop();
}

Test(socket, what_is_no_socket_is_left_alone, .init = start)
{
	char path[96], text[8] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/s", bench.dir);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	fputs("dear", f);
	fclose(f);
	cr_assert_eq(mgmt_socket_open(bench.mgmt, path, NULL), -ENOTSOCK);
	f = fopen(path, "r");
	cr_assert_not_null(f, "it was removed");
	cr_assert_not_null(fgets(text, sizeof(text), f));
	cr_assert_str_eq(text, "dear");
	fclose(f);
	unlink(path);
	cr_assert_eq(symlink("elsewhere", path), 0);
	cr_assert_eq(mgmt_socket_open(bench.mgmt, path, NULL), -ENOTSOCK);
	cr_assert_eq(unlink(path), 0);
	bench_stop();
}

Test(socket, one_missing_directory_is_made_two_are_not, .init = start)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/one/two/s", bench.dir);
	cr_assert_eq(mgmt_socket_open(bench.mgmt, path, NULL), -ENOENT);
	snprintf(path, sizeof(path), "%s/one", bench.dir);
	cr_assert_neq(access(path, F_OK), 0, "nothing is made half way");
	snprintf(path, sizeof(path), "%s/one/s", bench.dir);
	cr_assert_eq(mgmt_socket_open(bench.mgmt, path, NULL), 0);
	mgmt_socket_close(bench.mgmt);
	snprintf(path, sizeof(path), "%s/one", bench.dir);
	cr_assert_eq(rmdir(path), 0);
	bench_stop();
}
