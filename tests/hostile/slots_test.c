// SPDX-License-Identifier: MIT
/*
 * Clients that write anything into their call slots hurt nobody but themselves:
 * the host lives, a witness on the same driver gets every answer, each of them
 * is closed once, and its threads and its memory go with it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "Fixture.h"
#include "base/futex.h"
#include "base/shm.h"
#include "arena.h"
#include "raw_client.h"
#include "wire/protocol.h"

#define SLOTS_NAME "hostile slots"
enum { ENOUGH = 16 };

/* --- the witness and the host ---------------------------------------------------------------- */

static struct {
	io_connect_t connect;
	uint64_t service;
	pid_t host;
	unsigned threads, descriptors; /* of the host, at first */
	uint64_t before[FIXTURE_COUNTS];
	atomic_bool ends;
	pthread_t thread;
} witness;

/* Each call's answer follows from its number. */
static void call_witness(uint64_t number)
{
	uint64_t out = 7;
	uint32_t n = 1;

	test_equal_error(
		IOConnectCallScalarMethod(witness.connect, FIXTURE_ECHO, &number, 1, &out, &n), 0);
	test_equal(n, 1);
	test_equal(out, number + 1);
}

static void *call_all_the_time(void *context)
{
	for (uint64_t i = 0; !atomic_load(&witness.ends); i++)
		call_witness(i);
	return NULL;
}

static void read_counts(uint64_t counts[FIXTURE_COUNTS])
{
	uint32_t n = FIXTURE_COUNTS;

	test_equal_error(
		IOConnectCallScalarMethod(witness.connect, FIXTURE_COUNT, NULL, 0, counts, &n), 0);
}

static unsigned count_in_host(const char *what)
{
	char path[64];
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)witness.host, what);
	d = opendir(path);
	test_true(d != NULL);
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static bool host_maps(const char *name)
{
	char path[64], line[512];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)witness.host);
	f = fopen(path, "re");
	test_true(f != NULL);
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, name) != NULL;
	fclose(f);
	return found;
}

static void begin(void)
{
	arena_begin("Fixture.dext", NULL);
	io_service_t service = world_service("FixtureDriver");

	test_equal_error(IORegistryEntryGetRegistryEntryID(service, &witness.service), 0);
	IOObjectRelease(service);
	witness.connect = world_open("FixtureDriver", 0);
	for (uint64_t i = 0; i < ENOUGH; i++)
		call_witness(i);
	witness.host = world_host_pid("org.portico.test.Fixture");
	test_true(witness.host > 0);
	witness.threads = count_in_host("task");
	witness.descriptors = count_in_host("fd");
	read_counts(witness.before);
}

static void start_witness(void)
{
	test_equal(pthread_create(&witness.thread, NULL, call_all_the_time, NULL), 0);
}

static void stop_witness(void)
{
	atomic_store(&witness.ends, true);
	pthread_join(witness.thread, NULL);
}

/* N clients have come and gone. */
static void end(uint64_t n)
{
	uint64_t counts[FIXTURE_COUNTS];

	do
		read_counts(counts);
	while (counts[FIXTURE_STOPS] < witness.before[FIXTURE_STOPS] + n ||
	       count_in_host("task") > witness.threads ||
	       count_in_host("fd") > witness.descriptors || host_maps(SLOTS_NAME));
	test_equal(counts[FIXTURE_STOPS], witness.before[FIXTURE_STOPS] + n);
	test_equal(counts[FIXTURE_DEATHS], witness.before[FIXTURE_DEATHS] + n);
	test_equal(counts[FIXTURE_CLOSES], witness.before[FIXTURE_CLOSES]);
	test_equal(counts[FIXTURE_OVERLAPS], 0);
	for (uint64_t i = 0; i < ENOUGH; i++)
		call_witness(i);
	test_equal(world_host_pid("org.portico.test.Fixture"), witness.host);
	IOServiceClose(witness.connect);
	arena_end();
}

/* --- what an attacker does ------------------------------------------------------------------------- */

/* A request that may or may not keep to the rules. */
static void send_something(struct raw_client *raw, uint64_t *state)
{
	static const uint32_t selectors[] = { FIXTURE_PASS, FIXTURE_COUNT,
					      FIXTURE_ECHO, FIXTURE_STEADY,
					      77,	    UINT32_MAX };
	uint64_t random = arena_random(state);
	unsigned index = random % 4 ? random >> 8 & 3 : random >> 8 & (WIRE_SLOTS_COUNT - 1);
	bool keeps_to_sizes = random >> 40 & 3;
	struct wire_slot_sizes sizes = {
		.in = random >> 16 & (keeps_to_sizes ? 0xfff : 0x1fffff),
		.out = random >> 20 & (keeps_to_sizes ? 0xfff : 0x1fffff),
		.n_in = random >> 48 & (keeps_to_sizes ? 15 : 31),
		.n_out = random >> 52 & (keeps_to_sizes ? 15 : 31),
		.exceeds = !keeps_to_sizes && (random >> 60 & 1),
		.cpu = random >> 54 & 1023,
	};

	raw_send(raw, index, selectors[(random >> 44) % 6], sizes);
	if (random >> 62)
		raw_await(raw, index, 100);
}

static void scribble(struct raw_client *raw, uint64_t *state, bool steps_too)
{
	uint64_t random = arena_random(state);
	struct wire_slots *shared = raw->shared;
	struct wire_slot *slot = &shared->slots[random >> 8 & (WIRE_SLOTS_COUNT - 1)];
	uint32_t word = arena_nasty_word(state);

	switch (random % 13) {
	case 0:
		atomic_store(&shared->used, word);
		break;
	case 1:
		atomic_store(&shared->unattended, word);
		break;
	case 2:
		atomic_store(&shared->knocks, word);
		break;
	case 3:
		atomic_store(&shared->running, word);
		break;
	case 4:
		atomic_store(&slot->caller_sleeps, word);
		break;
	case 5:
		atomic_store(&slot->taken, word);
		break;
	case 6:
		atomic_store(&slot->word[1 + (random >> 16) % 7],
			     word | (uint64_t)arena_nasty_word(state) << 32);
		break;
	case 7:
		memset(wire_slot_payload(shared, random >> 8 & (WIRE_SLOTS_COUNT - 1)), (int)word,
		       4096);
		break;
	case 8:
		memset(slot->spare, (int)word, sizeof(slot->spare));
		break;
	case 9:
		futex_wake(&shared->knocks, INT32_MAX);
		break;
	case 10:
		atomic_store(&slot->sent, word);
		break;
	case 11:
		atomic_store(&slot->answered, word);
		break;
	default:
		if (steps_too)
			atomic_store(&slot->word[0], wire_slot_word(word, arena_nasty_word(state)));
	}
}

struct scribbler {
	struct raw_client *raw;
	uint64_t state;
	atomic_bool ends;
	pthread_t thread;
};

static void *scribble_all_the_time(void *context)
{
	struct scribbler *s = context;

	while (!atomic_load(&s->ends))
		scribble(s->raw, &s->state, false);
	return NULL;
}

static uint64_t scaled(uint64_t rounds)
{
	return test_rounds(rounds, 20 * rounds);
}

/* N clients, one after the other, each with slots that it attacks, beside the witness. */
static void fight(uint64_t n,
		  void (*attack)(struct raw_client *raw, uint64_t round, uint64_t *state))
{
	uint64_t state = 0x9e3779b97f4a7c15;

	begin();
	start_witness();
	for (uint64_t round = 0; round < n; round++) {
		struct raw_client raw;

		raw_open(&raw, world_socket(), witness.service);
		raw_take_slots(&raw, SLOTS_NAME);
		attack(&raw, round, &state);
		raw_close(&raw);
	}
	stop_witness();
	end(n);
}

/* --- tests -------------------------------------------------------------------------------------------- */

static void call_and_scribble(struct raw_client *raw, uint64_t round, uint64_t *state)
{
	(void)round;
	for (int i = 0; i < 60 && !raw_has_hung_up(raw); i++) {
		send_something(raw, state);
		scribble(raw, state, i % 8 == 7);
	}
}

/* Requests and scribbling in turns, until the host hangs up or has had enough. */
HOSTILE(P_M8, any_word_between_calls)
{
	fight(scaled(400), call_and_scribble);
}

static void call_under_fire(struct raw_client *raw, uint64_t round, uint64_t *state)
{
	struct scribbler s = { .raw = raw, .state = *state + round };

	pthread_create(&s.thread, NULL, scribble_all_the_time, &s);
	for (int i = 0; i < 100 && !raw_has_hung_up(raw); i++)
		send_something(raw, state);
	/* The host hangs up, or we do, under full fire. */
	if (round % 2)
		shutdown(raw->data, SHUT_RDWR);
	else
		atomic_store(&raw->shared->slots[0].word[0], UINT64_MAX);
	raw_knock(raw);
	raw_await_hang_up(raw);
	atomic_store(&s.ends, true);
	pthread_join(s.thread, NULL);
}

/* Scribbling while the host reads and writes. */
HOSTILE(P_M8, any_word_during_calls)
{
	fight(scaled(60), call_under_fire);
}

static void call_and_punch(struct raw_client *raw, uint64_t round, uint64_t *state)
{
	(void)round;
	test_equal(ftruncate(raw->fd, 0), -1);
	test_equal(ftruncate(raw->fd, 2 * sizeof(struct wire_slots)), -1);
	for (int i = 0; i < 40 && !raw_has_hung_up(raw); i++) {
		send_something(raw, state);
		test_equal(fallocate(raw->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
				     sizeof(struct wire_slots)),
			   0);
	}
}

/* The whole memory goes away under the host and comes back as zeros. */
HOSTILE(P_M6, holes_in_the_memory)
{
	fight(scaled(60), call_and_punch);
}

/* What the driver looks at is its own copy, in slots of both kinds. */
HOSTILE(P_M5, a_structure_that_changes_under_the_driver)
{
	struct raw_client raw;
	uint64_t n = scaled(4000);

	begin();
	raw_open(&raw, world_socket(), witness.service);
	raw_take_slots(&raw, SLOTS_NAME);
	for (unsigned kind = 0; kind < 2; kind++) {
		unsigned index = kind ? WIRE_SLOT_FIRST_WIDE : 0;
		struct wire_slot *slot = &raw.shared->slots[index];
		uint8_t *bytes = wire_slot_payload(raw.shared, index) + WIRE_SLOT_HEAD;
		struct wire_slot_sizes sizes = { .in = kind ? 100000 : 64, .n_out = 1 };

		for (uint64_t i = 0; i < (kind ? n / 20 : n); i++) {
			raw_send(&raw, index, FIXTURE_STEADY, sizes);
			while (atomic_load(&slot->step) == raw.steps[index])
				for (int k = 0; k < 64; k++)
					((volatile uint8_t *)bytes)[k]++;
			test_equal(atomic_load(&slot->word[0]) >> 32, 0);
			test_equal(atomic_load(&slot->word[2]), 0);
		}
	}
	raw_close(&raw);
	end(1);
}

/* A large structure that is announced and stops on its way: other calls, and the end, do not wait. */
HOSTILE(P_M8, a_structure_that_never_comes)
{
	struct wire_slot_sizes sizes = { .in = 1 << 20, .n_out = 1 };
	struct raw_client raw;

	begin();
	raw_open(&raw, world_socket(), witness.service);
	raw_take_slots(&raw, SLOTS_NAME);
	for (unsigned i = WIRE_SLOT_FIRST_WIDE; i < WIRE_SLOTS_COUNT; i++) {
		raw_send(&raw, i, FIXTURE_STEADY, sizes);
		/* Also when it comes back. */
		atomic_store(&raw.shared->slots[i].sent, i % 2 ? 0 : 4096);
	}
	for (int i = 0; i < 100; i++) {
		raw_send(&raw, 0, FIXTURE_PASS, (struct wire_slot_sizes){ .n_out = 1 });
		while (raw_await(&raw, 0, 100) == -EAGAIN)
			raw_knock(&raw);
		call_witness((uint64_t)i);
	}
	test_true(!raw_has_hung_up(&raw));
	raw_close(&raw);
	end(1);
}

static int make_unsealed(void)
{
	int fd = memfd_create(SLOTS_NAME, MFD_CLOEXEC);

	test_equal(ftruncate(fd, sizeof(struct wire_slots)), 0);
	return fd;
}

static int make_sealed(size_t size)
{
	int fd;

	test_equal_error(shm_create(SLOTS_NAME, size, &fd), 0);
	return fd;
}

/* A file without pages behind it: touching it would kill who touches it. */
static int make_huge(void)
{
	int fd = memfd_create(SLOTS_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);

	if (fd < 0)
		return make_unsealed(); /* this kernel has none */
	test_equal(ftruncate(fd, 8 << 20), 0);
	test_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	return fd;
}

/* Descriptors that are said to be memory of so many bytes, and are not. */
struct offer {
	int fd;
	uint64_t size;
};
enum { OFFERS = 12 };

static void make_offers(struct offer offers[OFFERS])
{
	const uint64_t size = sizeof(struct wire_slots);
	int pipes[2];

	test_equal(pipe2(pipes, O_CLOEXEC), 0);
	const struct offer all[OFFERS] = {
		{ make_unsealed(), size },
		{ make_sealed(4096), size },
		{ make_sealed(size), size - 1 },
		{ make_sealed(size), 0 },
		{ make_sealed(size), UINT64_MAX },
		{ make_huge(), size },
		{ pipes[0], size },
		{ pipes[1], size },
		{ open("/dev/null", O_RDWR | O_CLOEXEC), size },
		{ open("/dev/zero", O_RDWR | O_CLOEXEC), size },
		{ open("/proc/self/exe", O_RDONLY | O_CLOEXEC), size },
		{ socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), size },
	};

	memcpy(offers, all, sizeof(all));
}

HOSTILE(P_M7, wrong_memory)
{
	struct offer offers[OFFERS];
	int32_t status;

	begin();
	make_offers(offers);
	for (int i = 0; i < OFFERS; i++) {
		struct raw_client raw;

		raw_open(&raw, world_socket(), witness.service);
		test_equal_error(raw_offer(&raw, offers[i].fd, offers[i].size, &status), -EPIPE);
		raw_close(&raw);
		close(offers[i].fd);
	}
	end(OFFERS);
}

/* A large structure, or a large question to the registry, comes in memory: the sender's connection ends. */
HOSTILE(P_M7, large_messages_in_wrong_memory)
{
	struct offer offers[OFFERS];

	begin();
	make_offers(offers);
	for (int i = 0; i < OFFERS; i++) {
		struct wire_header header = { .type = WIRE_CALL,
					      .flags = WIRE_FLAG_MEMORY,
					      .id = 1,
					      .size = offers[i].size };
		struct raw_client raw;

		raw_open(&raw, world_socket(), witness.service);
		test_true(raw_post(raw.data, &header, sizeof(header), &offers[i].fd, 1));
		raw_await_hang_up(&raw);
		header.type = WIRE_FIND;
		raw_post(raw.control, &header, sizeof(header), &offers[i].fd, 1);
		raw_await_end(raw.control);
		raw_close(&raw);
		close(offers[i].fd);
	}
	end(OFFERS);
}

HOSTILE(P_M7, a_second_memory)
{
	struct raw_client raw;
	int32_t status;
	int fd = make_sealed(sizeof(struct wire_slots));

	begin();
	raw_open(&raw, world_socket(), witness.service);
	raw_take_slots(&raw, SLOTS_NAME);
	raw_send(&raw, 0, FIXTURE_PASS, (struct wire_slot_sizes){ .n_out = 1 });
	test_equal_error(raw_await(&raw, 0, UINT32_MAX), 0);
	test_equal_error(raw_offer(&raw, fd, sizeof(struct wire_slots), &status), -EPIPE);
	raw_close(&raw);
	close(fd);
	end(1);
}

/* Seals that forbid writing: the host cannot answer there, the socket goes on. */
HOSTILE(P_M7, memory_that_cannot_be_written)
{
	struct raw_client raw;
	int32_t status = 0;
	int fd = memfd_create(SLOTS_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	begin();
	test_equal(ftruncate(fd, (sizeof(struct wire_slots) + 4095) & ~4095ul), 0);
	test_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
	raw_open(&raw, world_socket(), witness.service);
	test_equal_error(raw_offer(&raw, fd, sizeof(struct wire_slots), &status), 0);
	test_true(status != 0);
	raw_close(&raw);
	close(fd);
	end(1);
}

/* What is refused is not kept. */
HOSTILE(P_M7, memory_that_no_thread_may_serve)
{
	struct raw_client raw;
	int32_t status = 0;
	int fd = make_sealed(sizeof(struct wire_slots));

	setenv("PORTICO_LIMITS", "threads=1", 1);
	begin();
	raw_open(&raw, world_socket(), witness.service);
	test_equal_error(raw_offer(&raw, fd, sizeof(struct wire_slots), &status), 0);
	test_equal_error(status, kIOReturnNoResources);
	test_true(!host_maps(SLOTS_NAME));
	raw_close(&raw);
	close(fd);
	end(1);
}

static void call_for_ever(uint64_t state)
{
	struct raw_client raw;

	raw_open(&raw, world_socket(), witness.service);
	raw_take_slots(&raw, SLOTS_NAME);
	for (;;) {
		struct wire_slot_sizes sizes = { .in = arena_random(&state) & 0xfff, .n_out = 1 };
		unsigned index = arena_random(&state) & 3;

		raw_send(&raw, index, FIXTURE_STEADY, sizes);
		raw_await(&raw, index, UINT32_MAX);
	}
}

/* Stopped in the midst of calls, then killed. */
HOSTILE(P_C2, a_client_that_is_stopped_and_killed)
{
	uint64_t n = scaled(20), counts[FIXTURE_COUNTS];
	int status;

	begin();
	for (uint64_t round = 0; round < n; round++) {
		pid_t child = fork();

		if (!child)
			call_for_ever(round + 1);
		/* It is in the midst once the host has its memory. */
		while (!host_maps(SLOTS_NAME))
			sched_yield();
		if (round % 2) {
			kill(child, SIGSTOP);
			test_equal(waitpid(child, &status, WUNTRACED), child);
			test_true(WIFSTOPPED(status));
			for (uint64_t i = 0; i < 200; i++)
				call_witness(i);
		}
		kill(child, SIGKILL);
		test_equal(waitpid(child, &status, 0), child);
		do
			read_counts(counts);
		while (counts[FIXTURE_DEATHS] <= witness.before[FIXTURE_DEATHS] + round ||
		       host_maps(SLOTS_NAME));
	}
	end(n);
}

TEST_MAIN
