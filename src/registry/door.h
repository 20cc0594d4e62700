// SPDX-License-Identifier: MIT
/*
 * Who comes in: the listening socket, and the connections that have not greeted
 * yet ("strangers"). They have little time, are few, and the oldest of the
 * program that has most of them makes room for a new one.
 */
#pragma once

#include "registry/registry_internal.h"

/* Listen at the registry's path. Errors of fd_listen. */
err_t registry_door_open(struct registry *registry);
/* Is the socket still there for others? False: it was removed, or replaced. */
bool registry_door_is_ours(const struct registry *registry);
void registry_door_close(struct registry *registry);
/* PEER, a host of the last registry, is to come back with all that it has; or has, or goes. */
void registry_door_expects(struct registry_peer *peer, bool is_expected);
/* Nobody is let in before those who are expected are back, a quarter of a second at most: a registry that has
 * just been started again shows all or nothing. */
void registry_door_await(struct registry *registry);
/* PEER is a stranger from now on. False: no room for one more. */
bool registry_door_enter(struct registry_peer *peer);
/* It has greeted, or goes. Harmless when it is no stranger. */
void registry_door_leave(struct registry_peer *peer);
