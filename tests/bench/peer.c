// SPDX-License-Identifier: MIT
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void bench_complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "portico-bench: ");
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

int bench_peer_serve(bench_run_fn run)
{
	char line[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		uint64_t ns = run(strtoull(line, NULL, 10));

		printf("%llu\n", (unsigned long long)ns);
		if (!ns)
			return 1;
	}
	return 0;
}
