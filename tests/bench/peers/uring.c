// SPDX-License-Identifier: MIT
/*
 * io_uring's IORING_OP_MSG_RING: a completion is posted into the ring of another
 * process, its 64-bit user data is the record. One at a time, and 32 with each
 * system call. The receiver tells now and then how far it is, so that the ring
 * does not overflow.
 */
#include <liburing.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "contestant.h"
#include "flow.h"
#include "timing.h"

enum { BATCH = 32, ENTRIES = 1024, ROOM = ENTRIES / 2, TELL = 64 };

static struct io_uring receiver, sender;
static unsigned batch;
static struct shared {
	_Atomic uint64_t received;
} * shared;
static uint64_t sent, received;

static bool open_ring(size_t bytes)
{
	struct io_uring_params params = { .flags = IORING_SETUP_CQSIZE, .cq_entries = ENTRIES };

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	return shared != MAP_FAILED && !io_uring_queue_init_params(BATCH, &receiver, &params);
}

static bool open_sender(void)
{
	return !io_uring_queue_init(2 * BATCH, &sender, 0);
}

/* Its own completions tell the sender that the messages are there. */
static bool post(uint64_t word, unsigned count)
{
	struct io_uring_cqe *cqe;

	for (unsigned i = 0; i < count; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&sender);

		io_uring_prep_msg_ring(sqe, receiver.ring_fd, 0, word + i, 0);
	}
	if (io_uring_submit_and_wait(&sender, count) != (int)count)
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (io_uring_wait_cqe(&sender, &cqe) || cqe->res < 0)
			return false;
		io_uring_cqe_seen(&sender, cqe);
	}
	return true;
}

static bool send_words(uint64_t word, uint64_t n)
{
	while (n) {
		unsigned count = n < batch ? (unsigned)n : batch, steps = 0;

		while (sent + count -
			       atomic_load_explicit(&shared->received, memory_order_acquire) >
		       ROOM)
			bench_relax(&steps);
		if (!post(word, count))
			return false;
		sent += count;
		word += count;
		n -= count;
	}
	return true;
}

static bool receive_words(uint64_t *word, uint64_t n)
{
	struct io_uring_cqe *cqe;
	uint64_t i = 0;

	while (i < n) {
		unsigned head, count = 0;

		if (io_uring_wait_cqe(&receiver, &cqe))
			return false;
		io_uring_for_each_cqe(&receiver, head, cqe)
		{
			if (i == n)
				break;
			if (i++ && cqe->user_data != *word + 1)
				return false;
			*word = cqe->user_data;
			count++;
		}
		io_uring_cq_advance(&receiver, count);
		received += count;
		if (i == n || received % TELL < count)
			atomic_store_explicit(&shared->received, received, memory_order_release);
	}
	return true;
}

static const struct flow flow = {
	.open = open_ring,
	.open_sender = open_sender,
	.send = send_words,
	.receive = receive_words,
};

static bool is_there(void)
{
	struct io_uring probe;

	if (io_uring_queue_init(1, &probe, 0))
		return false;
	io_uring_queue_exit(&probe);
	return true;
}

static int single(uint64_t bytes)
{
	batch = 1;
	return is_there() ? flow_hot(&flow, bytes) : bench_absent("the kernel refuses io_uring");
}

static int batches(uint64_t bytes)
{
	batch = BATCH;
	return is_there() ? flow_hot(&flow, bytes) : bench_absent("the kernel refuses io_uring");
}

static int single_cold(uint64_t bytes)
{
	batch = 1;
	return is_there() ? flow_cold(&flow, bytes) : bench_absent("the kernel refuses io_uring");
}

int main(int argc, char **argv)
{
	static const struct bench_role roles[] = {
		{ "completion", single },
		{ "completion-batch", batches },
		{ "completion-cold", single_cold },
		{ NULL, NULL },
	};

	return bench_play(argc, argv, roles);
}
