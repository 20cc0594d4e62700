// SPDX-License-Identifier: MIT
#include "registry/rest.h"

#include <stdlib.h>

static void make_room(struct registry_peer *client)
{
	size_t n = 0;

	list_for_each(l, &client->rests)
		n++;
	while (n >= REGISTRY_RESTS_MAX) {
		registry_rest_free(list_first(&client->rests, struct registry_rest, link));
		n--;
	}
}

bool registry_rest_keep(struct registry_peer *client, uint64_t number,
			struct registry_entry *const *items, size_t count)
{
	struct registry_rest *old = registry_rest_find(client, number);

	if (old)
		registry_rest_free(old);
	make_room(client);
	/* They count as what the client holds, which they are about to be. */
	if (!account_charge(&client->account, LIMITS_GRANTS, count))
		return false;
	struct registry_rest *rest = calloc(1, sizeof(*rest));
	uint64_t *ids = rest ? malloc((count + 1) * sizeof(*ids)) : NULL;
	if (!ids) {
		free(rest);
		account_refund(&client->account, LIMITS_GRANTS, count);
		return false;
	}
	for (size_t i = 0; i < count; i++)
		ids[i] = items[i]->id;
	*rest = (struct registry_rest){
		.client = client, .number = number, .ids = ids, .count = count
	};
	list_add(&client->rests, &rest->link);
	return true;
}

struct registry_rest *registry_rest_find(struct registry_peer *client, uint64_t number)
{
	list_for_each(l, &client->rests) {
		struct registry_rest *rest = container_of(l, struct registry_rest, link);

		if (rest->number == number)
			return rest;
	}
	return NULL;
}

size_t registry_rest_next(const struct registry_rest *rest, struct registry_entry **items,
			  size_t max, size_t *ret_seen)
{
	struct registry_tree *tree = &rest->client->registry->tree;
	size_t n = 0, i;

	for (i = rest->next; i < rest->count && n < max; i++) {
		items[n] = registry_entry_find(tree, rest->ids[i]);
		n += items[n] != NULL;
	}
	*ret_seen = i - rest->next;
	return n;
}

static void drop(struct registry_rest *rest, size_t n)
{
	account_refund(&rest->client->account, LIMITS_GRANTS, n);
	rest->next += n;
}

void registry_rest_advance(struct registry_rest *rest, size_t n)
{
	drop(rest, n);
	if (rest->next == rest->count)
		registry_rest_free(rest);
}

void registry_rest_free(struct registry_rest *rest)
{
	drop(rest, rest->count - rest->next);
	list_remove(&rest->link);
	free(rest->ids);
	free(rest);
}

void registry_rest_forget_peer(struct registry_peer *client)
{
	while (!list_is_empty(&client->rests))
		registry_rest_free(list_first(&client->rests, struct registry_rest, link));
}
