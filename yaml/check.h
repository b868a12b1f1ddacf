/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

/* What characters texts may hold. Lengths are the schema's business. Pure; any thread. */

/** gateway.id: a-z, 0-9 and '-', which also go into file names. */
bool yaml_check_id(const char *text);

/** Names of ports, links, sets and policies: nothing that needs quoting in logs and commands. */
bool yaml_check_name(const char *text);

/** An absolute path. */
bool yaml_check_path(const char *text);

/** The name of a Unix group. */
bool yaml_check_group(const char *text);

/** A glob (`*`, `?`, `\` before a literal character) that some label of 1..63 bytes can match. */
bool yaml_check_glob(const char *text);

/** A Linux interface name. */
bool yaml_check_interface(const char *text);

/** A DNS-SD base type: "_ipp._tcp", any case. */
bool yaml_check_service_type(const char *text);

/** The name of a user or role: bytes of UTF-8, none of them a control character. */
bool yaml_check_who(const char *text);

/** "KEY" or "KEY=GLOB": the key printable ASCII (RFC 6763 §6.4), the glob as above but possibly of
 * nothing. */
bool yaml_check_txt(const char *text);
