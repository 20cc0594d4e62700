// SPDX-License-Identifier: MIT
#include "base/bytes.h"

#include <string.h>

#include "test.h"

TEST(what_is_written_is_read)
{
	struct bytes b = BYTES_INIT;

	bytes_put_u32(&b, 0x01020304);
	test_equal(b.size, 4);
	test_equal(b.data[0], 4);
	bytes_put(&b, "xyz", 3);
	bytes_pad(&b, 8);
	bytes_put_u64(&b, 0x1122334455667788);
	test_equal(b.size, 16);
	test_equal(b.err, 0);
	struct bytes_reader r = bytes_reader(b.data, b.size);
	test_equal(bytes_get_u32(&r), 0x01020304);
	test_true(!memcmp(bytes_get(&r, 3), "xyz", 3));
	bytes_get_pad(&r, 8);
	test_equal(bytes_left(&r), 8);
	test_equal(bytes_get_u64(&r), 0x1122334455667788);
	test_equal(bytes_left(&r), 0);
	test_equal(r.err, 0);
	bytes_fini(&b);
	test_true(!b.data);
}

TEST(writer_keeps_its_limit_and_first_error)
{
	struct bytes b = { .limit = 10 };

	bytes_put(&b, "12345678", 8);
	bytes_put_u32(&b, 1);
	test_equal(b.err, -EMSGSIZE);
	test_equal(b.size, 8);
	bytes_put(&b, "1", 1);
	test_equal(b.size, 8);
	test_true(!bytes_grow(&b, 1));
	bytes_clear(&b);
	test_equal(b.err, 0);
	test_equal(b.size, 0);
	bytes_put(&b, "1", 1);
	test_equal(b.size, 1);
	test_true(!bytes_grow(&b, SIZE_MAX));
	test_equal(b.err, -EMSGSIZE);
	bytes_fini(&b);
}

TEST(reader_never_leaves_its_view)
{
	const uint8_t data[] = { 1, 2, 3, 4, 5, 6 };
	struct bytes_reader r = bytes_reader(data, sizeof(data));

	test_true(!bytes_get(&r, 7));
	test_equal(r.err, -EBADMSG);
	/* Sticky. */
	test_true(!bytes_get(&r, 1));
	test_equal(bytes_get_u32(&r), 0);
	test_equal(bytes_left(&r), 0);
	r = bytes_reader(data, sizeof(data));
	test_true(!bytes_get(&r, SIZE_MAX));
	r = bytes_reader(data, sizeof(data));
	test_equal(bytes_get_u32(&r), 0x04030201);
	test_equal(bytes_get_u32(&r), 0);
	test_equal(r.err, -EBADMSG);
	r = bytes_reader(data, sizeof(data));
	test_equal(bytes_get_u64(&r), 0);
	test_equal(r.err, -EBADMSG);
}

TEST(padding_must_be_zero_and_there)
{
	const uint8_t good[] = { 1, 0, 0, 0 }, bad[] = { 1, 0, 2, 0 }, cut[] = { 1, 0 };
	struct bytes_reader r = bytes_reader(good, 4);

	bytes_get(&r, 1);
	bytes_get_pad(&r, 4);
	test_equal(r.err, 0);
	bytes_get_pad(&r, 4);
	test_equal(r.err, 0);
	r = bytes_reader(bad, 4);
	bytes_get(&r, 1);
	bytes_get_pad(&r, 4);
	test_equal(r.err, -EBADMSG);
	r = bytes_reader(cut, 2);
	bytes_get(&r, 1);
	bytes_get_pad(&r, 4);
	test_equal(r.err, -EBADMSG);
}

TEST_MAIN
