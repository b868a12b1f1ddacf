/* SPDX-License-Identifier: BSD-3-Clause */
#include "load.h"

/*
 * Memory runs out at every allocation of a load in turn: each time the load fails as it says, and a
 * leak checker finds nothing left. The linker sends our objects' allocations here; libyaml's own
 * are its business.
 */

static long left = -1; /* allocations that still succeed; negative: all */

static bool may_allocate(void)
{
	return left < 0 || left-- > 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return may_allocate() ? __real_calloc(n, size) : NULL;
}

void *__wrap_realloc(void *p, size_t size)
{
	return may_allocate() ? __real_realloc(p, size) : NULL;
}

char *__wrap_strdup(const char *text)
{
	return may_allocate() ? __real_strdup(text) : NULL;
}

/* Load with ever more memory until it suffices; returns how many loads failed for want of it. */
static long load_until_enough(const char *text, int enough)
{
	for (long allowed = 0;; allowed++) {
		struct yaml_errors errors = {0};
		struct config *config;
		int ret;

		left = allowed;
		ret = yaml_load_string("t.yaml", text, strlen(text), &config, &errors);
		left = -1;
		cr_assert_eq(config != NULL, ret == 0);
		cr_expect_eq(errors.n_errors == 0, ret == 0);
		config_free(config);
		if (ret == enough && !errors.unlisted && errors.file[0]) {
			yaml_errors_fini(&errors);
			return allowed;
		}
		if (ret != enough)
			cr_assert(eq(int, ret, -ENOMEM));
		yaml_errors_fini(&errors);
	}
}

/* Of every kind of key; long enough names to fill several chunks of the arenas. */
static char *make_text(const char *end)
{
	char *text = __real_malloc(256 << 10), *p = text;

	p += sprintf(p, "gateway: {id: a}\n"
			"ports: [{name: p, device: \"tap:t0\"}, {name: q, device: \"3b:00.0\"}]\n"
			"links:\n"
			"  - {name: \"l{vlan}\", port: p, vlan: 1-400, addresses: "
			"[\"10.{vlan/256}.{vlan%%256}.1/24\"], prefixes: [10.9.0.0/16], policy: "
			"{in: x, out: x}}\n"
			"eal: {log-level: [a, b], no-huge: true}\n"
			"services:\n");
	for (int i = 0; i < 100; i++)
		p += sprintf(p, "  s%d: [web, _t%d._tcp, s%d]\n", i, i, i ? i - 1 : 100);
	p += sprintf(p, "  s100: chat\npolicies:\n  x:\n");
	for (int i = 0; i < 100; i++)
		p += sprintf(p,
			"    - {permit: [s%d, _u%d._tcp], instance: \"name %d\", from: {link: [l7, "
			"l%d]}}\n",
			i, i, i, i + 1);
	sprintf(p, "%s", end);
	return text;
}

Test(memory, every_allocation_of_a_good_file_may_fail)
{
	char *text = make_text("");

	cr_expect_gt(load_until_enough(text, 0), 20);
	free(text);
}

Test(memory, every_allocation_of_a_bad_file_may_fail)
{
	char *text = make_text("x: 1\nx: 2\ncontrol: {sockt: 1, group: []}\nlinks: 1\n"
			       "a: &a b\nc: *a\n? [x]\n: y\n");

	cr_expect_gt(load_until_enough(text, -EINVAL), 20);
	free(text);
}
