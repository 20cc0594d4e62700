// SPDX-License-Identifier: MIT
/*
 * Planes: ordered links between parents and children, names of their own, and
 * paths. An edge is owned by its child: while it is attached the child has a
 * reference, the parent is kept by its own attachments.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/list.h"

struct registry_entry;
struct registry_tree;

enum {
	REGISTRY_PLANE_NAME_MAX = 31,
	REGISTRY_DEPTH_MAX = 4096,  /* of walks up: bounds paths and loops */
	REGISTRY_PARENTS_MAX = 256, /* of an entry in one plane: they are looked through */
};

struct registry_plane {
	struct list link;
	char name[REGISTRY_PLANE_NAME_MAX + 1];
	bool is_predefined;
	size_t n_nodes; /* entries that know it */
};

struct registry_planes {
	struct list all;
	size_t count, max;
	struct registry_plane *service, *device_tree;
};

/* A child below its parent. */
struct registry_edge {
	struct list in_parent;
	struct registry_edge *next; /* of the child */
	struct registry_node *parent, *child;
};

/* What an entry is in one plane. */
struct registry_node {
	struct registry_node *next; /* of the entry */
	struct registry_entry *entry;
	struct registry_plane *plane;			  /* NULL: not in use */
	char *names;					  /* as the entry's; NULL: as everywhere */
	struct registry_edge *parents;			  /* in order; NULL: none */
	struct list children;				  /* struct registry_edge */
	uint64_t parents_generation, children_generation; /* of the two lists */
	uint64_t visited; /* mark of the walk that entered it last */
	/* Nearly all have one parent: the edge needs no memory of its own. No parent: not in use. */
	struct registry_edge first_edge;
};

/* With Apple's predefined planes. */
err_t registry_planes_init(struct registry_planes *planes);
void registry_planes_fini(struct registry_planes *planes);
/* NULL when unknown. */
struct registry_plane *registry_plane_find(const struct registry_planes *planes, const char *name);
/* Find or make; one that nobody is in makes room for another. -EINVAL: empty, too long or with '/' or ':'; -ENOSPC; -ENOMEM. */
err_t registry_plane_need(struct registry_planes *planes, const char *name,
			  struct registry_plane **ret_plane);

/* The first of the entry's nodes; NULL: it was never in a plane. */
struct registry_node *registry_node_first(const struct registry_entry *entry);
/* The entry's node in PLANE; NULL when it was never there. */
struct registry_node *registry_node_find(const struct registry_entry *entry,
					 const struct registry_plane *plane);
err_t registry_node_need(struct registry_entry *entry, struct registry_plane *plane,
			 struct registry_node **ret_node);
/* The links of an entry beyond what every entry has: further planes, further parents. */
size_t registry_plane_count_links(const struct registry_entry *entry);
/* All nodes of an entry that is being freed; they have no edges left. */
void registry_nodes_fini(struct registry_entry *entry);

/* The edges to the parents or the children of NODE, in order; NULL at the end. */
struct registry_edge *registry_edge_first(const struct registry_node *node, bool upwards);
struct registry_edge *registry_edge_next(const struct registry_edge *edge, bool upwards);

/* -EEXIST: attached already; -ELOOP: PARENT is the entry or below it; -ENOSPC: the owner may have no more
 * links; -ENOMEM. */
err_t registry_plane_attach(struct registry_entry *entry, struct registry_entry *parent,
			    struct registry_plane *plane);
/* False when it was not attached there. May drop the entry's last reference. */
bool registry_plane_detach(struct registry_entry *entry, struct registry_entry *parent,
			   struct registry_plane *plane);
/* From all parents and all children in all planes. */
void registry_plane_detach_all(struct registry_entry *entry);
/* PLANE NULL: in any plane. True for the root of a used plane too. */
bool registry_plane_contains(const struct registry_entry *entry,
			     const struct registry_plane *plane);
/* Follows first parents up to the registry root. */
bool registry_plane_is_rooted(const struct registry_entry *entry,
			      const struct registry_plane *plane);
struct registry_entry *registry_plane_first_parent(const struct registry_entry *entry,
						   const struct registry_plane *plane);
struct registry_entry *registry_plane_first_child(const struct registry_entry *entry,
						  const struct registry_plane *plane);

/* "Plane:/a/b@1" with its NUL. -ENOENT: not attached to the root in PLANE, or the root itself;
 * -ENAMETOOLONG: longer than WIRE_PATH_MAX - 2; -ENOMEM. */
err_t registry_path_write(const struct registry_entry *entry, const struct registry_plane *plane,
			  struct bytes *out);
/* NULL when PATH denotes nothing (spec 6.4). */
struct registry_entry *registry_path_find(struct registry_tree *tree, const char *path);
/* The same, looking at no more than STEPS children, which are taken off. */
struct registry_entry *registry_path_find_within(struct registry_tree *tree, const char *path,
						 uint64_t *steps);
/* Both are lists of hexadecimal numbers; compared number by number, missing ones are 0. */
bool registry_location_equal(const char *a, size_t a_size, const char *b, size_t b_size);
