// SPDX-License-Identifier: MIT
/*
 * A driver that may fit a service: what its host, and the owner of the service, are asked of
 * it, and what comes of the answers. Whose turn it is says bind.h.
 */
#pragma once

#include "registry/deadline.h"
#include "registry/spawn.h"

enum registry_candidate_state {
	REGISTRY_CANDIDATE_MATCHING, /* the owner of the service is asked whether it fits */
	REGISTRY_CANDIDATE_WAITING,  /* for its host */
	REGISTRY_CANDIDATE_PROBING,
	REGISTRY_CANDIDATE_PROBED, /* accepted */
	REGISTRY_CANDIDATE_STARTING,
};

struct registry_candidate {
	struct list link; /* of the job, in order of preference */
	struct registry_match_job *job;
	struct registry_personality *personality;
	struct registry_server *server;
	enum registry_candidate_state state;
	uint64_t number; /* as the host knows it */
	int32_t score;
	CFDictionaryRef properties; /* what the driver gets */
	char class_name[WIRE_NAME_MAX + 1];
	struct registry_entry *entry; /* while starting, with a reference */
	struct registry_deadline deadline;
};

struct registry_match_job {
	struct list link; /* of the registry */
	struct registry *registry;
	struct registry_entry *service; /* with a reference */
	struct list candidates;
	struct loop_timer late_timer;
	bool again, announce, is_pumping, is_timed;
	bool is_behind; /* what was under way when the last round began is asked anew after it */
};

/* In its place among those of JOB. NULL: no memory. */
struct registry_candidate *registry_candidate_new(struct registry_match_job *job,
						  const struct registry_matched *matched,
						  struct registry_server *server);
/* Let go of a candidate that will not be started. */
void registry_candidate_drop(struct registry_candidate *candidate);
/* Likewise the rest of a category. */
void registry_candidate_drop_category(struct registry_match_job *job, const char *category);
/* Whether it fits; until the owner has answered, nobody is probed. */
void registry_candidate_ask_owner(struct registry_candidate *candidate);
/* False: its host could not be asked. */
bool registry_candidate_probe(struct registry_candidate *candidate);
bool registry_candidate_start(struct registry_candidate *candidate);
