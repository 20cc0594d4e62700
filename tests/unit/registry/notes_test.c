// SPDX-License-Identifier: MIT
#include "registry/notes.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "registry/home.h"
#include "registry/spawn.h"
#include "session.h"
#include "test.h"

static struct registry past;
static char socket_path[128];

/* A registry that ran at the place of the next session's, and was killed. */
static void begin(void)
{
	snprintf(socket_path, sizeof(socket_path), "%s/r.sock", test_folder());
	past.socket_path = socket_path;
	registry_home_init(&past);
	test_true(past.has_home);
}

TEST(the_next_generation_is_one_more_than_what_was_left)
{
	begin();
	test_equal(registry_notes_next_generation("/no/such/folder/r.sock"), 0);
	test_equal(registry_notes_next_generation(socket_path), 0);
	for (unsigned i = 0; i < 3; i++) {
		past.generation = registry_notes_next_generation(socket_path);
		test_equal(past.generation, i);
		registry_notes_recall(&past);
	}
	registry_home_fini(&past);
	test_equal(registry_notes_next_generation(socket_path), 0);
}

/* It came while the hosts of the last one ended. */
TEST(what_another_registry_has_noted_stays)
{
	int fd;

	begin();
	registry_notes_recall(&past);
	test_equal_error(fd_listen(socket_path, &fd), 0);
	registry_home_fini(&past);
	test_equal(registry_notes_next_generation(socket_path), 1);
	close(fd);
	unlink(socket_path);
	registry_home_fini(&past);
	test_equal(registry_notes_next_generation(socket_path), 0);
}

TEST(a_number_that_is_none_counts_for_nothing)
{
	char path[160];

	begin();
	snprintf(path, sizeof(path), "%s%s/.@generation", socket_path, WIRE_HOSTS_SUFFIX);
	test_equal(symlink("many", path), 0);
	test_equal(registry_notes_next_generation(socket_path), 0);
	unlink(path);
	test_equal(symlink("4294967295", path), 0);
	test_equal(registry_notes_next_generation(socket_path), 0);
	registry_home_fini(&past);
}

TEST(a_folder_that_others_may_write_to_counts_for_nothing)
{
	char path[160];

	begin();
	past.generation = 7;
	registry_notes_recall(&past);
	test_equal(registry_notes_next_generation(socket_path), 8);
	snprintf(path, sizeof(path), "%s%s", socket_path, WIRE_HOSTS_SUFFIX);
	test_equal(chmod(path, 0770), 0);
	test_equal(registry_notes_next_generation(socket_path), 0);
	test_equal(chmod(path, 0700), 0);
	registry_home_fini(&past);
}

/* --- quarantines -------------------------------------------------------------------------------- */

static struct session s;
static bool is_quarantined;

static void look(struct registry *registry)
{
	const struct registry_server *server = registry_server_find(registry, "s");

	is_quarantined = server && server->state == REGISTRY_SERVER_QUARANTINED;
}

static bool is_quarantined_in(unsigned generation)
{
	session_start_generation(&s, NULL, generation);
	session_run(&s, look);
	return is_quarantined;
}

TEST(a_host_that_was_quarantined_stays_so)
{
	begin();
	registry_notes_quarantine(&past, "s", true);
	test_true(is_quarantined_in(1));
	session_end(&s);
}

TEST(in_another_session_it_is_not)
{
	begin();
	registry_notes_quarantine(&past, "s", true);
	test_true(!is_quarantined_in(0));
	session_end(&s);
}

static void pardon(struct registry *registry)
{
	registry_server_pardon(registry_server_find(registry, "s"));
}

static void hang(struct registry *registry)
{
	struct registry_server *server = registry_server_need(registry, "s");

	server->n_hangs = REGISTRY_HANGS_MAX;
	registry_server_start(server);
}

TEST(a_pardon_is_remembered_too)
{
	char path[160];
	struct stat st;

	begin();
	registry_notes_quarantine(&past, "s", true);
	/* FNV-1a of "s" */
	snprintf(path, sizeof(path), "%s%s/.@!af63ee4c86020b22", socket_path, WIRE_HOSTS_SUFFIX);
	test_equal(lstat(path, &st), 0);
	test_true(is_quarantined_in(1));
	session_run(&s, pardon);
	test_equal(lstat(path, &st), -1);
	/* It cannot even be started. */
	s.start_error = -ECHILD;
	session_run(&s, hang);
	test_equal(lstat(path, &st), 0);
	session_end(&s);
}

TEST_MAIN
