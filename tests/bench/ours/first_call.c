// SPDX-License-Identifier: MIT
/*
 * The program whose start is measured: it waits for the Calculator, opens it,
 * and says so when its first call has been answered.
 */
#include <IOKit/IOKitLib.h>

#include "contestant.h"
#include "ours/service.h"

int main(void)
{
	io_connect_t connection = bench_service_open("CalculatorDriver");
	uint64_t in[2] = { 1, 2 }, out = 0;
	uint32_t n_out = 1;

	if (!connection || IOConnectCallScalarMethod(connection, 0, in, 2, &out, &n_out) ||
	    out != 3)
		return 1;
	bench_first_done();
	return 0;
}
