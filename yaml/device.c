/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/device.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "yaml/check.h"

#define VDEV_NAME_MAX 63 /* RTE_DEV_NAME_MAX_LEN - 1 */

static size_t hex_digits(const char *p)
{
	size_t n = 0;

	while (isxdigit((unsigned char)p[n]))
		n++;
	return n;
}

/* Bytes of a "3b:00.0" that ends the text or its part before a comma; 0 if there is none. */
static size_t match_bdf(const char *p)
{
	if (hex_digits(p) != 2 || p[2] != ':' || hex_digits(p + 3) != 2 || p[3] > '1' ||
		p[5] != '.' || p[6] < '0' || p[6] > '7' || (p[7] && p[7] != ','))
		return 0;
	return 7;
}

static int parse_pci(const char *text, struct config_port *port, struct config_arena *arena)
{
	size_t domain = hex_digits(text);
	const char *prefix = "0000:";
	size_t len;
	char *target;

	/* Domains beyond 16 bits are those of Intel VMD. */
	if (domain >= 4 && domain <= 8 && text[domain] == ':')
		prefix = "";
	else
		domain = 0;
	len = match_bdf(text + (domain ? domain + 1 : 0));
	if (!len)
		return -EINVAL;
	target = yaml_arena_alloc(arena, strlen(prefix) + strlen(text) + 1);
	if (!target)
		return -ENOMEM;
	sprintf(target, "%s%s", prefix, text);
	for (char *p = target; *p && *p != ','; p++)
		*p = (char)tolower((unsigned char)*p);
	port->kind = CONFIG_DEVICE_PCI;
	port->target = target;
	return 0;
}

static int parse_vdev(struct config_port *port)
{
	static const char *const drivers[] = {"net_", "eth_", "virtio_user"};
	size_t len = strspn(port->device, "abcdefghijklmnopqrstuvwxyz0123456789_");
	bool known = false;

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		known |= len > 4 && !strncmp(port->device, drivers[i], strlen(drivers[i]));
	if (!known || len > VDEV_NAME_MAX || (port->device[len] && port->device[len] != ','))
		return -EINVAL;
	port->kind = CONFIG_DEVICE_VDEV;
	port->target = port->device;
	return 0;
}

int yaml_device_parse(const char *text, struct config_port *port, struct config_arena *arena)
{
	static const struct {
		const char *prefix;
		enum config_device kind;
	} schemes[] = {
		{"kernel:", CONFIG_DEVICE_KERNEL},
		{"xdp:", CONFIG_DEVICE_XDP},
		{"tap:", CONFIG_DEVICE_TAP},
	};
	int ret;

	port->device = yaml_arena_string(arena, text);
	if (!port->device)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i].prefix);

		if (strncmp(text, schemes[i].prefix, len) != 0)
			continue;
		port->kind = schemes[i].kind;
		port->target = port->device + len;
		return yaml_check_interface(port->target) ? 0 : -EINVAL;
	}
	ret = parse_pci(text, port, arena);
	return ret == -EINVAL ? parse_vdev(port) : ret;
}

bool yaml_device_same(const struct config_port *a, const struct config_port *b)
{
	bool a_interface = a->kind <= CONFIG_DEVICE_TAP, b_interface = b->kind <= CONFIG_DEVICE_TAP;
	size_t len = strcspn(a->target, ",");

	if (a_interface || b_interface)
		return a_interface == b_interface && !strcmp(a->target, b->target);
	return a->kind == b->kind && len == strcspn(b->target, ",") &&
	       !strncmp(a->target, b->target, len);
}
