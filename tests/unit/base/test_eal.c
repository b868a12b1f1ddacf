/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_log.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_dpdk.h"
#include "base/slab.h"
#include "base/tsc.h"

/* What stands on DPDK's own start: its clock, its heap, its log. */

static void start_eal(void)
{
	static char args[][24] = {"test", "--no-huge", "-m", "64", "--no-shconf", "--no-telemetry",
		"--no-pci", "--lcores=0", "--log-level=*:warning"};
	enum { ARGC = sizeof(args) / sizeof(args[0]) };
	char *argv[ARGC + 1] = {NULL};

	for (int i = 0; i < ARGC; i++)
		argv[i] = args[i];
	cr_assert_geq(rte_eal_init(ARGC, argv), 0);
}

static void stop_eal(void)
{
	rte_eal_cleanup();
}

Test(tsc, refuses_a_clock_it_does_not_know)
{
	/* Without EAL nobody has measured it. */
	cr_assert_eq(tsc_clock_init(), -ENOTSUP);
}

Test(tsc, counts_microseconds, .init = start_eal, .fini = stop_eal)
{
	uint64_t hz, day, last, before, after;

	cr_assert_eq(tsc_clock_init(), 0);
	hz = rte_get_tsc_hz();
	/* A day of cycles is a day, within a microsecond per 10 s of it. */
	day = (uint64_t)((unsigned __int128)hz * 86400 * tsc_clock.mul >> 64);
	cr_assert(day <= 86400 * US_PER_SEC && day >= 86400 * US_PER_SEC - 8640);

	before = clock_now_us();
	cr_assert_eq(tsc_clock_init(), 0);
	last = tsc_now_us();
	after = clock_now_us();
	cr_assert_geq(tsc_clock.base_us, before);
	cr_assert_leq(tsc_clock.base_us, after);
	for (int i = 0; i < 1000; i++) {
		uint64_t now = tsc_now_us();

		cr_assert_geq(now, last);
		last = now;
	}
}

Test(mem, dpdk_heap_is_zeroed_and_aligned, .init = start_eal, .fini = stop_eal)
{
	for (int i = 0; i < 20; i++) {
		uint8_t *p = slab_mem_dpdk.alloc(1000, i % 2 ? 0 : SLAB_SOCKET_ANY);

		cr_assert_not_null(p);
		cr_assert_eq((uintptr_t)p % 64, 0);
		for (int k = 0; k < 1000; k++)
			cr_assert_eq(p[k], 0);
		memset(p, 0xa5, 1000);
		slab_mem_dpdk.free(p);
	}
	cr_assert_null(slab_mem_dpdk.alloc((size_t)1 << 40, SLAB_SOCKET_ANY));
	slab_mem_dpdk.free(NULL);
}

Test(mem, slabs_stop_where_the_heap_ends, .init = start_eal, .fini = stop_eal)
{
	struct slab *slab = slab_create("eal", 1024, 1000000, SLAB_SOCKET_ANY, &slab_mem_dpdk);
	uint32_t n = 0;

	cr_assert_not_null(slab);
	while (slab_alloc(slab) != 0)
		n++;
	cr_assert(n > 10000 && n < 64 * 1024, "%u", n);
	cr_assert_eq(slab_in_use(slab), n);
	slab_destroy(slab);
}

Test(log_dpdk, lines_come_with_their_levels)
{
	int fd = memfd_create("log", 0);
	char text[65536];
	ssize_t n;

	log_set_fd(fd);
	cr_assert_eq(log_dpdk_attach(), 0);
	cr_assert_eq(log_dpdk_attach(), 0, "twice is once");
	start_eal();
	rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1, "USER1: broken %d\n", 7);
	rte_log(RTE_LOG_CRIT, RTE_LOGTYPE_USER1, "USER1: critical\n");
	rte_log(RTE_LOG_WARNING, RTE_LOGTYPE_USER1, "USER1: odd\n");
	rte_log(RTE_LOG_INFO, RTE_LOGTYPE_USER1, "USER1: below DPDK's level\n");
	log_dpdk_detach();
	stop_eal();

	n = pread(fd, text, sizeof(text) - 1, 0);
	cr_assert_gt(n, 0);
	text[n] = '\0';
	cr_assert_not_null(strstr(text, "level=err mod=dpdk msg=\"USER1: broken 7\"\n"));
	cr_assert_not_null(strstr(text, "level=err mod=dpdk msg=\"USER1: critical\"\n"));
	cr_assert_not_null(strstr(text, "level=warn mod=dpdk msg=\"USER1: odd\"\n"));
	cr_assert_null(strstr(text, "below"));
	cr_assert_eq(log_set_level("dpdk:debug"), 0);
	close(fd);
}
