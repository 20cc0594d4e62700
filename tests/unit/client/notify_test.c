// SPDX-License-Identifier: MIT
#include <notify.h>

#include <arpa/inet.h>
#include <dispatch/dispatch.h>
#include <fcntl.h>
#include <mach/mach.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static void begin(void)
{
	setenv("XDG_RUNTIME_DIR", test_folder(), 1);
}

TEST(check_says_whether_it_was_posted)
{
	int token = 0, other = 0, check = 7;

	begin();
	test_equal(notify_register_check("org.example.a", &token), NOTIFY_STATUS_OK);
	test_equal(notify_register_check("org.example.b/c", &other), NOTIFY_STATUS_OK);
	test_equal(notify_check(token, &check), NOTIFY_STATUS_OK);
	test_equal(check, 1);
	notify_check(token, &check);
	test_equal(check, 0);
	notify_check(other, &check);
	test_equal(notify_post("org.example.a"), NOTIFY_STATUS_OK);
	notify_check(token, &check);
	test_equal(check, 1);
	notify_check(other, &check);
	test_equal(check, 0);
	test_true(notify_is_valid_token(token));
	test_equal(notify_cancel(token), NOTIFY_STATUS_OK);
	test_equal(notify_cancel(token), NOTIFY_STATUS_INVALID_TOKEN);
	test_equal(notify_check(token, &check), NOTIFY_STATUS_INVALID_TOKEN);
	test_true(!notify_is_valid_token(token));
	notify_cancel(other);
}

TEST(descriptor_hears_of_another_process)
{
	int fd = -1, token = 0, again = 0;
	uint32_t word = 0;
	pid_t child;

	begin();
	test_equal(notify_register_file_descriptor("x", &fd, 0, &token), NOTIFY_STATUS_OK);
	test_equal(notify_register_file_descriptor("y", &fd, NOTIFY_REUSE, &again),
		   NOTIFY_STATUS_OK);
	child = fork();
	if (!child)
		_exit((int)notify_post("x"));
	test_equal(read(fd, &word, sizeof(word)), sizeof(word));
	test_equal(ntohl(word), token);
	test_equal(waitpid(child, NULL, 0), child);
	notify_post("y");
	test_equal(read(fd, &word, sizeof(word)), sizeof(word));
	test_equal(ntohl(word), again);
	notify_cancel(token);
	notify_post("y");
	test_equal(read(fd, &word, sizeof(word)), sizeof(word));
	notify_cancel(again);
	test_equal(close(fd), -1);
	test_reset_baseline(); /* the watcher stays */
}

TEST(a_descriptor_that_its_program_has_closed)
{
	int fd = -1, token = 0;

	begin();
	test_equal(notify_register_file_descriptor("x", &fd, 0, &token), NOTIFY_STATUS_OK);
	notify_suspend(token);
	notify_post("x");
	close(fd);
	/* Delivers, and raises no SIGPIPE. */
	test_equal(notify_resume(token), NOTIFY_STATUS_OK);
	notify_cancel(token);
	test_reset_baseline(); /* the watcher stays */
}

TEST(port_gets_a_message_and_suspension_delays_it)
{
	struct {
		mach_msg_header_t header;
		mach_msg_trailer_t trailer;
	} m;
	mach_port_t port = MACH_PORT_NULL;
	int token = 0;

	begin();
	test_equal(notify_register_mach_port("p", &port, 0, &token), NOTIFY_STATUS_OK);
	test_equal(notify_suspend(token), NOTIFY_STATUS_OK);
	notify_post("p");
	notify_post("p");
	test_equal_error(
		mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), port, 0, 0),
		MACH_RCV_TIMED_OUT);
	test_equal(notify_resume(token), NOTIFY_STATUS_OK);
	test_equal_error(mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m), port, 0, 0), 0);
	test_equal(m.header.msgh_id, token);
	notify_post("p");
	test_equal_error(mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m), port, 0, 0), 0);
	notify_cancel(token);
	test_equal_error(
		mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), port, 0, 0),
		MACH_RCV_INVALID_NAME);
	test_reset_baseline();
}

/* What does not fit is one of those that are to come. */
TEST(port_that_nobody_reads_keeps_no_right)
{
	mach_port_t port = MACH_PORT_NULL;
	mach_port_type_t type;
	int token = 0;

	begin();
	test_equal(notify_register_mach_port("full", &port, 0, &token), NOTIFY_STATUS_OK);
	for (int i = 0; i < MACH_PORT_QLIMIT_DEFAULT + 3; i++) {
		notify_suspend(token);
		notify_post("full");
		notify_resume(token);
	}
	test_equal(mach_port_type(mach_task_self(), port, &type), 0);
	test_equal(type, MACH_PORT_TYPE_RECEIVE);
	notify_cancel(token);
	test_equal_error(mach_port_type(mach_task_self(), port, &type), KERN_INVALID_NAME);
	test_reset_baseline();
}

/* As far as the library looks at a block. What copies it comes with the compiler's blocks. */
struct block {
	void *isa;
	int flags, reserved;
	void (*invoke)(struct block *, int);
};

static atomic_int copies;

void *_Block_copy(const void *block);
void _Block_release(const void *block);

void *_Block_copy(const void *block)
{
	atomic_fetch_add(&copies, 1);
	return (void *)block;
}

void _Block_release(const void *block)
{
	atomic_fetch_sub(&copies, 1);
}

uint32_t portico_notify_register_dispatch(const char *name, int *out_token, dispatch_queue_t queue,
					  void *handler);

static dispatch_semaphore_t handled;
static atomic_int handled_token;

static void handle(struct block *block, int token)
{
	atomic_store(&handled_token, token);
	dispatch_semaphore_signal(handled);
}

TEST(handler_is_called_on_its_queue)
{
	struct block block = { .invoke = handle };
	dispatch_queue_t queue = dispatch_queue_create("notify", NULL);
	int token = 0;

	begin();
	handled = dispatch_semaphore_create(0);
	test_equal(portico_notify_register_dispatch("org.example.h", &token, queue, &block),
		   NOTIFY_STATUS_OK);
	for (int i = 0; i < 3; i++) {
		atomic_store(&handled_token, -1);
		test_equal(notify_post("org.example.h"), NOTIFY_STATUS_OK);
		dispatch_semaphore_wait(handled, DISPATCH_TIME_FOREVER);
		test_equal(atomic_load(&handled_token), token);
	}
	notify_cancel(token);
	dispatch_sync_f(queue, NULL, (dispatch_function_t)(void *)getpid);
	dispatch_release(queue);
	dispatch_release(handled);
	test_equal(copies, 0);
	test_reset_baseline(); /* the watcher stays */
}

TEST(signal_is_raised)
{
	int token = 0, number = 0;
	sigset_t set;

	begin();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	test_equal(notify_register_signal("s", SIGUSR2, &token), NOTIFY_STATUS_OK);
	notify_post("s");
	test_equal(sigwait(&set, &number), 0);
	test_equal(number, SIGUSR2);
	notify_cancel(token);
	test_reset_baseline();
}

TEST(state_is_shared)
{
	int a = 0, b = 0, check = 0;
	uint64_t state = 1;

	begin();
	notify_register_check("state", &a);
	notify_register_check("state", &b);
	notify_check(b, &check);
	test_equal(notify_get_state(a, &state), NOTIFY_STATUS_OK);
	test_equal(state, 0);
	test_equal(notify_set_state(a, 0x123456789abcdef), NOTIFY_STATUS_OK);
	test_equal(notify_get_state(b, &state), NOTIFY_STATUS_OK);
	test_equal(state, 0x123456789abcdef);
	notify_check(b, &check);
	test_equal(check, 0);
	notify_cancel(a);
	notify_cancel(b);
}

static void *post_until_told(void *stop)
{
	while (!atomic_load((atomic_bool *)stop))
		notify_post("busy");
	return NULL;
}

/* Whatever other threads of the parent were at. */
TEST(p_c5_a_forked_child_registers_and_hears_anew)
{
	int fd = -1, token = 0, status;
	atomic_bool stop = false;
	pthread_t thread;
	uint32_t word;

#ifdef __SANITIZE_THREAD__
	test_skip("the sanitizer takes the child's threads for the parent's");
#endif
#ifdef __SANITIZE_ADDRESS__
	test_skip("the sanitizer's allocator takes no locks for a fork");
#endif
	begin();
	test_equal(notify_register_file_descriptor("busy", &fd, 0, &token), NOTIFY_STATUS_OK);
	notify_cancel(token);
	test_reset_baseline(); /* who waits for files stays */
	test_equal(notify_register_file_descriptor("busy", &fd, 0, &token), NOTIFY_STATUS_OK);
	test_equal(pthread_create(&thread, NULL, post_until_told, &stop), 0);
	for (int round = test_is_slow() ? 10 : 100; round--;) {
		pid_t child = fork();

		if (!child) {
			alarm(20);
			int own = -1, other = 0;

			if (notify_is_valid_token(token) ||
			    notify_register_file_descriptor("own", &own, 0, &other) ||
			    notify_post("own") || read(own, &word, sizeof(word)) != sizeof(word))
				_exit(1);
			_exit(0);
		}
		test_equal(waitpid(child, &status, 0), child);
		test_equal(status, 0);
	}
	test_true(notify_is_valid_token(token));
	test_equal(read(fd, &word, sizeof(word)), sizeof(word));
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	notify_cancel(token);
}

/* One was stopped at the worst moment. */
TEST(p_c4_who_holds_a_name_is_not_waited_for)
{
	char path[300];

	begin();
	test_equal(notify_post("held"), NOTIFY_STATUS_OK);
	snprintf(path, sizeof(path), "%s/portico-notify/nheld", test_folder());
	int fd = open(path, O_RDWR | O_CLOEXEC);
	test_true(fd >= 0);
	test_equal(flock(fd, LOCK_EX), 0);
	test_equal(notify_post("held"), NOTIFY_STATUS_FAILED);
	close(fd);
	test_equal(notify_post("held"), NOTIFY_STATUS_OK);
}

static unsigned kernel_keeps(void)
{
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	unsigned n = 0;

	test_true(file && fscanf(file, "%u", &n) == 1);
	fclose(file);
	return n;
}

/* Hears of names that are posted in turn, and of one more; its exit status. */
static int stop_and_listen(void)
{
	struct pollfd last = { .fd = -1, .events = POLLIN };
	int fd = -1, token;

	if (notify_register_file_descriptor("a", &fd, 0, &token) ||
	    notify_register_file_descriptor("b", &fd, NOTIFY_REUSE, &token) ||
	    notify_register_file_descriptor("last", &last.fd, 0, &token))
		return 1;
	raise(SIGSTOP);
	return poll(&last, 1, 20000) == 1 ? 0 : 2;
}

TEST(p_c4_a_process_that_was_stopped_hears_of_every_name)
{
	unsigned n = kernel_keeps();
	int status;

	if (n > 50000)
		test_skip("the kernel keeps too many events");
	begin();
	pid_t child = fork();
	if (!child)
		_exit(stop_and_listen());
	test_equal(waitpid(child, &status, WUNTRACED), child);
	test_true(WIFSTOPPED(status));
	for (unsigned i = 0; i < n + 10; i++)
		notify_post(i % 2 ? "a" : "b");
	notify_post("last");
	kill(child, SIGCONT);
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
}

TEST(bad_arguments)
{
	char name[400];
	int token = 5, fd = -1;

	begin();
	memset(name, '/', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	test_equal(notify_post(NULL), NOTIFY_STATUS_INVALID_NAME);
	test_equal(notify_post(""), NOTIFY_STATUS_INVALID_NAME);
	test_equal(notify_post(name), NOTIFY_STATUS_INVALID_NAME);
	test_equal(notify_register_check("a", NULL), NOTIFY_STATUS_INVALID_REQUEST);
	test_equal(notify_register_signal("a", 0, &token), NOTIFY_STATUS_INVALID_SIGNAL);
	test_equal(notify_register_file_descriptor("a", &fd, NOTIFY_REUSE, &token),
		   NOTIFY_STATUS_INVALID_FILE);
	test_equal(notify_register_mach_port("a", NULL, 0, &token), NOTIFY_STATUS_INVALID_PORT);
	test_equal(notify_get_state(99, NULL), NOTIFY_STATUS_INVALID_REQUEST);
	test_equal(notify_suspend(99), NOTIFY_STATUS_INVALID_TOKEN);
}

TEST(a_limit_of_file_sizes_is_an_error)
{
	int token = 0, status = -1;
	uint64_t state = 0;

	begin();
	test_equal(notify_register_check("limited", &token), NOTIFY_STATUS_OK);
	test_equal(notify_set_state(token, 5), NOTIFY_STATUS_OK);
	pid_t child = fork();
	if (!child) {
		int mine = 0;

		signal(SIGXFSZ, SIG_DFL);
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 0, 0 });
		notify_register_check("limited", &mine);
		_exit(notify_post("limited") == NOTIFY_STATUS_FAILED &&
		      notify_set_state(mine, 6) == NOTIFY_STATUS_FAILED &&
		      notify_get_state(mine, &state) == NOTIFY_STATUS_OK && state == 5);
	}
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 1 << 8);
	notify_cancel(token);
}

TEST_MAIN
