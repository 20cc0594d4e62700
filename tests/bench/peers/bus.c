// SPDX-License-Identifier: MIT
/*
 * dbus-daemon reads a configuration file. dbus-broker has no such thing: it is
 * told what to listen to by a controller, over a D-Bus connection without a bus,
 * which is what its launcher does; the launcher itself needs a running systemd.
 */
#include "bus.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

enum { CONTROLLER_FD = 3 };

static char folder[] = "/tmp/portico-bench-XXXXXX";
static char socket_path[sizeof(folder) + 16], config_path[sizeof(folder) + 16];

/* --- dbus-daemon --------------------------------------------------------------- */

static bool write_config(void)
{
	FILE *f = fopen(config_path, "we");

	if (!f)
		return false;
	fprintf(f,
		"<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration "
		"1.0//EN\"\n"
		" \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
		"<busconfig><type>session</type><listen>unix:path=%s</listen>"
		"<policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>"
		"<allow eavesdrop=\"true\"/><allow own=\"*\"/></policy>"
		"<limit name=\"max_connections_per_user\">4096</limit>"
		"<limit name=\"max_completed_connections\">4096</limit></busconfig>\n",
		socket_path);
	return !fclose(f);
}

/* It prints its address when it listens. */
static bool start_daemon(void)
{
	int ready[2];
	char byte;

	if (!write_config() || pipe(ready))
		return false;
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ready[1], STDOUT_FILENO);
		/* It complains when it may not raise its limit of descriptors. */
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		execlp("dbus-daemon", "dbus-daemon", "--nofork", "--print-address=1",
		       "--config-file", config_path, (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	bool ok = read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	return ok;
}

/* --- dbus-broker ------------------------------------------------------------------ */

#define BATCH "bta(btbs)a(btssssuutt)a(btssssuutt)"
#define POLICY "a(u(" BATCH "))a(buu(" BATCH "))a(ss)bs"

/* One rule for everybody: to connect, to own every name, to send and to receive everything. */
static int append_policy(sd_bus_message *m)
{
	const uint64_t priority = 1;
	const uint32_t everybody = UINT32_MAX;
	int r = sd_bus_message_open_container(m, 'v', "(" POLICY ")");

	if (r >= 0)
		r = sd_bus_message_append(
			m, "(" POLICY ")", 1, everybody, 1, priority,		       /* batch */
			1, 1, priority, 1, "",					       /* own */
			1, 1, priority, "", "", "", "", 0, 0, (uint64_t)0, UINT64_MAX, /* send */
			1, 1, priority, "", "", "", "", 0, 0, (uint64_t)0, UINT64_MAX, /* receive */
			0, 0, 0, "session");
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int add_listener(sd_bus *controller, int listener)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(controller, &m, NULL, "/org/bus1/DBus/Broker",
					       "org.bus1.DBus.Broker", "AddListener");

	if (r >= 0)
		r = sd_bus_message_append(m, "oh", "/org/bus1/DBus/Listener/0", listener);
	if (r >= 0)
		r = append_policy(m);
	if (r >= 0)
		r = sd_bus_call(controller, m, 0, NULL, NULL);
	sd_bus_message_unref(m);
	return r;
}

static int listen_on_socket(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", socket_path);
	return !bind(fd, (struct sockaddr *)&name, sizeof(name)) && !listen(fd, 64) ? fd : -1;
}

static bool start_broker(void)
{
	sd_bus *controller = NULL; /* stays open as long as the broker is to live */
	int listener = listen_on_socket(), ends[2];

	if (listener < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return false;
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], CONTROLLER_FD);
		fcntl(CONTROLLER_FD, F_SETFD, 0);
		execlp("dbus-broker", "dbus-broker", "--controller", "3", "--machine-id",
		       "0123456789abcdef0123456789abcdef", "--max-bytes", "536870912", "--max-fds",
		       "4096", "--max-matches", "131072", "--max-objects", "16384", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	return sd_bus_new(&controller) >= 0 && sd_bus_set_fd(controller, ends[0], ends[0]) >= 0 &&
	       sd_bus_start(controller) >= 0 && add_listener(controller, listener) >= 0;
}

/* --- both ----------------------------------------------------------------------------- */

bool bus_start(enum bus_kind kind, char *address, size_t size)
{
	const char *program = kind == BUS_DAEMON ? "dbus-daemon" : "dbus-broker";

	if (mkdtemp(folder)) {
		snprintf(socket_path, sizeof(socket_path), "%s/bus", folder);
		snprintf(config_path, sizeof(config_path), "%s/bus.conf", folder);
		if (kind == BUS_DAEMON ? start_daemon() : start_broker()) {
			snprintf(address, size, "unix:path=%s", socket_path);
			return true;
		}
		bus_stop();
	}
	snprintf(address, size, "%s does not run here", program);
	return false;
}

void bus_stop(void)
{
	unlink(socket_path);
	unlink(config_path);
	rmdir(folder);
}
