// SPDX-License-Identifier: MIT
/*
 * Any bytes as a property value. What is accepted must survive another round
 * trip as an equal value, and what is only checked is held to the same rules.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/packed.h"
#include "wire/value.h"

static bool holds_no_nan(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 4 <= size; i += 4)
		if (data[i + 3] == 4 || data[i + 3] == 5)
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes_reader in = bytes_reader(data, size), again;
	struct bytes out = BYTES_INIT;
	CFTypeRef value, copy;
	err_t packed = wire_packed_check((struct wire_bytes){ data, size });

	if (wire_value_decode(&in, &value)) {
		if (!packed)
			abort();
		return 0;
	}
	if (packed != -ENOMEM && !packed != !bytes_left(&in))
		abort();
	err_t err = wire_value_encode(value, &out);
	if (!err) {
		again = bytes_reader(out.data, out.size);
		err = wire_value_decode(&again, &copy);
	}
	if (err && err != -ENOMEM)
		abort();
	if (!err) {
		/* A float that is no number need not equal itself. */
		if (holds_no_nan(data, in.position) && !CFEqual(value, copy))
			abort();
		CFRelease(copy);
	}
	CFRelease(value);
	bytes_fini(&out);
	return 0;
}
