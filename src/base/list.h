// SPDX-License-Identifier: MIT
/*
 * Intrusive doubly linked list. A list is a head node; a node that is in no
 * list points at itself, so removal is always safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *prev, *next;
};

#define LIST_INIT(head) \
	{ \
		&(head), &(head) \
	}

static inline void list_init(struct list *l)
{
	l->prev = l->next = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_add_before(struct list *at, struct list *node)
{
	node->prev = at->prev;
	node->next = at;
	at->prev->next = node;
	at->prev = node;
}

/* Append NODE to the list HEAD. */
static inline void list_add(struct list *head, struct list *node)
{
	list_add_before(head, node);
}

static inline void list_add_first(struct list *head, struct list *node)
{
	list_add_before(head->next, node);
}

/* Remove NODE from whatever list it is in; harmless when it is in none. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Move everything of FROM to the end of TO. */
static inline void list_splice(struct list *to, struct list *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
#define list_first(head, type, member) container_of((head)->next, type, member)
#define list_last(head, type, member) container_of((head)->prev, type, member)

/* The body may not remove the current node; list_for_each_safe's may. */
#define list_for_each(node, head) \
	for (struct list *node = (head)->next; node != (head); node = node->next)
#define list_for_each_safe(node, head) \
	for (struct list *node = (head)->next, *node##_next = node->next; node != (head); \
	     node = node##_next, node##_next = node->next)
