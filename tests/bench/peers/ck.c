// SPDX-License-Identifier: MIT
/*
 * Concurrency Kit's ring, one producer and one consumer: records of one size by
 * value, as CK_RING_PROTOTYPE has it; of mixed sizes as pointers to slots. 256
 * KiB of records.
 */
#include <ck_ring.h>
#include <string.h>
#include <sys/mman.h>

#include "contestant.h"
#include "flow.h"
#include "timing.h"

enum { AREA_BYTES = 256 * 1024, SLOT_BYTES = 1024, SLOTS = AREA_BYTES / SLOT_BYTES };

static ck_ring_t *ring;
static void *buffer;

static bool open_ring(unsigned count, size_t bytes)
{
	char *memory = mmap(NULL, sizeof(*ring) + 4096 + count * bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		return false;
	ring = (ck_ring_t *)memory;
	buffer = memory + (sizeof(*ring) + 4095) / 4096 * 4096;
	ck_ring_init(ring, count);
	return true;
}

/* --- records of one size ------------------------------------------------------ */

#define SIZE(bytes) \
	struct record_##bytes { \
		uint64_t words[(bytes) / 8]; \
	}; \
	CK_RING_PROTOTYPE(of_##bytes, record_##bytes) \
\
	static bool open_##bytes(size_t size) \
	{ \
		return open_ring(AREA_BYTES / (bytes), (bytes)); \
	} \
\
	static bool send_##bytes(uint64_t word, uint64_t n) \
	{ \
		struct record_##bytes record = { { 0 } }; \
\
		for (; n; n--) { \
			unsigned steps = 0; \
\
			record.words[0] = word++; \
			while (!ck_ring_enqueue_spsc_of_##bytes(ring, buffer, &record)) \
				bench_relax(&steps); \
		} \
		return true; \
	} \
\
	static bool receive_##bytes(uint64_t *word, uint64_t n) \
	{ \
		struct record_##bytes record; \
\
		for (uint64_t i = 0; i < n; i++) { \
			unsigned steps = 0; \
\
			while (!ck_ring_dequeue_spsc_of_##bytes(ring, buffer, &record)) \
				bench_relax(&steps); \
			flow_use(&record); \
			if (i && record.words[0] != *word + 1) \
				return false; \
			*word = record.words[0]; \
		} \
		return true; \
	} \
\
	static const struct flow flow_##bytes = { .open = open_##bytes, \
						  .send = send_##bytes, \
						  .receive = receive_##bytes };

SIZE(16)
SIZE(64)
SIZE(256)
SIZE(1024)
SIZE(4096)

/* --- of mixed sizes --------------------------------------------------------------- */

struct slot {
	uint64_t size;
	uint8_t bytes[SLOT_BYTES];
};

/* One more than can be in the ring, one that is written and one that is read. */
static struct slot *slots;
static uint64_t turn;
static union {
	uint64_t word;
	uint8_t bytes[SLOT_BYTES];
} mine;

static bool open_mixed(size_t bytes)
{
	slots = mmap(NULL, (SLOTS + 2) * sizeof(*slots), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	return slots != MAP_FAILED && open_ring(SLOTS, sizeof(ck_ring_buffer_t));
}

static bool send_mixed(uint64_t word, uint64_t n)
{
	for (; n; n--, word++) {
		struct slot *slot = &slots[turn++ % (SLOTS + 2)];
		unsigned steps = 0;

		mine.word = word;
		slot->size = flow_mixed_size(word);
		memcpy(slot->bytes, mine.bytes, slot->size);
		while (!ck_ring_enqueue_spsc(ring, buffer, slot))
			bench_relax(&steps);
	}
	return true;
}

static bool receive_mixed(uint64_t *word, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		struct slot *slot;
		unsigned steps = 0;

		while (!ck_ring_dequeue_spsc(ring, buffer, &slot))
			bench_relax(&steps);
		memcpy(mine.bytes, slot->bytes, slot->size);
		flow_use(&mine);
		if (i && mine.word != *word + 1)
			return false;
		*word = mine.word;
	}
	return true;
}

static const struct flow flow_mixed = {
	.open = open_mixed,
	.send = send_mixed,
	.receive = receive_mixed,
};

static int queue(uint64_t bytes)
{
	return flow_hot(bytes == 16	? &flow_16
			: bytes == 64	? &flow_64
			: bytes == 256	? &flow_256
			: bytes == 1024 ? &flow_1024
			: bytes == 4096 ? &flow_4096
					: &flow_mixed,
			bytes);
}

int main(int argc, char **argv)
{
	static const struct bench_role roles[] = { { "queue", queue }, { NULL, NULL } };

	return bench_play(argc, argv, roles);
}
