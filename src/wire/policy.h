// SPDX-License-Identifier: MIT
/* Who was refused what, and what the session's grants say. */
#pragma once

#include "wire/message.h"

#define WIRE_REFUSED_OPEN UINT32_MAX

/* WIRE_REFUSED (provider -> registry), no reply: a demand of USER_CLIENT, which the sender owns, was not
 * met. Comes before the answer to the opening. */
struct wire_refused {
	uint64_t user_client;
	uint32_t status;     /* kIOReturnNotPrivileged or NotPermitted */
	uint32_t selector;   /* of the method; WIRE_REFUSED_OPEN: the opening */
	const char *missing; /* the entitlement; "": none is demanded, but a grant to open it */
	const char *value;   /* that the entitlement must have among its values; "": true */
};

/* WIRE_POLICY (wire_empty) -> wire_value_reply: { Paths, Problems, Denials } */

/* WIRE_EXPLAIN (client -> registry) -> wire_value_reply, see registry/explain.h. As the sender itself, or
 * (only for the session's owner and root) as somebody else. */
struct wire_explain {
	const char *service;
	uint32_t type;
	uint32_t is_other; /* 0: the rest does not count */
	uint32_t uid, gid;
	struct wire_u64s groups;
	const char *label, *unit, *app; /* "": none */
};

/* WIRE_REVOKE (client -> registry) -> wire_number_reply: how many connections were ended. Those to
 * services of a class, name or bundle, of a user, or both. */
struct wire_revoke {
	const char *service; /* "": all */
	uint32_t has_uid, uid;
};

extern const struct wire_layout wire_refused_layout, wire_policy_layout, wire_explain_layout;
extern const struct wire_layout wire_revoke_layout;
