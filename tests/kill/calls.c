/* SPDX-License-Identifier: MIT */
#include "kill.h"

#include <stdlib.h>
#include <string.h>

static kern_return_t add(io_connect_t connect, struct kill_random *random)
{
	uint64_t in[2] = { kill_random_below(random, 1u << 30),
			   kill_random_below(random, 1u << 30) };
	uint64_t out = 0;
	uint32_t n = 1;
	kern_return_t result = IOConnectCallScalarMethod(connect, KILL_ADD, in, 2, &out, &n);

	if (!result && (n != 1 || out != in[0] + in[1]))
		kill_violation("a sum is wrong: %llu + %llu = %llu", (unsigned long long)in[0],
			       (unsigned long long)in[1], (unsigned long long)out);
	return result;
}

static kern_return_t echo(io_connect_t connect, struct kill_random *random, size_t size)
{
	uint8_t *in = malloc(size), *out = malloc(size);
	size_t n = size;

	if (!in || !out)
		kill_give_up("no memory");
	memset(in, (int)kill_random_below(random, 256), size);
	memset(out, 0, size);
	in[size - 1] ^= 0x5a;
	kern_return_t result = IOConnectCallStructMethod(connect, KILL_ECHO, in, size, out, &n);
	if (!result && (n != size || memcmp(in, out, size)))
		kill_violation("%zu bytes came back wrong", size);
	free(in);
	free(out);
	return result;
}

static kern_return_t nap(io_connect_t connect, struct kill_random *random)
{
	uint64_t ns = kill_random_between(random, 1000, 1000000);
	uint32_t none = 0;

	return IOConnectCallScalarMethod(connect, KILL_SLEEP, &ns, 1, NULL, &none);
}

kern_return_t kill_call(io_connect_t connect, struct kill_random *random)
{
	uint64_t kind = kill_random_below(random, 16);

	if (kind < 7)
		return add(connect, random);
	if (kind < 10)
		return echo(connect, random, 1 + kill_random_below(random, 4096));
	if (kind == 10)
		return echo(connect, random, 5000 + kill_random_below(random, 200000));
	return nap(connect, random);
}
