/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/ask.h"
#include "policy/policy_priv.h"
#include "yaml/config.h"

/* What a link's columns are made from. */
struct link_parts {
	uint32_t in_col, out_col;
	uint32_t learn;             /* row: would its `in` learn */
	uint32_t in_query;          /* row: may its consumers ask, by its `in` */
	uint32_t out_query;         /* row: the same by its `out` */
	uint32_t in_to;             /* its block in its `in` */
	uint32_t out_from, out_to;  /* its blocks in its `out` */
	uint32_t next_in, next_out; /* other links of these policies; POLICY_NO_ID: none */
};

struct columns {
	struct policy *p;
	const struct config *config;
	struct link_parts *links;         /* [n_links] as in the configuration */
	uint32_t *first_in, *first_out;   /* [n_parts] links of a policy */
	struct policy_partition from, to; /* by the policy at hand */
	uint32_t *learn_row, *query_row;  /* [blocks] of the policy at hand */
	struct policy_rows learn, query;  /* raw rows, before they are combined */
	struct policy_rows ask;           /* the ask table to be, a row per column */
	struct policy_index by_row;       /* columns by content of their ask row */
};

static bool row_eq(const void *ctx, uint32_t id, const void *key, size_t len)
{
	return memcmp(policy_row(ctx, id), key, len) == 0;
}

static uint32_t row_hash(const struct columns *c, uint32_t id)
{
	return policy_hash(policy_row(&c->ask, id), c->ask.width * sizeof(policy_verdict_t));
}

/* Appends a column whose ask row is that raw row, finished. */
static int column_add(struct columns *c, const struct policy_rows *raw, uint32_t row, uint32_t *col)
{
	int rc = policy_rows_add(&c->ask, col);

	if (rc)
		return rc;
	memcpy(policy_row(&c->ask, *col), policy_row(raw, row),
		c->ask.width * sizeof(policy_verdict_t));
	policy_ask_host(policy_row(&c->ask, *col), c->ask.width);
	return policy_index_add(&c->by_row, row_hash(c, *col), *col);
}

/* The last row of the ask table becomes a column of its own unless an equal one exists. */
static int column_settle(struct columns *c, uint32_t *col)
{
	uint32_t last = c->ask.n - 1, hash = row_hash(c, last);
	size_t len = c->ask.width * sizeof(policy_verdict_t);

	*col = policy_index_find(&c->by_row, hash, row_eq, &c->ask, policy_row(&c->ask, last), len);
	if (*col != POLICY_NO_ID) {
		c->ask.n--;
		return 0;
	}
	*col = last;
	return policy_index_add(&c->by_row, hash, last);
}

/* Splits the links by the `from` or the `to` lists of one policy's rules. */
static int part_blocks(struct columns *c, const struct config_policy *cp, bool to, uint32_t *n)
{
	struct policy_partition *links = to ? &c->to : &c->from;
	struct policy_rule *rules = c->p->rules + c->p->parts[cp - c->config->policies].rule;
	bool any = false;

	policy_partition_reset(links);
	for (uint32_t i = 0; i < cp->n_rules; i++) {
		const struct config_link_list *l = to ? &cp->rules[i].to : &cp->rules[i].from;

		if (l->n > 0) {
			policy_partition_split(links, &(struct policy_set){l->links, l->n});
			any = true;
		}
	}
	*n = links->n_blocks;
	for (uint32_t i = 0; any && i < cp->n_rules; i++) {
		const struct config_link_list *l = to ? &cp->rules[i].to : &cp->rules[i].from;
		struct policy_set *out = to ? &rules[i].to_block : &rules[i].from_block;
		int rc;

		if (l->n == 0)
			continue;
		rc = policy_partition_blocks(
			links, &(struct policy_set){l->links, l->n}, &c->p->arena, out);
		if (rc)
			return rc;
	}
	return 0;
}

static int row_mark(struct policy_rows *rows, uint32_t *id)
{
	return *id == POLICY_NO_ID ? policy_rows_add(rows, id) : 0;
}

/* Gives raw rows to the blocks that links with this policy are in, and marks the columns to make.
 */
static int part_rows(struct columns *c, uint32_t k)
{
	struct policy_part *part = &c->p->parts[k];
	int rc;

	memset(c->learn_row, 0xff, part->n_from * sizeof(*c->learn_row));
	memset(c->query_row, 0xff, part->n_to * sizeof(*c->query_row));
	memset(part->in_col, 0xff, part->n_from * sizeof(*part->in_col));
	memset(part->out_col, 0xff, part->n_to * sizeof(*part->out_col));
	for (uint32_t i = c->first_in[k]; i != POLICY_NO_ID; i = c->links[i].next_in) {
		rc = row_mark(&c->learn, &c->learn_row[c->from.block[i]]);
		if (!rc)
			rc = row_mark(&c->query, &c->query_row[c->to.block[i]]);
		if (rc)
			return rc;
		part->in_col[c->from.block[i]] = POLICY_COLUMN_DENY;
	}
	for (uint32_t i = c->first_out[k]; i != POLICY_NO_ID; i = c->links[i].next_out) {
		rc = row_mark(&c->query, &c->query_row[c->to.block[i]]);
		if (rc)
			return rc;
		part->out_col[c->to.block[i]] = POLICY_COLUMN_DENY;
	}
	policy_ask_learn(c->p, part, &c->learn, c->learn_row);
	policy_ask_query(c->p, part, &c->query, c->query_row);
	return 0;
}

/* The columns of the matrix that one policy needs, and which links have them. */
static int part_columns(struct columns *c, uint32_t k)
{
	struct policy_part *part = &c->p->parts[k];
	int rc;

	for (uint32_t f = 0; f < part->n_from; f++) {
		if (part->in_col[f] == POLICY_NO_COLUMN)
			continue;
		rc = column_add(c, &c->learn, c->learn_row[f], &part->in_col[f]);
		if (rc)
			return rc;
	}
	for (uint32_t t = 0; t < part->n_to; t++) {
		if (part->out_col[t] == POLICY_NO_COLUMN)
			continue;
		rc = column_add(c, &c->query, c->query_row[t], &part->out_col[t]);
		if (rc)
			return rc;
	}
	for (uint32_t i = c->first_in[k]; i != POLICY_NO_ID; i = c->links[i].next_in) {
		c->links[i].in_col = part->in_col[c->from.block[i]];
		c->links[i].learn = c->learn_row[c->from.block[i]];
		c->links[i].in_query = c->query_row[c->to.block[i]];
		c->links[i].in_to = c->to.block[i];
	}
	for (uint32_t i = c->first_out[k]; i != POLICY_NO_ID; i = c->links[i].next_out) {
		c->links[i].out_col = part->out_col[c->to.block[i]];
		c->links[i].out_query = c->query_row[c->to.block[i]];
		c->links[i].out_from = c->from.block[i];
		c->links[i].out_to = c->to.block[i];
	}
	return 0;
}

static int part_compile(struct columns *c, uint32_t k)
{
	const struct config_policy *cp = &c->config->policies[k];
	struct policy_part *part = &c->p->parts[k];
	int rc;

	if (c->first_in[k] == POLICY_NO_ID && c->first_out[k] == POLICY_NO_ID)
		return 0;
	rc = part_blocks(c, cp, false, &part->n_from);
	if (!rc)
		rc = part_blocks(c, cp, true, &part->n_to);
	if (rc)
		return rc;
	part->in_col = policy_arena_alloc(&c->p->arena, part->n_from, sizeof(*part->in_col));
	part->out_col = policy_arena_alloc(&c->p->arena, part->n_to, sizeof(*part->out_col));
	if (!part->in_col || !part->out_col)
		return -ENOMEM;
	rc = part_rows(c, k);
	return rc ? rc : part_columns(c, k);
}

/* A question heard: the link's `in`, if it has one, must permit it; then its `out` speaks. */
static int query_column(struct columns *c, const struct link_parts *l, uint32_t *col)
{
	uint32_t id;
	const policy_verdict_t *in, *out;
	policy_verdict_t *row;
	int rc;

	*col = l->out_col;
	if (l->out_query == POLICY_NO_ID || l->in_query == POLICY_NO_ID)
		return 0;
	rc = policy_rows_add(&c->ask, &id);
	if (rc)
		return rc;
	row = policy_row(&c->ask, id);
	in = policy_row(&c->query, l->in_query);
	out = policy_row(&c->query, l->out_query);
	for (uint32_t t = 0; t < c->ask.width; t++)
		row[t] = policy_permits(in[t]) ? out[t] : in[t];
	policy_ask_host(row, c->ask.width);
	return column_settle(c, col);
}

/* A question of ours: the link's `in` would learn the answer, and its `out` does not forbid asking.
 */
static int probe_column(struct columns *c, const struct config_link *link,
	const struct link_parts *l, uint32_t *col)
{
	const struct policy_part *part;
	const policy_verdict_t *learn;
	policy_verdict_t *row;
	uint32_t id;
	int rc;

	*col = l->in_col;
	if (l->in_col == POLICY_COLUMN_DENY || link->policy_out == CONFIG_NO_POLICY)
		return 0;
	part = &c->p->parts[link->policy_out];
	if (!part->explicit_query)
		return 0;
	rc = policy_rows_add(&c->ask, &id);
	if (rc)
		return rc;
	policy_ask_explicit(c->p, part, l->out_from, l->out_to, &c->ask, id);
	row = policy_row(&c->ask, id);
	learn = policy_row(&c->learn, l->learn);
	for (uint32_t t = 0; t < c->ask.width; t++) {
		bool forbidden = row[t] != 0 && !policy_permits(row[t]);

		if (!policy_permits(learn[t]) || !forbidden)
			row[t] = learn[t];
	}
	policy_ask_host(row, c->ask.width);
	return column_settle(c, col);
}

/* Would these two links have the same columns for questions? */
static bool same_parts(const struct link_parts *a, const struct link_parts *b)
{
	return a->in_col == b->in_col && a->out_col == b->out_col && a->in_query == b->in_query &&
	       a->out_query == b->out_query && a->out_from == b->out_from;
}

/* By what rules its consumers are told apart, if by any. */
static void link_people(const struct columns *c, uint32_t i, struct policy_link *l)
{
	const struct config_link *cl = &c->config->links[i];
	const struct policy_part *parts = c->p->parts;

	if (cl->policy_out == CONFIG_NO_POLICY)
		return;
	l->out_part = cl->policy_out;
	l->out_to = c->links[i].out_to;
	l->personal = parts[l->out_part].personal || parts[l->out_part].personal_ask;
	if (cl->policy_in == CONFIG_NO_POLICY)
		return;
	l->in_part = cl->policy_in;
	l->in_to = c->links[i].in_to;
	l->personal |= parts[l->in_part].personal_ask;
}

static int link_columns(struct columns *c, const uint16_t *link_ids)
{
	for (uint32_t i = 0; i < c->config->n_links; i++) {
		struct policy_link *l = &c->p->links[link_ids[i]];
		int rc;

		l->in = c->links[i].in_col;
		l->out = c->links[i].out_col;
		link_people(c, i, l);
		if (i > 0 && same_parts(&c->links[i], &c->links[i - 1])) {
			l->query = c->p->links[link_ids[i - 1]].query;
			l->probe = c->p->links[link_ids[i - 1]].probe;
			continue;
		}
		rc = query_column(c, &c->links[i], &l->query);
		if (!rc)
			rc = probe_column(c, &c->config->links[i], &c->links[i], &l->probe);
		if (rc)
			return rc;
	}
	return 0;
}

static int columns_init(struct columns *c)
{
	uint32_t n_links = c->config->n_links, n_parts = c->p->n_parts, deny;
	int rc;

	c->ask.width = c->learn.width = c->query.width = c->p->types.n_classes;
	c->links = malloc(((size_t)n_links + 1) * sizeof(*c->links));
	c->first_in = malloc(((size_t)n_parts + 1) * 2 * sizeof(*c->first_in));
	c->learn_row = malloc(((size_t)n_links + 1) * 2 * sizeof(*c->learn_row));
	if (!c->links || !c->first_in || !c->learn_row)
		return -ENOMEM;
	c->first_out = c->first_in + n_parts;
	c->query_row = c->learn_row + n_links + 1;
	memset(c->first_in, 0xff, (size_t)n_parts * 2 * sizeof(*c->first_in));
	rc = policy_partition_init(&c->from, n_links);
	if (!rc)
		rc = policy_partition_init(&c->to, n_links);
	if (!rc)
		rc = policy_rows_add(&c->ask, &deny);
	if (!rc)
		rc = policy_index_add(&c->by_row, row_hash(c, deny), deny);
	if (rc)
		return rc;
	for (uint32_t i = n_links; i-- > 0;) {
		const struct config_link *cl = &c->config->links[i];
		struct link_parts *l = &c->links[i];

		memset(l, 0xff, sizeof(*l));
		l->in_col = l->out_col = POLICY_COLUMN_DENY;
		if (cl->policy_in != CONFIG_NO_POLICY) {
			l->next_in = c->first_in[cl->policy_in];
			c->first_in[cl->policy_in] = i;
		}
		if (cl->policy_out != CONFIG_NO_POLICY) {
			l->next_out = c->first_out[cl->policy_out];
			c->first_out[cl->policy_out] = i;
		}
	}
	return 0;
}

static void columns_fini(struct columns *c)
{
	free(c->links);
	free(c->first_in);
	free(c->learn_row);
	policy_partition_free(&c->from);
	policy_partition_free(&c->to);
	policy_rows_free(&c->learn);
	policy_rows_free(&c->query);
	policy_rows_free(&c->ask);
	policy_index_free(&c->by_row);
}

/* The ask table in pages of its own, as workers read it. */
static int ask_publish(struct policy *p, const struct policy_rows *rows)
{
	p->n_ask = rows->n;
	p->ask_bytes = (size_t)rows->n * rows->width * sizeof(*rows->v);
	p->ask = policy_pages_alloc(p->ask_bytes);
	if (!p->ask)
		return -ENOMEM;
	memcpy(p->ask, rows->v, p->ask_bytes);
	p->table.ask = p->ask;
	p->table.n_types = rows->width;
	return 0;
}

int policy_columns(struct policy *p, const struct config *config, const uint16_t *link_ids)
{
	struct columns c = {.p = p, .config = config};
	int rc = columns_init(&c);

	for (uint32_t k = 0; !rc && k < p->n_parts; k++)
		rc = part_compile(&c, k);
	/* Behind here columns are for questions only. */
	p->table.n_columns = c.ask.n;
	if (!rc)
		rc = link_columns(&c, link_ids);
	if (!rc)
		rc = ask_publish(p, &c.ask);
	columns_fini(&c);
	return rc;
}

static const struct policy_link unknown_link = {.from = POLICY_NO_LINK};

static const struct policy_link *link_of(const struct policy *p, uint16_t link)
{
	return link < p->n_links ? &p->links[link] : &unknown_link;
}

uint32_t policy_in_column(const struct policy *p, uint16_t link)
{
	return link_of(p, link)->in;
}

uint32_t policy_out_column(const struct policy *p, uint16_t link)
{
	return link_of(p, link)->out;
}

uint32_t policy_query_column(const struct policy *p, uint16_t link)
{
	return link_of(p, link)->query;
}

uint32_t policy_probe_column(const struct policy *p, uint16_t link)
{
	return link_of(p, link)->probe;
}
