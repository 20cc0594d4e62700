// SPDX-License-Identifier: MIT
/*
 * The least that a completion to a sleeping process can be: a ring of 64-byte
 * records in shared memory and an eventfd, written when the receiver sleeps
 * (flow_ring) or for every record (flow_eventfd_each). And what is done without
 * shared memory: a message of a socket (flow_socket_each) or of a pipe (flow_pipe_each) each.
 */
#include "limits/flows.h"

#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "timing.h"

enum { RECORDS = 1024, RECORD_BYTES = 64 };

struct record {
	uint64_t words[RECORD_BYTES / sizeof(uint64_t)];
};

/* Who writes a line is alone on it. */
static struct ring {
	_Alignas(64) _Atomic uint64_t tail; /* sender */
	_Alignas(64) _Atomic uint64_t head; /* receiver */
	_Alignas(64) _Atomic uint32_t asleep;
	_Alignas(64) struct record records[RECORDS];
} * ring;
static int wake_fd;
static uint64_t known_tail, known_head; /* the other side's, as last seen */

static bool ring_open(size_t bytes)
{
	ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	wake_fd = eventfd(0, EFD_CLOEXEC);
	return ring != MAP_FAILED && wake_fd >= 0;
}

static bool wake(void)
{
	uint64_t one = 1;

	return write(wake_fd, &one, sizeof(one)) == sizeof(one);
}

static void put(uint64_t word)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	unsigned steps = 0;

	while (tail - known_head == RECORDS) {
		known_head = atomic_load_explicit(&ring->head, memory_order_acquire);
		if (tail - known_head == RECORDS)
			bench_relax(&steps);
	}
	ring->records[tail % RECORDS].words[0] = word;
	atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
}

static bool ring_send(uint64_t word, uint64_t n)
{
	for (; n; n--) {
		put(word++);
		/* With the receiver's: either it sees the record or this sees that it sleeps. */
		atomic_thread_fence(memory_order_seq_cst);
		if (atomic_load_explicit(&ring->asleep, memory_order_relaxed) &&
		    atomic_exchange(&ring->asleep, 0) && !wake())
			return false;
	}
	return true;
}

static bool is_empty(uint64_t head)
{
	if (known_tail == head)
		known_tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	return known_tail == head;
}

static bool ring_sleep(uint64_t head)
{
	uint64_t count;

	atomic_store_explicit(&ring->asleep, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (!is_empty(head) && atomic_exchange(&ring->asleep, 0))
		return true;
	return read(wake_fd, &count, sizeof(count)) == sizeof(count);
}

static bool take(uint64_t *word, uint64_t n, bool (*sleep)(uint64_t head))
{
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	for (uint64_t i = 0; i < n; i++) {
		while (is_empty(head))
			if (!sleep(head))
				return false;
		uint64_t found = ring->records[head % RECORDS].words[0];
		atomic_store_explicit(&ring->head, ++head, memory_order_release);
		if (i && found != *word + 1)
			return false;
		*word = found;
	}
	return true;
}

static bool ring_receive(uint64_t *word, uint64_t n)
{
	return take(word, n, ring_sleep);
}

const struct flow flow_ring = { .open = ring_open, .send = ring_send, .receive = ring_receive };

/* --- an eventfd for each ---------------------------------------------------- */

static bool eventfd_send(uint64_t word, uint64_t n)
{
	bool ok = true;

	for (; ok && n; n--) {
		put(word++);
		ok = wake();
	}
	return ok;
}

static bool eventfd_sleep(uint64_t head)
{
	uint64_t count;

	return read(wake_fd, &count, sizeof(count)) == sizeof(count);
}

static bool eventfd_receive(uint64_t *word, uint64_t n)
{
	return take(word, n, eventfd_sleep);
}

const struct flow flow_eventfd_each = {
	.open = ring_open,
	.send = eventfd_send,
	.receive = eventfd_receive,
};

/* --- a message for each ------------------------------------------------------- */

static int ends[2]; /* to read, to write */

static bool socket_open(size_t bytes)
{
	return !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static bool pipe_open(size_t bytes)
{
	return !pipe(ends);
}

static bool message_send(uint64_t word, uint64_t n)
{
	struct record record = { { 0 } };
	bool ok = true;

	for (; ok && n; n--) {
		record.words[0] = word++;
		ok = write(ends[1], &record, sizeof(record)) == sizeof(record);
	}
	return ok;
}

static bool socket_receive(uint64_t *word, uint64_t n)
{
	struct record record;

	for (uint64_t i = 0; i < n; i++) {
		if (read(ends[0], &record, sizeof(record)) != sizeof(record) ||
		    (i && record.words[0] != *word + 1))
			return false;
		*word = record.words[0];
	}
	return true;
}

/* Of a pipe as many as there are can be read at once. */
static bool pipe_receive(uint64_t *word, uint64_t n)
{
	struct record records[64];

	for (uint64_t i = 0; i < n;) {
		uint64_t most = n - i < 64 ? n - i : 64;
		ssize_t got = read(ends[0], records, most * sizeof(*records));

		if (got <= 0 || got % (ssize_t)sizeof(*records))
			return false;
		for (size_t k = 0; k < (size_t)got / sizeof(*records); k++, i++) {
			if (i && records[k].words[0] != *word + 1)
				return false;
			*word = records[k].words[0];
		}
	}
	return true;
}

const struct flow flow_socket_each = {
	.open = socket_open,
	.send = message_send,
	.receive = socket_receive,
};
const struct flow flow_pipe_each = { .open = pipe_open,
				     .send = message_send,
				     .receive = pipe_receive };
