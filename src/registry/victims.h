// SPDX-License-Identifier: MIT
/* What ends with an entry, and who stands on what of it. */
#pragma once

#include "registry/registry_internal.h"

#define REGISTRY_NOBODY SIZE_MAX

struct registry_victim {
	struct registry_entry *entry; /* with a reference */
	size_t first_tie, n_ties;     /* its clients */
	size_t first_held;	      /* tie to a provider, then tie.next_held; NOBODY: none */
	size_t n_above;		      /* of them are still there */
	size_t n_held;		      /* providers it has not let go of */
	bool is_asked;		      /* its host is to be asked to stop it */
	bool is_gone;
};

/* CLIENT stands on a victim. */
struct registry_tie {
	struct registry_entry *client; /* with a reference */
	size_t victim;		       /* its number among them; NOBODY: it stays */
	size_t provider;	       /* the number of what it stands on */
	size_t next_held;	       /* tie of the same client; NOBODY: none */
	bool has_let_go;
};

struct registry_victims {
	struct registry_victim *all; /* providers before their clients */
	struct registry_tie *ties;   /* in the IOService plane, those of one victim side by side */
	size_t n, n_ties;
	size_t capacity, ties_capacity;
};

/* ENTRY and all that depend on it and are no victims yet; they are inactive from here on. -ENOMEM: nothing has
 * changed. */
err_t registry_victims_collect(struct registry_victims *victims, struct registry_entry *entry);
void registry_victims_fini(struct registry_victims *victims);
