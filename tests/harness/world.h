// SPDX-License-Identifier: MIT
/*
 * A private Portico session for one test: registry, drivers and all. The mode
 * comes from PORTICO_TEST_MODE: "daemon" (porticod in the test's folder),
 * "embedded" (registry in this process, drivers in host processes) or
 * "in-process" (everything in this process). The same stories run in all three
 * unless they kill processes.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <IOKit/IOKitLib.h>

bool world_is_daemon(void);
bool world_is_in_process(void);

/* Start with the three sample drivers, wait until they have matched, warm the libraries up and
 * take the leak baseline. */
void world_start(void);
/* With drivers from FOLDER only. */
void world_start_with(const char *folder);
/* With one bundle of build/tests/drivers only ("Fixture.dext"): fewer hosts, a quicker start. */
void world_start_with_bundle(const char *bundle);
/* Have the libraries make what they make once and keep (session, watcher, worker threads, main queue
 * handle), in a child that counts leaks itself. */
void world_warm_up(bool sample_drivers);
/* End the session and wait for its processes. Called by every test that started it. */
void world_stop(void);

/* daemon mode only */
/* Before the start: nobody holds the administrator privilege in the session. */
void world_withhold_privileges(void);
/* Likewise: how often the registry asks hosts whether they live. */
void world_set_heartbeat(unsigned ms);
/* Likewise: one more option of porticod's, with its value (NULL: it has none); both stay the caller's. */
void world_add_option(const char *name, const char *value);
/* Before the start: the registry writes its log to FD (the caller's) and world_await_log sees nothing. */
void world_log_to(int fd);
const char *world_socket(void);
pid_t world_registry_pid(void);
/* SIGKILL the registry and wait for its end. */
void world_kill_registry(void);
/* Wait for its end; the exit status, -1: it was killed. */
int world_await_registry(void);
/* A new registry at the same place, as systemd would start it: it counts generations itself. */
void world_restart_registry(void);
/* Wait until the registry (or a host it started) has logged a line with TEXT. */
void world_await_log(const char *text);
/* Pid of the host of a server (IOUserServerName), 0 when it does not run. */
pid_t world_host_pid(const char *server);

/* The service of that class, waiting for it through a matching notification; one reference. The test fails
 * when none comes. */
io_service_t world_service(const char *class_name);
/* An open connection of that type to the service of that class; fails the test otherwise. */
io_connect_t world_open(const char *class_name, uint32_t type);
