// SPDX-License-Identifier: MIT
/*
 * Which driver for which service: one job per service that is being matched.
 * Categories compete independently. In each, all candidates are probed before
 * one is started, in descending score; the first that starts wins. Drivers
 * whose host is not up yet make the job wait; a host that cannot be started
 * drops its candidates.
 */
#pragma once

#include "registry/registry_internal.h"

struct registry_match_job;

/* Match ENTRY. When that is under way, who is not among its candidates has his turn at once, and those have
 * another one after it. ANNOUNCE: it is a registration, so Publish notifications go out first. */
void registry_bind_request(struct registry *registry, struct registry_entry *entry, bool announce);
/* ENTRY is being terminated: drop its candidates. */
void registry_bind_cancel(struct registry *registry, struct registry_entry *entry);
/* What a lack of memory has kept from matching gets another turn, soon. */
void registry_bind_again(struct registry *registry);
/* Personalities were added: match every registered service that one may fit. */
void registry_bind_catalogue(struct registry *registry);
/* The host of SERVER has come up (PEER) or has failed (no peer): jobs that wait for it go on. */
void registry_bind_server_changed(struct registry *registry, struct registry_server *server);
/* The host of SERVER has heard all that it was told: what it could not take meanwhile goes on. */
void registry_bind_host_is_idle(struct registry *registry, struct registry_server *server);
/* True while a job has to do with SERVER. */
bool registry_bind_uses(const struct registry *registry, const struct registry_server *server);
/* Called when the peer's connection has ended, before its entries are terminated. */
void registry_bind_forget_peer(struct registry *registry, struct registry_peer *peer);
/* Do what can be done now. May free the job. */
void registry_bind_pump(struct registry_match_job *job);
void registry_bind_init(struct registry *registry);
void registry_bind_fini(struct registry *registry);
