/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Buckets as in the generic cell rate algorithm (ITU-T I.371): a row holds the time at which all
 * its tokens are back, and each request moves it on. Trusts the circuit's number, which is Tor's.
 */
#include "libshared/budget.h"

#include "libshared/error.h"

#include <stdbool.h>

enum { MINUTE_US = 60 * 1000000 };

struct budget_row {
	struct budget_row *next; /* of the chain */
	uint64_t full_us;	 /* when all its tokens are back */
	uint32_t circuit;
	uint32_t n_open;
	bool used; /* in a chain */
};

struct budget {
	struct budget_options options;
	uint64_t token_us, bucket_us; /* in which a token comes back, and a whole bucket */
	struct budget_row *rows;
	struct budget_row **chains; /* options.rows of them */
	unsigned hand;		    /* where the search for a row goes on */
};

int budget_new(struct budget **out, const struct budget_options *options)
{
	CLEANUP(budget_free) struct budget *budget = calloc(1, sizeof *budget);

	if (!budget)
		return E_NOMEM;
	budget->options = *options;
	budget->token_us = MINUTE_US / options->requests;
	budget->bucket_us = budget->token_us * options->burst;
	budget->rows = calloc(options->rows, sizeof *budget->rows);
	budget->chains = calloc(options->rows, sizeof(struct budget_row *));
	if (!budget->rows || !budget->chains)
		return E_NOMEM;
	*out = STEAL(budget);
	return 0;
}

void budget_free(struct budget *budget)
{
	if (!budget)
		return;
	free(budget->rows);
	free(budget->chains);
	free(budget);
}

/* Tor counts circuits up and nobody chooses a number, so they spread over the chains by themselves.
 */
static struct budget_row **chain_of(struct budget *budget, uint32_t circuit)
{
	return &budget->chains[circuit % budget->options.rows];
}

static struct budget_row *find(struct budget *budget, uint32_t circuit)
{
	struct budget_row *row = *chain_of(budget, circuit);

	while (row && row->circuit != circuit)
		row = row->next;
	return row;
}

static void unchain(struct budget *budget, struct budget_row *row)
{
	struct budget_row **at = chain_of(budget, row->circuit);

	while (*at != row)
		at = &(*at)->next;
	*at = row->next;
}

/* The next row that says no more than a fresh one, as this circuit's; NULL: there is none. */
static struct budget_row *claim(struct budget *budget, uint32_t circuit, uint64_t now_us)
{
	struct budget_row **chain = chain_of(budget, circuit);

	for (unsigned i = 0; i < budget->options.rows; i++) {
		struct budget_row *row = &budget->rows[budget->hand];

		budget->hand = (budget->hand + 1) % budget->options.rows;
		if (row->n_open || row->full_us > now_us)
			continue;
		if (row->used)
			unchain(budget, row);
		*row = (struct budget_row){ .next = *chain, .circuit = circuit, .used = true };
		*chain = row;
		return row;
	}
	return NULL;
}

int budget_join(struct budget *budget, uint32_t circuit, uint64_t now_us, struct budget_row **out)
{
	struct budget_row *row = find(budget, circuit);

	if (!row)
		row = claim(budget, circuit, now_us);
	if (!row)
		return BUDGET_FULL;
	if (row->n_open >= budget->options.connections)
		return BUDGET_SPENT;
	row->n_open++;
	*out = row;
	return 0;
}

void budget_leave(struct budget_row *row)
{
	if (row)
		row->n_open--;
}

int budget_spend(const struct budget *budget, struct budget_row *row, uint64_t now_us)
{
	uint64_t from_us = row->full_us > now_us ? row->full_us : now_us;

	if (from_us + budget->token_us > now_us + budget->bucket_us)
		return BUDGET_SPENT;
	row->full_us = from_us + budget->token_us;
	return 0;
}
