// SPDX-License-Identifier: MIT
#include "wire/message.h"

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFNumber.h>

#include <stdlib.h>
#include <string.h>

#include "failing.h"
#include "sample.h"
#include "test.h"
#include "wire/call.h"
#include "wire/hello.h"

/* The encoded form of a sample, in memory of exactly its size so that a read past it is noticed. */
static uint8_t *encode_sample(const struct wire_layout *layout, enum sample_size size,
			      uint64_t seed, size_t *ret_size)
{
	struct bytes out = BYTES_INIT;
	void *message = sample_new(layout, size, seed);

	test_equal_error(wire_message_encode(layout, message, &out), 0);
	sample_free(layout, message);
	uint8_t *exact = malloc(out.size ? out.size : 1);
	test_true(exact);
	if (out.size)
		memcpy(exact, out.data, out.size);
	*ret_size = out.size;
	bytes_fini(&out);
	return exact;
}

static err_t decode_only(const struct wire_layout *layout, const void *data, size_t size)
{
	void *message = calloc(1, layout->size);
	err_t err = wire_message_decode(layout, data, size, message);

	if (!err)
		wire_message_clear(layout, message);
	for (size_t i = 0; i < layout->size; i++)
		test_equal(((char *)message)[i], 0);
	free(message);
	return err;
}

TEST(every_message_survives_the_round_trip)
{
	for (int i = 0; wire_layouts[i]; i++)
		for (int size = SAMPLE_EMPTY; size <= SAMPLE_LARGEST; size++) {
			const struct wire_layout *layout = wire_layouts[i];
			struct bytes out = BYTES_INIT;
			void *sent = sample_new(layout, size, 7 + i),
			     *got = calloc(1, layout->size);

			test_equal_error(wire_message_encode(layout, sent, &out), 0);
			test_equal(out.size % 8, 0);
			test_equal_error(wire_message_decode(layout, out.data, out.size, got), 0);
			if (!sample_is_equal(layout, sent, got))
				test_fail(__FILE__, __LINE__, "%s differs after the trip",
					  layout->name);
			wire_message_clear(layout, got);
			sample_free(layout, sent);
			free(got);
			bytes_fini(&out);
		}
}

TEST(a_message_cut_at_any_byte_is_refused)
{
	for (int i = 0; wire_layouts[i]; i++) {
		size_t size;
		uint8_t *data = encode_sample(wire_layouts[i], SAMPLE_SMALL, 11, &size);

		for (size_t n = 0; n < size; n++) {
			uint8_t *cut = malloc(n ? n : 1);

			memcpy(cut, data, n);
			if (decode_only(wire_layouts[i], cut, n) != -EBADMSG)
				test_fail(__FILE__, __LINE__, "%s accepted with %zu of %zu bytes",
					  wire_layouts[i]->name, n, size);
			free(cut);
		}
		free(data);
	}
}

TEST(nothing_may_follow_the_last_field)
{
	for (int i = 0; wire_layouts[i]; i++) {
		size_t size;
		uint8_t *data = encode_sample(wire_layouts[i], SAMPLE_SMALL, 13, &size);

		for (size_t extra = 1; extra <= 8; extra++) {
			uint8_t *longer = calloc(1, size + extra);

			memcpy(longer, data, size);
			test_equal_error(decode_only(wire_layouts[i], longer, size + extra),
					 -EBADMSG);
			free(longer);
		}
		free(data);
	}
}

/* What is accepted after a change is a different message, never another spelling of the same. */
TEST(a_changed_byte_is_refused_or_means_something_else)
{
	for (int i = 0; wire_layouts[i]; i++) {
		const struct wire_layout *layout = wire_layouts[i];
		void *message = calloc(1, layout->size);
		size_t size;
		uint8_t *data = encode_sample(layout, SAMPLE_SMALL, 17, &size);

		for (size_t bit = 0; bit < size * 8; bit += test_is_slow() ? 3 : 1) {
			struct bytes out = BYTES_INIT;

			data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			err_t err = wire_message_decode(layout, data, size, message);
			test_true(err == 0 || err == -EBADMSG);
			if (!err) {
				test_equal_error(wire_message_encode(layout, message, &out), 0);
				if (!sample_has_value(layout))
					test_true(out.size == size &&
						  !memcmp(out.data, data, size));
				wire_message_clear(layout, message);
				bytes_fini(&out);
			}
			data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		free(data);
		free(message);
	}
}

/* A layout whose field INDEX allows one more than LAYOUT's. */
static struct wire_layout loosen(const struct wire_layout *layout, size_t index,
				 struct wire_field *storage)
{
	struct wire_layout loose = *layout;

	memcpy(storage, layout->fields, layout->n_fields * sizeof(*storage));
	storage[index].limit++;
	loose.fields = storage;
	loose.payload_max = UINT64_MAX;
	return loose;
}

/* Let field F of the message at AT have N items. Returns the memory to free. */
static void *set_count(const struct wire_field *f, void *at, size_t n)
{
	void *memory = calloc(n + 1, f->kind == WIRE_FIELD_ENTRIES ? sizeof(struct wire_entry) : 8);

	test_true(memory);
	if (f->kind == WIRE_FIELD_TEXT)
		*(char **)at = memset(memory, 'x', n);
	else if (f->kind == WIRE_FIELD_BYTES)
		*(struct wire_bytes *)at = (struct wire_bytes){ memory, n };
	else if (f->kind == WIRE_FIELD_U64S)
		*(struct wire_u64s *)at = (struct wire_u64s){ memory, n };
	else
		*(struct wire_entries *)at = (struct wire_entries){ memory, n };
	return memory;
}

enum { LARGE = 16 * 1024 * 1024 };

static void check_bound(const struct wire_layout *layout, size_t index)
{
	const struct wire_field *f = &layout->fields[index];
	struct wire_field storage[16];
	struct wire_layout loose = loosen(layout, index, storage);
	struct bytes out = BYTES_INIT;
	char *message = calloc(1, layout->size);
	void *memory;

	/* The largest that is allowed. Structures of calls take long enough once; lists of entries
	 * are bounded by the payload first. */
	if (f->limit <= (f->kind == WIRE_FIELD_ENTRIES ? WIRE_PENDING_SERVICES_MAX : LARGE)) {
		memory = set_count(f, message + f->offset, f->limit);
		test_equal_error(wire_message_encode(layout, message, &out), 0);
		test_equal_error(decode_only(layout, out.data, out.size), 0);
		free(memory);
		bytes_clear(&out);
	}
	/* One more is neither sent nor received. */
	memory = set_count(f, message + f->offset, f->limit + 1);
	test_equal_error(wire_message_encode(layout, message, &out), -EMSGSIZE);
	test_equal(out.size, 0);
	test_equal_error(wire_message_encode(&loose, message, &out), 0);
	test_equal_error(decode_only(layout, out.data, out.size), -EBADMSG);
	free(memory);
	free(message);
	bytes_fini(&out);
}

TEST(every_bounded_field_keeps_its_bound)
{
	int n_bounds = 0;

	for (int i = 0; wire_layouts[i]; i++)
		for (size_t k = 0; k < wire_layouts[i]->n_fields; k++) {
			enum wire_field_kind kind = wire_layouts[i]->fields[k].kind;

			if (kind == WIRE_FIELD_U32 || kind == WIRE_FIELD_U64 ||
			    kind == WIRE_FIELD_VALUE || kind == WIRE_FIELD_PACKED)
				continue;
			check_bound(wire_layouts[i], k);
			n_bounds++;
		}
	test_true(n_bounds > 30);
}

TEST(a_count_without_its_items_allocates_nothing)
{
	uint64_t payload[] = { 1, WIRE_ENTRIES_MAX, 0, 0 };

	test_equal_error(decode_only(&wire_entries_reply_layout, payload, sizeof(payload)),
			 -EBADMSG);
	payload[1] = UINT64_MAX;
	test_equal_error(decode_only(&wire_entries_reply_layout, payload, sizeof(payload)),
			 -EBADMSG);
}

TEST(texts_end_in_their_only_nul)
{
	uint64_t payload[] = { 3, 0 };
	char *text = (char *)&payload[1];

	memcpy(text, "abc", 4);
	test_equal_error(decode_only(&wire_text_reply_layout, payload, sizeof(payload)), 0);
	text[3] = 'd';
	test_equal_error(decode_only(&wire_text_reply_layout, payload, sizeof(payload)), -EBADMSG);
	memcpy(text, "a\0c", 4);
	test_equal_error(decode_only(&wire_text_reply_layout, payload, sizeof(payload)), -EBADMSG);
}

TEST(padding_must_be_zero)
{
	uint64_t text[] = { 1, 0x0100000000000061 }, number[] = { 0x100000001 };

	test_equal_error(decode_only(&wire_text_reply_layout, text, sizeof(text)), -EBADMSG);
	struct probe {
		uint32_t v;
	};
	const struct wire_field field = { WIRE_FIELD_U32, 0, 0 };
	const struct wire_layout layout = { "probe", 1, 0, sizeof(struct probe), 1, &field, 0 };
	test_equal_error(decode_only(&layout, number, sizeof(number)), -EBADMSG);
	number[0] = 1;
	test_equal_error(decode_only(&layout, number, sizeof(number)), 0);
}

TEST(a_missing_text_is_sent_as_empty)
{
	struct wire_text_reply sent = { NULL }, got;
	struct bytes out = BYTES_INIT;

	test_equal_error(wire_message_encode(&wire_text_reply_layout, &sent, &out), 0);
	test_equal_error(wire_message_decode(&wire_text_reply_layout, out.data, out.size, &got), 0);
	test_equal_text(got.text, "");
	bytes_fini(&out);
}

TEST(encoding_appends_and_leaves_no_trace_of_a_failure)
{
	struct bytes out = BYTES_INIT;
	struct wire_hello hello = { .name = "one" };
	struct wire_number_reply number = { 5 };
	static char long_name[WIRE_NAME_MAX + 2];

	test_equal_error(wire_message_encode(&wire_number_reply_layout, &number, &out), 0);
	memset(long_name, 'n', sizeof(long_name) - 1);
	hello.name = long_name;
	test_equal_error(wire_message_encode(&wire_hello_layout, &hello, &out), -EMSGSIZE);
	test_equal(out.size, 8);
	hello.name = "two";
	test_equal_error(wire_message_encode(&wire_hello_layout, &hello, &out), 0);
	test_equal_error(decode_only(&wire_hello_layout, out.data + 8, out.size - 8), 0);
	bytes_put(&out, "x", 1);
	test_equal_error(wire_message_encode(&wire_number_reply_layout, &number, &out), -EINVAL);
	bytes_fini(&out);
}

TEST(a_large_structure_is_left_where_it_lies)
{
	static char structure[5001];
	struct wire_call_request call = { .structure = { structure, sizeof(structure) } };
	struct bytes out = BYTES_INIT;
	struct wire_bytes tail;

	test_equal_error(wire_message_encode_split(&wire_call_request_layout, &call, &out, &tail),
			 0);
	test_true(tail.data == structure);
	test_equal(tail.size, 5001);
	test_true(out.size < 200);
	bytes_clear(&out);
	call.structure.size = 10;
	test_equal_error(wire_message_encode_split(&wire_call_request_layout, &call, &out, &tail),
			 0);
	test_equal(tail.size, 0);
	bytes_fini(&out);
}

TEST(layouts_name_every_type_once)
{
	test_equal_text(wire_type_name(WIRE_HELLO), "wire_hello");
	test_equal_text(wire_type_name(WIRE_STOP_SESSION), "wire_stop_session");
	test_equal_text(wire_type_name(0), "unknown message");
	test_equal_text(wire_type_name(0xffff), "unknown message");
	for (int i = 0; wire_layouts[i]; i++) {
		test_true(wire_layouts[i]->n_fds < WIRE_FDS_MAX);
		for (int k = 0; k < i; k++)
			test_true(wire_layouts[i] != wire_layouts[k]);
	}
}

/* --- tables and contents of our own that cannot be sent ----------------------- */

static err_t encode_only(const struct wire_layout *layout, const void *message)
{
	struct bytes out = BYTES_INIT;
	err_t err = wire_message_encode(layout, message, &out);

	if (err)
		test_equal(out.size, 0);
	bytes_fini(&out);
	return err;
}

TEST(a_field_of_no_known_kind_is_refused)
{
	const struct wire_field field = { (enum wire_field_kind)99, 0, 0 };
	const struct wire_layout layout = { "probe", 1, 0, sizeof(uint64_t), 1, &field, 0 };
	uint64_t message = 0;

	test_equal_error(encode_only(&layout, &message), -EINVAL);
	test_equal_error(decode_only(&layout, &message, sizeof(message)), -EINVAL);
}

TEST(the_bound_of_the_whole_message_holds_when_it_is_sent)
{
	const struct wire_field fields[] = { { WIRE_FIELD_U64, 0, 0 }, { WIRE_FIELD_U64, 8, 0 } };
	const struct wire_layout layout = { .name = "probe",
					    .type = 1,
					    .size = 16,
					    .n_fields = 2,
					    .fields = fields,
					    .payload_max = 8 };
	uint64_t message[2] = { 1, 2 };

	test_equal_error(encode_only(&layout, message), -EMSGSIZE);
	test_equal_error(decode_only(&layout, message, sizeof(message)), -EBADMSG);
}

TEST(a_buffer_keeps_its_limit_whatever_room_it_has)
{
	struct bytes out = { .limit = 136 };
	struct wire_number_reply number = { 5 };

	/* The room doubles and is larger than the limit in the end. */
	for (int i = 0; i < 17; i++)
		test_equal_error(wire_message_encode(&wire_number_reply_layout, &number, &out), 0);
	test_true(out.capacity > out.limit);
	test_equal_error(wire_message_encode(&wire_number_reply_layout, &number, &out), -EMSGSIZE);
	test_equal(out.size, out.limit);
	bytes_fini(&out);
}

TEST(a_value_that_cannot_be_sent_ends_the_message)
{
	const struct wire_field field = { WIRE_FIELD_VALUE, 0, 0 };
	const struct wire_layout layout = { "probe", 1, 0, sizeof(CFTypeRef), 1, &field, 0 };
	CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, NULL);
	CFTypeRef message = array;

	CFArrayAppendValue(array, NULL);
	test_equal_error(encode_only(&layout, &message), -EINVAL);
	CFArraySetValueAtIndex(array, 0, array); /* without end */
	test_equal_error(encode_only(&layout, &message), -EMSGSIZE);
	message = kCFBooleanTrue; /* more than the field takes */
	test_equal_error(encode_only(&layout, &message), -EMSGSIZE);
	CFRelease(array);
}

TEST(each_text_of_an_entry_has_its_bound)
{
	static char longer[WIRE_NAME_MAX + 2];

	memset(longer, 'n', sizeof(longer) - 1);
	for (int i = 0; i < 4; i++) {
		struct wire_entry entries[2] = { { .class_name = i == 0 ? longer : "",
						   .name = i == 1 ? longer : "",
						   .location = i == 2 ? longer : "" } };
		struct wire_entries_reply reply = { .entries = { entries, 2 } };

		test_equal_error(encode_only(&wire_entries_reply_layout, &reply),
				 i < 3 ? -EMSGSIZE : 0);
	}
}

/* --- without memory ------------------------------------------------------------ */

TEST(messages_stand_every_failed_allocation)
{
	for (int i = 0; wire_layouts[i]; i++) {
		const struct wire_layout *layout = wire_layouts[i];
		void *sent = sample_new(layout, SAMPLE_SMALL, 23 + i);
		size_t size;
		uint8_t *data = encode_sample(layout, SAMPLE_SMALL, 23 + i, &size);

		test_each_shortage(s)
		{
			test_shortage_begin(&s);
			err_t err = encode_only(layout, sent);
			test_equal_error(err, test_shortage_end(&s) ? -ENOMEM : 0);
		}
		void *got = calloc(1, layout->size);
		test_each_shortage(s)
		{
			test_shortage_begin(&s);
			err_t err = wire_message_decode(layout, data, size, got);
			bool failed = test_shortage_end(&s);
			/* That a text had no room looks like one that is none. */
			test_true(failed ? err == -ENOMEM || err == -EBADMSG : err == 0);
			wire_message_clear(layout, got);
		}
		free(got);
		free(data);
		sample_free(layout, sent);
	}
}

TEST_MAIN
