// SPDX-License-Identifier: MIT
/* What drivers that matching starts are initialised with; the rest is tests/conformance/matching_drivers_test.c's. */
#include "registry/driver.h"

#include "failing.h"
#include "registry/entry.h"
#include "session.h"

static struct registry_tree t;

static struct registry_entry *service_new(void)
{
	struct registry_class *c;
	struct registry_entry *e;

	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
	test_equal_error(registry_class_need(&t.classes, "Fixture", "IOService", &c), 0);
	test_equal_error(registry_entry_new(&t, 0, c, NULL, &e), 0);
	test_equal_error(registry_entry_rename(e, NULL, "fixture", ""), 0);
	test_equal_error(registry_plane_attach(e, t.machine, t.planes.service), 0);
	registry_entry_unref(e);
	return e;
}

static void expect_properties(const char *personality, int32_t score, const char *expected)
{
	CFDictionaryRef all = plist_new(expected);
	struct registry_personality p = { .dictionary = plist_new(personality),
					  .score = 1000,
					  .is_boot = true };
	struct registry_entry *service = service_new();

	test_each_shortage(s)
	{
		test_shortage_begin(&s);
		CFDictionaryRef d = registry_driver_copy_properties(&p, service, score);
		bool was_short = test_shortage_end(&s);
		test_true(d ? CFEqual(d, all) : was_short);
		if (d)
			CFRelease(d);
	}
	registry_tree_fini(&t);
	CFRelease(p.dictionary);
	CFRelease(all);
}

TEST(a_driver_gets_all_of_its_properties_or_is_not_probed)
{
	expect_properties(
		"<dict><key>IOClass</key><string>D</string>"
		"<key>IONameMatch</key><string>fixture</string>"
		"<key>IOUserServerName</key><string>s</string></dict>",
		2000,
		"<dict><key>IOClass</key><string>D</string>"
		"<key>IONameMatch</key><string>fixture</string>"
		"<key>IOUserServerName</key><string>s</string>"
		"<key>IONameMatched</key><string>fixture</string>"
		"<key>IOProbeScore</key><integer>2000</integer>"
		"<key>IOMatchedAtBoot</key><true/>"
		"<key>IOMatchedPersonality</key><dict><key>IOClass</key><string>D</string>"
		"<key>IONameMatch</key><string>fixture</string>"
		"<key>IOUserServerName</key><string>s</string></dict></dict>");
}

TEST(what_names_nothing_is_no_shortage)
{
	expect_properties("<dict><key>IONameMatch</key><integer>1</integer></dict>", 1000,
			  "<dict><key>IONameMatch</key><integer>1</integer>"
			  "<key>IOMatchedAtBoot</key><true/></dict>");
}

TEST_MAIN
