// SPDX-License-Identifier: MIT
#include "registry/audience.h"

#include <stdlib.h>
#include <string.h>

#include "registry/entry.h"
#include "registry/text.h"

struct registry_circle {
	struct list seats;
	uint64_t hash;
	uint64_t visited; /* by the walk that came here last */
};

void registry_audience_init(struct registry_audience *audience)
{
	*audience = (struct registry_audience){ .circles = MAP_INIT };
	list_init(&audience->everyone);
}

void registry_audience_fini(struct registry_audience *audience)
{
	map_fini(&audience->circles);
	free(audience->found);
}

/* Room for all, so that telling cannot fail. */
static err_t make_room(struct registry_audience *audience)
{
	size_t n = audience->capacity ? 2 * audience->capacity : 16;

	if (audience->count < audience->capacity)
		return 0;
	struct registry_seat **more = realloc(audience->found, n * sizeof(struct registry_seat *));

	if (!more)
		return -ENOMEM;
	audience->found = more;
	audience->capacity = n;
	return 0;
}

static struct registry_circle *need_circle(struct registry_audience *audience, uint64_t hash)
{
	struct registry_circle *c = map_find(&audience->circles, hash);

	if (c)
		return c;
	c = calloc(1, sizeof(*c));
	if (!c || map_set(&audience->circles, hash, c)) {
		free(c);
		return NULL;
	}
	list_init(&c->seats);
	c->hash = hash;
	return c;
}

err_t registry_audience_add(struct registry_audience *audience, struct registry_seat *seat,
			    CFDictionaryRef matching, uint64_t number)
{
	CFTypeRef value = CFDictionaryGetValue(matching, CFSTR("IOProviderClass"));
	char name[WIRE_NAME_MAX + 1];

	if (make_room(audience))
		return -ENOMEM;
	/* With other properties to go by, the class may be another one as well. */
	if (registry_text_get(value, name, sizeof(name)) &&
	    !CFDictionaryContainsKey(matching, CFSTR("IOCompatibilityMatch"))) {
		seat->circle = need_circle(audience, registry_text_hash(name));
		if (!seat->circle)
			return -ENOMEM;
	}
	seat->number = number;
	list_add(seat->circle ? &seat->circle->seats : &audience->everyone, &seat->link);
	audience->count++;
	return 0;
}

void registry_audience_remove(struct registry_audience *audience, struct registry_seat *seat)
{
	if (!seat->link.next)
		return;
	list_remove(&seat->link);
	audience->count--;
	if (seat->circle && list_is_empty(&seat->circle->seats)) {
		map_remove(&audience->circles, seat->circle->hash);
		free(seat->circle);
	}
	*seat = (struct registry_seat){ .circle = NULL };
}

static void take_seats(struct registry_audience *audience, const struct list *seats, size_t *n)
{
	list_for_each(l, seats)
		audience->found[(*n)++] = container_of(l, struct registry_seat, link);
}

static void take_class(struct registry_audience *audience, const char *name, size_t *n)
{
	struct registry_circle *c = map_find(&audience->circles, registry_text_hash(name));

	if (!c || c->visited == audience->last_walk)
		return;
	c->visited = audience->last_walk;
	take_seats(audience, &c->seats, n);
}

/* CLASS, what it derives from, and what these pass for. */
static void take_ancestry(struct registry_audience *audience, const struct registry_class *class,
			  size_t *n)
{
	for (; class; class = class->super) {
		take_class(audience, class->name, n);
		if (class->alias)
			take_ancestry(audience, class->alias, n);
	}
}

static int by_number(const void *a, const void *b)
{
	const struct registry_seat *x = *(struct registry_seat *const *)a;
	const struct registry_seat *y = *(struct registry_seat *const *)b;

	return (x->number > y->number) - (x->number < y->number);
}

struct registry_seat *const *registry_audience_of(struct registry_audience *audience,
						  const struct registry_entry *service,
						  size_t *ret_count)
{
	char override[4 * (WIRE_NAME_MAX + 1)];
	size_t n = 0, n_sorted;

	audience->last_walk++;
	take_seats(audience, &audience->everyone, &n);
	take_ancestry(audience, service->class, &n);
	n_sorted = 1;
	if (!(service->state & WIRE_STATE_OWN_CLASS) &&
	    registry_text_spell(registry_entry_get(service, CFSTR("IOClassNameOverride")), override,
				sizeof(override)))
		take_class(audience, override, &n);
	/* Each circle has its order; mostly there is one. */
	while (n_sorted < n &&
	       by_number(&audience->found[n_sorted - 1], &audience->found[n_sorted]) < 0)
		n_sorted++;
	if (n_sorted < n)
		qsort(audience->found, n, sizeof(*audience->found), by_number);
	*ret_count = n;
	return audience->found;
}
