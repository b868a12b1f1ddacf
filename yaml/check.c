/* SPDX-License-Identifier: BSD-3-Clause */
#include "yaml/check.h"

#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

#define DNS_LABEL_MAX 63
#define INTERFACE_MAX 15 /* IFNAMSIZ - 1 */

static bool only(const char *text, const char *characters)
{
	return *text && !text[strspn(text, characters)];
}

bool yaml_check_id(const char *text)
{
	return only(text, LOWER DIGIT "-");
}

bool yaml_check_name(const char *text)
{
	return only(text, LOWER UPPER DIGIT "._:/-");
}

bool yaml_check_path(const char *text)
{
	return *text == '/' && text[1];
}

bool yaml_check_group(const char *text)
{
	return only(text, LOWER UPPER DIGIT "._-") && *text != '-';
}

bool yaml_check_glob(const char *text)
{
	size_t least = 0; /* bytes of the shortest label that matches */

	for (const char *p = text; *p; p++) {
		if (*p == '*')
			continue;
		if (*p == '\\' && !*++p)
			return false;
		least++;
	}
	return *text && least <= DNS_LABEL_MAX;
}

bool yaml_check_interface(const char *text)
{
	if (!strcmp(text, ".") || !strcmp(text, "..") || strlen(text) > INTERFACE_MAX)
		return false;
	for (const char *p = text; *p; p++) {
		/* The kernel forbids '/', ':' and white space, devargs end at a comma. */
		if (*p <= ' ' || *p > '~' || strchr("/:,", *p))
			return false;
	}
	return *text;
}

bool yaml_check_service_type(const char *text)
{
	size_t len = *text == '_' ? 1 + strspn(text + 1, LOWER UPPER DIGIT "-_") : 0;

	return len >= 2 && len <= DNS_LABEL_MAX &&
	       (!strcasecmp(text + len, "._tcp") || !strcasecmp(text + len, "._udp"));
}

bool yaml_check_who(const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return *text;
}

bool yaml_check_txt(const char *text)
{
	const char *p = text;

	while (*p && *p != '=') {
		if (*p < ' ' || *p > '~')
			return false;
		p++;
	}
	if (p == text)
		return false;
	/* A backslash at the end has nothing to make literal. */
	for (p += *p == '='; *p; p++)
		if (*p == '\\' && !*++p)
			return false;
	return true;
}
