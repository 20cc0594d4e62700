// SPDX-License-Identifier: MIT
/*
 * Both ends of the call slots, each with a peer that writes what it likes into the memory. The caller's
 * end is looked at in the moment between its request and its first look for the answer: the linker puts
 * a function of ours in the place of wire_wait_again, which writes what the record says.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/slot_caller.h"
#include "wire/slot_server.h"

enum {
	WRITE,	/* number 1 to the word at number 0, of the heads */
	ASK,	/* a request as an honest caller writes it, numbers as scalars */
	NEXT,	/* the server looks */
	COPY,	/* it takes the structure */
	ANSWER, /* number 0 scalars, number 1 bytes */
	DOZE,	/* it wants to sleep */
	CALL, /* the caller's end: number 0 inputs, 1 outputs, 2 and 3 bytes; the answer is the rest */
	KINDS,
};

enum { STRUCTURE_MAX = 9000, TAKEN_MAX = 8 };

static size_t change(struct fuzz_chance *chance, uint16_t kind, uint8_t *data, size_t size,
		     size_t max);

static const char *name_of(uint16_t kind)
{
	static const char *const names[KINDS] = { "write",  "ask",  "next", "copy",
						  "answer", "doze", "call" };

	return names[kind % KINDS];
}

const struct fuzz_shape fuzz_shape = {
	.n_kinds = KINDS,
	.n_who = WIRE_SLOTS_COUNT,
	.data_max = 256,
	.name = name_of,
	.change = change,
};

static struct wire_slots shared;
static struct wire_slot_server server;
static struct wire_slot_caller *caller;
static struct wire_slot_request taken[TAKEN_MAX];
static size_t n_taken;
static uint8_t structure[STRUCTURE_MAX];
static uint32_t steps[WIRE_SLOTS_COUNT];
static bool is_dirty;

/* --- what the peer writes ------------------------------------------------------------------ */

static void store(unsigned index, size_t word, uint64_t value)
{
	atomic_store(&shared.slots[index].word[word], value);
}

static void write_word(unsigned index, const struct fuzz_record *record)
{
	uint64_t at = fuzz_number(record, 0) % 16, value = fuzz_number(record, 1);
	struct wire_slot *slot = &shared.slots[index];
	struct wire_slot_head *head = (void *)wire_slot_payload(&shared, index);

	switch (at) {
	case 8:
		atomic_store(&shared.used, value);
		break;
	case 9:
		atomic_store(&slot->sent, (uint32_t)value);
		break;
	case 10:
		atomic_store(&slot->answered, (uint32_t)value);
		break;
	case 11:
		atomic_store(&head->n_scalars, value);
		break;
	case 12:
		atomic_store(&head->structure_size, value);
		break;
	case 13:
		atomic_store(&slot->caller_sleeps, (uint32_t)value & 1);
		break;
	case 14:
		atomic_store(&shared.unattended, (uint32_t)value);
		break;
	default:
		store(index, at % 8, value);
	}
}

static struct wire_slot_sizes sizes_of(const struct fuzz_record *record, size_t from)
{
	return (struct wire_slot_sizes){
		.n_in = fuzz_number(record, from) % 20 & 31,
		.n_out = fuzz_number(record, from + 1) % 20 & 31,
		.in = fuzz_number(record, from + 2) % STRUCTURE_MAX,
		.out = fuzz_number(record, from + 3) % STRUCTURE_MAX,
		.exceeds = record->flags & 1,
		.cpu = record->flags & 2 ? WIRE_SLOT_NO_CPU : 0,
	};
}

static void ask(unsigned index, const struct fuzz_record *record)
{
	struct wire_slot_sizes sizes = sizes_of(record, 0);

	atomic_fetch_or(&shared.used, 1ull << index);
	atomic_store(&shared.slots[index].sent, sizes.in);
	for (size_t i = 0; i < WIRE_SLOT_SCALARS; i++)
		store(index, 2 + i, fuzz_number(record, 4 + i));
	store(index, 1, wire_slot_pack(&sizes));
	steps[index] += record->flags & 4 ? 1 : steps[index] & 1 ? 2 : 1;
	store(index, 0, wire_slot_word(steps[index], (uint32_t)fuzz_number(record, 10)));
}

/* --- the server's end -------------------------------------------------------------------------- */

static void take_next(void)
{
	struct wire_slot_request request;
	err_t err = wire_slot_server_next(&server, &request);

	fuzz_require(!err || err == -EAGAIN || err == -EBADMSG);
	if (err)
		return;
	fuzz_require(request.index < WIRE_SLOTS_COUNT && request.n_input <= WIRE_SCALARS_MAX &&
		     request.output_capacity <= WIRE_SCALARS_MAX &&
		     request.structure_size <= wire_slot_capacity(request.index) &&
		     request.structure_capacity <= wire_slot_capacity(request.index));
	/* A slot has one request at a time. */
	for (size_t i = 0; i < n_taken; i++)
		fuzz_require(taken[i].index != request.index);
	if (n_taken < TAKEN_MAX)
		taken[n_taken++] = request;
	else
		wire_slot_server_answer(&server, &request,
					&(struct wire_slot_answer){ .status = 1 });
}

static void copy_structure(void)
{
	static const atomic_bool ends = true;
	uint8_t *bytes;

	if (!n_taken)
		return;
	bytes = malloc(taken[0].structure_size + 1ul);
	if (bytes)
		wire_slot_server_copy_structure(&server, &taken[0], bytes, &ends);
	free(bytes);
}

/* A driver may claim more than was asked for; what it has is as much as was asked for. */
static void give_answer(const struct fuzz_record *record)
{
	uint64_t scalars[WIRE_SCALARS_MAX] = { 0 };
	struct wire_slot_answer reply = {
		.status = record->flags & 8 ? (int32_t)0xe00002bc : 0,
		.n_scalars = (uint32_t)fuzz_number(record, 0),
		.scalars = scalars,
		.structure_size = fuzz_number(record, 1),
	};
	uint8_t *bytes;

	if (!n_taken)
		return;
	bytes = calloc(1, taken[0].structure_capacity + 1ul);
	reply.structure = bytes;
	if (bytes)
		wire_slot_server_answer(&server, &taken[0], &reply);
	free(bytes);
	memmove(taken, taken + 1, --n_taken * sizeof(taken[0]));
}

/* --- the caller's end ------------------------------------------------------------------------------ */

static struct {
	const struct fuzz_record *record; /* NULL: nothing to answer */
	unsigned index;
} answering;

bool __real_wire_wait_again(struct wire_waiting *waiting);
bool __wrap_wire_wait_again(struct wire_waiting *waiting);

bool __wrap_wire_wait_again(struct wire_waiting *waiting)
{
	const struct fuzz_record *record = answering.record;
	struct wire_slot *slot = &shared.slots[answering.index];
	struct wire_slot_head *head = (void *)wire_slot_payload(&shared, answering.index);
	struct wire_slot_sizes sizes;

	if (!record)
		return __real_wire_wait_again(waiting);
	answering.record = NULL;
	sizes = sizes_of(record, 4);
	atomic_store(&head->n_scalars, fuzz_number(record, 8));
	atomic_store(&head->structure_size, fuzz_number(record, 9));
	/* All there: a writer that stops keeps its reader until the connection ends. */
	atomic_store(&slot->answered, UINT32_MAX);
	atomic_store(&slot->word[1],
		     record->flags & 4 ? fuzz_number(record, 10) : wire_slot_pack(&sizes));
	atomic_store(&slot->word[0], (atomic_load(&slot->word[0]) & UINT32_MAX) +
					     (record->flags & 8 ? fuzz_number(record, 11) | 1 : 1));
	return true;
}

static void call(const struct fuzz_record *record)
{
	uint64_t in[WIRE_SCALARS_MAX] = { 1, 2, 3 };
	uint32_t capacity = fuzz_number(record, 1) % (WIRE_SCALARS_MAX + 1);
	size_t size = fuzz_number(record, 3) % STRUCTURE_MAX;
	uint64_t *out = malloc(capacity * sizeof(*out) + 1);
	uint8_t *bytes = malloc(size + 1);
	struct wire_slot_call c = {
		.selector = 7,
		.n_input = fuzz_number(record, 0) % (WIRE_SCALARS_MAX + 1),
		.input = in,
		.output_capacity = capacity,
		.output = out,
		.structure = structure,
		.structure_size = fuzz_number(record, 2) % STRUCTURE_MAX,
		.structure_output = bytes,
		.structure_capacity = size,
	};
	bool wide = size > wire_slot_capacity(0) || c.structure_size > wire_slot_capacity(0);

	answering.record = record;
	answering.index = wide ? WIRE_SLOT_FIRST_WIDE : 0;
	if (out && bytes) {
		/* One that does not get through leaves its slot taken, and the connection ends. */
		err_t err = wire_slot_caller_call(caller, -1, &c);

		fuzz_require(!err || err == -EAGAIN || err == -EBADMSG || err == -EPIPE);
		if (err && err != -EAGAIN) {
			wire_slot_caller_free(caller);
			wire_slot_caller_new_at(&shared, &caller);
		}
	}
	answering.record = NULL;
	free(out);
	free(bytes);
}

/* --- all ---------------------------------------------------------------------------------------------- */

static void begin(void)
{
	if (is_dirty) {
		memset(&shared, 0, offsetof(struct wire_slots, narrow));
		for (unsigned i = 0; i < WIRE_SLOTS_COUNT; i++)
			memset(wire_slot_payload(&shared, i), 0, WIRE_SLOT_HEAD);
	}
	is_dirty = true;
	memset(steps, 0, sizeof(steps));
	n_taken = 0;
	wire_slot_server_init(&server, &shared);
	atomic_store(&server.patience.budget_ns, 0);
	fuzz_require(!wire_slot_caller_new_at(&shared, &caller));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = fuzz_input(data, size);
	struct fuzz_record record;
	uint32_t knocks;

	begin();
	for (int i = 0; i < FUZZ_RECORDS_MAX && fuzz_next(&in, &record); i++)
		switch (record.kind % KINDS) {
		case WRITE:
			write_word(record.who % WIRE_SLOTS_COUNT, &record);
			break;
		case ASK:
			ask(record.who % WIRE_SLOTS_COUNT, &record);
			break;
		case NEXT:
			take_next();
			break;
		case COPY:
			copy_structure();
			break;
		case ANSWER:
			give_answer(&record);
			break;
		case DOZE:
			if (wire_slot_server_begin_sleep(&server, &knocks))
				wire_slot_server_end_sleep(&server);
			break;
		case CALL:
			call(&record);
		}
	wire_slot_caller_free(caller);
	return 0;
}

/* Numbers, most of them small. */
static size_t change(struct fuzz_chance *chance, uint16_t kind, uint8_t *data, size_t size,
		     size_t max)
{
	uint64_t value = fuzz_interesting(chance);
	size_t at = 8ul * fuzz_below(chance, kind == CALL || kind == ASK ? 12 : 2);

	if (at + 8 > max)
		return size;
	if (at > size)
		memset(data + size, 0, at - size);
	memcpy(data + at, &value, sizeof(value));
	return at + 8 > size ? at + 8 : size;
}
