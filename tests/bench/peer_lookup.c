// SPDX-License-Identifier: MIT
/* A program's first look-up in an embedded session: everything starts with it. */
#include "bench.h"

#include <IOKit/IOKitLib.h>

static uint64_t run(uint64_t n)
{
	return 1;
}

int bench_peer_lookup(void)
{
	io_service_t service = IOServiceGetMatchingService(
		kIOMasterPortDefault, IOServiceMatching("IOPlatformExpertDevice"));

	if (!service) {
		bench_complain("lookup: there is no machine node");
		return 1;
	}
	IOObjectRelease(service);
	return bench_peer_serve(run);
}
