// SPDX-License-Identifier: MIT
/* A program that loads the client library, uses it and unloads it, again and again: unloader LIBRARY. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 3, FAILED = 1 };

static void *find(void *library, const char *name)
{
	void *symbol = dlsym(library, name);

	if (!symbol) {
		printf("# %s: %s\n", name, dlerror());
		exit(FAILED);
	}
	return symbol;
}

/* As its header says it, with handles as numbers. */
static void use(void *library)
{
	void *(*matching)(const char *) = find(library, "IOServiceMatching");
	uint32_t (*find_service)(uint32_t, void *) = find(library, "IOServiceGetMatchingService");
	int (*open_service)(uint32_t, uint32_t, uint32_t, uint32_t *) =
		find(library, "IOServiceOpen");
	int (*release)(uint32_t) = find(library, "IOObjectRelease");
	const uint32_t *self = find(library, "mach_task_self_");
	uint32_t service = find_service(0, matching("FixtureDriver")), connect = 0;
	int status = open_service(service, *self, 0, &connect);

	release(service);
	if (status || !connect) {
		printf("# open: 0x%08x\n", (unsigned)status);
		exit(FAILED);
	}
}

int main(int argc, char **argv)
{
	for (int i = 0; i < ROUNDS; i++) {
		void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;

		if (!library)
			return FAILED;
		use(library);
		dlclose(library);
		/* Who has handlers for this must be there still. */
		if (!fork())
			_exit(0);
		wait(NULL);
	}
	return 0;
}
