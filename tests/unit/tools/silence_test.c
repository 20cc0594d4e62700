// SPDX-License-Identifier: MIT
/* Why a session does not answer. That tools say so in time is a story. */
#include "tools/silence.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* A process that listens at PATH and does nothing. */
static pid_t listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), ready[2];
	char byte;

	strcpy(address.sun_path, path);
	test_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	test_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The kernel remembers who began to listen. */
		if (listen(fd, 8) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(fd);
	close(ready[1]);
	test_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

TEST(the_process_that_listens_tells)
{
	char path[100], text[128], expected[128];
	siginfo_t info;

	snprintf(path, sizeof(path), "%s/s", test_folder());
	test_true(!tools_silence_explain(path, text, sizeof(text)));
	test_equal_text(text, "nobody listens there");
	pid_t pid = listen_at(path);
	test_true(!tools_silence_explain(path, text, sizeof(text)));
	snprintf(expected, sizeof(expected), "its process (pid %d) hangs, or has too much to do",
		 (int)pid);
	test_equal_text(text, expected);
	kill(pid, SIGSTOP);
	test_equal(waitid(P_PID, (id_t)pid, &info, WSTOPPED), 0);
	test_true(tools_silence_explain(path, text, sizeof(text)));
	snprintf(expected, sizeof(expected),
		 "its process (pid %d) is stopped: kill -CONT %d lets it go on", (int)pid,
		 (int)pid);
	test_equal_text(text, expected);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_MAIN
