// SPDX-License-Identifier: MIT
/* Any bytes as a property value. What is accepted must survive another round trip as an equal value. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
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

	if (wire_value_decode(&in, &value))
		return 0;
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
