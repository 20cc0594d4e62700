// SPDX-License-Identifier: MIT
#include "deaths.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"

/* "/src/client/lock.c:" of "lock at /.../src/client/lock.c:20". */
static void file_of(const char *place, char *file, size_t size)
{
	const char *start = strstr(place, "/src/");

	snprintf(file, size, "%.*s:", (int)strcspn(start, ":"), start);
}

/* Innermost place of the trace that lies in a source of ours, and the next one. */
static bool is_finding(const char *line, char *text, size_t size)
{
	char copy[FAULT_TRACE_SIZE], command[1024], place[512], innermost[512] = "";
	bool is_given = false, is_queue = false;
	int n_own = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	text[0] = 0;
	for (char *save, *frame = strtok_r(copy, " \n", &save); frame;
	     frame = strtok_r(NULL, " \n", &save)) {
		char *plus = strrchr(frame, '+');

		if (!plus)
			continue; /* the signal's number */
		*plus = 0;
		snprintf(command, sizeof(command),
			 "LD_PRELOAD= addr2line -f -p -e \"%s\" 0x%llx 2>/dev/null", frame,
			 strtoull(plus + 1, NULL, 16) - 1);
		FILE *f = popen(command, "re");
		if (!f || !fgets(place, sizeof(place), f))
			place[0] = 0;
		if (f)
			pclose(f);
		if (strstr(place, "/tests/fault/inject.c") || strstr(place, "cf_abort"))
			continue;
		/* Given nothing, as on macOS these end the program: who gave it counts. */
		is_given |= strstr(place, "/src/cf/runtime.c") != NULL;
		if (is_given && strstr(place, "/src/cf/"))
			continue;
		bool own = strstr(place, "/src/") != NULL;
		if (!own && !strstr(place, "/tests/") && !strstr(place, "/drivers/"))
			continue;
		/* Who is misused says so on purpose. */
		if (n_own == 1 && atoi(line) == SIGABRT && strstr(place, innermost))
			continue;
		if (!n_own && own)
			file_of(place, innermost, sizeof(innermost));
		/* Likewise libdispatch's functions, whoever of it they call. */
		if (n_own == 1 && is_queue && strstr(place, "/src/gcd/"))
			continue;
		is_queue |= n_own == 0 && strstr(place, "/src/gcd/");
		place[strcspn(place, "\n")] = 0;
		snprintf(text + strlen(text), size - strlen(text), "%s%s", text[0] ? " < " : "",
			 place);
		/* Our code called by our code. */
		n_own += own ? 1 + is_given : 0;
		if (!own || n_own >= 2)
			break;
	}
	return n_own >= 2;
}

int count_deaths(const char *name)
{
	char text[2048];
	const char *line;
	int n = 0;

	while ((line = fault_take_trace())) {
		bool found = is_finding(line, text, sizeof(text));

		if (atoi(line) == SIGALRM)
			printf("# %s: waits in %s\n", name, text);
		else if (found)
			printf("# %s: signal %d in %s\n", name, atoi(line), text);
		n += found && atoi(line) != SIGALRM;
	}
	fflush(stdout);
	return n;
}
