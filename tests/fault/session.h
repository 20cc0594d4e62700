/* SPDX-License-Identifier: MIT */
/*
 * A porticod of the test's own with its hosts, all under the preloaded library.
 * The test's process itself never talks to it: what does, runs in children.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* A folder that stands for the build folder: its porticod starts hosts under the library. */
const char *fault_session_tree(void);
/* Start, with the drivers of that folder. -1: it gave up, in order, before it was ready. */
pid_t fault_session_start(const char *drivers);
/* SIGTERM, and wait for everything that it started. Its wait status. */
int fault_session_stop(pid_t registry);
/* Print the end of its log as comments. */
void fault_session_print_log(void);
/* Whether it has logged a warning or an error since it was started. */
bool fault_session_complained(void);
/* Pid of the host of a server (IOUserServerName), 0 when none runs. */
pid_t fault_session_host(const char *server);
