/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A name is its uncompressed wire bytes, ending with the root label (RFC 1035 §3.1). It enters
 * through dns_name_check(), dns_name_from_text() or the reader; whatever passed one of these is
 * safe in every other function here, none of which takes a length to be on guard.
 *
 * Names compare ASCII-case-insensitively and keep their bytes (RFC 6762 §16, RFC 4343). All
 * functions are pure and may be used by any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/wire.h"

/* Room for any name as text: every byte as \DDD, the dots between labels, NUL. */
#define DNS_NAME_TEXT_MAX (4 * DNS_NAME_MAX + 1)
/* Room for any single label as text, NUL included. */
#define DNS_LABEL_TEXT_MAX (4 * DNS_LABEL_MAX + 1)

/*
 * The gate: is there an uncompressed name at wire, within avail bytes? Returns its length in
 * bytes, 1 to DNS_NAME_MAX, root label included; -EBADMSG if it runs out of bytes, is too long,
 * or has a label type other than a plain one (pointers included).
 */
int dns_name_check(const uint8_t *wire, size_t avail);

/* Length of a checked name in bytes, root label included. */
static inline size_t dns_name_len(const uint8_t *name)
{
	size_t n = 0;

	while (name[n] != 0)
		n += 1u + name[n];
	return n + 1;
}

/* Labels of a checked name, the root label not counted: 0 to DNS_LABELS_MAX. */
static inline unsigned dns_name_labels(const uint8_t *name)
{
	unsigned labels = 0;

	for (; *name != 0; name += 1u + *name)
		labels++;
	return labels;
}

/* The checked name without its first nlabels labels; the root if it has no more. */
static inline const uint8_t *dns_name_skip(const uint8_t *name, unsigned nlabels)
{
	for (; nlabels > 0 && *name != 0; nlabels--)
		name += 1u + *name;
	return name;
}

/*
 * Canonical form: copies len bytes of a name from name to dst, A-Z made a-z. The two may be the
 * same buffer but may not overlap otherwise. Reads and writes exactly len bytes. Length bytes are
 * at most 63 and so never letters: the buffer is folded as a whole, without walking its labels,
 * and a part of a name or several names in a row may be folded at once.
 */
void dns_name_canon(uint8_t *dst, const uint8_t *name, size_t len);

/* Do two names have the same labels, ASCII case aside (RFC 4343)? */
bool dns_name_equal(const uint8_t *a, const uint8_t *b);

/* The same for two names that are both len bytes long (root label included). */
bool dns_name_equal_len(const uint8_t *a, const uint8_t *b, size_t len);

/* Is name equal to suffix or below it? Everything is under the root. */
bool dns_name_is_under(const uint8_t *name, const uint8_t *suffix);

/* Is the label at label (its length byte) the lower-case text lower, of len bytes? */
bool dns_label_is(const uint8_t *label, const char *lower, size_t len);

/*
 * Text for people and files (RFC 1035 §5.1, RFC 6763 §4.3): labels joined by dots, no dot at the
 * end but for the root, which is ".". "." and "\" within a label are escaped by "\", controls and
 * bytes that are not UTF-8 by \DDD; other UTF-8 is kept, so the text is always valid UTF-8 and
 * dns_name_from_text() gives the same bytes back. Returns the length without the NUL that is
 * always put behind, or -ENOSPC (DNS_NAME_TEXT_MAX bytes always suffice).
 */
int dns_name_to_text(const uint8_t *name, char *buf, size_t cap);

/* The same for the one label at label (its length byte); DNS_LABEL_TEXT_MAX always suffices. */
int dns_label_to_text(const uint8_t *label, char *buf, size_t cap);

/*
 * The name written in NUL-terminated text, in the escapes above; a dot at the end is optional.
 * Returns its length in bytes, or -EINVAL: empty text, an empty label, a label above
 * DNS_LABEL_MAX, a name above DNS_NAME_MAX, a broken escape. name is undefined then.
 */
int dns_name_from_text(const char *text, uint8_t name[DNS_NAME_MAX]);
