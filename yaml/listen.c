/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/listen.h"

#include <stdlib.h>
#include <string.h>

#include "yaml/tree.h"

static bool parse(const char *text, struct ip_addr *addr, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	char host[IP_TEXT_SIZE + 2];
	size_t len = colon ? (size_t)(colon - text) : 0;
	unsigned long number;
	char *end;

	if (!colon || len >= sizeof(host) || colon[1] < '0' || colon[1] > '9')
		return false;
	number = strtoul(colon + 1, &end, 10);
	if (*end || number == 0 || number > 65535)
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		if (ip_parse(host + 1, addr) < 0 || addr->family != 6)
			return false;
	} else if (ip_parse(host, addr) < 0 || addr->family != 4) {
		return false;
	}
	*port = (uint16_t)number;
	return true;
}

void yaml_take_listen(struct yaml_loader *ld, struct yaml_node *node, const char *text,
	struct ip_addr *addr, uint16_t *port, const char *like)
{
	if (!text || parse(text, addr, port))
		return;
	addr->family = 0;
	yaml_expected(ld, node, "an address with a port like %s", like);
}
