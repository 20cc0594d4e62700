// SPDX-License-Identifier: MIT
#include "client/session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/scope.h"
#include "base/shm.h"
#include "client/class.h"
#include "client/connect.h"
#include "client/discover.h"
#include "client/handle.h"
#include "client/memory.h"
#include "client/recover.h"
#include "client/release.h"
#include "client/slots.h"
#include "client/status.h"
#include "client/watch.h"
#include "client/watcher.h"
#include "wire/browse.h"
#include "wire/hello.h"
#include "wire/notice.h"
#include "wire/open.h"

/* Most bytes of one message on the events inlet. */
enum { EVENT_MAX = 1024 * 1024 };

static pthread_mutex_t connect_lock = PTHREAD_MUTEX_INITIALIZER;
/* under connect_lock: one connects, others wait */
static struct client_session *in_making; /* is greeting the registry, which may take its time */
static int events_far = -1;		 /* its other end for events */
static pthread_cond_t was_made = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t session_lock = PTHREAD_MUTEX_INITIALIZER;
static struct client_session *current; /* under session_lock */
static uint64_t last_epoch;	       /* under connect_lock */
static pthread_mutex_t events_lock = PTHREAD_MUTEX_INITIALIZER;

struct client_session *client_session_ref(struct client_session *session)
{
	ref_get(&session->refs);
	return session;
}

struct client_session *client_session_unref(struct client_session *session)
{
	if (!session || !ref_put(&session->refs))
		return NULL;
	client_inlet_set_fini(&session->inlets);
	fd_close(session->events_socket);
	shm_unmap((void *)session->page, sizeof(*session->page));
	wire_channel_unref(session->channel);
	free(session);
	return NULL;
}

struct client_session *client_session_find(void)
{
	scope_lock(&session_lock);
	if (!current || wire_channel_is_closed(current->channel))
		return NULL;
	return client_session_ref(current);
}

/* The link is of no use any more. */
static void session_lost(struct client_session *session)
{
	bool was_current;

	wire_channel_close(session->channel);
	pthread_mutex_lock(&session_lock);
	was_current = current == session;
	if (was_current)
		current = NULL;
	pthread_mutex_unlock(&session_lock);
	if (!was_current)
		return;
	client_session_unref(session);
	client_recover_begin();
}

/* --- events ---------------------------------------------------------------- */

static bool read_one_event(struct client_session *session, struct wire_frame *frame)
{
	struct wire_dead dead = { 0 };

	if (wire_frame_receive(session->events_socket, frame, EVENT_MAX, false))
		return false;
	if (frame->header.type == WIRE_DEAD &&
	    !wire_frame_decode(frame, &wire_dead_layout, &dead)) {
		for (size_t i = 0; i < dead.ids.count; i++)
			client_handle_kill(dead.ids.items[i]);
		wire_message_clear(&wire_dead_layout, &dead);
	}
	return true;
}

static void read_events(struct client_session *session, uint64_t deaths)
{
	struct wire_frame frame = WIRE_FRAME_INIT;

	{
		scope_lock(&events_lock);
		while (read_one_event(session, &frame))
			wire_frame_clear(&frame);
		atomic_store(&session->deaths, deaths);
	}
	wire_frame_fini(&frame);
}

static uint64_t read_deaths(const struct client_session *session)
{
	return session->page ? atomic_load(&session->page->death_generation) : 0;
}

void client_session_read_events(struct client_session *session)
{
	uint64_t deaths = read_deaths(session);

	/* It grows before and after they are sent, and before anything else is: what has to be heard is there. */
	if (!session->page || deaths != atomic_load(&session->deaths))
		read_events(session, deaths);
}

static bool on_events(void *context, int fd, uint32_t events)
{
	read_events(context, read_deaths(context));
	return (events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) != 0;
}

static bool on_hang_up(void *context, int fd, uint32_t events)
{
	session_lost(context);
	return true;
}

static void drop_session(void *context)
{
	client_session_unref(context);
}

/* --- connecting ------------------------------------------------------------- */

static err_t map_page(struct client_session *session, struct wire_frame *frame)
{
	scope_fd int fd = wire_frame_take_fd(frame, 0);
	const struct wire_status_page *page;
	void *base;
	err_t err = shm_verify(fd, sizeof(*page));

	if (!err)
		err = shm_map(fd, sizeof(*page), false, &base);
	if (err)
		return err;
	page = session->page = base;
	return page->magic == WIRE_MAGIC && page->version == WIRE_VERSION ? 0 : -EBADMSG;
}

static err_t say_hello(struct client_session *session)
{
	struct wire_hello hello = { .magic = WIRE_MAGIC,
				    .version = WIRE_VERSION,
				    .role = WIRE_ROLE_CLIENT,
				    .pid = (uint32_t)getpid() };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_hello_reply reply = { 0 };
	io_name_t name;
	int32_t status;
	err_t err;

	hello.name = client_handle_cut_name(name, program_invocation_short_name);
	err = wire_channel_call(session->channel, &wire_hello_layout, &hello, NULL, 0,
				&wire_hello_reply_layout, &reply, &frame, &status);
	if (!err && status) {
		log_error("the registry refused the greeting (status 0x%08x): it does not speak "
			  "protocol version %u",
			  (unsigned)status, WIRE_VERSION);
		err = -EPROTO;
	}
	if (!err)
		err = map_page(session, &frame);
	session->is_new = reply.generation == 0;
	wire_frame_fini(&frame);
	return err;
}

static err_t open_events(struct client_session *session)
{
	struct wire_inlet_open message = { .inlet = ++session->inlets.last_number,
					   .inlet_class = WIRE_INLET_EVENTS };
	struct wire_frame frame = WIRE_FRAME_INIT;
	int32_t status;
	err_t err = wire_channel_call(session->channel, &wire_inlet_open_layout, &message,
				      &events_far, 1, NULL, NULL, &frame, &status);

	wire_frame_fini(&frame);
	return err ? err : status ? -EPROTO : 0;
}

static err_t start_watching(struct client_session *session)
{
	err_t err = client_watcher_add(session->events_socket, EPOLLIN | EPOLLRDHUP, on_events,
				       drop_session, client_session_ref(session));

	if (err) {
		client_session_unref(session);
		return err;
	}
	err = client_watcher_add(wire_channel_fd(session->channel), EPOLLRDHUP, on_hang_up,
				 drop_session, client_session_ref(session));
	if (err)
		client_session_unref(session);
	return err;
}

static pid_t other_process_at(int socket)
{
	struct fd_peer peer;

	return fd_peer(socket, &peer) || peer.pid == getpid() ? 0 : peer.pid;
}

static err_t session_new(struct client_session **ret_session)
{
	struct client_session *session;
	int socket, events[2];
	err_t err = client_discover_connect(&socket);

	if (err)
		return err;
	session = calloc(1, sizeof(*session));
	if (!session) {
		fd_close(socket);
		return -ENOMEM;
	}
	ref_init(&session->refs);
	client_inlet_set_init(&session->inlets);
	session->epoch = last_epoch + 1;
	session->registry = other_process_at(socket);
	session->events_socket = -1;
	err = wire_channel_new(socket, WIRE_CONTROL_MAX, &session->channel);
	if (err) {
		free(session);
		return err;
	}
	err = fd_socketpair(events);
	if (err) {
		client_session_unref(session);
		return err;
	}
	session->events_socket = events[0];
	events_far = events[1];
	*ret_session = session;
	return 0;
}

static err_t greet(struct client_session *session)
{
	err_t err = say_hello(session);

	if (!err)
		err = open_events(session);
	if (!err)
		err = start_watching(session);
	if (err)
		wire_channel_close(session->channel);
	return err;
}

static void before_fork(void)
{
	pthread_mutex_lock(&connect_lock);
	client_connect_lock();
	client_watch_lock();
	pthread_mutex_lock(&session_lock);
	client_handle_lock();
	client_inlet_lock();
	client_release_lock();
	client_watcher_lock();
	/* These are held for a moment, and no other is taken under them, but that of memory under that of queues. */
	client_class_lock();
	client_data_queue_lock();
	client_memory_lock();
	client_main_port_lock();
}

static void unlock_all(void)
{
	client_main_port_unlock();
	client_memory_unlock();
	client_data_queue_unlock();
	client_class_unlock();
	client_watcher_unlock();
	client_release_unlock();
	client_inlet_unlock();
	client_handle_unlock();
	pthread_mutex_unlock(&session_lock);
	client_watch_unlock();
	client_connect_unlock();
	pthread_mutex_unlock(&connect_lock);
}

static bool is_made_by(pid_t process, int fd)
{
	struct fd_peer peer;

	return !fd_peer(fd, &peer) && peer.pid == process;
}

/* A connection that another thread was just receiving is in no list; but the registry made its socket. Nothing is
 * allocated: a thread that is not here may have the locks of an allocator. */
static void close_what_comes_from(pid_t registry)
{
	_Alignas(struct dirent64) char found[1024];
	scope_fd int folder =
		registry ? open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	ssize_t n;

	while (folder >= 0 && (n = getdents64(folder, found, sizeof(found))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const struct dirent64 *)(found + at);
			int fd = (int)strtol(entry->d_name, NULL, 10);

			if (fd > STDERR_FILENO && is_made_by(registry, fd))
				close(fd);
			at += entry->d_reclen;
		}
}

static void forget(struct client_session *session)
{
	if (!session)
		return;
	fd_close(session->events_socket);
	fd_close(wire_channel_fd(session->channel));
	close_what_comes_from(session->registry);
}

/* The parent's sockets must not be held open here, and no handle of it means anything. */
static void in_child(void)
{
	client_watcher_forget();
	forget(take_ptr(current));
	forget(take_ptr(in_making));
	events_far = fd_close(events_far);
	pthread_cond_init(&was_made, NULL); /* who waits for it is not here */
	client_slots_forget();
	client_connect_forget();
	client_watch_forget();
	client_handle_forget();
	client_release_forget();
	client_data_queue_forget_waiters();
	pthread_mutex_init(&events_lock, NULL);
	unlock_all();
}

/* With the library, before handlers that the program registers: they run while a fork does not hold our locks, and may
 * call us. When there was no memory then, later. */
__attribute__((constructor)) static void prepare_fork(void)
{
	static bool registered; /* under connect_lock, once the library is there */

	if (!registered)
		registered = pthread_atfork(before_fork, unlock_all, in_child) == 0;
}

/* Under connect_lock. */
static err_t make(struct client_session **ret_session)
{
	struct client_session *session;
	err_t err = session_new(&session);

	if (err)
		return err;
	/* Without the lock, which a fork needs. */
	in_making = session;
	pthread_mutex_unlock(&connect_lock);
	err = greet(session);
	pthread_mutex_lock(&connect_lock);
	in_making = NULL;
	events_far = fd_close(events_far);
	pthread_cond_broadcast(&was_made);
	if (err)
		client_session_unref(session);
	else
		*ret_session = session;
	return err;
}

err_t client_session_get(struct client_session **ret_session)
{
	struct client_session *session = client_session_find();
	err_t err;

	if (session) {
		*ret_session = session;
		return 0;
	}
	scope_lock(&connect_lock);
	while (in_making)
		pthread_cond_wait(&was_made, &connect_lock);
	session = client_session_find();
	if (session) {
		*ret_session = session;
		return 0;
	}
	prepare_fork();
	err = make(&session);
	if (err) {
		log_debug("no link to a registry: error %d", -err);
		return err == -ENOMEM || err == -EMFILE ? err : -ENOTCONN;
	}
	last_epoch = session->epoch;
	client_class_forget();
	pthread_mutex_lock(&session_lock);
	client_session_unref(current);
	current = client_session_ref(session);
	pthread_mutex_unlock(&session_lock);
	if (session->epoch > 1)
		client_recover_continue(session);
	*ret_session = session;
	return 0;
}

/* --- asking ------------------------------------------------------------------ */

/* Their handles are not there yet: an event about one of them would find nothing. */
static bool brings_entries(const struct wire_layout *reply)
{
	return reply == &wire_entries_reply_layout || reply == &wire_notify_reply_layout ||
	       reply == &wire_open_reply_layout || reply == &wire_children_reply_layout;
}

static err_t ask_once(struct client_session *session, const struct wire_layout *layout,
		      const void *request, const int *fds, size_t n_fds,
		      const struct wire_layout *reply_layout, void *ret_reply,
		      struct wire_frame *frame, int32_t *ret_status)
{
	err_t err = wire_channel_call(session->channel, layout, request, fds, n_fds, reply_layout,
				      ret_reply, frame, ret_status);

	if (err == -EPIPE)
		session_lost(session);
	/* What has died before the answer was given is dead when it is heard. */
	if (!err && !brings_entries(reply_layout))
		client_session_read_events(session);
	return err;
}

IOReturn client_session_ask_on(struct client_session *session, const struct wire_layout *layout,
			       const void *request, const int *fds, size_t n_fds,
			       const struct wire_layout *reply_layout, void *ret_reply,
			       struct wire_frame *frame)
{
	int32_t status = 0;
	err_t err = ask_once(session, layout, request, fds, n_fds, reply_layout, ret_reply, frame,
			     &status);

	return err ? client_status_of_session(err) : status;
}

IOReturn client_session_ask(const struct wire_layout *layout, const void *request,
			    const struct wire_layout *reply_layout, void *ret_reply,
			    struct wire_frame *frame, uint64_t *ret_epoch)
{
	struct client_session *session;
	int32_t status = 0;
	err_t err = 0;

	for (int attempt = 0; attempt < 2; attempt++) {
		err = client_session_get(&session);
		if (err)
			break;
		err = ask_once(session, layout, request, NULL, 0, reply_layout, ret_reply, frame,
			       &status);
		if (ret_epoch)
			*ret_epoch = session->epoch;
		client_session_unref(session);
		if (err != -EPIPE)
			break;
	}
	return err ? client_status_of_session(err) : status;
}

/* Numbers of different links never compare equal. */
uint64_t client_session_generation_of(uint64_t generation, uint64_t epoch)
{
	return generation ^ (epoch << 48);
}

static uint64_t read_generation(const _Atomic uint64_t *in_page, uint64_t epoch)
{
	/* Sequentially consistent: after what has been laid on the tray. */
	return client_session_generation_of(atomic_load(in_page), epoch);
}

enum counter { TREE, NAMES, NEWS, DEATHS };

static uint64_t read_counter(enum counter counter)
{
	const struct wire_status_page *page;

	/* Walks do this several times for each entry: the lock will do, and keeps the page as well. */
	scope_lock(&session_lock);
	if (!current || wire_channel_is_closed(current->channel) || !current->page)
		return 0;
	page = current->page;
	return read_generation(counter == TREE	  ? &page->tree_generation
			       : counter == NAMES ? &page->name_generation
			       : counter == NEWS  ? &page->news_generation
						  : &page->death_generation,
			       current->epoch);
}

uint64_t client_session_tree_generation(void)
{
	return read_counter(TREE);
}

uint64_t client_session_name_generation(void)
{
	return read_counter(NAMES);
}

uint64_t client_session_news_generation(void)
{
	return read_counter(NEWS);
}

uint64_t client_session_death_generation(void)
{
	return read_counter(DEATHS);
}

void client_session_end(void)
{
	struct client_session *session;

	client_connect_end_all();
	client_watch_end_all();
	client_handle_kill_all();
	client_class_forget();
	/* The watcher may be the last to let go of an entry: what it gives back is sent after it. */
	client_watcher_end();
	client_release_end();
	pthread_mutex_lock(&session_lock);
	session = current;
	current = NULL;
	pthread_mutex_unlock(&session_lock);
	if (session)
		wire_channel_close(session->channel);
	client_session_unref(session);
}
