// SPDX-License-Identifier: MIT
/* The same for a program that only looks something up: the machine node. */
#include <IOKit/IOKitLib.h>

#include "contestant.h"

int main(void)
{
	io_service_t service = IOServiceGetMatchingService(
		kIOMasterPortDefault, IOServiceMatching("IOPlatformExpertDevice"));

	if (!service)
		return 1;
	bench_first_done();
	return 0;
}
