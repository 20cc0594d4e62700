// SPDX-License-Identifier: MIT
/* Nobody who waits for such a service is left out, and the order is that of installation. */
#include "registry/audience.h"

#include <stdlib.h>
#include <string.h>

#include "registry/notify.h"
#include "registry/text.h"
#include "test.h"

enum { SUBSCRIPTIONS = 200, ROUNDS = 2000 };

static struct registry_tree t;
static struct registry_audience audience;
static struct registry_subscription subscriptions[SUBSCRIPTIONS];
static uint64_t last_number;

static const char *const classes[] = { "IOService", "IOMedia",	   "IOUSBHostDevice", "IOUSBDevice",
				       "Thing",	    "IOResources", "Unknown" };
enum { CLASSES = sizeof(classes) / sizeof(classes[0]) };

static unsigned pick(unsigned n)
{
	return (unsigned)random() % n;
}

static void put(CFMutableDictionaryRef to, const char *key, CFTypeRef value)
{
	CFStringRef name = registry_text_new(key);

	CFDictionarySetValue(to, name, value);
	CFRelease(name);
	CFRelease(value);
}

static CFTypeRef text_or_data(const char *text)
{
	return pick(3) ? (CFTypeRef)registry_text_new(text)
		       : (CFTypeRef)CFDataCreate(NULL, (const UInt8 *)text,
						 (CFIndex)(strlen(text) + pick(2)));
}

static void install(struct registry_subscription *s)
{
	CFMutableDictionaryRef d = registry_dictionary_new();
	int64_t number = 5;

	if (pick(8))
		put(d, "IOProviderClass", registry_text_new(classes[pick(CLASSES)]));
	else if (pick(2)) /* no class at all: the key means nothing then */
		put(d, "IOProviderClass", CFNumberCreate(NULL, kCFNumberSInt64Type, &number));
	if (!pick(8))
		put(d, "IOCompatibilityMatch", CFRetain(kCFBooleanTrue));
	*s = (struct registry_subscription){ .number = ++last_number, .matching = d };
	registry_matching_init(&s->prepared, d);
	test_equal_error(registry_audience_add(&audience, &s->seat, d, s->number), 0);
}

static void take_away(struct registry_subscription *s)
{
	registry_audience_remove(&audience, &s->seat);
	registry_audience_remove(&audience, &s->seat); /* harmless */
	CFRelease(s->matching);
}

static struct registry_entry *service_new(void)
{
	CFMutableDictionaryRef d = registry_dictionary_new();
	struct registry_class *class;
	struct registry_entry *e;

	if (!pick(4))
		put(d, "IOClassNameOverride", text_or_data(classes[pick(CLASSES)]));
	if (!pick(4)) {
		CFMutableDictionaryRef other = registry_dictionary_new();

		put(other, "IOClass", registry_text_new(classes[pick(CLASSES)]));
		put(d, "IOCompatibilityProperties", other);
	}
	test_equal_error(
		registry_class_need(&t.classes, classes[pick(CLASSES - 1)], "IOService", &class),
		0);
	test_equal_error(registry_entry_new(&t, 0, class, d, &e), 0);
	CFRelease(d);
	return e;
}

static int by_number(const void *a, const void *b)
{
	const struct registry_subscription *x = *(struct registry_subscription *const *)a;
	const struct registry_subscription *y = *(struct registry_subscription *const *)b;

	return (x->number > y->number) - (x->number < y->number);
}

static size_t wanted(const struct registry_entry *e, struct registry_subscription **ret)
{
	size_t n = 0;

	for (int i = 0; i < SUBSCRIPTIONS; i++)
		if (registry_match(e, subscriptions[i].matching))
			ret[n++] = &subscriptions[i];
	qsort(ret, n, sizeof(ret[0]), by_number);
	return n;
}

TEST(who_is_told_is_who_matches)
{
	struct registry_subscription *all[SUBSCRIPTIONS];
	size_t n, n_told, told = 0, asked = 0;

	srandom(3);
	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	registry_audience_init(&audience);
	for (int i = 0; i < SUBSCRIPTIONS; i++)
		install(&subscriptions[i]);
	for (int round = 0; round < ROUNDS; round++) {
		struct registry_entry *e = service_new();
		struct registry_subscription *s = &subscriptions[pick(SUBSCRIPTIONS)];

		take_away(s);
		install(s);
		n = wanted(e, all);
		struct registry_seat *const *found = registry_audience_of(&audience, e, &n_told);
		size_t at = 0;
		for (size_t i = 0; i < n_told; i++) {
			test_true(!i || found[i - 1]->number < found[i]->number);
			struct registry_subscription *fits =
				container_of(found[i], struct registry_subscription, seat);
			if (!registry_matching_fits(&fits->prepared, e,
						    &(uint64_t){ REGISTRY_MATCH_STEPS }))
				continue;
			test_true(at < n && fits == all[at]);
			at++;
		}
		test_equal(at, n);
		told += n_told;
		asked += SUBSCRIPTIONS;
		registry_entry_unref(e);
	}
	test_true(told < asked * 3 / 4); /* it is of some use */
	for (int i = 0; i < SUBSCRIPTIONS; i++)
		take_away(&subscriptions[i]);
	test_equal(audience.count, 0);
	test_equal(audience.circles.count, 0);
	registry_audience_fini(&audience);
	registry_tree_fini(&t);
}

TEST_MAIN
