// SPDX-License-Identifier: MIT
#include <errno.h>
#include <netdb.h>
#include <stddef.h>

#include "inject.h"

const struct fault_call fault_calls[] = {
#define FAULT(name, kind, result, lasting, ...) { #name, FAULT_##kind, { __VA_ARGS__ }, lasting },
#include "calls.h"
#undef FAULT
	/* What is called by number. */
	{ "futex", FAULT_CALLS, { EINTR, EAGAIN }, 0 },
	{ "pidfd_open", FAULT_CALLS, { EMFILE, ENOMEM }, EMFILE },
	{ "clone", FAULT_CALLS, { EAGAIN, ENOMEM }, EAGAIN },
	{ "other", FAULT_CALLS, { ENOSYS, EPERM }, EPERM },
	{ 0 },
};

const char *const fault_objects[] = {
	"libIOKit.so",
	"libCoreFoundation.so",
	"libPorticoSystem.so",
	"libIOKitDriver.so",
	"libPorticoEmbedded.so",
	"porticod",
	"portico-host",
	"portico-bridge",
	"portico",
	"ioreg",
	"ioclasscount",
	"ioalloccount",
	"libunistring.so",
	"unit test",
	NULL,
};
