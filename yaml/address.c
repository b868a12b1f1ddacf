/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/address.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "yaml/arena.h"
#include "yaml/template.h"
#include "yaml/tree.h"

#define PREFIX_TEXT_MAX 64

static unsigned int width(const struct ip_addr *addr)
{
	return addr->family == 4 ? 32 : 128;
}

/* Whether all bits behind the prefix are `bit`. */
static bool host_bits_are(const struct ip_prefix *p, bool bit)
{
	for (unsigned int i = p->len; i < width(&p->addr); i++) {
		if ((p->addr.b[i / 8] >> (7 - i % 8) & 1) != bit)
			return false;
	}
	return true;
}

static void clear_host_bits(struct ip_prefix *p)
{
	for (unsigned int i = p->len; i < width(&p->addr); i++)
		p->addr.b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

/* Not an address of any one host (RFC 1122 §3.2.1.3, RFC 1112 §4, RFC 4291 §2.5). */
static bool no_host(const struct ip_addr *addr)
{
	return ip_is_unspecified(addr) || ip_is_loopback(addr) || ip_is_multicast(addr) ||
	       (addr->family == 4 && (addr->b[0] == 0 || addr->b[0] >= 240));
}

/* What is wrong with an own address, as what is expected instead; NULL: nothing. */
static const char *own_address_fault(const struct ip_prefix *p, bool have_v4)
{
	if (!p->len)
		return "a prefix length of at least 1";
	if (no_host(&p->addr))
		return "a unicast address of the gateway itself";
	if (p->addr.family == 4) {
		if (have_v4)
			return "at most one IPv4 address a link";
		if (p->len < 31 && host_bits_are(p, false))
			return "a host's address, not the network's";
		if (p->len < 31 && host_bits_are(p, true))
			return "a host's address, not the broadcast address";
		return NULL;
	}
	if (ip_is_link_local(&p->addr))
		return "no fe80 address: the gateway makes its own from the MAC";
	if (p->len < 127 && host_bits_are(p, false))
		return "a host's address, not the network's (the routers' anycast address)";
	return NULL;
}

static const char *prefix_fault(const struct ip_prefix *p, char *buf, size_t size)
{
	struct ip_prefix network = *p;
	char text[PREFIX_TEXT_SIZE];

	if (!p->len)
		return "a prefix length of at least 1";
	clear_host_bits(&network);
	if (!host_bits_are(p, false)) {
		snprintf(buf, size, "no bits behind the prefix: %s", prefix_format(&network, text));
		return buf;
	}
	if (no_host(&p->addr))
		return "a prefix of unicast addresses";
	return NULL;
}

/* Report at an item; a text that holds {vlan} is shown as it came out, too. */
static void refuse(
	struct yaml_loader *ld, struct yaml_node *item, const char *text, const char *expected)
{
	char quoted[YAML_QUOTE_SIZE];

	if (strcmp(item->text, text) != 0)
		yaml_expected(ld, item, "%s (it comes to %s)", expected, yaml_quote(text, quoted));
	else
		yaml_expected(ld, item, "%s", expected);
}

/* Replace {vlan} and parse. Reports and returns false if that fails. */
static bool parse_item(struct yaml_loader *ld, struct yaml_node *item, uint16_t vlan, char *text,
	struct ip_prefix *p)
{
	if (item->bad)
		return false;
	if (yaml_template(item->text, vlan, text, PREFIX_TEXT_MAX)) {
		yaml_expected(ld, item,
			"an address, '/' and a prefix length, with no braces but {vlan}, "
			"{vlan/256}, {vlan%%256}");
		return false;
	}
	if (prefix_parse(text, p)) {
		refuse(ld, item, text,
			strchr(text, '/') ? "an address, '/' and a prefix length like 10.0.0.2/24 "
					    "or fd00::2/64"
					  : "a prefix length behind the address: /24, /64");
		return false;
	}
	return true;
}

void yaml_take_addresses(struct yaml_loader *ld, struct yaml_node *node, struct config_link *link)
{
	struct ip_prefix *list;
	bool have_v4 = false;

	if (!node)
		return;
	list = yaml_arena_array(ld->out, node->n, sizeof(*list));
	if (!list) {
		yaml_oom(ld);
		return;
	}
	link->addresses = list;
	yaml_for_each_child(item, node)
	{
		char text[PREFIX_TEXT_MAX];
		struct ip_prefix p;
		const char *fault;

		if (!parse_item(ld, item, link->vlan, text, &p))
			continue;
		fault = own_address_fault(&p, have_v4);
		if (fault) {
			refuse(ld, item, text, fault);
			continue;
		}
		have_v4 |= p.addr.family == 4;
		list[link->n_addresses++] = p;
	}
}

void yaml_take_prefixes(struct yaml_loader *ld, struct yaml_node *node, struct config_link *link)
{
	struct ip_prefix *list;

	if (!node)
		return;
	list = yaml_arena_array(ld->out, node->n, sizeof(*list));
	if (!list) {
		yaml_oom(ld);
		return;
	}
	link->prefixes = list;
	yaml_for_each_child(item, node)
	{
		char text[PREFIX_TEXT_MAX], buf[PREFIX_TEXT_MAX + 64];
		struct ip_prefix p;
		const char *fault;

		if (!parse_item(ld, item, link->vlan, text, &p))
			continue;
		fault = prefix_fault(&p, buf, sizeof(buf));
		if (fault)
			refuse(ld, item, text, fault);
		else
			list[link->n_prefixes++] = p;
	}
}

static bool host_parse(const char *text, struct ip_prefix *p)
{
	if (strchr(text, '/'))
		return prefix_parse(text, p) == 0 && p->len > 0 && host_bits_are(p, false);
	if (ip_parse(text, &p->addr) < 0)
		return false;
	p->len = (uint8_t)width(&p->addr);
	return true;
}

void yaml_take_hosts(struct yaml_loader *ld, struct yaml_node *node, struct ip_prefix *to,
	uint32_t max, uint32_t *n)
{
	struct yaml_node *item = node && node->kind == YAML_KIND_LIST ? node->first : node;

	for (*n = 0; item && *n < max; item = item == node ? NULL : item->next) {
		if (item->bad || item->kind != YAML_KIND_SCALAR)
			continue;
		if (host_parse(item->text, &to[*n]) && !ip_is_multicast(&to[*n].addr) &&
			!ip_is_unspecified(&to[*n].addr))
			++*n;
		else
			yaml_expected(ld, item,
				"an address like 10.0.0.7, or a prefix like 10.0.0.0/24 without "
				"host bits");
	}
}
