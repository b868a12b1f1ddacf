/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "mutate.h"
#include "steps.h"

/* The mutator of fuzz_gateway: a step changes, as what it is; one more or less; or two change
 * places. */

#define STEPS_MAX 64
#define MESSAGE_MAX 9100

struct place {
	size_t at, end;
};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static unsigned roll(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % n;
}

static unsigned find_steps(const uint8_t *data, size_t size, struct place *p)
{
	size_t pos = 0;
	struct step s;
	unsigned n = 0;

	while (n < STEPS_MAX) {
		size_t at = pos;

		if (!step_next(data, size, &pos, &s))
			break;
		p[n++] = (struct place){at, pos};
	}
	return n;
}

/* Puts a payload of another length into the step. The new size; 0: it does not fit. */
static size_t replace(uint8_t *data, size_t size, size_t max, const struct place *p,
	const uint8_t *payload, size_t len)
{
	size_t was = p->end - p->at - STEP_HEAD;

	if (size - was + len > max || len > UINT16_MAX)
		return 0;
	memmove(data + p->at + STEP_HEAD + len, data + p->end, size - p->end);
	memcpy(data + p->at + STEP_HEAD, payload, len);
	data[p->at + 3] = (uint8_t)len;
	data[p->at + 4] = (uint8_t)(len >> 8);
	return size - was + len;
}

static size_t change(uint8_t *data, size_t size, size_t max, const struct place *p, unsigned *seed)
{
	static uint8_t payload[MESSAGE_MAX];
	enum step_kind kind = (enum step_kind)(data[p->at] & 7) % STEP_KINDS;
	size_t len = p->end - p->at - STEP_HEAD;
	size_t now;

	if (len > sizeof(payload) || roll(seed, 4) == 0) {
		data[p->at + roll(seed, 3)] ^= (uint8_t)(1u << roll(seed, 8));
		return size;
	}
	memcpy(payload, data + p->at + STEP_HEAD, len);
	if (kind == STEP_FRAME)
		len = LLVMFuzzerMutate(payload, len, sizeof(payload));
	else
		len = mutate_dns(payload, len, sizeof(payload), *seed);
	now = replace(data, size, max, p, payload, len);
	return now != 0 ? now : size;
}

/* The step once more at the end. */
static size_t again(uint8_t *data, size_t size, size_t max, const struct place *p)
{
	size_t len = p->end - p->at;

	if (size + len > max)
		return size;
	memcpy(data + size, data + p->at, len);
	return size + len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct place p[STEPS_MAX];
	unsigned n = find_steps(data, size, p), i;

	if (n == 0 || roll(&seed, 16) == 0)
		return LLVMFuzzerMutate(data, size, max);
	i = roll(&seed, n);
	switch (roll(&seed, 8)) {
	case 0:
		return again(data, size, max, &p[i]);
	case 1:
		memmove(data + p[i].at, data + p[i].end, size - p[i].end);
		return size - (p[i].end - p[i].at);
	default:
		return change(data, size, max, &p[i], &seed);
	}
}
