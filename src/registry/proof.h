// SPDX-License-Identifier: MIT
/*
 * Proofs that an entry ID is its owner's. A provider gets one with each ID and shows it when it publishes the
 * entry again, to the next registry, too: else whoever came first after a restart would be what programs
 * have opened, or hold a name of.
 */
#pragma once

#include "registry/registry_internal.h"

/* Take over the key of the session's last registry, or make one and leave it to the next. It lies in the folder of
 * the hosts (home.h), where none of them can read. Where it cannot be written a warning says so, and any
 * proof will do: hosts could not come back otherwise. */
void registry_proof_init(struct registry *registry);
uint64_t registry_proof_of(const struct registry *registry, uint64_t id);
bool registry_proof_holds(const struct registry *registry, uint64_t id, uint64_t proof);
