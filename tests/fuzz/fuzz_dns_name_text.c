/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "dns/name.h"
#include "dns/rdata.h"

/* Names to text and back: the input is taken once as wire bytes and once as text. */

static void check_text(const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;

	FUZZ_CHECK(strlen(text) == len);
	for (size_t i = 0; i < len;) {
		size_t n = utf8_printable(p + i, len - i);

		FUZZ_CHECK(n > 0);
		i += n;
	}
}

static void there_and_back(const uint8_t *name, size_t len)
{
	char text[DNS_NAME_TEXT_MAX], label[DNS_LABEL_TEXT_MAX];
	uint8_t back[DNS_NAME_MAX];
	int n = dns_name_to_text(name, text, sizeof(text));

	FUZZ_CHECK(n > 0);
	check_text(text, (size_t)n);
	FUZZ_CHECK(dns_name_from_text(text, back) == (int)len);
	FUZZ_CHECK(memcmp(back, name, len) == 0);
	FUZZ_CHECK(dns_name_to_text(name, text, (size_t)n) == -ENOSPC);
	FUZZ_CHECK(dns_label_to_text(name, label, sizeof(label)) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t name[DNS_NAME_MAX];
	char *text;
	int len = dns_name_check(data, size);

	if (len > 0)
		there_and_back(data, (size_t)len);

	text = malloc(size + 1);
	FUZZ_CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	len = dns_name_from_text(text, name);
	if (len > 0) {
		FUZZ_CHECK(dns_name_check(name, sizeof(name)) == len);
		there_and_back(name, (size_t)len);
	}
	FUZZ_CHECK(dns_type_from_text(text) <= UINT16_MAX);
	free(text);
	return 0;
}
