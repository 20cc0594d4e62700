// SPDX-License-Identifier: MIT
/*
 * A thread that closes a file of a silent file system cannot be stopped, only
 * done without. So there are few of them, and few of those for one user, whose
 * other descriptors stay open meanwhile. What could block is found out nowhere
 * but in the closing: only memory and local sockets are known not to, and they
 * are all that the protocol has a use for.
 */
#include "base/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scope.h"

enum {
	THREADS_OF_OTHERS = 12, /* of users that are neither us nor root */
	THREADS_MAX = THREADS_OF_OTHERS + FOREIGN_THREADS_OF_USER,
	OF_OTHERS = 8 * FOREIGN_OF_USER,
	SOME = 32,
	WAITING_MAX =
		32 * 1024, /* with the sockets that users may have when theirs become too many */
	SENDERS_MAX = 64,
	KERNEL_FDS_MAX = 253,
	OTHER_CONTROL = 1024,
	DRAIN_MAX = 1024,
	STACK = 64 * 1024,
};

/* The first stands for us and root, the last for all that there is no other place for. */
struct sender {
	uid_t uid;
	unsigned n, n_busy; /* of its descriptors, and of those that a thread is closing */
};

struct waiting {
	int fd;
	unsigned sender;
};

atomic_uint foreign_n_waiting;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sender senders[SENDERS_MAX];
/* No memory is allocated for it: that can fail. */
static struct waiting waiting[WAITING_MAX];
static unsigned n_waiting, n_threads;

/* --- who has sent how many ------------------------------------------------------------------------ */

static unsigned find_sender_locked(uid_t uid)
{
	unsigned unused = SENDERS_MAX - 1;

	if (!uid || uid == geteuid())
		return 0;
	for (unsigned i = SENDERS_MAX - 2; i; i--) {
		if (senders[i].n && senders[i].uid == uid)
			return i;
		if (!senders[i].n)
			unused = i;
	}
	senders[unused].uid = uid;
	return unused;
}

static unsigned count_others_locked(bool busy)
{
	unsigned n = 0;

	for (unsigned i = 1; i < SENDERS_MAX; i++)
		n += busy ? senders[i].n_busy : senders[i].n;
	return n;
}

/* Are N as many as LIMIT, or as one SHARE of the descriptors that this process may have? Some wait at any time
 * without anybody's ill will. */
static bool is_too_much(unsigned n, unsigned limit, unsigned share)
{
	struct rlimit files;

	return n >= limit ||
	       (n >= SOME && !getrlimit(RLIMIT_NOFILE, &files) && n >= files.rlim_cur / share);
}

bool foreign_is_crowded_now(uid_t uid)
{
	scope_lock(&lock);
	unsigned i = find_sender_locked(uid);

	return is_too_much(senders[i].n, FOREIGN_OF_USER, 8) ||
	       (i && is_too_much(count_others_locked(false), OF_OTHERS, 4));
}

/* --- closing ---------------------------------------------------------------------------------------- */

/* The index of one that a thread may close; N_WAITING: there is none. */
static unsigned find_due_locked(void)
{
	bool has_others = count_others_locked(true) < THREADS_OF_OTHERS, is_due[SENDERS_MAX];
	unsigned i = 0;

	for (unsigned s = 0; s < SENDERS_MAX; s++)
		is_due[s] = senders[s].n_busy < FOREIGN_THREADS_OF_USER && (!s || has_others);
	while (i < n_waiting && !is_due[waiting[i].sender])
		i++;
	return i;
}

/* --- what lies in local sockets ------------------------------------------------------------------- */

/* So that every message has something with it, and one of no bytes does not look like the end. */
static void mark_messages(int socket)
{
	int yes = 1;

	setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes));
}

static bool discard_all(struct msghdr *message, uid_t sender)
{
	bool some = false;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t n =
			c->cmsg_type == SCM_RIGHTS ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			foreign_discard(fd, sender);
		}
		some |= n != 0;
	}
	return some;
}

/* Receives one message. RET_HAD: there were descriptors with it. False: there is none, or nobody at the other end. */
static bool take_message(int socket, uid_t sender, bool *ret_had)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(KERNEL_FDS_MAX * sizeof(int)) + OTHER_CONTROL];
	} control;
	struct msghdr message = { .msg_control = &control, .msg_controllen = sizeof(control) };

	/* That the other end closed with something unread is said once, before what it has sent. */
	while (recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		if (errno != ECONNRESET)
			return false;
	*ret_had = discard_all(&message, sender);
	return message.msg_controllen != 0;
}

static bool is_local_socket(int fd)
{
	int domain;
	socklen_t size = sizeof(domain);

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) && domain == AF_UNIX;
}

/* --- threads ---------------------------------------------------------------------------------------- */

/* What lies in a socket is closed by whoever closes that, for as long as it takes: it comes out, and has its turn. */
static void close_slowly(int fd, uid_t sender)
{
	struct linger at_once = { 1, 0 };
	bool had;

	if (is_local_socket(fd)) {
		mark_messages(fd);
		for (int i = 0; i < DRAIN_MAX && !foreign_is_crowded(sender); i++)
			if (!take_message(fd, sender, &had))
				break;
	}
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

static void start_thread_locked(void);

static void *close_due(void *context)
{
	unsigned i;

	pthread_mutex_lock(&lock);
	while ((i = find_due_locked()) < n_waiting) {
		struct waiting it = waiting[i];

		waiting[i] = waiting[--n_waiting];
		uid_t uid = senders[it.sender].uid;

		senders[it.sender].n_busy++;
		/* Should this one take long. */
		start_thread_locked();
		pthread_mutex_unlock(&lock);
		close_slowly(it.fd, uid);
		pthread_mutex_lock(&lock);
		senders[it.sender].n_busy--;
		senders[it.sender].n--;
		atomic_fetch_sub(&foreign_n_waiting, 1);
	}
	n_threads--;
	pthread_mutex_unlock(&lock);
	return context;
}

/* The program may have so much data of its own for each thread that a small stack has no room for it. */
static int start_detached(size_t stack)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error = pthread_attr_init(&attributes);

	if (error)
		return error;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (stack)
		pthread_attr_setstacksize(&attributes, stack);
	error = pthread_create(&thread, &attributes, close_due, NULL);
	pthread_attr_destroy(&attributes);
	return error == EINVAL && stack ? start_detached(0) : error;
}

/* If there is something to do for one. Without it what waits does so until the next one comes, or
 * a socket ends. */
static void start_thread_locked(void)
{
	sigset_t all, before;

	if (n_threads == THREADS_MAX || find_due_locked() == n_waiting)
		return;
	/* Signals are not for it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!start_detached(STACK))
		n_threads++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void in_parent(void)
{
	pthread_mutex_unlock(&lock);
}

/* The threads are not there, and what they would have closed is the parent's. */
static void in_child(void)
{
	memset(senders, 0, sizeof(senders));
	n_waiting = n_threads = 0;
	atomic_store(&foreign_n_waiting, 0);
	pthread_mutex_unlock(&lock);
}

/* Before all other constructors of a library: a fork takes locks in the opposite order, and those of callers come before
 * ours. */
__attribute__((constructor(101))) static void watch_forks(void)
{
	pthread_atfork(before_fork, in_parent, in_child);
}

static void hand_over(int fd, uid_t uid)
{
	scope_lock(&lock);
	unsigned sender = find_sender_locked(uid);
	/* More than anybody may send: it stays open, for to close it here may take for ever. */
	if (n_waiting == WAITING_MAX)
		return;
	waiting[n_waiting++] = (struct waiting){ fd, sender };
	senders[sender].n++;
	atomic_fetch_add(&foreign_n_waiting, 1);
	start_thread_locked();
}

/* --- descriptors ------------------------------------------------------------------------------------ */

/* What cannot be found out just now is left as it is. EBADF: a mere place (O_PATH). */
static bool is_memory(int fd)
{
	return fcntl(fd, F_GET_SEALS) >= 0 || (errno != EINVAL && errno != EBADF);
}

/* Nobody can receive nothing from a stream, and what a datagram socket sends goes wherever its owner likes. */
static bool is_channel(int fd)
{
	int type;
	socklen_t size = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size))
		return errno != ENOTSOCK && errno != EBADF;
	return type == SOCK_SEQPACKET && is_local_socket(fd);
}

bool foreign_is_tame(int fd)
{
	int saved = errno;
	bool is_tame = is_memory(fd) || is_channel(fd);

	errno = saved;
	return is_tame;
}

void foreign_discard(int fd, uid_t sender)
{
	int saved = errno;

	/* Whoever shares a local socket can put more into it at any time. */
	if (fd >= 0 && is_memory(fd))
		close(fd);
	else if (fd >= 0)
		hand_over(fd, sender);
	errno = saved;
}

/* --- ends -------------------------------------------------------------------------------------------- */

/* Looks at the next message. No descriptor is made of what it has. False: there is none. */
static bool look(int socket, int flags, bool *ret_has_control)
{
	struct msghdr message = { 0 };
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_PEEK | flags);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	*ret_has_control = n >= 0 && message.msg_flags & MSG_CTRUNC;
	return n >= 0;
}

/* There may have been no thread for what waits. */
static void start_late(void)
{
	if (!atomic_load(&foreign_n_waiting))
		return;
	scope_lock(&lock);
	start_thread_locked();
}

void foreign_end(int socket, uid_t sender)
{
	int saved = errno;
	bool has_unread = false;

	if (socket < 0)
		return;
	shutdown(socket, SHUT_RDWR);
	start_late();
	mark_messages(socket);
	look(socket, MSG_DONTWAIT, &has_unread);
	if (has_unread)
		hand_over(socket, sender);
	else
		close(socket);
	errno = saved;
}

bool foreign_is_next(int socket, bool block)
{
	bool has_descriptors;

	return look(socket, block ? 0 : MSG_DONTWAIT, &has_descriptors) && has_descriptors;
}

bool foreign_is_fresh(int socket)
{
	bool has_message = false;

	fd_pass_rights(socket, false);
	mark_messages(socket);
	look(socket, MSG_DONTWAIT, &has_message);
	return !has_message && !fd_has_marked_peer(socket);
}

bool foreign_skip(int socket, uid_t sender)
{
	/* Room for who sent it, and for nothing else. */
	char who[CMSG_SPACE(sizeof(struct ucred))];
	struct msghdr first = { .msg_control = who, .msg_controllen = sizeof(who) };
	bool had = false;

	mark_messages(socket);
	if (recvmsg(socket, &first, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!first.msg_controllen || first.msg_flags & MSG_CTRUNC)
		return false;
	/* Who shares the socket may have changed what comes next. */
	take_message(socket, sender, &had);
	return !had;
}
