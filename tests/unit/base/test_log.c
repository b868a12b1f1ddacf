/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"

LOG_MODULE(test);

static int sink = -1;
static char text[1 << 20];

static void open_sink(void)
{
	sink = memfd_create("log", 0);
	cr_assert_geq(sink, 0);
	log_set_fd(sink);
}

static void close_sink(void)
{
	log_set_fd(STDERR_FILENO);
	close(sink);
}

TestSuite(log, .init = open_sink, .fini = close_sink);

/* All that was written so far. */
static const char *written(void)
{
	ssize_t n = pread(sink, text, sizeof(text) - 1, 0);

	cr_assert_geq(n, 0);
	text[n] = '\0';
	return text;
}

static unsigned lines(void)
{
	unsigned n = 0;

	for (const char *p = written(); (p = strchr(p, '\n')) != NULL; p++)
		n++;
	return n;
}

/* The last line without its time stamp. */
static const char *last_line(void)
{
	static char line[4096];
	char *end, *start;

	written();
	end = strrchr(text, '\n');
	cr_assert_not_null(end);
	cr_assert_eq(end[1], '\0');
	*end = '\0';
	start = strrchr(text, '\n');
	start = start != NULL ? start + 1 : text;
	start = strchr(start, ' ');
	cr_assert_not_null(start);
	snprintf(line, sizeof(line), "%s", start + 1);
	return line;
}

Test(log, one_line_key_value)
{
	LOG_INFO("link up", "link=%s mtu=%u", "dorm-a", 1500);
	cr_assert_str_eq(last_line(), "level=info mod=test msg=\"link up\" link=dorm-a mtu=1500");
	LOG_ERR("no room");
	cr_assert_str_eq(last_line(), "level=err mod=test msg=\"no room\"");
	LOG_WARN("w");
	cr_assert_str_eq(last_line(), "level=warn mod=test msg=\"w\"");
	LOG_NOTICE("n");
	cr_assert_str_eq(last_line(), "level=notice mod=test msg=\"n\"");
	cr_assert_eq(lines(), 4);
}

static int pipe_that_is_full(int fd[2])
{
	char page[4096] = "";
	int total = 0;

	cr_assert_eq(pipe2(fd, O_NONBLOCK), 0);
	for (ssize_t n; (n = write(fd[1], page, sizeof(page))) > 0;)
		total += (int)n;
	cr_assert_eq(errno, EAGAIN);
	fcntl(fd[1], F_SETFL, 0); /* as a shell's is */
	return total;
}

static void pipe_drain(int fd, int total)
{
	for (ssize_t n; total > 0; total -= (int)n) {
		n = read(fd, text, (size_t)total);
		cr_assert_gt(n, 0);
	}
}

/* Nobody reads our stderr: the threads go on all the same. The limit is for a writer that hangs. */
Test(log, a_full_pipe_holds_nobody_up_and_what_is_lost_is_counted, .timeout = 60)
{
	int fd[2], total = pipe_that_is_full(fd);
	ssize_t n;

	log_set_fd(fd[1]);
	for (unsigned i = 0; i < 30; i++)
		LOG_INFO("into the void");
	log_flush();
	pipe_drain(fd[0], total);
	LOG_INFO("heard again");
	n = read(fd[0], text, sizeof(text) - 1);
	cr_assert_gt(n, 0);
	text[n] = '\0';
	cr_assert_null(strstr(text, "into the void"), "%s", text);
	cr_assert_not_null(strstr(text, "lost=30\n"), "%s", text);
	cr_assert_not_null(strstr(text, "heard again"), "%s", text);
	LOG_INFO("and again");
	n = read(fd[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	cr_assert_null(strstr(text, "lost="), "told once: %s", text);
}

/* More than a pipe takes at once: what fits is whole lines. */
Test(log, a_queue_larger_than_the_pipe_is_cut_between_lines, .timeout = 60)
{
	int fd[2];
	ssize_t n;

	cr_assert_eq(pipe2(fd, O_NONBLOCK), 0);
	fcntl(fd[1], F_SETFL, 0);
	cr_assert_geq(fcntl(fd[1], F_SETPIPE_SZ, 4096), 4096);
	log_set_fd(fd[1]);
	log_queue_this_thread(true);
	for (unsigned i = 0; i < 400; i++)
		LOG_INFO("one of many", "i=%u", i);
	log_queue_this_thread(false);
	log_flush();
	n = read(fd[0], text, sizeof(text) - 1);
	cr_assert_gt(n, 0);
	cr_assert_eq(text[n - 1], '\n');
	log_flush(); /* there is nothing but the loss to tell */
	n = read(fd[0], text, sizeof(text) - 1);
	cr_assert_gt(n, 0);
	text[n] = '\0';
	cr_assert_not_null(strstr(text, "lost="), "%s", text);
}

Test(log, time_stamp_is_utc)
{
	int y, mo, d, h, mi, s, ms, end = 0;

	LOG_INFO("x");
	cr_assert_eq(sscanf(written(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &y, &mo, &d, &h, &mi, &s,
			     &ms, &end),
		7);
	cr_assert_eq(end, 25);
	cr_assert(y >= 2020 && mo >= 1 && mo <= 12 && d >= 1 && d <= 31);
}

Test(log, levels)
{
	unsigned n;

	LOG_DEBUG("hidden");
	cr_assert_eq(lines(), 0);
	cr_assert_eq(log_set_level("debug"), 0);
	LOG_DEBUG("shown");
	cr_assert_eq(lines(), 1);
	cr_assert_eq(log_set_level("err"), 0);
	LOG_WARN("hidden");
	cr_assert(!LOG_ON(LOG_LEVEL_WARN) && LOG_ON(LOG_LEVEL_ERR));
	LOG_ERR("shown");
	cr_assert_eq(lines(), 2);
	cr_assert_eq(log_set_level("err,test:info"), 0);
	LOG_INFO("shown");
	cr_assert_eq(log_set_level("test:warn"), 0);
	LOG_INFO("hidden");
	n = lines();
	cr_assert_eq(n, 3);
}

Test(log, a_hidden_message_costs_no_arguments)
{
	int evaluated = 0;

	LOG_DEBUG("hidden", "n=%d", ++evaluated);
	cr_assert_eq(evaluated, 0);
	LOG_INFO("shown", "n=%d", ++evaluated);
	cr_assert_eq(evaluated, 1);
}

Test(log, bad_levels_change_nothing)
{
	static const struct {
		const char *spec;
		int error;
	} bad[] = {
		{"", -EINVAL},
		{"loud", -EINVAL},
		{"INFO", -EINVAL},
		{"test:", -EINVAL},
		{"test:loud", -EINVAL},
		{"debug,", -EINVAL},
		{"debug,,info", -EINVAL},
		{"nosuch:debug", -ENOENT},
		{"debug,nosuch:debug", -ENOENT},
		{"tes:debug", -ENOENT},
		{"test2:debug", -ENOENT},
		{":debug", -ENOENT},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(log_set_level(bad[i].spec), bad[i].error, "%s", bad[i].spec);
		cr_assert(!LOG_ON(LOG_LEVEL_DEBUG), "%s", bad[i].spec);
		cr_assert(LOG_ON(LOG_LEVEL_INFO), "%s", bad[i].spec);
	}
}

Test(log, control_characters_never_reach_the_sink)
{
	LOG_INFO("a\nlevel=err \"quoted\"", "name=%s", "evil\r\n2025 level=err\x1b[2J\x7f");
	cr_assert_eq(lines(), 1);
	cr_assert_str_eq(last_line(), "level=info mod=test msg=\"a\\x0alevel=err \\\"quoted\\\"\" "
				      "name=evil??2025 level=err?[2J?");
}

Test(log, long_lines_are_cut_and_say_so)
{
	static char big[10000];
	size_t n;

	memset(big, 'x', sizeof(big) - 1);
	LOG_INFO("big", "value=%s", big);
	written();
	n = strlen(text);
	cr_assert_eq(lines(), 1);
	cr_assert_leq(n, 2048);
	cr_assert_gt(n, 2000);
	cr_assert_str_eq(text + n - 4, "...\n");

	/* Not within a character. */
	for (size_t i = 0; i + 1 < sizeof(big) - 1; i += 2)
		memcpy(big + i, "\xc3\xa9", 2);
	big[sizeof(big) - 1] = '\0';
	for (size_t shift = 0; shift < 2; shift++) {
		LOG_INFO("big", "%svalue=%s", shift ? "_" : "", big);
		written();
		n = strlen(text);
		cr_assert_eq((unsigned char)text[n - 5], 0xa9);
	}
}

Test(log, quotes_what_came_from_outside)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", "\"\""},
		{"Lecture Hall", "\"Lecture Hall\""},
		{"say \"hi\" \\o/", "\"say \\\"hi\\\" \\\\o/\""},
		{"a\nb\x1b", "\"a\\x0ab\\x1b\""},
		{"caf\xc3\xa9 \xf0\x9f\x96\xa8", "\"caf\xc3\xa9 \xf0\x9f\x96\xa8\""},
		{"\xff\xc3", "\"\\xff\\xc3\""},
		{"\xc2\x9b", "\"\\xc2\\x9b\""},
	};
	char buf[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_str_eq(log_quote(buf, sizeof(buf), cases[i].in, strlen(cases[i].in)),
			cases[i].out);
	cr_assert_str_eq(log_quote(buf, sizeof(buf), "a\0b", 3), "\"a\\x00b\"");
}

Test(log, quotes_fit_any_buffer)
{
	static const char in[] = "a\"\n\xc3\xa9\xf0\x9f\x96\xa8 plain text that goes on";

	for (size_t size = 8; size < 60; size++) {
		char *buf = malloc(size);

		log_quote(buf, size, in, sizeof(in) - 1);
		cr_assert_lt(strlen(buf), size);
		cr_assert_eq(buf[0], '"');
		cr_assert_eq(buf[strlen(buf) - 1], '"');
		free(buf);
	}
}

static void flood(unsigned i)
{
	LOG_LIMITED(LOG_LEVEL_WARN, "flood", "i=%u", i);
}

/* How many lines pass depends on the clock; that each is either written or counted does not. */
Test(log, limited_messages_are_written_or_counted)
{
	unsigned shown = 0, suppressed = 0;

	for (unsigned i = 0; i < 1000; i++)
		flood(i);
	cr_assert_geq(lines(), 5);
	cr_assert_lt(lines(), 1000);
	for (const char *p = written(); (p = strstr(p, "suppressed=")) != NULL; p++)
		suppressed += (unsigned)strtoul(p + strlen("suppressed="), NULL, 10);
	shown = lines();
	cr_assert_leq(shown + suppressed, 1000);
}

Test(log, a_limited_line_says_what_it_swallowed)
{
	struct log_limit limit = {.lock = PTHREAD_MUTEX_INITIALIZER};

	for (unsigned i = 0; i < 5; i++)
		log_write_limited(&log_self, &limit, LOG_LEVEL_WARN, "x", " i=%u", i);
	cr_assert_str_eq(last_line(), "level=warn mod=test msg=\"x\" i=4");
	/* A bucket that is empty for ever swallows; a full one then tells. */
	limit.bucket.level.empty = INT64_MAX;
	for (unsigned i = 0; i < 7; i++)
		log_write_limited(&log_self, &limit, LOG_LEVEL_WARN, "x", " i=%u", i);
	cr_assert_eq(lines(), 5);
	bucket_fill(&limit.bucket.rate, &limit.bucket.level, 0);
	log_write_limited(&log_self, &limit, LOG_LEVEL_WARN, "x", " i=%u", 99u);
	cr_assert_str_eq(last_line(), "level=warn mod=test msg=\"x\" i=99 suppressed=7");
	bucket_fill(&limit.bucket.rate, &limit.bucket.level, 0);
	log_write_limited(&log_self, &limit, LOG_LEVEL_WARN, "x", " ");
	cr_assert_str_eq(last_line(), "level=warn mod=test msg=\"x\"");
}

Test(log, a_queued_thread_waits_for_the_flush)
{
	log_queue_this_thread(true);
	LOG_INFO("first");
	LOG_INFO("second");
	cr_assert_eq(lines(), 0);
	cr_assert_gt(log_flush(), 0);
	cr_assert_eq(lines(), 2);
	cr_assert_str_eq(last_line(), "level=info mod=test msg=\"second\"");
	cr_assert_eq(log_flush(), 0);
	LOG_INFO("third");
	cr_assert_gt(log_flush(), 0);
	cr_assert_eq(lines(), 3);
	log_queue_this_thread(false);
	LOG_INFO("direct");
	cr_assert_eq(lines(), 4);
}

Test(log, a_full_queue_drops_and_counts)
{
	unsigned lost = 0;
	const char *p;

	log_queue_this_thread(true);
	for (unsigned i = 0; i < 5000; i++)
		LOG_INFO("much", "i=%u", i);
	log_queue_this_thread(false);
	log_flush();
	p = strstr(written(), " lost=");
	cr_assert_not_null(p);
	lost = (unsigned)strtoul(p + strlen(" lost="), NULL, 10);
	/* One line is the one that tells. */
	cr_assert_eq(lines() - 1 + lost, 5000);
	cr_assert_gt(lost, 0);
}

static enum log_level stream_level = LOG_LEVEL_WARN;

static enum log_level level_now(void)
{
	return stream_level;
}

Test(log, a_stream_becomes_messages)
{
	FILE *f = log_stream(&log_self, level_now);

	cr_assert_not_null(f);
	fprintf(f, "EAL: No free 1048576 kB hugepages reported on node %d\n", 0);
	fflush(f);
	cr_assert_str_eq(last_line(), "level=warn mod=test msg=\"EAL: No free 1048576 kB hugepages "
				      "reported on node 0\"");
	stream_level = LOG_LEVEL_DEBUG;
	fprintf(f, "hidden\n");
	fflush(f);
	cr_assert_eq(lines(), 1);
	stream_level = LOG_LEVEL_ERR;
	fprintf(f, "one\n\ntwo\nthr");
	fflush(f);
	cr_assert_eq(lines(), 3);
	fprintf(f, "ee\n");
	fflush(f);
	cr_assert_str_eq(last_line(), "level=err mod=test msg=\"three\"");
	fprintf(f, "rest");
	fclose(f);
	cr_assert_str_eq(last_line(), "level=err mod=test msg=\"rest\"");
	cr_assert_eq(lines(), 5);
}

Test(log, a_stream_without_levels_is_notice_and_cuts_long_lines)
{
	FILE *f = log_stream(&log_self, NULL);

	for (int i = 0; i < 3000; i++)
		fputc('y', f);
	fclose(f);
	cr_assert_eq(lines(), 3);
	cr_assert_eq(strncmp(last_line(), "level=notice ", 13), 0);
}

static void *logger(void *arg)
{
	for (int i = 0; i < 200; i++)
		LOG_INFO("from a thread", "id=%s i=%d", (const char *)arg, i);
	return NULL;
}

Test(log, threads_do_not_mix_lines)
{
	static char names[4][2] = {"a", "b", "c", "d"};
	unsigned whole = 0;
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&t[i], NULL, logger, names[i]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	cr_assert_eq(lines(), 800);
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		const char *msg = strstr(line, "Z level=info mod=test msg=\"from a thread\" id=");

		whole += msg == line + 23;
	}
	cr_assert_eq(whole, 800);
}

Test(log, level_names)
{
	cr_assert_str_eq(log_level_name(LOG_LEVEL_ERR), "err");
	cr_assert_str_eq(log_level_name(LOG_LEVEL_DEBUG), "debug");
	cr_assert_str_eq(log_level_name(-1), "?");
	cr_assert_str_eq(log_level_name(5), "?");
}
