// SPDX-License-Identifier: MIT
#include "tools/silence.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <portico/session.h>

#include "tools/text.h"

enum { PATIENCE_S = 3 };

/* Who listens at PATH, as the kernel knows it; 0: nobody. */
static pid_t find_listener(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (strlen(path) < sizeof(address.sun_path))
		strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		peer.pid = 0;
	if (fd >= 0)
		close(fd);
	return peer.pid;
}

static char state_of(pid_t pid)
{
	char path[64], line[512] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "re");
	const char *after = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	if (f)
		fclose(f);
	return after && after[1] == ' ' ? after[2] : '?';
}

bool tools_silence_explain(const char *path, char *text, size_t size)
{
	int pid = find_listener(path);
	char state = state_of(pid);

	if (!pid)
		snprintf(text, size, "nobody listens there");
	else if (state == 'T')
		snprintf(text, size, "its process (pid %d) is stopped: kill -CONT %d lets it go on",
			 pid, pid);
	else if (state == 't')
		snprintf(text, size, "its process (pid %d) is held by a debugger", pid);
	else
		snprintf(text, size, "its process (pid %d) hangs, or has too much to do", pid);
	return state == 'T' || state == 't';
}

static void *watch(void *context)
{
	const char *name = context;
	char path[PATH_MAX], why[128];
	CFDictionaryRef status = NULL;

	sleep(PATIENCE_S);
	if (portico_session_get_path(path, sizeof(path)))
		return NULL;
	/* It may be the program that has so much to say. */
	if (tools_silence_explain(path, why, sizeof(why)) ||
	    portico_session_copy_status(path, &status) == kIOReturnTimeout)
		tools_text_complain("%s: the registry at %s does not answer; %s", name, path, why);
	if (status)
		CFRelease(status);
	return NULL;
}

void tools_silence_watch(const char *name)
{
	pthread_t thread;

	/* Without it the program waits as well. */
	if (!pthread_create(&thread, NULL, watch, (void *)name))
		pthread_detach(thread);
}
