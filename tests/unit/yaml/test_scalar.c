/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/scalar.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "yaml/check.h"
#include "yaml/device.h"
#include "yaml/template.h"

#define NONE 12345678 /* no row's value */

static void expect_number(enum schema_type type, const char *text, int ret, uint64_t value)
{
	const struct schema_key key = {.type = type, .min = 1, .max = 1ull << 40, .words = "auto"};
	uint64_t got = NONE;

	cr_expect(eq(int, yaml_scalar_parse(&key, text, &got), ret), "%s", text);
	cr_expect(eq(u64, got, ret ? NONE : value), "%s", text);
}

Test(scalar, integers)
{
	expect_number(SCHEMA_UINT, "1", 0, 1);
	expect_number(SCHEMA_UINT, "1099511627776", 0, 1ull << 40);
	expect_number(SCHEMA_UINT, "auto", 0, 0);
	expect_number(SCHEMA_UINT, "0", -ERANGE, 0);
	expect_number(SCHEMA_UINT, "1099511627777", -ERANGE, 0);
	expect_number(SCHEMA_UINT, "18446744073709551616", -ERANGE, 0);
	expect_number(SCHEMA_UINT, "99999999999999999999999", -ERANGE, 0);
	for (const char *const *bad = (const char *const[]){"", "-1", "+1", "1.0", "0x10", "010",
		     "1 ", " 1", "1e3", "1_000", "aut", "autos", "1s", NULL};
		*bad; bad++)
		expect_number(SCHEMA_UINT, *bad, -EINVAL, 0);
}

Test(scalar, sizes)
{
	expect_number(SCHEMA_SIZE, "1KiB", 0, 1024);
	expect_number(SCHEMA_SIZE, "64MiB", 0, 64 << 20);
	expect_number(SCHEMA_SIZE, "3GiB", 0, 3ull << 30);
	expect_number(SCHEMA_SIZE, "1TiB", 0, 1ull << 40);
	expect_number(SCHEMA_SIZE, "2TiB", -ERANGE, 0);
	expect_number(SCHEMA_SIZE, "18446744073709551615TiB", -ERANGE, 0);
	expect_number(SCHEMA_SIZE, "64", -EINVAL, 0);
	expect_number(SCHEMA_SIZE, "64MB", -EINVAL, 0);
	expect_number(SCHEMA_SIZE, "64 MiB", -EINVAL, 0);
	expect_number(SCHEMA_SIZE, "MiB", -EINVAL, 0);
}

Test(scalar, durations_and_rates)
{
	expect_number(SCHEMA_DURATION, "90s", 0, 90);
	expect_number(SCHEMA_DURATION, "5m", 0, 300);
	expect_number(SCHEMA_DURATION, "24h", 0, 86400);
	expect_number(SCHEMA_DURATION, "7d", 0, 604800);
	expect_number(SCHEMA_DURATION, "90", -EINVAL, 0);
	expect_number(SCHEMA_DURATION, "1h30m", -EINVAL, 0);
	expect_number(SCHEMA_DURATION, "1.5h", -EINVAL, 0);
	expect_number(SCHEMA_RATE, "50/s", 0, 50);
	expect_number(SCHEMA_RATE, "0/s", -ERANGE, 0);
	expect_number(SCHEMA_RATE, "50", -EINVAL, 0);
	expect_number(SCHEMA_RATE, "50/m", -EINVAL, 0);
}

Test(scalar, words_count_from_min)
{
	const struct schema_key key = {.type = SCHEMA_WORD, .min = 1, .words = "query|advert"};
	uint64_t value = NONE;

	cr_expect(eq(int, yaml_scalar_parse(&key, "query", &value), 0));
	cr_expect(eq(u64, value, 1));
	cr_expect(eq(int, yaml_scalar_parse(&key, "advert", &value), 0));
	cr_expect(eq(u64, value, 2));
	cr_expect(eq(int, yaml_scalar_parse(&key, "quer", &value), -EINVAL));
	cr_expect(eq(int, yaml_scalar_parse(&key, "query|advert", &value), -EINVAL));
	cr_expect(eq(int, yaml_scalar_parse(&key, "", &value), -EINVAL));
	cr_expect(eq(int, yaml_scalar_parse(&key, "1", &value), -EINVAL));
}

Test(scalar, formats_with_the_largest_exact_unit)
{
	static const struct {
		enum schema_type type;
		uint64_t value;
		const char *text;
	} rows[] = {
		{SCHEMA_UINT, 1024, "1024"},
		{SCHEMA_SIZE, 64ull << 20, "64MiB"},
		{SCHEMA_SIZE, 1536ull << 20, "1536MiB"},
		{SCHEMA_SIZE, 1ull << 40, "1TiB"},
		{SCHEMA_DURATION, 1, "1s"},
		{SCHEMA_DURATION, 90, "90s"},
		{SCHEMA_DURATION, 604800, "7d"},
		{SCHEMA_RATE, 200, "200/s"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[32];

		yaml_scalar_format(rows[i].type, rows[i].value, text, sizeof(text));
		cr_expect_str_eq(text, rows[i].text);
	}
}

static void expect_vlan(const char *text, int first, int last, bool range)
{
	struct raw_vlan vlan = {0xffff, 0xffff, false};
	int ret = yaml_vlan_parse(text, &vlan);

	cr_expect(eq(int, ret, first < 0 ? -EINVAL : 0), "%s", text);
	if (first < 0) {
		cr_expect(eq(u16, vlan.first, 0xffff), "%s", text);
		return;
	}
	cr_expect(eq(u16, vlan.first, (uint16_t)first), "%s", text);
	cr_expect(eq(u16, vlan.last, (uint16_t)last), "%s", text);
	cr_expect_eq(vlan.range, range, "%s", text);
}

Test(scalar, vlans)
{
	expect_vlan("0", 0, 0, false);
	expect_vlan("1", 1, 1, false);
	expect_vlan("4094", 4094, 4094, false);
	expect_vlan("10-59", 10, 59, true);
	expect_vlan("7-7", 7, 7, true);
	expect_vlan("1-4094", 1, 4094, true);
	for (const char *const *bad =
			(const char *const[]){"", "4095", "-1", "59-10", "0-5", "1-4095", "10-",
				"-10", "10-20-30", "10,20", "010", "10 - 20", "x", "65546", NULL};
		*bad; bad++)
		expect_vlan(*bad, -1, 0, false);
}

Test(scalar, template_replaces_the_vlan)
{
	char out[16];

	cr_expect(eq(int, yaml_template("d-{vlan}", 300, out, sizeof(out)), 0));
	cr_expect_str_eq(out, "d-300");
	cr_expect(eq(int, yaml_template("{vlan/256}.{vlan%256}", 300, out, sizeof(out)), 0));
	cr_expect_str_eq(out, "1.44");
	cr_expect(eq(int, yaml_template("", 1, out, sizeof(out)), 0));
	cr_expect_str_eq(out, "");
	cr_expect(eq(int, yaml_template("123456789012345", 1, out, sizeof(out)), 0));
	cr_expect(eq(int, yaml_template("1234567890123456", 1, out, sizeof(out)), -ENAMETOOLONG));
	cr_expect(eq(int, yaml_template("{vlan", 1, out, sizeof(out)), -EINVAL));
	cr_expect(eq(int, yaml_template("vlan}", 1, out, sizeof(out)), -EINVAL));
	cr_expect(eq(int, yaml_template("{port}", 1, out, sizeof(out)), -EINVAL));
	cr_expect(eq(int, yaml_template("{vlan/100}", 1, out, sizeof(out)), -EINVAL));
	cr_expect(eq(int, yaml_template("{}", 1, out, sizeof(out)), -EINVAL));
}

static void expect_device(const char *text, enum config_device kind, const char *target)
{
	struct config_arena *arena = yaml_arena_new();
	struct config_port port = {0};

	cr_expect(eq(int, yaml_device_parse(text, &port, arena), target ? 0 : -EINVAL), "%s", text);
	if (target) {
		cr_expect_str_eq(port.device, text);
		cr_expect_str_eq(port.target, target);
		cr_expect(eq(int, port.kind, kind), "%s", text);
	}
	yaml_arena_free(arena);
}

Test(scalar, devices)
{
	expect_device("kernel:gw0", CONFIG_DEVICE_KERNEL, "gw0");
	expect_device("xdp:enp3s0f0.100", CONFIG_DEVICE_XDP, "enp3s0f0.100");
	expect_device("tap:dtap0", CONFIG_DEVICE_TAP, "dtap0");
	expect_device("kernel:123456789012345", CONFIG_DEVICE_KERNEL, "123456789012345");
	expect_device("0000:3b:00.0", CONFIG_DEVICE_PCI, "0000:3b:00.0");
	expect_device("3B:00.1", CONFIG_DEVICE_PCI, "0000:3b:00.1");
	expect_device("10000:01:1f.7", CONFIG_DEVICE_PCI, "10000:01:1f.7");
	expect_device("0000:3B:00.0,Arg=A", CONFIG_DEVICE_PCI, "0000:3b:00.0,Arg=A");
	expect_device("net_pcap0,rx_pcap=a,tx_pcap=b", CONFIG_DEVICE_VDEV,
		"net_pcap0,rx_pcap=a,tx_pcap=b");
	expect_device("net_ring0", CONFIG_DEVICE_VDEV, "net_ring0");
	expect_device("eth_af_packet0,iface=x", CONFIG_DEVICE_VDEV, "eth_af_packet0,iface=x");
	expect_device("virtio_user0,path=/x", CONFIG_DEVICE_VDEV, "virtio_user0,path=/x");
}

Test(scalar, nonsense_devices)
{
	for (const char *const *bad = (const char *const[]){"", "gw0", "kernel:", "kernel:a/b",
		     "kernel:1234567890123456", "kernel:a b", "kernel:.", "kernel:a,b=c",
		     "kernal:gw0", "0000:3b:00.8", "0000:3b:00", "000:3b:00.0", "0000:3b:20.0",
		     "0000:3b:00.0x", "0000:3b:00.0.1", "net_", "netpcap0", "net_pcap0 ,x",
		     "net_PCAP0", ",x", NULL};
		*bad; bad++)
		expect_device(*bad, 0, NULL);
}

Test(scalar, same_device)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{"kernel:gw0", "kernel:gw0", true},
		{"kernel:gw0", "xdp:gw0", true},
		{"kernel:gw0", "kernel:gw1", false},
		{"0000:3b:00.0", "3B:00.0,x=y", true},
		{"0000:3b:00.0", "0000:3b:00.1", false},
		{"net_ring0", "net_ring0,x=y", true},
		{"net_ring0", "net_ring01", false},
		{"kernel:net_ring0", "net_ring0", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config_arena *arena = yaml_arena_new();
		struct config_port a = {0}, b = {0};

		cr_assert(eq(int, yaml_device_parse(rows[i].a, &a, arena), 0));
		cr_assert(eq(int, yaml_device_parse(rows[i].b, &b, arena), 0));
		cr_expect_eq(yaml_device_same(&a, &b), rows[i].same, "%s %s", rows[i].a, rows[i].b);
		cr_expect_eq(yaml_device_same(&b, &a), rows[i].same, "%s %s", rows[i].b, rows[i].a);
		yaml_arena_free(arena);
	}
}

Test(scalar, globs)
{
	char text[130];

	cr_expect(yaml_check_glob("*"));
	cr_expect(yaml_check_glob("Lecture *"));
	cr_expect(yaml_check_glob("a?b\\*c\\\\"));
	cr_expect(yaml_check_glob("Küche ☕ *"));
	cr_expect_not(yaml_check_glob(""));
	cr_expect_not(yaml_check_glob("a\\"));
	memset(text, 'a', 63);
	strcpy(text + 63, "*");
	cr_expect(yaml_check_glob(text), "63 bytes and a star");
	strcpy(text + 63, "b");
	cr_expect_not(yaml_check_glob(text), "no label has 64 bytes");
}

Test(scalar, service_types)
{
	for (const char *const *good = (const char *const[]){"_ipp._tcp", "_IPP._TCP", "_sip._udp",
		     "_a-b_c9._tcp", NULL};
		*good; good++)
		cr_expect(yaml_check_service_type(*good), "%s", *good);
	for (const char *const *bad = (const char *const[]){"", "_", "ipp._tcp", "_._tcp", "_ipp",
		     "_ipp._sctp", "_ipp._tcp.", "_ipp._tcp.local", "_u._sub._ipp._tcp",
		     "_i p._tcp", "_services._dns-sd._udp", "_ipp.tcp", NULL};
		*bad; bad++)
		cr_expect_not(yaml_check_service_type(*bad), "%s", *bad);
}
