// SPDX-License-Identifier: MIT
#include "host/reference.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* Not by way of the log: inside a client that is silent, and this is the program's last word. */
void host_reference_end(const char *kind, const char *what, const void *caller)
{
	char line[1024];
	Dl_info code = { 0 };

	dladdr(caller, &code);
	snprintf(line, sizeof(line), "portico-host[%d]: error: an %s %s, called by %s",
		 (int)getpid(), kind, what, code.dli_fname ? code.dli_fname : "unknown code");
	log_escape(line, strlen(line));
	dprintf(STDERR_FILENO, "%s\n", line);
	abort();
}

void host_reference_get(struct ref *ref, const char *kind, const void *caller)
{
	if (!atomic_fetch_add_explicit(&ref->count, 1, memory_order_relaxed))
		host_reference_end(kind, "was retained after its last release", caller);
}

bool host_reference_put(struct ref *ref, const char *kind, const void *caller)
{
	unsigned before = atomic_fetch_sub_explicit(&ref->count, 1, memory_order_acq_rel);

	if (!before)
		host_reference_end(kind, "was released once too often", caller);
	return before == 1;
}
