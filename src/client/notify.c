// SPDX-License-Identifier: MIT
/*
 * notify.h over files: each name is a file with two words, how often it was posted and its state. One thread
 * waits for changes of the files that somebody here wants to hear of.
 */
#include <notify.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mach/mach.h>

#include "base/loop.h"
#include "base/shm.h"

enum { NAME_MAX_BYTES = 120 };
#define PATIENCE_NS (1000ull * 1000 * 1000)

/* The contents of a name's file. */
struct record {
	uint64_t posts, state;
};

struct registration {
	struct registration *next;
	int token;
	int fd;	   /* of the name's file */
	int watch; /* of inotify, -1: only checked */
	uint64_t checked, delivered;
	bool was_checked;
	unsigned suspended;

	int signal; /* 0: none */
	mach_port_t port;
	int read_end, write_end; /* -1: none */
	dispatch_queue_t queue;
	void *handler;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct registration *registrations;
static int last_token, inotify_fd = -1;

extern void *_Block_copy(const void *block) __attribute__((weak));
extern void _Block_release(const void *block) __attribute__((weak));
uint32_t portico_notify_register_dispatch(const char *name, int *out_token, dispatch_queue_t queue,
					  void *handler) __attribute__((visibility("default")));

/* --- files --------------------------------------------------------------------- */

/* The folder, which nobody else may have made. */
static int open_folder(void)
{
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
	char path[PATH_MAX];
	struct stat s;
	int fd;

	if (runtime && runtime[0] == '/')
		snprintf(path, sizeof(path), "%s/portico-notify", runtime);
	else
		snprintf(path, sizeof(path), "/tmp/portico-notify-%u", geteuid());
	if (mkdir(path, 0700) && errno != EEXIST)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, &s) || s.st_uid != geteuid() || s.st_mode & 022)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* The name as a file's: other characters than letters, digits, '.', '-' and '_' in hexadecimal. */
static bool file_name(const char *name, char ret[2 * NAME_MAX_BYTES + 2])
{
	size_t n = 0;

	if (!name || !*name || strlen(name) > NAME_MAX_BYTES)
		return false;
	ret[n++] = 'n';
	for (; *name; name++) {
		bool is_plain = (*name >= '0' && *name <= '9') || (*name >= 'a' && *name <= 'z') ||
				(*name >= 'A' && *name <= 'Z') || *name == '.' || *name == '-' ||
			      *name == '_';

		if (is_plain)
			ret[n++] = *name;
		else
			n += (size_t)sprintf(ret + n, "%%%02x", (unsigned char)*name);
		if (n > 2 * NAME_MAX_BYTES - 3)
			return false;
	}
	ret[n] = '\0';
	return true;
}

static uint32_t open_name(const char *name, int *ret_fd)
{
	char file[2 * NAME_MAX_BYTES + 2];
	int folder;

	if (!file_name(name, file))
		return NOTIFY_STATUS_INVALID_NAME;
	folder = open_folder();
	if (folder < 0)
		return NOTIFY_STATUS_FAILED;
	*ret_fd = openat(folder, file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	close(folder);
	return *ret_fd < 0 ? NOTIFY_STATUS_FAILED : NOTIFY_STATUS_OK;
}

/* A new file is all zero. */
static struct record read_record(int fd)
{
	struct record r = { 0, 0 };

	if (pread(fd, &r, sizeof(r), 0) != (ssize_t)sizeof(r))
		r = (struct record){ 0, 0 };
	return r;
}

/* Others hold it for a moment; one that was stopped just then is not waited for. */
static bool lock_record(int fd)
{
	uint64_t until = loop_now_ns() + PATIENCE_NS;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || loop_now_ns() > until)
			return false;
		poll(NULL, 0, 1);
	}
	return true;
}

/* Change the record while no other process does. */
static uint32_t change_record(int fd, bool posts, uint64_t state)
{
	struct record r;
	ssize_t n;

	/* Beyond the program's limit of file sizes the write would end it. */
	if (!shm_is_allowed(sizeof(r)) || !lock_record(fd))
		return NOTIFY_STATUS_FAILED;
	r = read_record(fd);
	if (posts)
		r.posts++;
	else
		r.state = state;
	n = pwrite(fd, &r, sizeof(r), 0);
	flock(fd, LOCK_UN);
	return n == (ssize_t)sizeof(r) ? NOTIFY_STATUS_OK : NOTIFY_STATUS_FAILED;
}

uint32_t notify_post(const char *name)
{
	int fd = -1;
	uint32_t status = open_name(name, &fd);

	if (!status)
		status = change_record(fd, true, 0);
	if (fd >= 0)
		close(fd);
	return status;
}

/* --- delivery ------------------------------------------------------------------ */

struct call {
	void *handler;
	int token;
};

static void run_handler(void *context)
{
	struct call *c = context;
	/* A block's third word and a half is its function. */
	struct block {
		void *isa;
		int flags, reserved;
		void (*invoke)(void *, int);
	} *block = c->handler;

	block->invoke(block, c->token);
	_Block_release(block);
	free(c);
}

static void deliver(struct registration *r)
{
	mach_msg_header_t message = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
		.msgh_remote_port = r->port,
		.msgh_id = r->token,
	};
	uint32_t token = htonl((uint32_t)r->token);

	if (r->signal)
		kill(getpid(), r->signal);
	/* Who has not read the last one has this one to come: nothing waits here. A program may have closed its end, and
	 * call us in a thread that takes signals. */
	if (r->write_end >= 0)
		send(r->write_end, &token, sizeof(token), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (r->port && mach_msg(&message, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(message), 0,
				MACH_PORT_NULL, 0, MACH_PORT_NULL) == MACH_SEND_TIMED_OUT)
		mach_msg_destroy(&message); /* its right came back */
	if (r->handler) {
		struct call *c = malloc(sizeof(*c));

		if (!c)
			return;
		*c = (struct call){ _Block_copy(r->handler), r->token };
		dispatch_async_f(r->queue, c, run_handler);
	}
}

static void deliver_if_posted_locked(struct registration *r)
{
	struct record record = read_record(r->fd);

	if (r->suspended || record.posts == r->delivered)
		return;
	r->delivered = record.posts;
	deliver(r);
}

static void *watch(void *context)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	int fd = *(int *)context;
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0 || (n < 0 && errno == EINTR)) {
		pthread_mutex_lock(&lock);
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(buffer + at);

			/* There were more than the kernel keeps: any of them may have been posted. */
			bool is_any = e->mask & IN_Q_OVERFLOW;

			for (struct registration *r = registrations; r; r = r->next)
				if (r->watch >= 0 && (is_any || r->watch == e->wd))
					deliver_if_posted_locked(r);
			at += (ssize_t)(sizeof(*e) + e->len);
		}
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static bool need_watcher_locked(void)
{
	sigset_t all, before;
	pthread_t thread;

	if (inotify_fd >= 0)
		return true;
	inotify_fd = inotify_init1(IN_CLOEXEC);
	if (inotify_fd < 0)
		return false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread, NULL, watch, &inotify_fd);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		close(inotify_fd);
		inotify_fd = -1;
		return false;
	}
	pthread_detach(thread);
	return true;
}

/* --- fork ------------------------------------------------------------------------ */

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void in_parent(void)
{
	pthread_mutex_unlock(&lock);
}

/* Who waits for files is not here, and nobody's tokens mean anything. What the program may hold of them is left
 * alone: the end of a pair that it reads, its handlers. */
static void in_child(void)
{
	for (struct registration *r = registrations; r; r = r->next) {
		close(r->fd);
		if (r->write_end >= 0)
			close(r->write_end);
	}
	registrations = NULL;
	if (inotify_fd >= 0)
		close(inotify_fd);
	inotify_fd = -1;
	pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void prepare(void)
{
	pthread_atfork(before_fork, in_parent, in_child);
}

/* --- registration -------------------------------------------------------------- */

static struct registration *find_locked(int token)
{
	struct registration *r = registrations;

	while (r && r->token != token)
		r = r->next;
	return r;
}

/* Takes R's contents in every case. */
static uint32_t add(const char *name, struct registration wanted, bool is_watched, int *out_token)
{
	struct registration *r = malloc(sizeof(*r));
	uint32_t status = out_token ? NOTIFY_STATUS_OK : NOTIFY_STATUS_INVALID_REQUEST;
	char path[64];

	if (!r)
		return NOTIFY_STATUS_FAILED;
	*r = wanted;
	r->fd = r->watch = -1;
	if (!status)
		status = open_name(name, &r->fd);
	pthread_mutex_lock(&lock);
	if (!status && is_watched) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", r->fd);
		if (need_watcher_locked())
			r->watch = inotify_add_watch(inotify_fd, path, IN_MODIFY);
		if (r->watch < 0)
			status = NOTIFY_STATUS_FAILED;
	}
	if (!status) {
		/* Posts from here on are heard. */
		r->checked = r->delivered = read_record(r->fd).posts;
		*out_token = r->token = ++last_token;
		r->next = registrations;
		registrations = r;
	}
	pthread_mutex_unlock(&lock);
	if (status) {
		if (r->fd >= 0)
			close(r->fd);
		free(r);
	}
	return status;
}

static const struct registration nothing = { .read_end = -1, .write_end = -1 };

uint32_t notify_register_check(const char *name, int *out_token)
{
	return add(name, nothing, false, out_token);
}

uint32_t notify_register_signal(const char *name, int sig, int *out_token)
{
	struct registration r = nothing;

	if (sig <= 0 || sig > SIGRTMAX)
		return NOTIFY_STATUS_INVALID_SIGNAL;
	r.signal = sig;
	return add(name, r, true, out_token);
}

uint32_t notify_register_mach_port(const char *name, mach_port_t *notify_port, int flags,
				   int *out_token)
{
	struct registration r = nothing;
	mach_port_type_t type;
	uint32_t status;

	if (!notify_port)
		return NOTIFY_STATUS_INVALID_PORT;
	if (flags & NOTIFY_REUSE) {
		r.port = *notify_port;
		if (mach_port_type(mach_task_self(), r.port, &type) ||
		    !(type & MACH_PORT_TYPE_RECEIVE))
			return NOTIFY_STATUS_INVALID_PORT;
	} else if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &r.port)) {
		return NOTIFY_STATUS_FAILED;
	}
	status = add(name, r, true, out_token);
	if (!status)
		*notify_port = r.port;
	else if (!(flags & NOTIFY_REUSE))
		mach_port_destroy(mach_task_self(), r.port);
	return status;
}

static bool find_reader(int read_end, struct registration *ret)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (struct registration *r = registrations; r && !found; r = r->next)
		if (r->read_end == read_end && read_end >= 0) {
			ret->read_end = read_end;
			ret->write_end = r->write_end;
			found = true;
		}
	pthread_mutex_unlock(&lock);
	return found;
}

uint32_t notify_register_file_descriptor(const char *name, int *notify_fd, int flags,
					 int *out_token)
{
	struct registration r = nothing;
	int ends[2];
	uint32_t status;

	if (!notify_fd)
		return NOTIFY_STATUS_INVALID_FILE;
	if (flags & NOTIFY_REUSE) {
		if (!find_reader(*notify_fd, &r))
			return NOTIFY_STATUS_INVALID_FILE;
		return add(name, r, true, out_token);
	}
	/* No pipe: a write whose reader has gone is no signal here. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return NOTIFY_STATUS_FAILED;
	r.read_end = ends[0];
	r.write_end = ends[1];
	status = add(name, r, true, out_token);
	if (!status) {
		*notify_fd = ends[0];
	} else {
		close(ends[0]);
		close(ends[1]);
	}
	return status;
}

uint32_t portico_notify_register_dispatch(const char *name, int *out_token, dispatch_queue_t queue,
					  void *handler)
{
	struct registration r = nothing;
	uint32_t status;

	if (!queue || !handler || !_Block_copy)
		return NOTIFY_STATUS_INVALID_REQUEST;
	r.queue = queue;
	r.handler = _Block_copy(handler);
	dispatch_retain(queue);
	status = add(name, r, true, out_token);
	if (status) {
		_Block_release(r.handler);
		dispatch_release(queue);
	}
	return status;
}

/* Does another registration deliver there as well? */
static bool is_shared_locked(const struct registration *r)
{
	for (const struct registration *other = registrations; other; other = other->next)
		if ((r->port && other->port == r->port) ||
		    (r->read_end >= 0 && other->read_end == r->read_end))
			return true;
	return false;
}

static bool is_watched_locked(int watch)
{
	for (const struct registration *r = registrations; r; r = r->next)
		if (r->watch == watch)
			return true;
	return false;
}

uint32_t notify_cancel(int token)
{
	struct registration **at = &registrations, *r;
	bool is_shared;

	pthread_mutex_lock(&lock);
	while (*at && (*at)->token != token)
		at = &(*at)->next;
	r = *at;
	if (!r) {
		pthread_mutex_unlock(&lock);
		return NOTIFY_STATUS_INVALID_TOKEN;
	}
	*at = r->next;
	is_shared = is_shared_locked(r);
	if (r->watch >= 0 && !is_watched_locked(r->watch))
		inotify_rm_watch(inotify_fd, r->watch);
	pthread_mutex_unlock(&lock);
	close(r->fd);
	if (!is_shared && r->read_end >= 0) {
		close(r->read_end);
		close(r->write_end);
	}
	if (!is_shared && r->port)
		mach_port_mod_refs(mach_task_self(), r->port, MACH_PORT_RIGHT_RECEIVE, -1);
	if (r->handler) {
		_Block_release(r->handler);
		dispatch_release(r->queue);
	}
	free(r);
	return NOTIFY_STATUS_OK;
}

/* --- asking -------------------------------------------------------------------- */

uint32_t notify_check(int token, int *check)
{
	uint32_t status = NOTIFY_STATUS_INVALID_TOKEN;

	if (!check)
		return NOTIFY_STATUS_INVALID_REQUEST;
	pthread_mutex_lock(&lock);
	struct registration *r = find_locked(token);
	if (r) {
		uint64_t posts = read_record(r->fd).posts;

		*check = !r->was_checked || posts != r->checked;
		r->was_checked = true;
		r->checked = posts;
		status = NOTIFY_STATUS_OK;
	}
	pthread_mutex_unlock(&lock);
	return status;
}

uint32_t notify_suspend(int token)
{
	pthread_mutex_lock(&lock);
	struct registration *r = find_locked(token);
	if (r)
		r->suspended++;
	pthread_mutex_unlock(&lock);
	return r ? NOTIFY_STATUS_OK : NOTIFY_STATUS_INVALID_TOKEN;
}

uint32_t notify_resume(int token)
{
	pthread_mutex_lock(&lock);
	struct registration *r = find_locked(token);
	if (r && r->suspended && !--r->suspended && r->watch >= 0)
		deliver_if_posted_locked(r);
	pthread_mutex_unlock(&lock);
	return r ? NOTIFY_STATUS_OK : NOTIFY_STATUS_INVALID_TOKEN;
}

uint32_t notify_set_state(int token, uint64_t state)
{
	pthread_mutex_lock(&lock);
	struct registration *r = find_locked(token);
	uint32_t status = r ? change_record(r->fd, false, state) : NOTIFY_STATUS_INVALID_TOKEN;
	pthread_mutex_unlock(&lock);
	return status;
}

uint32_t notify_get_state(int token, uint64_t *state)
{
	if (!state)
		return NOTIFY_STATUS_INVALID_REQUEST;
	pthread_mutex_lock(&lock);
	struct registration *r = find_locked(token);
	if (r)
		*state = read_record(r->fd).state;
	pthread_mutex_unlock(&lock);
	return r ? NOTIFY_STATUS_OK : NOTIFY_STATUS_INVALID_TOKEN;
}

bool notify_is_valid_token(int token)
{
	pthread_mutex_lock(&lock);
	bool is_valid = find_locked(token) != NULL;
	pthread_mutex_unlock(&lock);
	return is_valid;
}
