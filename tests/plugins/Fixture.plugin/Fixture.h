/* SPDX-License-Identifier: MIT */
/* The types that the test plug-ins make, and what they note. */
#pragma once

/* Type UUIDs: FIXTURE_TYPE(n) with n below. */
#define FIXTURE_TYPE(n) \
	CFUUIDGetConstantUUIDWithBytes(NULL, 0xF1, 0x87, 0x00, 0x00, 0x00, 0x00, 0x40, 0x00, 0x80, \
				       0x00, 0x00, 0x00, 0x00, 0x00, 0x00, (n))
enum {
	FIXTURE_ORDERS = 1,  /* "ten": order 10; "twenty": order 20, does not start */
	FIXTURE_ONE = 2,     /* "one": order 1, Stop answers kIOReturnBusy */
	FIXTURE_REFUSE = 3,  /* "refuse": Probe refuses */
	FIXTURE_EQUAL = 4,   /* "refuse", then "left" and "right": both order 5 */
	FIXTURE_LAZY = 5,    /* "lazy", "idle": neither starts */
	FIXTURE_NOTHING = 6, /* no factory */
	FIXTURE_BROKEN =
		7, /* factories that make nothing, do not exist, or lack the interface; "one" */
};

/* Data symbol "fixture_log": what was called, as "start ten;stop ten;". */
#define FIXTURE_LOG_SIZE 1024
