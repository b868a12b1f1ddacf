/* SPDX-License-Identifier: BSD-3-Clause */
#include "load.h"
#include "yaml/file.h"

/* What YAML itself, or our use of it, forbids. */

#define GOOD                                                                                       \
	"ports: [{name: p, device: \"tap:t0\"}]\n"                                                 \
	"links: []\n"

Test(syntax, nothing_at_all)
{
	static const char empty[] = "t.yaml:1:1: found an empty file, expected a map with gateway, "
				    "ports, links and so on\n";

	expect_lines("", empty);
	expect_lines("# only a comment\n\n", empty);
	expect_lines("---\n",
		"t.yaml:2:1: found nothing, expected a map with gateway, ports, links "
		"and so on\n");
	expect_lines("just text\n", "t.yaml:1:1: found \"just text\", expected a map\n");
	expect_lines("- a\n", "t.yaml:1:1: found a list, expected a map\n");
}

Test(syntax, byte_order_mark_and_line_ends_do_not_shift_places)
{
	expect_lines("\xef\xbb\xbf" GOOD "\r\nx: 1\r\n",
		"t.yaml:4:1: x: found an unknown key, expected one of gateway, ports, locations, "
		"roles, "
		"services, links, policies, stations, stations_file, pinned, gateways, admission, "
		"audit, radius, "
		"metrics, "
		"control, "
		"eal\n");
}

Test(syntax, columns_count_characters)
{
	expect_lines(GOOD "services: {\"Küche\": web, x: [nö, wéb]}\n",
		"t.yaml:3:12: services.\"Küche\": found a bad name, expected 1 to 63 characters: "
		"letters, digits and . _ : / -\n"
		"t.yaml:3:30: services.x[0]: found \"nö\", expected a preset, a set of services: "
		"or "
		"a service type like _ipp._tcp\n"
		"t.yaml:3:34: services.x[1]: found \"wéb\", expected a preset, a set of services: "
		"or "
		"a service type like _ipp._tcp (did you mean \"web\"?)\n");
}

Test(syntax, tabs)
{
	expect_lines("gateway:\n\tid: a\n", "t.yaml:2:1: found a tab, expected spaces: YAML is "
					    "indented by spaces only\n");
	expect_lines("gateway: a\n\tid: a\n", "t.yaml:2:1: found a tab, expected spaces: YAML is "
					      "indented by spaces only\n");
}

Test(syntax, invalid_yaml_with_what_stands_before_it)
{
	expect_lines("gateway:\n"
		     "  worker: 1\n"
		     "ports:\n"
		     "  - {name: p, device: x\n"
		     "links: []\n",
		"t.yaml:2:3: gateway.worker: found an unknown key, expected one of id, workers, "
		"memory, idle, sandbox, limits (did you mean \"workers\"?)\n"
		"t.yaml:5:6: invalid YAML: did not find expected ',' or '}' while parsing a flow "
		"mapping that starts at 4:5\n");
	expect_lines("gateway: {id: \"a\n", "t.yaml:2:1: invalid YAML: found unexpected end of "
					    "stream while scanning a quoted scalar that starts at "
					    "1:15\n");
	expect_lines("a: b: c\n",
		"t.yaml:1:1: a: found an unknown key, expected one of gateway, "
		"ports, locations, roles, services, links, policies, stations, stations_file, "
		"pinned, gateways, "
		"admission, audit, radius, metrics, control, "
		"eal\n"
		"t.yaml:1:5: invalid YAML: mapping values are not allowed in this "
		"context\n");
}

Test(syntax, braces_need_quotes)
{
	expect_lines("links:\n"
		     "  - {name: a, addresses: [10.{vlan}.0.2/24]}\n",
		"t.yaml:2:30: invalid YAML: did not find expected ',' or ']' while parsing a flow "
		"sequence; text with { } [ ] , or a leading @ % ` needs quotes\n");
}

Test(syntax, not_text)
{
	expect_lines("gateway:\n  id: \xff\n",
		"t.yaml:2:7: found bytes that are not UTF-8 (invalid leading UTF-8 octet)\n");
	expect_lines("# \xc3\xa9\xc3", "t.yaml:1:4: found bytes that are not UTF-8 (incomplete "
				       "UTF-8 octet sequence)\n");
	expect_lines("gateway: \x01\n",
		"t.yaml:1:10: found the control character U+0001, expected text\n");
	expect_lines(GOOD "control: {socket: \"/a\\0b\"}\n",
		"t.yaml:3:19: control.socket: found a zero byte, expected text without\n");
	expect_lines(GOOD "\"a\\0\": b\n", "t.yaml:3:1: found a zero byte, expected text "
					   "without\n");
}

Test(syntax, utf16_is_refused)
{
	static const char text[] = "\xff\xfep\0o\0";
	struct yaml_errors errors = {0};
	struct config *config;

	cr_expect(eq(int, yaml_load_string("t.yaml", text, sizeof(text) - 1, &config, &errors),
		-EINVAL));
	cr_expect(eq(sz, errors.n, 1));
	cr_expect_str_eq(errors.list[0].text, "found bytes that are not UTF-8 (invalid leading "
					      "UTF-8 octet)");
	yaml_errors_fini(&errors);
}

Test(syntax, control_characters_are_shown_as_escapes)
{
	expect_lines(GOOD "gateway: {id: \"a\\x1b[31m\\n\"}\n",
		"t.yaml:3:15: gateway.id: found \"a\\x1b[31m\\x0a\", expected 1 to 31 characters "
		"of "
		"a-z, 0-9 and -\n");
}

Test(syntax, long_text_is_cut_between_characters)
{
	char text[1024], expected[1024], word[512] = "";

	/* 2 and 3 bytes each: whatever the room, one of the cuts would fall within a character. */
	for (int i = 0; i < 60; i++)
		strcat(word, "é☕");
	sprintf(text, GOOD "gateway: {id: %s}\n", word);
	sprintf(expected,
		"t.yaml:3:15: gateway.id: found \"%.92s...\", expected 1 to 31 characters "
		"of a-z, 0-9 and -\n",
		word);
	expect_lines(text, expected);
	sprintf(text, GOOD "x%s: 1\n", word);
	sprintf(expected,
		"t.yaml:3:1: \"x%.92s...\": found an unknown key, expected one of gateway, "
		"ports, locations, roles, services, links, policies, stations, stations_file, "
		"pinned, gateways, "
		"admission, audit, radius, metrics, control, "
		"eal\n",
		word);
	expect_lines(text, expected);
}

Test(syntax, duplicate_keys)
{
	expect_lines(GOOD "gateway:\n"
			  "  id: a\n"
			  "  workers: 1\n"
			  "  id: B\n"
			  "  id: c\n"
			  "links: []\n"
			  "services: {x: web, y: web, x: chat}\n",
		"t.yaml:6:3: gateway.id: found the key a second time, expected it once (first at "
		"line 4)\n"
		"t.yaml:7:3: gateway.id: found the key a second time, expected it once (first at "
		"line 4)\n"
		"t.yaml:8:1: links: found the key a second time, expected it once (first at line "
		"2)\n"
		"t.yaml:9:28: services.x: found the key a second time, expected it once (first at "
		"line 9)\n");
}

Test(syntax, anchors_aliases_and_tags)
{
	expect_lines(GOOD "services:\n"
			  "  a: &x [web]\n"
			  "  b: *x\n"
			  "  c: [chat, *x]\n"
			  "gateway: !!map {id: !!str a}\n",
		"t.yaml:4:6: services.a: found an anchor (&), expected plain values: anchors and "
		"aliases are not supported\n"
		"t.yaml:5:6: services.b: found an alias (*), expected the value itself: anchors "
		"and "
		"aliases are not supported\n"
		"t.yaml:6:13: services.c[1]: found an alias (*), expected the value itself: "
		"anchors "
		"and aliases are not supported\n"
		"t.yaml:7:10: gateway: found a tag (!), expected plain values: tags are not "
		"supported\n"
		"t.yaml:7:21: gateway.id: found a tag (!), expected plain values: tags are not "
		"supported\n");
}

Test(syntax, keys_that_are_no_text)
{
	expect_lines(GOOD "gateway:\n"
			  "  ? [a]\n"
			  "  : {id: A}\n"
			  "  ? {}\n"
			  "  : b\n"
			  "  *x : c\n"
			  "  id: D\n",
		"t.yaml:4:5: gateway: found a list as a key, expected text\n"
		"t.yaml:6:5: gateway: found a map as a key, expected text\n"
		"t.yaml:8:3: gateway: found an alias as a key, expected text\n"
		"t.yaml:9:7: gateway.id: found \"D\", expected 1 to 31 characters of a-z, 0-9 and "
		"-\n");
}

Test(syntax, one_document)
{
	struct config *config = load_good("%YAML 1.2\n---\n" GOOD "...\n");

	config_free(config);
	expect_lines(GOOD "x: 1\n---\ny: 1\n",
		"t.yaml:3:1: x: found an unknown key, expected one of gateway, ports, locations, "
		"roles, "
		"services, links, policies, stations, stations_file, pinned, gateways, admission, "
		"audit, radius, "
		"metrics, "
		"control, "
		"eal\n"
		"t.yaml:4:1: found a second document (---), expected one\n");
}

Test(syntax, depth_is_bounded)
{
	char text[20000] = GOOD "eal: {vdev: ";
	size_t used = strlen(text);

	memset(text + used, '[', 10000);
	text[used + 10000] = '\0';
	expect_lines(text, "t.yaml:3:14: eal.vdev[0]: found a list, expected text\n"
			   "t.yaml:3:27: eal.vdev[0][0][0][0][0][0][0][0][0][0][0][0][0][0]: found "
			   "more than 16 levels, expected fewer\n");
}

Test(syntax, size_is_bounded)
{
	const size_t len = YAML_FILE_MAX + 1;
	char *text = malloc(len);
	struct yaml_errors errors = {0};
	struct config *config;

	memset(text, '#', len);
	cr_expect(eq(int, yaml_load_string("t.yaml", text, len, &config, &errors), -EINVAL));
	cr_expect_null(config);
	cr_assert(eq(sz, errors.n, 1));
	cr_expect_str_eq(errors.list[0].text, "found more than 33554432 bytes, expected fewer");
	yaml_errors_fini(&errors);
	free(text);
}

Test(syntax, number_of_values_and_of_errors_is_bounded)
{
	char *text = malloc(YAML_FILE_MAX), *p = text;
	struct yaml_errors errors = {0};
	struct config *config;

	p += sprintf(p, "eal: {vdev: [");
	for (int i = 0; i < 2200000; i++)
		p += sprintf(p, "a,");
	cr_expect(eq(int, yaml_load_string("t.yaml", text, (size_t)(p - text), &config, &errors),
		-EINVAL));
	cr_expect(eq(sz, errors.n, 1));
	cr_expect_not_null(strstr(errors.list[0].text, "found more than 2097152 values"));
	yaml_errors_fini(&errors);

	p = text;
	for (int i = 0; i < 20000; i++)
		p += sprintf(p, "k%d: 1\n", i);
	cr_expect(eq(int, yaml_load_string("t.yaml", text, (size_t)(p - text), &config, &errors),
		-EINVAL));
	cr_expect(eq(sz, errors.n, 10000));
	cr_expect(eq(sz, errors.n_errors, 20002));
	cr_expect(eq(sz, errors.unlisted, 10002));
	p = said(&errors);
	cr_expect_str_eq(p + strlen(p) - strlen("t.yaml: 10002 more\n"), "t.yaml: 10002 more\n");
	free(p);
	yaml_errors_fini(&errors);
	free(text);
}
