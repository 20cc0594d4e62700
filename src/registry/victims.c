// SPDX-License-Identifier: MIT
#include "registry/victims.h"

#include <stdlib.h>

static bool is_victim(const struct registry_entry *e)
{
	return e->is_chosen || registry_entry_is_inactive(e);
}

/* True when CHILD depends on nothing that stays: services look at their providers, others at all
 * their parents. */
static bool loses_all_parents(const struct registry_entry *child)
{
	struct registry_plane *service = child->tree->planes.service;
	bool in_service = registry_plane_first_parent(child, service) != NULL;

	for (struct registry_node *n = registry_node_first(child); n; n = n->next) {
		if (in_service && n->plane != service)
			continue;
		for (struct registry_edge *e = n->parents; e; e = e->next)
			if (!is_victim(e->parent->entry))
				return false;
	}
	return true;
}

static err_t append(struct registry_victims *v, struct registry_entry *entry)
{
	if (v->n == v->capacity) {
		size_t n = v->capacity ? 2 * v->capacity : 8;
		struct registry_victim *all = realloc(v->all, n * sizeof(*all));

		if (!all)
			return -ENOMEM;
		v->all = all;
		v->capacity = n;
	}
	v->all[v->n++] = (struct registry_victim){ .entry = registry_entry_ref(entry),
						   .first_held = REGISTRY_NOBODY };
	entry->is_chosen = true;
	return 0;
}

/* CLIENT, which is number VICTIM or NOBODY, stands on number PROVIDER. */
static err_t append_tie(struct registry_victims *v, struct registry_entry *client, size_t victim,
			size_t provider)
{
	if (v->n_ties == v->ties_capacity) {
		size_t n = v->ties_capacity ? 2 * v->ties_capacity : 8;
		struct registry_tie *ties = realloc(v->ties, n * sizeof(*ties));

		if (!ties)
			return -ENOMEM;
		v->ties = ties;
		v->ties_capacity = n;
	}
	v->ties[v->n_ties] = (struct registry_tie){ registry_entry_ref(client), victim, provider,
						    REGISTRY_NOBODY, false };
	if (victim != REGISTRY_NOBODY) {
		v->ties[v->n_ties].next_held = v->all[victim].first_held;
		v->all[victim].first_held = v->n_ties;
		v->all[victim].n_held++;
	}
	v->all[provider].n_ties++;
	v->all[provider].n_above++;
	v->n_ties++;
	return 0;
}

static err_t choose_children(struct registry_victims *v, struct registry_entry *parent)
{
	err_t err = 0;

	for (struct registry_node *n = registry_node_first(parent); n && !err; n = n->next) {
		list_for_each(e, &n->children) {
			struct registry_entry *child =
				container_of(e, struct registry_edge, in_parent)->child->entry;

			if (!is_victim(child) && loses_all_parents(child))
				err = append(v, child);
			if (err)
				break;
		}
	}
	return err;
}

/* Who stands on number I. What an earlier termination has under way hears of that one. NUMBERS: entry ID ->
 * number + 1. */
static err_t tie_clients(struct registry_victims *v, size_t i, const struct map *numbers)
{
	struct registry_plane *plane = v->all[i].entry->tree->planes.service;
	struct registry_node *n = registry_node_find(v->all[i].entry, plane);
	err_t err = 0;

	v->all[i].first_tie = v->n_ties;
	if (!n)
		return 0;
	list_for_each(e, &n->children) {
		struct registry_entry *child =
			container_of(e, struct registry_edge, in_parent)->child->entry;
		size_t number = (size_t)map_find(numbers, child->id);

		if (!registry_entry_is_service(child) ||
		    (!number && registry_entry_is_inactive(child)))
			continue;
		err = append_tie(v, child, number ? number - 1 : REGISTRY_NOBODY, i);
		if (err)
			break;
	}
	return err;
}

static err_t tie_all(struct registry_victims *v)
{
	struct map numbers = MAP_INIT;
	err_t err = 0;

	for (size_t i = 0; i < v->n && !err; i++)
		err = map_set(&numbers, v->all[i].entry->id, (void *)(i + 1));
	for (size_t i = 0; i < v->n && !err; i++)
		err = tie_clients(v, i, &numbers);
	map_fini(&numbers);
	return err;
}

err_t registry_victims_collect(struct registry_victims *victims, struct registry_entry *entry)
{
	struct registry_victims *v = victims;
	err_t err = append(v, entry);

	for (size_t i = 0; i < v->n && !err; i++)
		err = choose_children(v, v->all[i].entry);
	if (!err)
		err = tie_all(v);
	for (size_t i = 0; i < v->n; i++) {
		v->all[i].entry->is_chosen = false;
		if (!err && !registry_entry_is_inactive(v->all[i].entry))
			registry_entry_set_inactive(v->all[i].entry);
	}
	if (err)
		registry_victims_fini(v);
	return err;
}

void registry_victims_fini(struct registry_victims *victims)
{
	while (victims->n_ties)
		registry_entry_unref(victims->ties[--victims->n_ties].client);
	while (victims->n)
		registry_entry_unref(victims->all[--victims->n].entry);
	free(victims->ties);
	free(victims->all);
	*victims = (struct registry_victims){ 0 };
}
