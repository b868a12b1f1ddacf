/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/packet/cross.h"

#include <stdlib.h>
#include <string.h>

#include "tests/packet/scenario.h"

struct crossing_frame {
	uint8_t *data;
	size_t len;
	uint16_t to; /* DPDK port it has to come out of */
	unsigned queue;
	bool out; /* it did, or one behind it on its queue */
};

void cross_reset(struct crossing *x)
{
	for (size_t i = 0; i < x->n; i++)
		free(x->frame[i].data);
	x->n = 0;
	x->crossed = 0;
}

void cross_fini(struct crossing *x)
{
	cross_reset(x);
	free(x->frame);
	x->frame = NULL;
}

void cross_sent(struct scenario *s, const struct gateway_frame *f)
{
	const struct dp_world *w = s->gateway.world;
	const struct dp_port_map *map = w != NULL ? w->port[f->port] : NULL;
	struct crossing *x = &s->crossing;
	struct crossing_frame *c;

	if (map == NULL || !map->inline_pair)
		return;
	x->frame = realloc(x->frame, (x->n + 1) * sizeof(*x->frame));
	if (x->frame == NULL)
		abort();
	c = &x->frame[x->n++];
	*c = (struct crossing_frame){.data = malloc(f->len + 1),
		.len = f->len,
		.to = map->peer,
		.queue = f->queue % s->gateway.n_queues};
	if (c->data == NULL)
		abort();
	memcpy(c->data, f->data, f->len);
}

bool cross_heard(struct scenario *s, uint16_t port, const uint8_t *frame, size_t len)
{
	struct crossing *x = &s->crossing;
	size_t i = 0;

	while (i < x->n && (x->frame[i].out || x->frame[i].to != port || x->frame[i].len != len ||
				   memcmp(x->frame[i].data, frame, len) != 0))
		i++;
	if (i == x->n)
		return false;
	x->crossed++;
	/* What went in before it on the same queue would be late now. */
	for (size_t k = 0; k <= i; k++)
		x->frame[k].out |= x->frame[k].to == port && x->frame[k].queue == x->frame[i].queue;
	return true;
}
