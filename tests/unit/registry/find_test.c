// SPDX-License-Identifier: MIT
/* Whatever list a search goes through, it finds what matching every service finds. */
#include "registry/find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/entry.h"
#include "registry/match.h"
#include "registry/shortcut.h"
#include "registry/text.h"
#include "test.h"
#include "wire/value.h"

enum { SERVICES = 600, ROUNDS = 400, CHANGES = 40 };

static struct registry_tree t;
static struct registry_entry *services[SERVICES];
static uint64_t random_state;

static unsigned pick(unsigned n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(random_state >> 33) % n;
}

/* Two of them pass for another class, one is an instance of a subclass. */
static const char *const classes[] = { "IOMedia",	 "IOUSBDevice",	       "IOUSBHostDevice",
				       "IOUSBInterface", "IOUSBHostInterface", "IOHIDDevice",
				       "Thing" };
static const char *const keys[] = { "a",       "b",	    "BSD Name", "idVendor", "idProduct",
				    "Content", "ProductID", "c",	"d",	    "e",
				    "f",       "g",	    "h",	"i",	    "j",
				    "k",       "l",	    "m" };
enum { FEW_KEYS = 7 };

static const char *const values[] = {
	"<integer>1</integer>",
	"<integer>-1</integer>",
	"<integer>4294967295</integer>",
	"<integer>9007199254740993</integer>",
	"<integer>9007199254740992</integer>",
	"<real>1</real>",
	"<real>-1</real>",
	"<real>4294967295</real>",
	"<real>9007199254740992</real>",
	"<real>0.5</real>",
	"<true/>",
	"<false/>",
	"<string>disk0</string>",
	"<string>disk1</string>",
	"<data>ZGlzazA=</data>",
	"<data>ZGlzazAA</data>",
	"<data>ZGlzazAAAA==</data>",
	"<string></string>",
	"<data></data>",
	"<string>*</string>",
	"<string>\xc3\xa9t\xc3\xa9</string>",
	"<array><integer>1</integer></array>",
	"<dict><key>x</key><integer>1</integer></dict>",
};
static const char *const names[] = { "one", "two", "three", "four", "five", "six" };

#define PICK(list) ((list)[pick(sizeof(list) / sizeof((list)[0]))])

static CFTypeRef value_new(const char *xml)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "<plist version=\"1.0\">%s</plist>", xml);
	CFDataRef data = CFDataCreate(NULL, (const UInt8 *)text, n);
	CFTypeRef value = CFPropertyListCreateWithData(NULL, data, 0, NULL, NULL);

	CFRelease(data);
	test_true(value != NULL);
	return value;
}

static void put(CFMutableDictionaryRef to, const char *key, CFTypeRef value)
{
	CFStringRef name = registry_text_new(key);

	CFDictionarySetValue(to, name, value);
	CFRelease(name);
	CFRelease(value);
}

static const char *pick_key(void)
{
	return keys[pick(pick(8) ? FEW_KEYS : sizeof(keys) / sizeof(keys[0]))];
}

static CFMutableDictionaryRef pairs_new(unsigned n)
{
	CFMutableDictionaryRef d = registry_dictionary_new();

	while (n--)
		put(d, pick_key(), value_new(PICK(values)));
	return d;
}

static CFTypeRef serial_new(void)
{
	int64_t number = pick(SERVICES);

	return CFNumberCreate(NULL, pick(2) ? kCFNumberSInt64Type : kCFNumberSInt32Type, &number);
}

/* --- the registry and what happens to it ------------------------------------------- */

static CFMutableDictionaryRef properties_new(void)
{
	static UInt8 large[10000];
	CFMutableDictionaryRef d = pairs_new(1 + pick(5));

	put(d, "serial", serial_new());

	if (!pick(4))
		put(d, "IOUserServiceProperties", pairs_new(2));
	if (!pick(20))
		put(d, "IOClassNameOverride", registry_text_new(PICK(classes)));
	if (!pick(10)) /* the bag is kept as an object */
		put(d, "large", CFDataCreate(NULL, large, sizeof(large)));
	if (!pick(6))
		put(d, "compatible", CFDataCreate(NULL, (const UInt8 *)"two\0six", 8));
	return d;
}

static struct registry_entry *service_new(void)
{
	CFDictionaryRef properties = properties_new();
	struct registry_class *class;
	struct registry_entry *e;

	test_equal_error(registry_class_need(&t.classes, pick(3) ? PICK(classes) : "Plain",
					     "IOService", &class),
			 0);
	test_equal_error(registry_entry_new(&t, 0, class, properties, &e), 0);
	test_equal_error(registry_entry_rename(e, NULL, PICK(names), ""), 0);
	e->state |= WIRE_STATE_REGISTERED | (pick(10) ? WIRE_STATE_MATCHED : 0);
	if (pick(20))
		registry_entry_list(e);
	CFRelease(properties);
	return e;
}

static void change(struct registry_entry **service)
{
	struct registry_entry *e = *service;
	CFStringRef key = registry_text_new(pick(10) ? pick_key() : "IOUserServiceProperties");
	CFDictionaryRef set = pairs_new(pick(3));
	CFArrayRef remove = CFArrayCreate(NULL, (const void **)&key, 1, &kCFTypeArrayCallBacks);
	CFTypeRef value = NULL;

	switch (pick(8)) {
	case 0: /* terminated, and another comes */
		e->state |= WIRE_STATE_INACTIVE;
		registry_entry_unlist(e);
		break;
	case 1:
		registry_entry_unref(e);
		*service = service_new();
		break;
	case 2:
		registry_entry_rename(e, NULL, PICK(names), "");
		break;
	case 3:
		registry_entry_update(e, set, remove);
		break;
	case 4:
		registry_entry_set(e, key, NULL);
		break;
	case 5:
		registry_entry_set(e, CFSTR("IOClassNameOverride"), CFSTR("IOMedia"));
		break;
	default:
		value = value_new(PICK(values));
		registry_entry_set(e, key, value);
		CFRelease(value);
	}
	CFRelease(key);
	CFRelease(set);
	CFRelease(remove);
}

static void begin(uint64_t seed)
{
	random_state = seed;
	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	for (int i = 0; i < SERVICES; i++)
		services[i] = service_new();
}

static void end(void)
{
	for (int i = 0; i < SERVICES; i++)
		services[i] = registry_entry_unref(services[i]);
	registry_tree_fini(&t);
}

/* --- questions -------------------------------------------------------------------------- */

/* What programs ask most often. */
static CFDictionaryRef simple_question_new(void)
{
	CFMutableDictionaryRef d = registry_dictionary_new(), pairs = pairs_new(!pick(4));

	put(pairs, "serial", serial_new());
	put(d, "IOProviderClass", registry_text_new(pick(2) ? "Plain" : PICK(classes)));
	if (pick(8))
		put(d, "IOPropertyMatch", CFRetain(pairs));
	CFRelease(pairs);
	return d;
}

static CFDictionaryRef question_new(void)
{
	if (!pick(3))
		return simple_question_new();
	CFMutableDictionaryRef d = pairs_new(pick(3) ? 0 : 2);

	if (pick(3))
		put(d, "IOProviderClass", registry_text_new(PICK(classes)));
	if (pick(4))
		put(d, "IOPropertyMatch", pairs_new(1 + pick(3)));
	if (!pick(6))
		put(d, "IONameMatch", registry_text_new(PICK(names)));
	if (!pick(8))
		put(d, "BSD Name", value_new(PICK(values)));
	if (!pick(30))
		put(d, "IOCompatibilityMatch", CFRetain(kCFBooleanTrue));
	return d;
}

static size_t scan(CFDictionaryRef matching, struct registry_entry **ret)
{
	size_t n = 0;

	for (int i = 0; i < SERVICES; i++)
		if (registry_entry_is_listed(services[i]) &&
		    services[i]->state & WIRE_STATE_MATCHED &&
		    !registry_entry_is_inactive(services[i]) &&
		    registry_match(services[i], matching))
			ret[n++] = services[i];
	return n;
}

static int by_address(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;

	return (x > y) - (x < y);
}

static int by_registration(const void *a, const void *b)
{
	const struct registry_entry *x = *(struct registry_entry *const *)a;
	const struct registry_entry *y = *(struct registry_entry *const *)b;

	return registry_member_compare(x->class, &x->member, y->class, &y->member);
}

/* Those that pass for a class follow its own instances, in no order among themselves that a program
 * could know. */
static bool has_order(CFDictionaryRef matching, struct registry_entry *const *items, size_t n)
{
	char name[64] = "IOService";

	registry_text_find(matching, CFSTR("IOProviderClass"), name, sizeof(name));
	if (!name[0])
		strcpy(name, "IOService");
	struct registry_class *class = registry_class_find(&t.classes, name);
	for (size_t i = 0; i < n; i++)
		if (!registry_class_derives(items[i]->class, class))
			return false;
	return true;
}

static size_t n_shortcuts;

/* The encoded question, if it has a short answer. */
static void ask_shortcut(CFDictionaryRef matching, struct registry_entry *const *wanted, size_t n,
			 bool ordered, size_t max)
{
	struct registry_entry *few[REGISTRY_SHORTCUT_MAX];
	struct bytes encoded = BYTES_INIT;
	size_t count, n_found = 0;

	test_equal_error(wire_value_encode(matching, &encoded), 0);
	bool ok = registry_shortcut(&t, (struct wire_bytes){ encoded.data, encoded.size },
				    WIRE_STATE_MATCHED, max, few, &count);
	bytes_fini(&encoded);
	if (!ok)
		return;
	n_shortcuts++;
	test_equal(count, n < max ? n : max);
	test_true(!ordered || !memcmp(few, wanted, count * sizeof(few[0])));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < n; j++)
			n_found += few[i] == wanted[j];
	test_equal(n_found, count);
}

static void ask(void)
{
	struct registry_entry *wanted[SERVICES];
	CFDictionaryRef matching = question_new();
	size_t n = scan(matching, wanted);
	bool ordered = has_order(matching, wanted, n);
	struct registry_found f;

	qsort(wanted, n, sizeof(wanted[0]), ordered ? by_registration : by_address);
	test_equal_error(registry_find(&t, matching, WIRE_STATE_MATCHED, SIZE_MAX, &f), 0);
	test_equal(f.count, n);
	if (!ordered)
		qsort(f.items, f.count, sizeof(f.items[0]), by_address);
	test_true(f.count == n && !memcmp(f.items, wanted, n * sizeof(wanted[0])));
	registry_found_fini(&f);

	ask_shortcut(matching, wanted, n, ordered, SIZE_MAX);
	size_t max = 1 + pick(3);
	ask_shortcut(matching, wanted, n, ordered, max);
	test_equal_error(registry_find(&t, matching, WIRE_STATE_MATCHED, max, &f), 0);
	test_equal(f.count, n < max ? n : max);
	test_true(!ordered || !memcmp(f.items, wanted, f.count * sizeof(wanted[0])));
	for (size_t i = 0; i < f.count; i++)
		test_true(registry_match(f.items[i], matching));
	registry_found_fini(&f);
	CFRelease(matching);
}

TEST(what_is_found_is_what_matches)
{
	uint64_t n_seeds = test_rounds(4, 6);

	for (uint64_t seed = 1; seed <= n_seeds; seed++) {
		begin(seed);
		for (int i = 0; i < ROUNDS; i++) {
			for (unsigned n = pick(CHANGES); n; n--)
				change(&services[pick(SERVICES)]);
			ask();
		}
		end();
	}
	test_true(n_shortcuts > n_seeds * ROUNDS / 6);
}

enum { WIDE_KEYS = 20, WIDE_PAIRS = 6 };

static CFTypeRef wide_value(unsigned service, unsigned key)
{
	int64_t number = service / (6 + key % 3);

	return CFNumberCreate(NULL, kCFNumberSInt64Type, &number);
}

static CFMutableDictionaryRef wide_pairs(unsigned service, unsigned n, bool all)
{
	CFMutableDictionaryRef d = registry_dictionary_new();

	for (unsigned i = 0; i < n; i++) {
		unsigned key = all ? i : pick(WIDE_KEYS);
		char name[16];

		snprintf(name, sizeof(name), "wide %u", key);
		put(d, name, wide_value(service, key));
	}
	return d;
}

/* More keys than are kept: while one search looks for several, some make room for others. */
TEST(more_keys_than_are_kept)
{
	begin(9);
	for (unsigned i = 0; i < SERVICES; i++) {
		CFDictionaryRef all = wide_pairs(i, WIDE_KEYS, true);

		registry_entry_update(services[i], all, NULL);
		CFRelease(all);
	}
	for (uint64_t i = test_rounds(2000, 3000); i; i--) {
		struct registry_entry *wanted[SERVICES];
		CFMutableDictionaryRef d = registry_dictionary_new();
		struct registry_found f;

		put(d, "IOPropertyMatch", wide_pairs(pick(SERVICES), WIDE_PAIRS, false));
		size_t n = scan(d, wanted);
		test_equal_error(registry_find(&t, d, WIRE_STATE_MATCHED, SIZE_MAX, &f), 0);
		test_equal(f.count, n);
		registry_found_fini(&f);
		CFRelease(d);
	}
	end();
}

static size_t whole_keys(void)
{
	size_t n = 0;

	for (unsigned k = REGISTRY_INDEX_PROPERTY; k < REGISTRY_INDEX_KEYS; k++)
		n += t.index.keys[k].is_whole;
	return n;
}

static size_t count(const char *key, const char *value)
{
	CFMutableDictionaryRef d = registry_dictionary_new(), pairs = registry_dictionary_new();
	struct registry_found f;

	put(pairs, key, value_new(value));
	put(d, "IOPropertyMatch", CFRetain(pairs));
	test_equal_error(registry_find(&t, d, WIRE_STATE_MATCHED, SIZE_MAX, &f), 0);
	size_t n = f.count;
	registry_found_fini(&f);
	CFRelease(pairs);
	CFRelease(d);
	return n;
}

TEST(keys_that_are_searched_for_are_indexed_and_few_are_kept)
{
	begin(7);
	test_equal(whole_keys(), 0);
	size_t n = count("a", "<integer>1</integer>");
	test_equal(whole_keys(), 1);
	test_true(t.index.n_terms > 0);
	/* The term of a service is counted, and goes with it. */
	CFMutableDictionaryRef one = registry_dictionary_new();
	put(one, "a", value_new("<integer>1</integer>"));
	size_t before = t.index.n_terms;
	registry_entry_update(services[0], one, NULL);
	n += count("a", "<integer>1</integer>") - n;
	test_true(t.index.n_terms - before <= 1);
	CFRelease(one);
	for (int i = 0; i < 100; i++) {
		char key[16];

		snprintf(key, sizeof(key), "key %d", i);
		test_equal(count(key, "<true/>"), 0);
	}
	test_true(whole_keys() <= REGISTRY_INDEX_KEYS - REGISTRY_INDEX_PROPERTY);
	test_true(t.index.n_terms <=
		  REGISTRY_INDEX_TERMS * t.by_id.count + REGISTRY_INDEX_TERMS_MORE);
	test_equal(count("a", "<integer>1</integer>"), n);
	end();
	test_equal(t.index.n_terms, 0);
}

/* A search is not as long as somebody makes its dictionary. */
TEST(a_search_that_would_take_too_long_is_refused)
{
	CFMutableDictionaryRef d = registry_dictionary_new();
	CFMutableArrayRef wanted = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	struct registry_found f;

	begin(9);
	for (int i = 0; i < 16; i++)
		CFArrayAppendValue(wanted, CFSTR("nobody"));
	put(d, "IONameMatch", CFRetain(wanted));
	test_equal_error(registry_find(&t, d, WIRE_STATE_MATCHED, SIZE_MAX, &f), 0);
	test_equal(f.count, 0);
	for (int i = 16; i < 4096; i++)
		CFArrayAppendValue(wanted, CFSTR("nobody"));
	test_equal_error(registry_find(&t, d, WIRE_STATE_MATCHED, SIZE_MAX, &f), -E2BIG);
	test_equal(f.count, 0);
	/* One service alone is matched with all of it. */
	CFArrayAppendValue(wanted, CFSTR("somebody"));
	test_equal_error(registry_entry_rename(services[0], NULL, "somebody", ""), 0);
	test_true(registry_match(services[0], d));
	CFRelease(wanted);
	CFRelease(d);
	end();
}

/* COUNT services of CLASS on PARENT; the last one. */
static struct registry_entry *stack(struct registry_entry *parent, const char *class_name,
				    unsigned count, const char *key, CFTypeRef value)
{
	CFMutableDictionaryRef properties = registry_dictionary_new();
	struct registry_entry *e = NULL;
	struct registry_class *class;

	put(properties, key, CFRetain(value));
	test_equal_error(registry_class_need(&t.classes, class_name, "IOService", &class), 0);
	while (count--) {
		test_equal_error(registry_entry_new(&t, 0, class, properties, &e), 0);
		test_equal_error(registry_plane_attach(e, parent, t.planes.service), 0);
		e->state |= WIRE_STATE_REGISTERED | WIRE_STATE_MATCHED;
		registry_entry_list(e);
		registry_entry_unref(e);
	}
	CFRelease(properties);
	return e;
}

static err_t search_for(const char *xml, size_t *ret_count)
{
	CFTypeRef d = value_new(xml);
	struct registry_found f;
	err_t err = registry_find(&t, d, WIRE_STATE_MATCHED, SIZE_MAX, &f);

	*ret_count = f.count;
	registry_found_fini(&f);
	CFRelease(d);
	return err;
}

/* Whoever has put them there, and however deep: others can be searched for all the same. */
TEST(a_provider_is_asked_once_in_a_search)
{
	enum { DEEP = 4000, WIDE = 3000 };
	struct registry_entry *top;
	size_t n;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	top = t.machine;
	for (int i = 0; i < DEEP; i++)
		top = stack(top, "Step", 1, "a", CFSTR("1"));
	stack(top, "Leaf", WIDE, "a", CFSTR("2"));
	test_equal_error(
		search_for("<dict><key>IOProviderClass</key><string>Leaf</string>"
			   "<key>IOParentMatch</key><dict><key>IOMatchedServiceCountMatch</key>"
			   "<integer>7</integer></dict></dict>",
			   &n),
		0);
	test_equal(n, 0);
	test_equal_error(search_for("<dict><key>IOProviderClass</key><string>Leaf</string>"
				    "<key>IOParentMatch</key><dict><key>IOProviderClass</key>"
				    "<string>IOPlatformExpertDevice</string></dict></dict>",
				    &n),
			 0);
	test_equal(n, WIDE);
	registry_tree_fini(&t);
}

/* The same for what nobody else would ask twice. */
TEST(children_are_steps)
{
	enum { WIDE = 3000 };
	struct registry_entry *middle;
	size_t n;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	middle = stack(t.machine, "Middle", 1, "a", CFSTR("1"));
	stack(middle, "Other", 40 * WIDE, "a", CFSTR("1"));
	/* Each of them stands on one of its own. */
	for (int i = 0; i < 60; i++)
		stack(stack(middle, "Between", 1, "a", CFSTR("1")), "Leaf", 1, "a", CFSTR("2"));
	test_equal_error(search_for("<dict><key>IOProviderClass</key><string>Leaf</string>"
				    "<key>IOParentMatch</key><dict><key>IOParentMatch</key><dict>"
				    "<key>IOMatchedServiceCountMatch</key><integer>7</integer>"
				    "</dict></dict></dict>",
				    &n),
			 -E2BIG);
	registry_tree_fini(&t);
}

/* So are the bytes of one long value. */
TEST(bytes_are_steps)
{
	CFMutableDictionaryRef d = registry_dictionary_new(), pairs = registry_dictionary_new();
	CFMutableDataRef value = CFDataCreateMutable(NULL, 0);
	struct registry_found f;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	CFDataSetLength(value, 1 << 20);
	stack(t.machine, "Leaf", 64, "a", value);
	put(pairs, "a", CFRetain(value));
	put(d, "IOProviderClass", CFSTR("Leaf"));
	put(d, "IOPropertyMatch", pairs);
	test_equal_error(registry_find(&t, d, WIRE_STATE_MATCHED, SIZE_MAX, &f), -E2BIG);
	CFDataSetLength(value, 1 << 10);
	test_equal_error(registry_find(&t, d, WIRE_STATE_MATCHED, SIZE_MAX, &f), 0);
	registry_found_fini(&f);
	CFRelease(value);
	CFRelease(d);
	registry_tree_fini(&t);
}

TEST(bytes_of_what_stands_for_properties_are_steps)
{
	CFMutableDictionaryRef d = registry_dictionary_new(), pairs = registry_dictionary_new();
	CFMutableDictionaryRef others = registry_dictionary_new();
	CFMutableDataRef value = CFDataCreateMutable(NULL, 0);
	struct registry_found f;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	CFDataSetLength(value, 1 << 20);
	put(others, "a", CFRetain(value));
	stack(t.machine, "Leaf", 64, "IOCompatibilityProperties", others);
	put(pairs, "a", CFRetain(value));
	put(d, "IOProviderClass", CFSTR("Leaf"));
	put(d, "IOCompatibilityMatch", CFRetain(kCFBooleanTrue));
	put(d, "IOPropertyMatch", pairs);
	test_equal_error(registry_find(&t, d, WIRE_STATE_MATCHED, SIZE_MAX, &f), -E2BIG);
	CFRelease(value);
	CFRelease(others);
	CFRelease(d);
	registry_tree_fini(&t);
}

/* Lists of the services' own and of those who ask, all members of one against all of the other. */
TEST(members_are_steps)
{
	CFMutableArrayRef list = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	CFTypeRef one = value_new("<dict><key>DeviceUsage</key><integer>1</integer></dict>");
	CFTypeRef two = value_new("<dict><key>DeviceUsage</key><integer>2</integer></dict>");
	CFMutableDictionaryRef d = registry_dictionary_new();
	CFMutableArrayRef wanted = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	struct registry_found f;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	for (int i = 0; i < 2000; i++) {
		CFArrayAppendValue(list, one);
		CFArrayAppendValue(wanted, two);
	}
	stack(t.machine, "IOHIDDevice", 1, "DeviceUsagePairs", list);
	put(d, "IOProviderClass", CFSTR("IOHIDDevice"));
	put(d, "DeviceUsagePairs", CFRetain(wanted));
	test_equal_error(registry_find(&t, d, WIRE_STATE_MATCHED, SIZE_MAX, &f), -E2BIG);
	CFRelease(one);
	CFRelease(two);
	CFRelease(list);
	CFRelease(wanted);
	CFRelease(d);
	registry_tree_fini(&t);
}

TEST(an_index_that_would_be_too_large_is_none)
{
	static UInt8 many[8000];
	struct registry_class *class;

	begin(8);
	class = registry_class_find(&t.classes, "IOPCIDevice");
	CFMutableDictionaryRef d = registry_dictionary_new();
	for (size_t i = 0; i < sizeof(many); i += 4) {
		char text[5];

		snprintf(text, sizeof(text), "%03zx", i / 4);
		memcpy(many + i, text, 4);
	}
	put(d, "compatible", CFDataCreate(NULL, many, sizeof(many)));
	for (int i = 0; i < 10; i++) {
		registry_entry_unref(services[i]);
		test_equal_error(registry_entry_new(&t, 0, class, d, &services[i]), 0);
		services[i]->state |= WIRE_STATE_REGISTERED | WIRE_STATE_MATCHED;
		registry_entry_list(services[i]);
	}
	CFRelease(d);
	CFMutableDictionaryRef question = registry_dictionary_new();
	put(question, "IONameMatch", registry_text_new("0ff"));
	for (int i = 0; i < 3; i++) {
		struct registry_found f;

		test_equal_error(registry_find(&t, question, WIRE_STATE_MATCHED, SIZE_MAX, &f), 0);
		test_equal(f.count, 10);
		registry_found_fini(&f);
		test_true(!t.index.keys[REGISTRY_INDEX_NAME].is_whole);
		test_equal(t.index.n_terms, 0);
	}
	CFRelease(question);
	end();
}

TEST_MAIN
