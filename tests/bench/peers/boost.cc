// SPDX-License-Identifier: MIT
// Boost.Lockfree's spsc_queue: records of one size as elements, and of any size as bytes. 256 KiB of records.
#include <boost/lockfree/spsc_queue.hpp>

#include <cstring>
#include <new>
#include <sys/mman.h>

#include "contestant.h"
#include "flow.h"
#include "timing.h"

namespace
{
constexpr size_t area_bytes = 256 * 1024;

template <class T> T *shared_new()
{
	void *memory = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return memory == MAP_FAILED ? nullptr : new (memory) T();
}

// --- elements ---------------------------------------------------------------------

template <size_t bytes> struct elements {
	struct record {
		uint64_t words[bytes / 8];
	};
	using queue =
		boost::lockfree::spsc_queue<record,
					    boost::lockfree::capacity<area_bytes / bytes>>;
	static inline queue *shared;

	static bool open(size_t)
	{
		shared = shared_new<queue>();
		return shared;
	}

	static bool send(uint64_t word, uint64_t n)
	{
		record r = {};

		for (; n; n--) {
			unsigned steps = 0;

			r.words[0] = word++;
			while (!shared->push(r))
				bench_relax(&steps);
		}
		return true;
	}

	static bool receive(uint64_t *word, uint64_t n)
	{
		record r;

		for (uint64_t i = 0; i < n; i++) {
			unsigned steps = 0;

			while (!shared->pop(r))
				bench_relax(&steps);
			flow_use(&r);
			if (i && r.words[0] != *word + 1)
				return false;
			*word = r.words[0];
		}
		return true;
	}

	static constexpr struct flow flow = { open, nullptr, nullptr, send, receive };
};

// --- bytes: the size, then so many ---------------------------------------------------

struct bytes {
	using queue =
		boost::lockfree::spsc_queue<uint8_t, boost::lockfree::capacity<area_bytes>>;
	struct record {
		uint32_t size;
		uint8_t data[FLOW_BYTES_MAX];
	};
	static inline queue *shared;
	static inline size_t record_bytes;
	static inline record mine;

	static bool open(size_t size)
	{
		record_bytes = size;
		shared = shared_new<queue>();
		return shared;
	}

	static bool send(uint64_t word, uint64_t n)
	{
		for (; n; n--, word++) {
			unsigned steps = 0;

			mine.size = (uint32_t)flow_size(record_bytes, word);
			memcpy(mine.data, &word, sizeof(word));
			while (shared->write_available() < mine.size + sizeof(mine.size))
				bench_relax(&steps);
			shared->push((const uint8_t *)&mine, mine.size + sizeof(mine.size));
		}
		return true;
	}

	// A record is pushed at once: who sees its size sees all of it.
	static bool receive(uint64_t *word, uint64_t n)
	{
		for (uint64_t i = 0; i < n; i++) {
			uint64_t found;
			unsigned steps = 0;

			while (shared->pop((uint8_t *)&mine.size, sizeof(mine.size)) == 0)
				bench_relax(&steps);
			shared->pop(mine.data, mine.size);
			flow_use(&mine);
			memcpy(&found, mine.data, sizeof(found));
			if (i && found != *word + 1)
				return false;
			*word = found;
		}
		return true;
	}

	static constexpr struct flow flow = { open, nullptr, nullptr, send, receive };
};

int play_elements(uint64_t size)
{
	switch (size) {
	case 16:
		return flow_hot(&elements<16>::flow, size);
	case 64:
		return flow_hot(&elements<64>::flow, size);
	case 256:
		return flow_hot(&elements<256>::flow, size);
	case 1024:
		return flow_hot(&elements<1024>::flow, size);
	case 4096:
		return flow_hot(&elements<4096>::flow, size);
	default:
		return bench_absent("elements have one size");
	}
}

int play_bytes(uint64_t size)
{
	return flow_hot(&bytes::flow, size);
}
}

int main(int argc, char **argv)
{
	static const struct bench_role roles[] = {
		{ "queue", play_elements },
		{ "queue-bytes", play_bytes },
		{ nullptr, nullptr },
	};

	return bench_play(argc, argv, roles);
}
