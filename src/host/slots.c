// SPDX-License-Identifier: MIT
/*
 * The threads that serve one connection's call slots (wire/slot.h). One of
 * them, who has the post, looks at the slots, runs what it finds and looks
 * again; another one or two sleep. A caller that finds nobody looking knocks;
 * whom that wakes takes the post if it is vacant or if its holder is running a
 * method. The holder learns of it when its method has returned, answers and
 * goes to sleep. So a slow method delays others by no more than their patience.
 *
 * The post is one word: what its holder does and how often it changed hands.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/scope.h"
#include "host/host_internal.h"
#include "host/turn.h"
#include "wire/call.h"
#include "wire/open.h"

enum { VACANT, LOOKING, RUNNING, DOING = 3, HANDS = 4 };
enum { FREE_THREADS = 2 }; /* besides those that are held up in a method */

struct host_slots {
	struct wire_slot_server server;
	struct host_connection *connection;
	_Atomic uint64_t post;
	/* guarded by the connection's lock */
	unsigned n_threads;
	unsigned n_held_up; /* of them lost the post while they ran a method */
};

/* --- answering ------------------------------------------------------------------------- */

void host_slots_answer(struct host_turn *turn, IOReturn status, const struct wire_call_reply *out)
{
	struct wire_slot_answer answer = { .status = status };

	if (out) {
		answer.n_scalars = out->scalar_output_count;
		answer.scalars = out->scalars.items;
		answer.structure_size = out->structure_output_size;
		answer.structure = out->structure.data;
	}
	wire_slot_server_answer(&turn->slots->server, &turn->request, &answer);
}

/* --- the post --------------------------------------------------------------------------- */

/* What this thread does with the post that it has. */
static void set_doing(struct host_slots *slots, uint64_t *post, uint64_t doing)
{
	*post = (*post & ~(uint64_t)DOING) | doing;
	atomic_store_explicit(&slots->post, *post, memory_order_release);
}

static bool take_post(struct host_slots *slots, uint64_t *ret_post, bool *ret_was_running)
{
	uint64_t post = atomic_load(&slots->post);

	do {
		if ((post & DOING) == LOOKING)
			return false;
		*ret_was_running = (post & DOING) == RUNNING;
		*ret_post = ((post & ~(uint64_t)DOING) + HANDS) | LOOKING;
	} while (!atomic_compare_exchange_weak(&slots->post, &post, *ret_post));
	wire_slot_server_run(&slots->server, false, false);
	return true;
}

/* The method has returned. False: another thread has the post. */
static bool keep_post(struct host_slots *slots, uint64_t *post)
{
	uint64_t mine = *post;

	*post = (*post & ~(uint64_t)DOING) | LOOKING;
	return atomic_compare_exchange_strong(&slots->post, &mine, *post);
}

/* --- serving ---------------------------------------------------------------------------- */

void host_slots_begin_method(struct host_turn *turn, bool is_slow)
{
	turn->is_slow = is_slow;
	if (is_slow)
		wire_slot_server_run(&turn->slots->server, true, true);
}

/* The request's structure becomes the turn's own. */
static err_t copy_structure(struct host_turn *turn)
{
	struct host_connection *connection = turn->connection;
	size_t size = turn->request.structure_size;
	void *bytes = turn->input;

	if (size > sizeof(turn->input)) {
		bytes_clear(&turn->frame.payload);
		bytes = bytes_grow(&turn->frame.payload, size);
		if (!bytes)
			return -ENOMEM;
	}
	return size ? wire_slot_server_copy_structure(&turn->slots->server, &turn->request, bytes,
						      &connection->inactive)
		    : 0;
}

static err_t serve_request(struct host_turn *turn)
{
	const struct wire_slot_request *request = &turn->request;
	bool is_large = request->structure_size > HOST_INBAND_MAX;
	struct wire_call_request in = {
		.selector = request->selector,
		.flags = (is_large ? WIRE_CALL_INPUT_MEMORY : 0) |
			 (request->structure_capacity > HOST_INBAND_MAX ? WIRE_CALL_OUTPUT_MEMORY
									: 0),
		.scalar_output_count = request->output_capacity,
		.structure_output_size = request->structure_capacity,
		.scalars = { request->input, request->n_input },
		.structure = { turn->input, request->structure_size },
	};
	err_t err;

	err = copy_structure(turn);
	if (err == -ENOMEM) {
		host_slots_answer(turn, kIOReturnNoMemory, NULL);
		return 0;
	}
	if (err)
		return err;
	if (is_large)
		in.structure.data = turn->frame.payload.data;
	return host_turn_call(turn, &in);
}

static void log_malformed(struct host_connection *connection)
{
	if (!host_account_may_log(&connection->account))
		return;
	log_error("client %d: malformed call slot to %s 0x%llx; the connection ends",
		  connection->task.pid, IOServiceGetClassName(&connection->client->service),
		  (unsigned long long)IOServiceGetEntryID(&connection->client->service));
}

enum served {
	SLEPT,	 /* there was nothing; has given the post away and slept until somebody knocked */
	HELD_UP, /* another thread has the post */
	ENDED,	 /* the connection ends */
};

/* Large buffers go back when nothing has come for a while, not between two calls: getting them anew
 * costs more than a call. */
static void sleep_until_knock(struct host_slots *slots, struct host_turn *turn, uint32_t knocks)
{
	static const struct timespec a_while = { .tv_nsec = 50 * 1000 * 1000 };

	if (host_turn_is_large(turn)) {
		wire_slot_server_sleep(&slots->server, knocks, &a_while);
		if (wire_slot_server_knocks(&slots->server) == knocks)
			host_turn_trim(turn);
	}
	wire_slot_server_sleep(&slots->server, knocks, NULL);
}

/* False: there is a request after all. */
static bool sleep_without_post(struct host_slots *slots, struct host_turn *turn, uint64_t *post)
{
	uint32_t knocks;

	if (!wire_slot_server_begin_sleep(&slots->server, &knocks))
		return false;
	set_doing(slots, post, VACANT);
	/* After the knocks have been read: the end's own would not wake us any more. */
	if (!atomic_load(&slots->connection->inactive))
		sleep_until_knock(slots, turn, knocks);
	return true;
}

static enum served serve(struct host_slots *slots, struct host_turn *turn, uint64_t post)
{
	struct host_connection *connection = slots->connection;

	for (;;) {
		err_t err = wire_slot_server_next(&slots->server, &turn->request);

		if (atomic_load_explicit(&connection->inactive, memory_order_relaxed))
			return ENDED;
		if (err == -EAGAIN) {
			if (sleep_without_post(slots, turn, &post))
				return SLEPT;
			continue;
		}
		if (!err) {
			turn->number += 2;
			turn->is_slow = false;
			set_doing(slots, &post, RUNNING);
			wire_slot_server_run(&slots->server, true, false);
			err = serve_request(turn);
		}
		if (err == -EBADMSG)
			log_malformed(connection);
		if (err)
			return ENDED;
		if (!keep_post(slots, &post))
			return HELD_UP;
		wire_slot_server_run(&slots->server, false, turn->is_slow);
	}
}

/* --- threads ----------------------------------------------------------------------------- */

static void run(void *context);

static err_t add_thread_locked(struct host_slots *slots)
{
	err_t err = host_connection_add_thread_locked(slots->connection, run);

	if (!err)
		slots->n_threads++;
	return err;
}

/* A method holds its thread up. */
static void replace(struct host_slots *slots)
{
	scope_lock(&slots->connection->lock);
	slots->n_held_up++;
	if (slots->n_threads < slots->n_held_up + FREE_THREADS)
		add_thread_locked(slots);
}

/* A thread that was held up comes back. False: it is one too many and does not count any more. */
static bool come_back(struct host_slots *slots)
{
	scope_lock(&slots->connection->lock);
	slots->n_held_up--;
	if (slots->n_threads <= slots->n_held_up + FREE_THREADS)
		return true;
	/* Now, or who is held up meanwhile would count on it. */
	slots->n_threads--;
	return false;
}

/* False: the connection ends. */
static bool attend(struct host_slots *slots, struct host_turn *turn)
{
	bool has_knocked = (atomic_load(&slots->post) & DOING) == VACANT;
	bool was_running;
	uint64_t post;

	for (;;) {
		/* Read first, or a knock in between, or that of the end, would be lost. */
		uint32_t knocks = wire_slot_server_knocks(&slots->server);

		if (atomic_load(&slots->connection->inactive))
			return false;
		if (!has_knocked || !take_post(slots, &post, &was_running)) {
			sleep_until_knock(slots, turn, knocks);
			has_knocked = true;
			continue;
		}
		if (was_running)
			replace(slots);
		switch (serve(slots, turn, post)) {
		case ENDED:
			return false;
		case HELD_UP:
			if (!come_back(slots))
				return true;
			has_knocked = false;
			break;
		case SLEPT:
			break;
		}
	}
}

static void run(void *context)
{
	struct host_connection *connection = context;
	struct host_slots *slots = connection->slots;
	struct host_turn *turn = calloc(1, sizeof(*turn));
	bool goes_on = false;

	if (turn) {
		turn->connection = connection;
		turn->client = connection->client;
		turn->frame = (struct wire_frame)WIRE_FRAME_INIT;
		turn->slots = slots;
		goes_on = attend(slots, turn);
		host_turn_trim(turn);
		free(turn);
	}
	if (!goes_on)
		host_client_end_later(connection);
	host_connection_leave(connection);
}

/* --- start and end ------------------------------------------------------------------------ */

static err_t start_locked(struct host_connection *connection, struct host_slots *slots)
{
	err_t err;

	if (connection->slots)
		return -EBADMSG;
	connection->slots = slots;
	err = add_thread_locked(slots);
	if (err) {
		connection->slots = NULL;
		return err;
	}
	/* Without the second it works as well, until a method takes long. */
	add_thread_locked(slots);
	return 0;
}

err_t host_slots_start(struct host_connection *connection, int fd)
{
	struct host_slots *slots;
	struct wire_slots *shared;
	err_t err;

	/* The program's memory is asked for on the socket, by the thread that waits there. */
	if (connection->rights.flags & WIRE_OPEN_CLIENT_MEMORY)
		return -ENOTSUP;
	err = wire_slot_server_map(fd, &shared);
	if (err)
		return err;
	slots = calloc(1, sizeof(*slots));
	if (!slots) {
		wire_slot_server_unmap(shared);
		return -ENOMEM;
	}
	slots->connection = connection;
	wire_slot_server_init(&slots->server, shared);
	pthread_mutex_lock(&connection->lock);
	err = start_locked(connection, slots);
	pthread_mutex_unlock(&connection->lock);
	if (err)
		host_slots_free(slots);
	return err;
}

void host_slots_wake(struct host_slots *slots)
{
	wire_slot_server_wake_all(&slots->server);
}

struct host_slots *host_slots_free(struct host_slots *slots)
{
	if (!slots)
		return NULL;
	wire_slot_server_unmap(slots->server.shared);
	free(slots);
	return NULL;
}
