// SPDX-License-Identifier: MIT
/*
 * Any bytes as any message: the first byte picks the layout. What is accepted
 * must be writable again and, but for the order inside dictionaries and sets,
 * come out as the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/message.h"

static bool has_value(const struct wire_layout *layout)
{
	for (size_t i = 0; i < layout->n_fields; i++)
		if (layout->fields[i].kind == WIRE_FIELD_VALUE)
			return true;
	return false;
}

static void check_again(const struct wire_layout *layout, const void *message, const void *payload,
			size_t size)
{
	struct bytes out = BYTES_INIT;
	err_t err = wire_message_encode(layout, message, &out);

	if (err != -ENOMEM && (err || out.size > size + size / 2 + 8))
		abort();
	if (!err && !has_value(layout) &&
	    (out.size != size || (size && memcmp(out.data, payload, size))))
		abort();
	bytes_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n_layouts = 0;

	while (wire_layouts[n_layouts])
		n_layouts++;
	if (!size)
		return 0;
	const struct wire_layout *layout = wire_layouts[data[0] % n_layouts];
	/* The copy is aligned; a read past its end is noticed. */
	void *payload = malloc(size - 1 ? size - 1 : 1), *message = calloc(1, layout->size);
	if (payload && message) {
		memcpy(payload, data + 1, size - 1);
		if (!wire_message_decode(layout, payload, size - 1, message)) {
			check_again(layout, message, payload, size - 1);
			wire_message_clear(layout, message);
		}
	}
	free(payload);
	free(message);
	return 0;
}
