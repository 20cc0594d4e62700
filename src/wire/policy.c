// SPDX-License-Identifier: MIT
#include "wire/policy.h"

#include "wire/layout.h"

static const struct wire_field refused_fields[] = {
	WIRE_U64(wire_refused, user_client),
	WIRE_U32(wire_refused, status),
	WIRE_U32(wire_refused, selector),
	WIRE_TEXT(wire_refused, missing, WIRE_ENTITLEMENT_MAX),
	WIRE_TEXT(wire_refused, value, WIRE_NAME_MAX),
};
WIRE_LAYOUT(wire_refused, wire_refused, WIRE_REFUSED, 0, refused_fields);

WIRE_LAYOUT_EMPTY(wire_policy, WIRE_POLICY);

static const struct wire_field explain_fields[] = {
	WIRE_TEXT(wire_explain, service, WIRE_ENTITLEMENT_MAX),
	WIRE_U32(wire_explain, type),
	WIRE_U32(wire_explain, is_other),
	WIRE_U32(wire_explain, uid),
	WIRE_U32(wire_explain, gid),
	WIRE_U64S(wire_explain, groups, WIRE_GROUPS_MAX),
	WIRE_TEXT(wire_explain, label, WIRE_ENTITLEMENT_MAX),
	WIRE_TEXT(wire_explain, unit, WIRE_ENTITLEMENT_MAX),
	WIRE_TEXT(wire_explain, app, WIRE_ENTITLEMENT_MAX),
};
WIRE_LAYOUT(wire_explain, wire_explain, WIRE_EXPLAIN, 0, explain_fields);

static const struct wire_field revoke_fields[] = {
	WIRE_TEXT(wire_revoke, service, WIRE_ENTITLEMENT_MAX),
	WIRE_U32(wire_revoke, has_uid),
	WIRE_U32(wire_revoke, uid),
};
WIRE_LAYOUT(wire_revoke, wire_revoke, WIRE_REVOKE, 0, revoke_fields);
