// SPDX-License-Identifier: MIT
#include "registry/door.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"
#include "registry/home.h"
#include "registry/policy.h"

enum { ROUND_MAX = 16 }; /* accepted before the others of the loop have their turn */
#define ACCEPT_REST_NS (100ull * 1000 * 1000)
#define RETURN_WAIT_NS (250ull * 1000 * 1000)
#define LAST_CHANCE_NS (50ull * 1000 * 1000)
#define MILLISECOND_NS (1000ull * 1000)

/* --- strangers ------------------------------------------------------------------------------ */

static bool is_rival(const struct registry_peer *a, const struct registry_peer *b)
{
	return a->account.user == b->account.user;
}

/* The oldest stranger of PEER's user, from the process that has more than half of them if there is one;
 * NULL: there is none. */
static struct registry_peer *find_oldest(const struct registry_peer *peer)
{
	struct registry_peer *oldest = NULL;
	pid_t most = 0;
	size_t lead = 0, n = 0, n_most = 0;

	list_for_each(l, &peer->registry->strangers) {
		struct registry_peer *p = container_of(l, struct registry_peer, in_strangers);

		if (!is_rival(p, peer))
			continue;
		if (!lead)
			most = p->subject.who.pid;
		lead += p->subject.who.pid == most ? 1 : -1;
		if (!oldest)
			oldest = p;
		n++;
	}
	list_for_each(l, &peer->registry->strangers) {
		struct registry_peer *p = container_of(l, struct registry_peer, in_strangers);

		n_most += is_rival(p, peer) && p->subject.who.pid == most;
	}
	list_for_each(l, &peer->registry->strangers) {
		struct registry_peer *p = container_of(l, struct registry_peer, in_strangers);

		if (2 * n_most > n && is_rival(p, peer) && p->subject.who.pid == most)
			return p;
	}
	return oldest;
}

void registry_door_leave(struct registry_peer *peer)
{
	if (list_is_empty(&peer->in_strangers))
		return;
	list_remove(&peer->in_strangers);
	loop_timer_stop(&peer->greeting_timer);
	account_refund(&peer->account, LIMITS_GREETINGS, 1);
}

static void dismiss(struct registry_peer *peer)
{
	registry_door_leave(peer);
	wire_peer_close(peer->wire);
}

/* What came while we were kept from reading it counts. */
static void handle_timeout(void *context)
{
	struct registry_peer *peer = context;
	struct pollfd p = { .fd = wire_peer_socket(peer->wire), .events = POLLIN };

	if (!peer->is_late && poll(&p, 1, 0) > 0) {
		peer->is_late = true;
		loop_timer_start(peer->registry->loop, &peer->greeting_timer,
				 loop_now_ns() + LAST_CHANCE_NS);
		return;
	}
	registry_peer_warn(peer, "%s: has not greeted; the connection is closed",
			   registry_peer_name(peer));
	peer->account.user->refusals[LIMITS_GREETING_TIME]++;
	dismiss(peer);
}

bool registry_door_enter(struct registry_peer *peer)
{
	struct registry *r = peer->registry;
	struct registry_peer *oldest;

	while (!account_charge(&peer->account, LIMITS_GREETINGS, 1)) {
		oldest = find_oldest(peer);
		if (!oldest)
			return false;
		dismiss(oldest);
	}
	list_add(&r->strangers, &peer->in_strangers);
	loop_timer_init(&peer->greeting_timer, handle_timeout, peer);
	loop_timer_start(r->loop, &peer->greeting_timer,
			 loop_now_ns() +
				 r->accounts.limits.of[LIMITS_GREETING_TIME][LIMITS_CONNECTION] *
					 MILLISECOND_NS);
	return true;
}

/* --- the listening socket --------------------------------------------------------------------- */

/* Their lines are limited, too. */
static void refuse(struct registry *r, uid_t uid)
{
	struct account account;

	if (account_init(&account, &r->accounts, uid, "stranger"))
		return;
	if (account_may_log(&account))
		log_warning("connection of another user (uid %u) refused", (unsigned)uid);
	account_fini(&account);
}

static void handle_listener(void *context, int fd, uint32_t events)
{
	struct registry *r = context;
	int socket;
	err_t err = 0;

	for (int i = 0; i < ROUND_MAX && !(err = fd_accept(fd, &socket)); i++) {
		struct fd_peer who = { .uid = (uid_t)-1 };

		if (fd_peer(socket, &who) || !registry_policy_may_connect(r, &who)) {
			refuse(r, who.uid);
			fd_close(socket);
			continue;
		}
		registry_peer_new(r, socket, NULL);
	}
	if (!err || err == -EAGAIN || err == -ECONNABORTED || err == -EINTR)
		return;
	/* No descriptor or no memory for it just now: look again a little later. */
	loop_remove_fd(r->loop, fd);
	loop_timer_start(r->loop, &r->accept_timer, loop_now_ns() + ACCEPT_REST_NS);
}

static void listen_again(void *context)
{
	struct registry *r = context;

	if (loop_add_fd(r->loop, r->listener, EPOLLIN, handle_listener, r))
		loop_timer_start(r->loop, &r->accept_timer, loop_now_ns() + ACCEPT_REST_NS);
}

/* Nobody else looks meanwhile: a socket that does not listen yet is like one that a killed server has left. */
static err_t take_place(struct registry *r)
{
	scope_fd int lock = -1;
	err_t err = registry_home_lock(r->socket_path, &lock);

	if (err == -EADDRINUSE)
		return err;
	/* Without a folder none of its kind can follow it. */
	err = fd_listen(r->socket_path, &r->listener);
	if (!err && lstat(r->socket_path, &r->place) < 0)
		err = err_from_errno();
	if (err && err != -EADDRINUSE)
		registry_home_unmake(r->socket_path);
	return err;
}

err_t registry_door_open(struct registry *r)
{
	loop_timer_init(&r->accept_timer, listen_again, r);
	err_t err = take_place(r);
	if (err)
		return err;
	/* A greeting has no descriptors: strangers shall not make us hold any. */
	fd_pass_rights(r->listener, false);
	/* Ours alone: a peer that has gone again must not make accept wait. */
	if (fcntl(r->listener, F_SETFL, O_NONBLOCK) < 0)
		return err_from_errno();
	return loop_add_fd(r->loop, r->listener, EPOLLIN, handle_listener, r);
}

void registry_door_expects(struct registry_peer *peer, bool is_expected)
{
	struct registry *r = peer->registry;

	if (peer->is_expected == is_expected)
		return;
	peer->is_expected = is_expected;
	r->n_expected += is_expected ? 1 : -1;
	if (!r->n_expected && loop_timer_is_set(&r->accept_timer))
		loop_timer_start(r->loop, &r->accept_timer, loop_now_ns());
}

void registry_door_await(struct registry *r)
{
	if (r->listener < 0 || !r->n_expected)
		return;
	loop_remove_fd(r->loop, r->listener);
	loop_timer_start(r->loop, &r->accept_timer, loop_now_ns() + RETURN_WAIT_NS);
}

bool registry_door_is_ours(const struct registry *r)
{
	struct stat st;

	if (r->listener < 0)
		return true;
	/* Who cannot look has not seen that it is gone. */
	if (lstat(r->socket_path, &st) < 0)
		return errno != ENOENT && errno != ENOTDIR;
	return st.st_dev == r->place.st_dev && st.st_ino == r->place.st_ino;
}

void registry_door_close(struct registry *r)
{
	if (r->listener < 0)
		return;
	loop_timer_stop(&r->accept_timer);
	loop_remove_fd(r->loop, r->listener);
	/* What lies at its place now may be another session's, the hosts' folder as well. */
	if (registry_door_is_ours(r))
		unlink(r->socket_path);
	else
		r->has_home = false;
	r->listener = fd_close(r->listener);
}
