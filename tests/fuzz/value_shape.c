// SPDX-License-Identifier: MIT
#include "value_shape.h"

#include <string.h>

#include "wire/protocol.h"

enum { DEPTH_MAX = 5 };

static const char *const words[] = {
	"IOProviderClass",
	"IOClass",
	"IONameMatch",
	"IOPropertyMatch",
	"IOPropertyExistsMatch",
	"IOParentMatch",
	"IOPathMatch",
	"IOLocationMatch",
	"IOResourceMatch",
	"IOMatchCategory",
	"IOProbeScore",
	"IOUserClass",
	"IOUserServerName",
	"CFBundleIdentifier",
	"IORegistryEntryID",
	"IOMatchedAtBoot",
	"IOMatchDefer",
	"IOInterfaceMatch",
	"IOBSDNameMatch",
	"IOMatchCategory",
	"IOClassNameOverride",
	"IOUserClientClass",
	"IOUserClientEntitlements",
	"IOKitDebug",
	"PorticoEntitlements",
	"compatible",
	"name",
	"model",
	"idVendor",
	"IOService",
	"IOResources",
	"FuzzDevice",
	"FuzzDriver",
	"FuzzNub",
	"IOService:/",
	"IOUserClient",
	"OSObject",
	"k",
	"",
	"text",
	"\xc3\xa4\xe2\x82\xac",
};

struct writer {
	uint8_t *data;
	size_t size, max;
	bool full;
};

static void put(struct writer *out, const void *data, size_t n)
{
	size_t padded = (n + 3) & ~(size_t)3;

	if (out->full || out->max - out->size < padded) {
		out->full = true;
		return;
	}
	memset(out->data + out->size, 0, padded);
	if (n)
		memcpy(out->data + out->size, data, n);
	out->size += padded;
}

static void put_head(struct writer *out, enum wire_value_kind kind, uint32_t n)
{
	uint32_t word = (uint32_t)kind << 24 | n;

	put(out, &word, sizeof(word));
}

static void put_string(struct writer *out, const char *text)
{
	put_head(out, WIRE_VALUE_STRING, (uint32_t)strlen(text));
	put(out, text, strlen(text));
}

static const char *choose_word(struct fuzz_chance *chance)
{
	return words[fuzz_below(chance, sizeof(words) / sizeof(*words))];
}

static void put_any(struct fuzz_chance *chance, struct writer *out, unsigned depth);

/* The keys of a dictionary and the elements of a set differ: they are neighbours in the list. */
static void put_dictionary(struct fuzz_chance *chance, struct writer *out, unsigned depth)
{
	uint32_t n = fuzz_below(chance, 4), n_words = sizeof(words) / sizeof(*words);
	uint32_t first = fuzz_below(chance, n_words);

	if (fuzz_below(chance, 3) == 0)
		first = fuzz_below(chance, 4);
	put_head(out, WIRE_VALUE_DICTIONARY, n);
	for (uint32_t i = 0; i < n; i++) {
		/* Equal texts stand far apart in the list. */
		put_string(out, words[(first + i) % n_words]);
		put_any(chance, out, depth + 1);
	}
}

static void put_set(struct fuzz_chance *chance, struct writer *out)
{
	uint32_t n = fuzz_below(chance, 4), first = fuzz_below(chance, 1000);

	put_head(out, WIRE_VALUE_SET, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t number = first + i;

		put_head(out, WIRE_VALUE_INT32, 0);
		put(out, &number, sizeof(number));
	}
}

static void put_number(struct fuzz_chance *chance, struct writer *out, enum wire_value_kind kind)
{
	uint64_t number = fuzz_interesting(chance);

	put_head(out, kind, 0);
	put(out, &number, kind == WIRE_VALUE_INT32 || kind == WIRE_VALUE_FLOAT32 ? 4 : 8);
}

static void put_any(struct fuzz_chance *chance, struct writer *out, unsigned depth)
{
	uint32_t n;

	switch (fuzz_below(chance, depth < DEPTH_MAX ? 12 : 8)) {
	case 0:
		put_head(out, WIRE_VALUE_BOOLEAN, fuzz_below(chance, 2));
		break;
	case 1:
	case 2:
		put_number(chance, out, WIRE_VALUE_INT32 + fuzz_below(chance, 4));
		break;
	case 3: {
		uint8_t bytes[16] = { 'F', 'u', 'z', 'z', 'N', 'u', 'b', 0, 'k' };
		n = fuzz_below(chance, 17);
		put_head(out, WIRE_VALUE_DATA, n);
		put(out, bytes, n);
		break;
	}
	default:
		put_string(out, choose_word(chance));
		break;
	case 8:
		put_set(chance, out);
		break;
	case 9:
		n = fuzz_below(chance, 4);
		put_head(out, WIRE_VALUE_ARRAY, n);
		for (uint32_t i = 0; i < n; i++)
			put_any(chance, out, depth + 1);
		break;
	case 10:
	case 11:
		put_dictionary(chance, out, depth);
		break;
	}
}

size_t fuzz_new_value(struct fuzz_chance *chance, uint8_t *data, size_t max)
{
	struct writer out = { data, 0, max, false };

	if (fuzz_below(chance, 4))
		put_dictionary(chance, &out, 0);
	else
		put_any(chance, &out, 0);
	return out.full ? 0 : out.size;
}

/* --- parts of a value ------------------------------------------------------------------ */

enum { NODES_MAX = 256, WALK_DEPTH_MAX = 70 };

struct node {
	size_t at, size;
};

struct walk {
	const uint8_t *data;
	size_t size, at, n_nodes;
	struct node nodes[NODES_MAX];
};

/* False: it is not well-formed. */
static bool walk(struct walk *w, unsigned depth)
{
	size_t start = w->at, index = w->n_nodes;
	uint32_t head, n;

	if (w->size - w->at < 4 || depth > WALK_DEPTH_MAX || index == NODES_MAX)
		return false;
	memcpy(&head, w->data + w->at, 4);
	n = head & 0xffffff;
	w->at += 4;
	w->n_nodes++;
	switch (head >> 24) {
	case WIRE_VALUE_BOOLEAN:
		n = 0;
		break;
	case WIRE_VALUE_INT32:
	case WIRE_VALUE_FLOAT32:
		n = 4;
		break;
	case WIRE_VALUE_INT64:
	case WIRE_VALUE_FLOAT64:
		n = 8;
		break;
	case WIRE_VALUE_DICTIONARY:
		n *= 2;
		/* fall through */
	case WIRE_VALUE_ARRAY:
	case WIRE_VALUE_SET:
		while (n--)
			if (!walk(w, depth + 1))
				return false;
		n = 0;
		break;
	case WIRE_VALUE_STRING:
	case WIRE_VALUE_DATA:
		n = (n + 3) & ~3u;
		break;
	default:
		return false;
	}
	if (n > w->size - w->at)
		return false;
	w->at += n;
	w->nodes[index] = (struct node){ start, w->at - start };
	return true;
}

size_t fuzz_change_value(struct fuzz_chance *chance, uint8_t *data, size_t size, size_t max)
{
	uint8_t new[512];
	struct writer out = { new, 0, sizeof(new), false };
	struct walk w = { .data = data, .size = size };
	struct node node;

	if (!walk(&w, 0) || fuzz_below(chance, 8) == 0)
		return fuzz_new_value(chance, data, max);
	node = w.nodes[fuzz_below(chance, (uint32_t)w.n_nodes)];
	if (data[node.at + 3] == WIRE_VALUE_STRING && fuzz_below(chance, 4))
		put_string(&out, choose_word(chance)); /* it may be a key */
	else
		put_any(chance, &out, 1);
	if (out.full || size - node.size + out.size > max)
		return size;
	memmove(data + node.at + out.size, data + node.at + node.size, size - node.at - node.size);
	memcpy(data + node.at, new, out.size);
	return size - node.size + out.size;
}
