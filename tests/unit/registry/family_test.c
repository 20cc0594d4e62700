// SPDX-License-Identifier: MIT
#include "registry/family.h"

#include "registry/entry.h"
#include "registry/match.h"
#include "session.h"

static struct registry_tree t;

static struct registry_entry *service(const char *class, const char *xml)
{
	CFDictionaryRef properties = plist_new(xml);
	struct registry_class *c;
	struct registry_entry *e;

	test_equal_error(registry_class_need(&t.classes, class, "IOService", &c), 0);
	test_equal_error(registry_entry_new(&t, 0, c, properties, &e), 0);
	test_equal_error(registry_plane_attach(e, t.machine, t.planes.service), 0);
	registry_entry_unref(e);
	CFRelease(properties);
	return e;
}

static bool fits(const struct registry_entry *e, const char *xml, int32_t *score)
{
	CFDictionaryRef d = plist_new(xml);
	uint64_t steps = REGISTRY_MATCH_STEPS;
	bool result = registry_family_match(e, d, score, &steps);

	CFRelease(d);
	return result;
}

static const struct registry_entry *location_of(const struct registry_entry *e)
{
	uint64_t steps = REGISTRY_MATCH_STEPS;

	return registry_family_location(e, &steps);
}

#define WORD(key, word) "<dict><key>" key "</key><string>" word "</string></dict>"

TEST(pci_words)
{
	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_entry *e = service(
		"IOPCIDevice", "<dict><key>vendor-id</key><data>hoAAAA==</data>"     /* 0x8086 */
			       "<key>device-id</key><data>NBIAAA==</data>"	     /* 0x1234 */
			       "<key>subsystem-vendor-id</key><data>a2gAAA==</data>" /* 0x686b */
			       "<key>subsystem-id</key><data>eFYAAA==</data>"	     /* 0x5678 */
			       "<key>class-code</key><data>AAADAA==</data></dict>"); /* 0x030000 */
	static const struct {
		const char *matching;
		bool fits;
	} cases[] = {
		{ WORD("IOPCIMatch", "0x12348086"), true },
		{ WORD("IOPCIMatch", "0x5678686b"), true },
		{ WORD("IOPCIMatch", "0x12358086 0x12348086"), true },
		{ WORD("IOPCIMatch", "0x12358086"), false },
		{ WORD("IOPCIMatch", "0x00008086&amp;0x0000ffff"), true },
		{ WORD("IOPCIMatch", "nonsense"), false },
		{ WORD("IOPCIMatch", ""), false },
		{ WORD("IOPCIPrimaryMatch", "0x5678686b"), false },
		{ WORD("IOPCISecondaryMatch", "0x5678686b"), true },
		{ WORD("IOPCISecondaryMatch", "0x12348086"), false },
		{ WORD("IOPCIClassMatch", "0x03000000&amp;0xff000000"), true },
		{ WORD("IOPCIClassMatch", "0x02000000&amp;0xff000000"), false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (fits(e, cases[i].matching, NULL) != cases[i].fits)
			test_fail(__FILE__, __LINE__, "case %zu", i);
	test_true(registry_family_has_tree_names(e));
	test_true(location_of(e) == e);
	registry_tree_fini(&t);
}

#define NUMBER(key, n) "<key>" key "</key><integer>" #n "</integer>"

TEST(products_by_mask_and_list)
{
	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_entry *e =
		service("IOUSBHostDevice",
			"<dict>" NUMBER("idVendor", 1) NUMBER("idProduct", 18) "</dict>");

	test_true(fits(e, "<dict>" NUMBER("idProduct", 16) NUMBER("idProductMask", 240) "</dict>",
		       NULL));
	test_true(!fits(e, "<dict>" NUMBER("idProduct", 32) NUMBER("idProductMask", 240) "</dict>",
			NULL));
	test_true(fits(e,
		       "<dict><key>idProductArray</key><array><integer>1</integer>"
		       "<integer>18</integer></array></dict>",
		       NULL));
	test_true(!fits(e, "<dict><key>idProductArray</key><array/></dict>", NULL));
	registry_tree_fini(&t);
}

TEST(what_is_more_specific_scores_higher)
{
	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_entry *e = service(
		"IOUSBHostDevice", "<dict>" NUMBER("idVendor", 1) NUMBER("idProduct", 2) "</dict>");
	int32_t vendor = 5, both = 5, huge = INT32_MAX;

	test_true(fits(e, "<dict>" NUMBER("idVendor", 1) "</dict>", &vendor));
	test_true(fits(e, "<dict>" NUMBER("idVendor", 1) NUMBER("idProduct", 2) "</dict>", &both));
	test_true(vendor > 5 && both > vendor);
	test_true(fits(e, "<dict>" NUMBER("idVendor", 1) "</dict>", &huge));
	test_equal(huge, INT32_MAX);
	registry_tree_fini(&t);
}

#define USAGE(page, usage) \
	"<dict>" NUMBER("DeviceUsagePage", page) NUMBER("DeviceUsage", usage) "</dict>"
#define PAIRS(list) "<dict><key>DeviceUsagePairs</key><array>" list "</array></dict>"

TEST(usages_of_hid_devices)
{
	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_entry *e = service("IOHIDUserDevice", PAIRS(USAGE(1, 2) USAGE(1, 6)));

	test_true(fits(e, PAIRS(USAGE(1, 6)), NULL));
	test_true(fits(e, PAIRS(USAGE(9, 9) USAGE(1, 2)), NULL));
	test_true(fits(e, PAIRS("<dict>" NUMBER("DeviceUsagePage", 1) "</dict>"), NULL));
	test_true(!fits(e, PAIRS(USAGE(2, 6)), NULL));
	test_true(!fits(e, PAIRS(""), NULL));
	registry_tree_fini(&t);
}

TEST(other_families_are_not_asked)
{
	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	struct registry_entry *e = service("IOService", "<dict/>");

	test_true(fits(e, "<dict>" NUMBER("idVendor", 1) NUMBER("VendorID", 2) "</dict>", NULL));
	test_true(fits(e, WORD("IOPCIMatch", "0x1"), NULL));
	test_true(!registry_family_has_tree_names(e));
	test_true(location_of(e) == NULL);
	registry_tree_fini(&t);
}

TEST_MAIN
