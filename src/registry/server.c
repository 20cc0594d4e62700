// SPDX-License-Identifier: MIT
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "registry/bind.h"
#include "registry/home.h"
#include "registry/lifecycle.h"
#include "registry/notes.h"
#include "registry/sandbox.h"
#include "registry/spawn.h"
#include "registry/text.h"
#include "registry/unit.h"
#include "wire/publish.h"

#define FIRST_REST_NS (100ull * 1000 * 1000)
#define LONGEST_REST_NS (10ull * 1000 * 1000 * 1000)
#define RETIRE_NS (5ull * 1000 * 1000 * 1000) /* for a host whose end is wanted */
#define LINGER_NS (1ull * 1000 * 1000 * 1000) /* for the last messages of one that has ended */
#define END_NS (2ull * 1000 * 1000 * 1000)    /* for all hosts to end at the end of the session */
#define KILL_NS (2ull * 1000 * 1000 * 1000)   /* for one that is killed */
#define PROGRAM_END_NS (700ull * 1000 * 1000) /* the same when a program waits for it to exit */

static void handle_no_check_in(void *context);
static void handle_timer(void *context);

struct registry_server *registry_server_find(const struct registry *registry, const char *name)
{
	list_for_each(l, &registry->servers) {
		struct registry_server *s = container_of(l, struct registry_server, link);

		if (!strcmp(s->name, name))
			return s;
	}
	return NULL;
}

struct registry_server *registry_server_need(struct registry *registry, const char *name)
{
	struct registry_server *s = registry_server_find(registry, name);

	if (s || strlen(name) > WIRE_NAME_MAX)
		return s;
	if (!account_charge(&registry->own, LIMITS_SERVERS, 1))
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s) {
		account_refund(&registry->own, LIMITS_SERVERS, 1);
		return NULL;
	}
	strcpy(s->name, name);
	s->registry = registry;
	s->pidfd = -1;
	registry_deadline_init(&s->check_in, handle_no_check_in, s);
	loop_timer_init(&s->timer, handle_timer, s);
	list_add(&registry->servers, &s->link);
	return s;
}

static void stop_timers(struct registry_server *s)
{
	registry_deadline_stop(&s->check_in);
	loop_timer_stop(&s->timer);
}

/* --- the sandbox ------------------------------------------------------------------------------- */

/* A host is a process of ours that has a sandbox; others are threads of this program. */
static bool is_confined(const struct registry_server *s)
{
	return !s->is_bridge && !s->registry->start_provider;
}

static bool is_too_much(struct registry_server *s, const struct registry_needs *needs)
{
	/* Each path has an option before it. */
	if (needs->n_arguments / 2 <= SANDBOX_PATHS_MAX)
		return false;
	free(s->refusal);
	if (asprintf(&s->refusal, "its bundles declare more than %d files", SANDBOX_PATHS_MAX) < 0)
		s->refusal = NULL;
	log_error("host of %s is not started: its bundles declare too much", s->name);
	return true;
}

/* Is TIER enough for what the bundles demand? If not, S is refused; MISSING (may be NULL) says why. */
static bool is_acceptable(struct registry_server *s, const struct registry_needs *needs,
			  unsigned tier, const char *missing)
{
	bool is_named = s->registry->sandbox_tier == SANDBOX_OFF;

	if (tier >= needs->minimum || (is_named && !needs->is_stated))
		return true;
	free(s->refusal);
	if (asprintf(&s->refusal, "it needs sandbox tier %u and would have %u: %s", needs->minimum,
		     tier,
		     missing && *missing			  ? missing
		     : s->registry->sandbox_tier < needs->minimum ? "the session is limited to that"
								  : "unknown reason") < 0)
		s->refusal = NULL;
	log_error("host of %s is not used: %s", s->name, s->refusal ? s->refusal : "its sandbox");
	return false;
}

static void forget_sandbox(struct registry_server *s)
{
	s->tier = 0;
	free(s->missing);
	s->missing = NULL;
	if (s->bundles)
		CFRelease(s->bundles);
	s->bundles = NULL;
}

void registry_server_confined(struct registry_server *s, const struct wire_confined *confined)
{
	struct registry_needs needs;

	if (s->state != REGISTRY_SERVER_STARTING || !is_confined(s))
		return;
	forget_sandbox(s);
	s->tier = confined->tier;
	s->missing = strdup(confined->missing);
	if (confined->tier && registry_is_array(confined->bundles))
		s->bundles = CFRetain(confined->bundles);
	err_t err = registry_needs_collect(&s->registry->catalogue, s->name, &needs);
	if (err || !is_acceptable(s, &needs, confined->tier, confined->missing)) {
		registry_server_retire(s);
	} else {
		registry_deadline_stop(&s->check_in);
		s->state = REGISTRY_SERVER_UP;
		registry_bind_server_changed(s->registry, s);
	}
	registry_needs_fini(&needs);
}

bool registry_server_can_read(struct registry_server *s, const char *bundle)
{
	for (CFIndex i = 0; s->bundles && i < CFArrayGetCount(s->bundles); i++)
		if (registry_text_equals(CFArrayGetValueAtIndex(s->bundles, i), bundle))
			return true;
	if (!s->bundles)
		return true;
	/* A unit says for itself what it reads: starting it again changes nothing. */
	if (s->is_unit) {
		free(s->refusal);
		if (asprintf(&s->refusal, "its unit does not name the bundle %s", bundle) < 0)
			s->refusal = NULL;
		log_error("host of %s: its unit does not name %s", s->name, bundle);
	} else {
		log_info("host of %s is started again, with %s", s->name, bundle);
	}
	registry_server_retire(s);
	return false;
}

/* --- the process -------------------------------------------------------------------------- */

/* INFO: of a process that ended by itself, or by somebody else's signal. */
static void tell_end(const struct registry_server *s, const siginfo_t *info)
{
	const char *when = s->state == REGISTRY_SERVER_STARTING ? " before it was ready" : "";
	const char *name = sigabbrev_np(info->si_status);

	if (info->si_code == CLD_EXITED)
		log_warning("process %d of host %s ended%s with exit code %d", (int)s->pid, s->name,
			    when, info->si_status);
	else
		log_warning("process %d of host %s ended%s by signal %d (%s)", (int)s->pid, s->name,
			    when, info->si_status, name ? name : "?");
}

/* It has ended; RET_INFO says how. Without a sandbox drivers can start processes, which hold its connections, and
 * clients wait for the end of those. They go with it, while the number of its group cannot be another's. */
static void take_end(const struct registry_server *s, siginfo_t *ret_info)
{
	const int options = WEXITED | __WALL | WNOHANG;

	*ret_info = (siginfo_t){ 0 };
	/* Not our child when it came back from an earlier registry: that is no failure. */
	if (waitid(P_PIDFD, (id_t)s->pidfd, ret_info, options | WNOWAIT) || !ret_info->si_pid)
		return;
	kill(-ret_info->si_pid, SIGKILL);
	waitid(P_PIDFD, (id_t)s->pidfd, ret_info, options);
}

static void reap(struct registry_server *s)
{
	siginfo_t info;

	if (s->pidfd < 0)
		return;
	loop_remove_fd(s->registry->loop, s->pidfd);
	take_end(s, &info);
	if (info.si_pid && !s->is_retiring)
		tell_end(s, &info);
	s->pidfd = fd_close(s->pidfd);
	registry_home_forget(s->registry, s->pid);
	s->pid = 0;
}

static void crashed(struct registry_server *s);
static void note_crash(struct registry_server *s);
static void retired(struct registry_server *s);

static void handle_exit(void *context, int fd, uint32_t events)
{
	struct registry_server *s = context;
	bool was_starting = s->state == REGISTRY_SERVER_STARTING;

	reap(s);
	/* One that is up is noticed by its connection, unless a child of its own still holds that. */
	if (s->peer) {
		loop_timer_start(s->registry->loop, &s->timer, loop_now_ns() + LINGER_NS);
		return;
	}
	if (s->is_retiring)
		retired(s);
	else if (was_starting || s->is_ending)
		crashed(s);
}

static err_t make_token(struct registry_server *s)
{
	do {
		if (getrandom(&s->token, sizeof(s->token), 0) != sizeof(s->token))
			return err_from_errno();
	} while (!s->token);
	return 0;
}

static err_t spawn(struct registry_server *s, int socket)
{
	struct registry *r = s->registry;
	struct registry_needs needs = { .n_arguments = 0 };
	char tier[12];
	err_t err = 0;

	if (s->is_bridge)
		return registry_spawn(r->bridge_program, NULL, s->token, socket, r->socket_path,
				      NULL, !r->hosts_are_children, &s->pid, &s->pidfd);
	err = registry_needs_collect(&r->catalogue, s->name, &needs);
	if (!err && (is_too_much(s, &needs) || !is_acceptable(s, &needs, r->sandbox_tier, NULL)))
		err = -EPERM;
	snprintf(tier, sizeof(tier), "%u", r->sandbox_tier);
	if (!err)
		err = registry_needs_add(&needs, "--sandbox", tier);
	if (!err)
		err = registry_spawn(r->host_program, s->name, s->token, socket, r->socket_path,
				     needs.arguments, !r->hosts_are_children, &s->pid, &s->pidfd);
	else
		fd_close(socket);
	registry_needs_fini(&needs);
	return err;
}

/* True: systemd has a unit for it, which starts when we connect. Who has one is never started otherwise: it would
 * be in a lower tier, which a driver that crashes too often for systemd could bring about. */
static bool launch_unit(struct registry_server *s, err_t *ret_err)
{
	struct registry *r = s->registry;
	int socket;

	s->is_unit = false;
	if (s->is_bridge || r->start_provider || !r->units_folder)
		return false;
	err_t err = registry_unit_connect(r->units_folder, s->name, &socket);
	if (err == -ENOENT && !s->has_unit)
		return false;
	s->has_unit = true;
	if (err)
		log_warning("the unit of host %s cannot be used: %s", s->name, strerror(-err));
	s->is_unit = !err;
	*ret_err = err ? err : registry_peer_new(r, socket, s);
	return true;
}

/* The connection is there from the start; the provider greets on it when it is ready. */
static err_t launch(struct registry_server *s)
{
	struct registry *r = s->registry;
	int fds[2];

	/* It takes the place of one that a registry before us has left. */
	registry_home_end_absent(r, s->name);
	err_t err = make_token(s);
	if (!err && launch_unit(s, &err))
		return err;
	if (!err)
		err = fd_socketpair(fds);
	if (err)
		return err;
	if (r->has_link)
		r->has_link(r->start_context, fds[0]);
	if (r->start_provider && !s->is_bridge)
		err = r->start_provider(r->start_context, s->name, s->token, fds[1]);
	else
		err = spawn(s, fds[1]);
	if (err) {
		fd_close(fds[0]);
		return err;
	}
	if (s->pidfd >= 0)
		loop_add_fd(r->loop, s->pidfd, EPOLLIN, handle_exit, s);
	return registry_peer_new(r, fds[0], s);
}

/* Before the Nth start: the first one at once, then after 100 ms, 200 ms, ... */
static void rest(struct registry_server *s, unsigned n)
{
	uint64_t time = n > 1 ? FIRST_REST_NS << (n - 2) : 0;

	s->state = REGISTRY_SERVER_RESTING;
	loop_timer_start(s->registry->loop, &s->timer,
			 loop_now_ns() + (time < LONGEST_REST_NS ? time : LONGEST_REST_NS));
}

/* What is missing may be there soon: that is no crash of a driver's. */
static bool is_shortage(err_t err)
{
	return err == -EAGAIN || err == -ENOMEM || err == -EMFILE || err == -ENFILE;
}

void registry_server_start(struct registry_server *s)
{
	if (s->state != REGISTRY_SERVER_IDLE)
		return;
	s->is_retiring = false;
	err_t err = launch(s);
	if (s->refusal) {
		s->state = REGISTRY_SERVER_REFUSED;
	} else if (err) {
		const char *program =
			s->is_bridge ? s->registry->bridge_program : s->registry->host_program;

		log_error("cannot start the host of %s (%s): %s", s->name,
			  program ? program : "no program", strerror(-err));
		registry_server_kill(s);
		/* The caller looks at the state; nobody else waits for a server that was idle. */
		if (s->pidfd >= 0) {
			s->is_ending = true;
			s->state = REGISTRY_SERVER_RESTING;
		} else if (is_shortage(err) || s->has_unit) {
			s->n_short_starts += s->n_short_starts < REGISTRY_CRASHES_MAX;
			rest(s, s->n_short_starts + 1);
		} else {
			note_crash(s);
		}
	}
	if (err)
		return;
	s->n_short_starts = 0;
	s->state = REGISTRY_SERVER_STARTING;
	registry_deadline_start(&s->check_in, s->registry, s, LIMITS_CHECK_IN_TIME);
}

/* By its number where a container's sandbox refuses the other way: it is nobody else's while it runs. */
static void kill_process(const struct registry_server *s)
{
	struct pollfd p = { .fd = s->pidfd, .events = POLLIN };

	if (syscall(SYS_pidfd_send_signal, s->pidfd, SIGKILL, NULL, 0) < 0 && s->pid > 0 &&
	    poll(&p, 1, 0) == 0)
		kill(s->pid, SIGKILL);
}

void registry_server_kill(struct registry_server *s)
{
	if (s->pidfd >= 0)
		kill_process(s);
	/* Another uid's is not ours to kill: without a word it would wait for the next registry, as it is. */
	if (s->peer && s->is_unit)
		wire_peer_send(s->peer->wire, &wire_shutdown_layout, NULL, NULL, 0);
	if (s->peer)
		wire_peer_close(s->peer->wire);
	/* One that has not greeted yet must not be taken for the next. */
	list_for_each(l, &s->registry->peers) {
		struct registry_peer *p = container_of(l, struct registry_peer, link);

		if (p->starting != s)
			continue;
		p->starting = NULL;
		wire_peer_close(p->wire);
	}
}

void registry_server_end_hung(struct registry_server *s)
{
	uint64_t now = loop_now_ns();

	s->n_hangs = now - s->last_hang_ns < REGISTRY_HANG_WINDOW_NS ? s->n_hangs + 1 : 1;
	s->last_hang_ns = now;
	registry_server_kill(s);
}

void registry_server_retire(struct registry_server *s)
{
	if (!s->peer && s->pidfd < 0)
		return;
	s->is_retiring = true;
	registry_deadline_stop(&s->check_in);
	if (s->peer)
		wire_peer_send(s->peer->wire, &wire_shutdown_layout, NULL, NULL, 0);
	loop_timer_start(s->registry->loop, &s->timer, loop_now_ns() + RETIRE_NS);
}

/* --- check-in ----------------------------------------------------------------------------- */

/* A host of the last generation is no child of ours; a descriptor still names its process. */
static void adopt(struct registry_server *s, struct registry_peer *peer)
{
	s->token = 0;
	/* A thread of this very process is nobody to be ended by force. */
	if (peer->subject.who.pid == getpid())
		return;
	s->pid = peer->subject.who.pid;
	s->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	if (s->pidfd >= 0 && loop_add_fd(s->registry->loop, s->pidfd, EPOLLIN, handle_exit, s))
		s->pidfd = fd_close(s->pidfd);
}

IOReturn registry_server_check_in(struct registry_peer *peer, const char *name, uint64_t token,
				  struct registry_server **ret_server)
{
	struct registry *r = peer->registry;
	struct registry_server *s = registry_server_find(r, name);

	*ret_server = NULL;
	if (!token)
		return s && (s->peer || s->state == REGISTRY_SERVER_STARTING)
			     ? kIOReturnExclusiveAccess
			     : kIOReturnSuccess;
	if (s && (s->peer || (s->state == REGISTRY_SERVER_STARTING && s->token != token)))
		return kIOReturnExclusiveAccess;
	/* The last one's process has not ended yet. */
	if (s && s->state != REGISTRY_SERVER_STARTING && s->pidfd >= 0)
		return kIOReturnExclusiveAccess;
	if (!s) {
		s = registry_server_need(r, name);
		if (!s)
			return kIOReturnNoMemory;
		s->is_bridge = !strcmp(name, REGISTRY_BRIDGE_NAME);
	}
	if (s->state != REGISTRY_SERVER_STARTING)
		adopt(s, peer);
	stop_timers(s);
	if (is_confined(s)) {
		/* It is up when it has said how it is confined, which follows. */
		s->state = REGISTRY_SERVER_STARTING;
		registry_deadline_start(&s->check_in, r, s, LIMITS_CHECK_IN_TIME);
	} else {
		s->state = REGISTRY_SERVER_UP;
	}
	s->peer = peer;
	registry_home_note(r, s->pid, s->name);
	*ret_server = s;
	return kIOReturnSuccess;
}

/* --- crashes ------------------------------------------------------------------------------ */

/* Match what waits for the server again. */
static void rematch(struct registry_server *s)
{
	uint64_t *ids = s->rematch;
	size_t n = s->n_rematch;

	s->rematch = NULL;
	s->n_rematch = s->rematch_capacity = 0;
	map_fini(&s->is_rematched);
	for (size_t i = 0; i < n; i++) {
		struct registry_entry *e = registry_entry_find(&s->registry->tree, ids[i]);

		if (e && e->state & WIRE_STATE_REGISTERED)
			registry_bind_request(s->registry, e, false);
	}
	free(ids);
}

/* Whoever waits for quiet waits for what takes the place of a host that is on its way out. */
static void set_awaited(struct registry_server *s, bool is_awaited)
{
	if (s->is_awaited == is_awaited)
		return;
	s->is_awaited = is_awaited;
	registry_busy_adjust(s->registry->tree.machine, is_awaited ? 1 : -1);
}

void registry_server_remember(struct registry_server *s, uint64_t service)
{
	if (s->is_retiring)
		set_awaited(s, true);
	if (map_find(&s->is_rematched, service))
		return;
	if (s->n_rematch == s->rematch_capacity) {
		size_t n = s->rematch_capacity ? 2 * s->rematch_capacity : 4;
		uint64_t *more = realloc(s->rematch, n * sizeof(*more));

		if (!more) {
			registry_bind_again(s->registry);
			return;
		}
		s->rematch = more;
		s->rematch_capacity = n;
	}
	/* Without memory it may be there twice. */
	map_set(&s->is_rematched, service, s);
	s->rematch[s->n_rematch++] = service;
}

/* Crashes of the last minute, this one included. */
static unsigned count_crashes(struct registry_server *s, uint64_t now)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < s->n_crashes; i++)
		if (now - s->crashes[i] < REGISTRY_CRASH_WINDOW_NS)
			s->crashes[kept++] = s->crashes[i];
	if (kept == REGISTRY_CRASHES_MAX) {
		kept--;
		memmove(s->crashes, s->crashes + 1, kept * sizeof(s->crashes[0]));
	}
	s->crashes[kept++] = now;
	s->n_crashes = kept;
	s->total_crashes++;
	return kept;
}

static void note_crash(struct registry_server *s)
{
	unsigned n = count_crashes(s, loop_now_ns());

	s->is_ending = false;
	stop_timers(s);
	if (n >= REGISTRY_CRASHES_MAX || s->n_hangs >= REGISTRY_HANGS_MAX) {
		bool has_hung = n < REGISTRY_CRASHES_MAX;

		s->state = REGISTRY_SERVER_QUARANTINED;
		log_error("host of %s %s %u times within %s: it is not started again "
			  "(repair the driver, then: portico load)",
			  s->name, has_hung ? "hung" : "crashed", has_hung ? s->n_hangs : n,
			  has_hung ? "ten minutes" : "a minute");
		registry_notes_quarantine(s->registry, s->name, true);
	} else {
		rest(s, n);
	}
}

static void crashed(struct registry_server *s)
{
	note_crash(s);
	registry_bind_server_changed(s->registry, s);
}

static void retired(struct registry_server *s)
{
	stop_timers(s);
	s->is_ending = s->is_retiring = false;
	forget_sandbox(s);
	s->state = s->refusal ? REGISTRY_SERVER_REFUSED : REGISTRY_SERVER_IDLE;
	registry_bind_server_changed(s->registry, s);
	if (!s->refusal)
		rematch(s);
	set_awaited(s, false);
}

void registry_server_lost(struct registry_server *s)
{
	s->peer = NULL;
	s->n_beats = 0;
	s->pulse = REGISTRY_PULSE_GOOD;
	if (s->registry->is_ending)
		return;
	if (!s->is_retiring)
		log_warning("host of %s has ended", s->name);
	if (s->pidfd < 0) {
		if (s->is_retiring)
			retired(s);
		else
			crashed(s);
		return;
	}
	/* It cannot serve without a connection; if it still runs, it must not linger. Its end is
	 * awaited before the next one is started. */
	if (!s->is_retiring)
		kill_process(s);
	s->is_ending = true;
	registry_deadline_stop(&s->check_in);
	s->state = REGISTRY_SERVER_RESTING;
	registry_bind_server_changed(s->registry, s);
}

void registry_server_unstarted(struct registry_server *s)
{
	if (s->state == REGISTRY_SERVER_STARTING && s->pidfd < 0 && !s->registry->is_ending)
		crashed(s);
}

static void handle_no_check_in(void *context)
{
	struct registry_server *s = context;

	log_warning("host of %s does not check in; it is ended", s->name);
	registry_server_kill(s);
	if (s->pidfd < 0)
		crashed(s);
}

static void handle_timer(void *context)
{
	struct registry_server *s = context;

	if (s->is_retiring) {
		registry_server_kill(s);
	} else if (s->peer) {
		wire_peer_close(s->peer->wire);
	} else if (s->state == REGISTRY_SERVER_RESTING) {
		s->state = REGISTRY_SERVER_IDLE;
		if (s->is_bridge && s->registry->bridge_program)
			registry_server_start(s);
		rematch(s);
	}
}

void registry_server_quarantine(struct registry *registry, const char *name)
{
	struct registry_server *s = registry_server_need(registry, name);

	if (!s)
		return;
	s->state = REGISTRY_SERVER_QUARANTINED;
	log_warning("host of %s is not started: it crashed too often under the last registry "
		    "(repair the driver, then: portico load)",
		    name);
}

void registry_server_pardon(struct registry_server *s)
{
	s->n_crashes = s->n_hangs = 0;
	if (s->state == REGISTRY_SERVER_QUARANTINED)
		registry_notes_quarantine(s->registry, s->name, false);
	if (s->is_ending)
		return;
	/* It may not see what has come to its bundle since it entered its sandbox. */
	if (s->state == REGISTRY_SERVER_UP && s->peer && list_is_empty(&s->peer->entries)) {
		registry_server_retire(s);
		return;
	}
	if (s->state != REGISTRY_SERVER_QUARANTINED && s->state != REGISTRY_SERVER_RESTING &&
	    s->state != REGISTRY_SERVER_REFUSED)
		return;
	free(s->refusal);
	s->refusal = NULL;
	stop_timers(s);
	s->state = REGISTRY_SERVER_IDLE;
	rematch(s);
}

const char *registry_server_state_name(const struct registry_server *server)
{
	static const char *const names[] = { "idle",	"starting",    "up",
					     "resting", "quarantined", "refused" };

	static const char *const pulses[] = { "up", "silent", "stopped" };

	if (server->state == REGISTRY_SERVER_STARTING && registry_server_is_stopped(server))
		return pulses[REGISTRY_PULSE_STOPPED];
	return server->state == REGISTRY_SERVER_UP ? pulses[server->pulse] : names[server->state];
}

/* --- end ---------------------------------------------------------------------------------- */

/* Wait until the process has ended, or end it. What could not be done for want of anything is tried again, but
 * nobody waits for one that does not end even so. */
static void await_end(struct registry_server *s, uint64_t until_ns)
{
	static const struct timespec moment = { .tv_nsec = 10000000 };
	struct pollfd p = { .fd = s->pidfd, .events = POLLIN };
	uint64_t now = loop_now_ns();
	siginfo_t info;

	if (s->pidfd < 0)
		return;
	loop_remove_fd(s->registry->loop, s->pidfd);
	int n = poll(&p, 1, now < until_ns ? (int)((until_ns - now) / 1000000) + 1 : 0);
	for (uint64_t last = loop_now_ns() + KILL_NS; n != 1 && loop_now_ns() < last;) {
		kill_process(s);
		nanosleep(&moment, NULL);
		n = poll(&p, 1, 0);
	}
	take_end(s, &info);
	s->pidfd = fd_close(s->pidfd);
}

void registry_servers_fini(struct registry *registry)
{
	uint64_t until = loop_now_ns() + (registry->hosts_are_children ? END_NS : PROGRAM_END_NS);

	list_for_each_safe(l, &registry->servers) {
		struct registry_server *s = container_of(l, struct registry_server, link);

		await_end(s, until);
		stop_timers(s);
		registry_home_forget(registry, s->pid);
		forget_sandbox(s);
		free(s->refusal);
		list_remove(&s->link);
		account_refund(&registry->own, LIMITS_SERVERS, 1);
		free(s->rematch);
		map_fini(&s->is_rematched);
		free(s);
	}
}
