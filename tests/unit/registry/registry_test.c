// SPDX-License-Identifier: MIT
#include "registry/registry.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "session.h"

static struct session s;
static struct end client;

static void begin(void)
{
	session_start(&s, NULL);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
}

static void end(void)
{
	end_close(&client);
	session_end(&s);
}

TEST(greeting_carries_a_page_that_cannot_be_written)
{
	struct wire_hello hello = {
		.magic = WIRE_MAGIC, .version = WIRE_VERSION, .role = WIRE_ROLE_CLIENT, .name = "x"
	};
	struct wire_hello_reply reply;
	struct end e = { 0 };

	begin();
	test_equal_error(fd_connect(s.socket, &e.socket), 0);
	test_equal_error(
		end_call(&e, &wire_hello_layout, &hello, NULL, &wire_hello_reply_layout, &reply),
		0);
	int fd = wire_frame_take_fd(&e.frame, 0);
	test_true(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	/* nor through another descriptor of the same file */
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = open(path, O_RDWR | O_CLOEXEC);
	if (again >= 0) {
		test_true(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, again, 0) == MAP_FAILED);
		test_true(pwrite(again, "x", 1, 8) < 0);
		close(again);
	}
	struct wire_status_page *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	test_true(page != MAP_FAILED);
	test_equal(page->magic, WIRE_MAGIC);
	uint64_t before = page->tree_generation;
	struct end provider;
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "p");
	publish(&provider, 0, "Fixture", "", "", 0, NULL);
	test_true(page->tree_generation > before);
	end_close(&provider);
	munmap(page, 4096);
	close(fd);
	end_close(&e);
	end();
}

static void expect_refused(const struct wire_hello *hello, IOReturn status)
{
	struct end e = { 0 };

	test_equal_error(fd_connect(s.socket, &e.socket), 0);
	uint32_t id = end_ask(&e, &wire_hello_layout, hello, NULL);
	if (status)
		test_equal_error(end_answer(&e, id, NULL, NULL), status);
	end_await_close(&e);
	end_close(&e);
}

TEST(wrong_greetings_end_the_connection)
{
	struct wire_hello hello = { .magic = WIRE_MAGIC,
				    .version = WIRE_VERSION + 1,
				    .role = WIRE_ROLE_CLIENT,
				    .name = "x" };

	begin();
	expect_refused(&hello, kIOReturnUnsupported);
	hello.version = WIRE_VERSION;
	hello.magic = 1;
	expect_refused(&hello, 0);
	hello.magic = WIRE_MAGIC;
	hello.role = 9;
	expect_refused(&hello, 0);
	struct end e = { 0 };
	struct wire_entry_request request = { WIRE_ROOT_ID };
	test_equal_error(fd_connect(s.socket, &e.socket), 0);
	end_ask(&e, &wire_entry_request_layout, &request, NULL);
	end_await_close(&e);
	end_close(&e);
	wait_quiet(&client);
	end();
}

/* What it greets with may be laid out as nobody here knows. */
TEST(another_version_is_told_so_whatever_else_it_says)
{
	static const size_t sizes[] = { 16, 24, 80 };
	const uint64_t words[10] = { WIRE_MAGIC, WIRE_VERSION + 1, 77, 0, ~0ull, 5, ~0ull };

	begin();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct wire_header header = { .type = WIRE_HELLO, .id = 1 };
		struct end e = { 0 };

		test_equal_error(fd_connect(s.socket, &e.socket), 0);
		test_equal_error(wire_frame_send(e.socket, &header, words, sizes[i], NULL, 0, true),
				 0);
		test_equal_error(end_answer(&e, 1, NULL, NULL), kIOReturnUnsupported);
		end_await_close(&e);
		end_close(&e);
	}
	wait_quiet(&client);
	end();
}

/* A message of each kind that is cut short, or that the face does not know: the peer is gone, the
 * others are not. */
TEST(malformed_messages_hurt_their_sender_only)
{
	begin();
	for (size_t i = 0; wire_layouts[i]; i++) {
		struct wire_header header = { .type = wire_layouts[i]->type, .id = 77 };
		struct end e;

		if (!header.type || header.type == WIRE_STATUS || header.type == WIRE_STOP_SESSION)
			continue;
		for (uint32_t role = WIRE_ROLE_CLIENT; role <= WIRE_ROLE_PROVIDER; role++) {
			end_connect(&e, &s, role, "bad");
			test_equal_error(
				wire_frame_send(e.socket, &header, "junk", 4, NULL, 0, true), 0);
			end_await_close(&e);
			end_close(&e);
		}
	}
	wait_quiet(&client);
	end();
}

TEST(limits_hurt_the_sender_only)
{
	begin();
	int fds[2];
	IOReturn status = 0;
	uint32_t n = 0;
	int kept[1100];

	test_equal_error(fd_socketpair(fds), 0);
	while (!status && n < 1100) {
		struct wire_inlet_open request = { n + 1, WIRE_INLET_NOTICES };
		int pair[2];

		if (fd_socketpair(pair))
			break;
		status = end_call(&client, &wire_inlet_open_layout, &request, &pair[1], NULL, NULL);
		close(pair[1]);
		kept[n++] = pair[0];
	}
	/* either the limit of inlets, or of descriptors, was reached; nobody else notices */
	struct end second;
	for (uint32_t i = 0; i < n; i++)
		close(kept[i]);
	close(fds[0]);
	close(fds[1]);
	end_close(&client);
	end_connect(&second, &s, WIRE_ROLE_CLIENT, "second");
	wait_quiet(&second);
	end_close(&second);
	test_true(status == (IOReturn)kIOReturnNoResources || n < 1100);
	session_end(&s);
}

TEST(a_second_registry_is_refused)
{
	struct registry_config config = { .socket_path = NULL };
	struct registry *other;
	struct loop *loop;

	begin();
	config.socket_path = s.socket;
	test_equal_error(loop_new(&loop), 0);
	test_equal_error(registry_new(loop, &config, &other), -EADDRINUSE);
	loop_free(loop);
	end();
}

TEST(grants_are_counted)
{
	struct wire_entry_request request = { WIRE_ROOT_ID };
	struct wire_entry_reply reply;
	uint64_t two[] = { WIRE_ROOT_ID, 2 }, one[] = { WIRE_ROOT_ID, 1 };
	struct wire_release release = { { two, 2 } };

	begin();
	test_equal_error(end_call(&client, &wire_entry_request_layout, &request, NULL,
				  &wire_entry_reply_layout, &reply),
			 0);
	test_equal_text(reply.name, "Root");
	test_equal(reply.state & WIRE_STATE_SERVICE, 0);
	test_equal_error(end_call(&client, &wire_release_layout, &release, NULL, NULL, NULL),
			 kIOReturnBadArgument);
	release.pairs.items = one;
	test_equal_error(end_call(&client, &wire_release_layout, &release, NULL, NULL, NULL), 0);
	test_equal_error(end_call(&client, &wire_release_layout, &release, NULL, NULL, NULL),
			 kIOReturnBadArgument);
	end();
}

static uint64_t registry_cpu_ns(void)
{
	struct timespec used;
	clockid_t clock;

	test_equal(pthread_getcpuclockid(s.thread, &clock), 0);
	test_equal(clock_gettime(clock, &used), 0);
	return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

/* A connection that cannot be accepted waits; the registry does not spin on it. */
TEST(running_out_of_descriptors_is_waited_out)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct rlimit old, none;
	struct end late = { 0 };

	begin();
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	test_true(fd >= 0);
	test_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ (rlim_t)fd + 1, old.rlim_max };
	test_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	test_true(strlen(s.socket) < sizeof(address.sun_path));
	strcpy(address.sun_path, s.socket);
	test_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	uint64_t before = registry_cpu_ns();
	struct pollfd nothing = { .fd = fd, .events = POLLIN };
	test_equal(poll(&nothing, 1, 300), 0);
	test_true(registry_cpu_ns() - before < 20000000);
	test_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	test_equal_error(end_greet(&late, fd, WIRE_ROLE_CLIENT, "late", 0), 0);
	end_close(&late);
	end();
}

TEST_MAIN
