// SPDX-License-Identifier: MIT
/*
 * D-Bus GetManagedObjects, peer to peer: a server has so many objects, each with
 * a name and a class; the client reads the answer to its end.
 */
#include "sd_bus_objects.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "contestant.h"

#define ROOT "/org/portico/Bench"
#define INTERFACE "org.portico.Bench.Entry"

static uint64_t n_objects;
static sd_bus *bus;

/* --- the server -------------------------------------------------------------- */

static int get_name(sd_bus *b, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *context, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s", path + strlen(ROOT "/"));
}

static int get_class(sd_bus *b, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *context, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s", "BenchMember");
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Name", "s", get_name, 0, 0),
	SD_BUS_PROPERTY("Class", "s", get_class, 0, 0),
	SD_BUS_VTABLE_END,
};

static int list_nodes(sd_bus *b, const char *prefix, void *context, char ***ret_nodes,
		      sd_bus_error *error)
{
	char **nodes = calloc(n_objects + 1, sizeof(*nodes));

	for (uint64_t i = 0; nodes && i < n_objects; i++)
		if (asprintf(&nodes[i], ROOT "/member%07llu", (unsigned long long)i) < 0)
			return -12;
	*ret_nodes = nodes;
	return nodes ? 0 : -12;
}

static int find_node(sd_bus *b, const char *path, const char *interface, void *context,
		     void **ret_found, sd_bus_error *error)
{
	*ret_found = context;
	return strcmp(path, ROOT) != 0;
}

static bool open_bus(int fd, bool server)
{
	sd_id128_t id;

	return !sd_id128_randomize(&id) && sd_bus_new(&bus) >= 0 &&
	       sd_bus_set_fd(bus, fd, fd) >= 0 &&
	       (!server || sd_bus_set_server(bus, true, id) >= 0) &&
	       sd_bus_set_anonymous(bus, true) >= 0 && sd_bus_start(bus) >= 0;
}

static _Noreturn void serve(int fd)
{
	int r = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (open_bus(fd, true) && sd_bus_add_object_manager(bus, NULL, ROOT) >= 0 &&
	    sd_bus_add_node_enumerator(bus, NULL, ROOT, list_nodes, NULL) >= 0 &&
	    sd_bus_add_fallback_vtable(bus, NULL, ROOT, INTERFACE, vtable, find_node, &bus) >= 0)
		r = 0;
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	_exit(1);
}

/* --- the client ------------------------------------------------------------------ */

static bool read_interface(sd_bus_message *m, unsigned *values)
{
	const char *name, *value;

	if (sd_bus_message_enter_container(m, 'e', "sa{sv}") <= 0 ||
	    sd_bus_message_read(m, "s", &name) <= 0 ||
	    sd_bus_message_enter_container(m, 'a', "{sv}") <= 0)
		return false;
	while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
		if (sd_bus_message_read(m, "s", &name) <= 0 ||
		    (!strcmp(name, "Name") || !strcmp(name, "Class")
			     ? sd_bus_message_read(m, "v", "s", &value)
			     : sd_bus_message_skip(m, "v")) < 0)
			return false;
		++*values;
		sd_bus_message_exit_container(m);
	}
	return sd_bus_message_exit_container(m) >= 0 && sd_bus_message_exit_container(m) >= 0;
}

static bool read_object(sd_bus_message *m)
{
	const char *path;
	unsigned values = 0;

	if (sd_bus_message_read(m, "o", &path) <= 0 ||
	    sd_bus_message_enter_container(m, 'a', "{sa{sv}}") <= 0)
		return false;
	while (!sd_bus_message_at_end(m, false))
		if (!read_interface(m, &values))
			return false;
	return sd_bus_message_exit_container(m) >= 0 && values >= 2;
}

static bool get_all(void)
{
	sd_bus_message *m = NULL;
	uint64_t count = 0;
	bool ok = sd_bus_call_method(bus, NULL, ROOT, "org.freedesktop.DBus.ObjectManager",
				     "GetManagedObjects", NULL, &m, "") >= 0 &&
		  sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}") > 0;

	while (ok && sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}") > 0) {
		ok = read_object(m) && sd_bus_message_exit_container(m) >= 0;
		count++;
	}
	sd_bus_message_unref(m);
	return ok && count >= n_objects;
}

static size_t get_again(uint64_t n, double *values)
{
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++)
		if (!get_all()) {
			bench_complain("sd-bus: the objects cannot be read");
			return 0;
		}
	values[0] = (double)(bench_now_ns() - start);
	values[1] = values[0] / (double)n / (double)n_objects;
	return 2;
}

int sd_bus_objects(uint64_t objects)
{
	int ends[2];

	n_objects = objects;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return 1;
	if (fork() == 0) {
		close(ends[0]);
		serve(ends[1]);
	}
	close(ends[1]);
	bench_move_away();
	return open_bus(ends[0], false) && sd_bus_set_method_call_timeout(bus, 60000000) >= 0
		     ? bench_serve_values(get_again)
		     : 1;
}
