// SPDX-License-Identifier: MIT
/*
 * DPDK's ring, one producer and one consumer, in the two ways in which it is
 * used: a record at a time and in bursts of 32. The ring carries pointers to
 * slots (mbufs, in DPDK), except records of 16 bytes, which it carries itself.
 * 256 KiB of records.
 */
#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <string.h>
#include <sys/mman.h>

#include "contestant.h"
#include "flow.h"
#include "timing.h"

enum { AREA_BYTES = 256 * 1024, BURST = 32, SMALL = 16, MIXED_BYTES = 1024 };

static struct rte_ring *ring;
static char *slots;
static size_t record_bytes, slot_bytes;
static uint64_t n_slots, turn;
static union {
	uint64_t word;
	uint8_t bytes[FLOW_BYTES_MAX];
} mine;

static void *shared_new(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static bool open_ring(size_t bytes)
{
	unsigned count;

	record_bytes = bytes;
	slot_bytes = bytes ? bytes : MIXED_BYTES;
	count = (unsigned)(AREA_BYTES / slot_bytes);
	ring = shared_new((size_t)rte_ring_get_memsize_elem(SMALL, count));
	/* Those in the ring, those that are being written and those that are being read. */
	n_slots = count + 2 * BURST;
	slots = shared_new(n_slots * slot_bytes);
	return ring && slots && !rte_ring_init(ring, "bench", count, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static void *fill_slot(uint64_t word)
{
	char *slot = slots + turn++ % n_slots * slot_bytes;

	mine.word = word;
	memcpy(slot, mine.bytes, flow_size(record_bytes, word));
	return slot;
}

static bool empty_slot(const void *slot, uint64_t i, uint64_t *word)
{
	uint64_t found;

	memcpy(&found, slot, sizeof(found));
	memcpy(mine.bytes, slot, flow_size(record_bytes, found));
	flow_use(&mine);
	if (i && mine.word != *word + 1)
		return false;
	*word = mine.word;
	return true;
}

/* --- pointers ------------------------------------------------------------------- */

static bool send_pointers(uint64_t word, uint64_t n, unsigned burst)
{
	void *batch[BURST];

	while (n) {
		unsigned count = n < burst ? (unsigned)n : burst, sent = 0, steps = 0;

		for (unsigned i = 0; i < count; i++)
			batch[i] = fill_slot(word++);
		while (sent < count) {
			unsigned some =
				rte_ring_sp_enqueue_burst(ring, batch + sent, count - sent, NULL);

			if (!some)
				bench_relax(&steps);
			sent += some;
		}
		n -= count;
	}
	return true;
}

static bool receive_pointers(uint64_t *word, uint64_t n, unsigned burst)
{
	void *batch[BURST];
	uint64_t i = 0;

	while (i < n) {
		unsigned most = n - i < burst ? (unsigned)(n - i) : burst, got, steps = 0;

		while (!(got = rte_ring_sc_dequeue_burst(ring, batch, most, NULL)))
			bench_relax(&steps);
		for (unsigned k = 0; k < got; k++, i++)
			if (!empty_slot(batch[k], i, word))
				return false;
	}
	return true;
}

/* --- small records in the ring itself ---------------------------------------------- */

struct small {
	uint64_t words[SMALL / sizeof(uint64_t)];
};

static bool send_small(uint64_t word, uint64_t n, unsigned burst)
{
	struct small batch[BURST] = { { { 0 } } };

	while (n) {
		unsigned count = n < burst ? (unsigned)n : burst, sent = 0, steps = 0;

		for (unsigned i = 0; i < count; i++)
			batch[i].words[0] = word++;
		while (sent < count) {
			unsigned some = rte_ring_sp_enqueue_burst_elem(ring, batch + sent, SMALL,
								       count - sent, NULL);

			if (!some)
				bench_relax(&steps);
			sent += some;
		}
		n -= count;
	}
	return true;
}

static bool receive_small(uint64_t *word, uint64_t n, unsigned burst)
{
	struct small batch[BURST];
	uint64_t i = 0;

	while (i < n) {
		unsigned most = n - i < burst ? (unsigned)(n - i) : burst, got, steps = 0;

		while (!(got = rte_ring_sc_dequeue_burst_elem(ring, batch, SMALL, most, NULL)))
			bench_relax(&steps);
		for (unsigned k = 0; k < got; k++, i++) {
			flow_use(&batch[k]);
			if (i && batch[k].words[0] != *word + 1)
				return false;
			*word = batch[k].words[0];
		}
	}
	return true;
}

/* --- both ways ------------------------------------------------------------------------ */

static bool send_burst(uint64_t word, uint64_t n)
{
	return record_bytes == SMALL ? send_small(word, n, BURST) : send_pointers(word, n, BURST);
}

static bool receive_burst(uint64_t *word, uint64_t n)
{
	return record_bytes == SMALL ? receive_small(word, n, BURST)
				     : receive_pointers(word, n, BURST);
}

static bool send_single(uint64_t word, uint64_t n)
{
	return record_bytes == SMALL ? send_small(word, n, 1) : send_pointers(word, n, 1);
}

static bool receive_single(uint64_t *word, uint64_t n)
{
	return record_bytes == SMALL ? receive_small(word, n, 1) : receive_pointers(word, n, 1);
}

static int single(uint64_t bytes)
{
	static const struct flow flow = { open_ring, NULL, NULL, send_single, receive_single };

	return flow_hot(&flow, bytes);
}

static int burst(uint64_t bytes)
{
	static const struct flow flow = { open_ring, NULL, NULL, send_burst, receive_burst };

	return flow_hot(&flow, bytes);
}

int main(int argc, char **argv)
{
	static const struct bench_role roles[] = {
		{ "queue", single },
		{ "queue-burst", burst },
		{ NULL, NULL },
	};

	return bench_play(argc, argv, roles);
}
