// SPDX-License-Identifier: MIT
#include "registry/match.h"

#include <stdlib.h>

#include "registry/compare.h"
#include "registry/entry.h"
#include "registry/find.h"
#include "registry/text.h"
#include "session.h"

static struct registry_tree t;

/* A registered, matched service. XML: its properties, a <dict> or NULL. */
static struct registry_entry *service(struct registry_entry *parent, const char *class,
				      const char *name, const char *xml)
{
	CFDictionaryRef properties = xml ? plist_new(xml) : NULL;
	struct registry_class *c;
	struct registry_entry *e;

	test_equal_error(registry_class_need(&t.classes, class, "IOService", &c), 0);
	test_equal_error(registry_entry_new(&t, 0, c, properties, &e), 0);
	test_equal_error(registry_entry_rename(e, NULL, name, ""), 0);
	test_equal_error(registry_plane_attach(e, parent, t.planes.service), 0);
	e->state |= WIRE_STATE_REGISTERED | WIRE_STATE_MATCHED;
	registry_entry_list(e);
	registry_entry_unref(e);
	if (properties)
		CFRelease(properties);
	return e;
}

static bool matches(struct registry_entry *e, const char *xml)
{
	CFDictionaryRef d = plist_new(xml);
	bool result = registry_match(e, d);

	CFRelease(d);
	return result;
}

static size_t found(const char *xml, struct registry_entry **first)
{
	CFDictionaryRef d = plist_new(xml);
	struct registry_found f;

	test_equal_error(registry_find(&t, d, WIRE_STATE_MATCHED, SIZE_MAX, &f), 0);
	if (first)
		*first = f.count ? f.items[0] : NULL;
	size_t n = f.count;
	registry_found_fini(&f);
	CFRelease(d);
	return n;
}

static void begin(void)
{
	test_equal_error(registry_tree_init(&t, 0, "box"), 0);
}

static void end(void)
{
	registry_tree_fini(&t);
}

TEST(spec_d17_d18_empty_and_unknown_keys_match)
{
	begin();
	struct registry_entry *e = service(t.machine, "Fixture", "fixture", NULL);
	test_true(matches(e, "<dict/>"));
	test_true(matches(e, "<dict><key>IOProviderClass</key><string>Fixture</string>"
			     "<key>Foo</key><string>bar</string></dict>"));
	test_true(matches(e, "<dict><key>IOProviderClass</key><integer>1</integer></dict>"));
	test_true(matches(e, "<dict><key>IOProviderClass</key><string>IOService</string></dict>"));
	test_true(!matches(e, "<dict><key>IOProviderClass</key><string>IOMedia</string></dict>"));
	end();
}

TEST(spec_d19_to_d25_property_match)
{
	begin();
	struct registry_entry *e = service(
		t.machine, "Fixture", "f",
		"<dict><key>k</key><integer>1</integer><key>big</key><integer>4294967295</integer>"
		"<key>b</key><true/><key>s</key><data>YWJjAA==</data>"
		"<key>list</key><array><string>a</string><integer>2</integer></array></dict>");
#define PROPERTIES(inner) "<dict><key>IOPropertyMatch</key>" inner "</dict>"
	test_true(matches(e, PROPERTIES("<dict><key>k</key><integer>1</integer></dict>")));
	test_true(!matches(e, PROPERTIES("<dict><key>k</key><integer>2</integer></dict>")));
	test_true(!matches(e, PROPERTIES("<dict><key>k</key><true/></dict>")));
	test_true(matches(e, PROPERTIES("<dict><key>b</key><true/></dict>")));
	test_true(!matches(e, PROPERTIES("<dict><key>b</key><false/></dict>")));
	test_true(!matches(e, PROPERTIES("<dict><key>b</key><integer>1</integer></dict>")));
	test_true(!matches(e, PROPERTIES("<dict><key>missing</key><integer>1</integer></dict>")));
	test_true(matches(e, PROPERTIES("<dict><key>s</key><string>abc</string></dict>")));
	test_true(!matches(e, PROPERTIES("<dict><key>s</key><string>ab</string></dict>")));
	test_true(matches(e, PROPERTIES("<dict><key>list</key><array><string>a</string>"
					"<integer>2</integer></array></dict>")));
	test_true(!matches(e, PROPERTIES("<dict><key>list</key><array><integer>2</integer>"
					 "<string>a</string></array></dict>")));
	test_true(matches(e, PROPERTIES("<array><dict><key>k</key><integer>9</integer></dict>"
					"<dict><key>k</key><integer>1</integer></dict></array>")));
	test_true(!matches(e, PROPERTIES("<array/>")));
	test_true(matches(e, PROPERTIES("<dict/>")));
	test_true(matches(e, "<dict><key>IOPropertyExistsMatch</key><string>k</string></dict>"));
	test_true(!matches(e, "<dict><key>IOPropertyExistsMatch</key><string>a</string></dict>"));
	test_true(matches(e, "<dict><key>IOPropertyExistsMatch</key><array><string>a</string>"
			     "<string>k</string></array></dict>"));
	end();
}

TEST(numbers_are_compared_modulo_width)
{
	int32_t narrow = -1;
	int64_t wide = 0xffffffff, negative = -1;
	int8_t tiny = 1;
	int64_t one = 1;
	CFNumberRef a = CFNumberCreate(NULL, kCFNumberSInt32Type, &narrow);
	CFNumberRef b = CFNumberCreate(NULL, kCFNumberSInt64Type, &wide);
	CFNumberRef c = CFNumberCreate(NULL, kCFNumberSInt64Type, &negative);
	CFNumberRef d = CFNumberCreate(NULL, kCFNumberSInt8Type, &tiny);
	CFNumberRef e = CFNumberCreate(NULL, kCFNumberSInt64Type, &one);

	test_true(registry_compare_values(a, b));
	test_true(registry_compare_values(b, a));
	test_true(registry_compare_values(a, c));
	test_true(!registry_compare_values(b, c));
	test_true(registry_compare_values(d, e));
	test_true(!registry_compare_values(d, CFSTR("1")));
	CFNumberRef all[] = { a, b, c, d, e };
	for (int i = 0; i < 5; i++)
		CFRelease(all[i]);
}

TEST(spec_d26_d27_name_match)
{
	begin();
	struct registry_entry *e = service(t.machine, "Fixture", "fixture", NULL);
	test_true(matches(e, "<dict><key>IONameMatch</key><array><string>x</string>"
			     "<string>fixture</string></array></dict>"));
	test_true(!matches(e, "<dict><key>IONameMatch</key><string>Fixture</string></dict>"));
	test_true(!matches(e, "<dict><key>IONameMatch</key><string>fix*</string></dict>"));
	test_equal_error(registry_plane_attach(e, t.machine, t.planes.device_tree), 0);
	test_true(matches(e, "<dict><key>IONameMatch</key><string>fix*</string></dict>"));
	registry_entry_set(e, CFSTR("compatible"), CFSTR("acme,thing"));
	test_true(matches(e, "<dict><key>IONameMatch</key><string>acme,thing</string></dict>"));
	test_equal(found("<dict><key>IONameMatch</key><string>acme,thing</string></dict>", NULL),
		   1);
	test_equal(found("<dict><key>IONameMatch</key><string>acme*</string></dict>", NULL), 1);
	end();
}

TEST(spec_d30_parent_match)
{
	begin();
	struct registry_entry *bus = service(t.machine, "BusClass", "bus", NULL);
	struct registry_entry *nub = service(bus, "Nub", "nub", NULL);
	struct registry_entry *leaf = service(nub, "Leaf", "leaf", NULL);
	const char *parent = "<dict><key>IOParentMatch</key><dict><key>IOProviderClass</key>"
			     "<string>BusClass</string></dict></dict>";
	test_true(matches(leaf, parent));
	test_true(matches(nub, parent));
	test_true(!matches(bus, parent));
	test_true(matches(
		leaf, "<dict><key>IOParentMatch</key><dict><key>IOProviderClass</key>"
		      "<string>Nub</string><key>IOParentMatch</key><dict>"
		      "<key>IOProviderClass</key><string>BusClass</string></dict></dict></dict>"));
	test_true(!matches(leaf, "<dict><key>IOLocationMatch</key><dict/></dict>"));
	end();
}

TEST(spec_d31_matched_service_count)
{
	begin();
	struct registry_entry *e = service(t.machine, "Fixture", "f", NULL);
	const char *one = "<dict><key>IOMatchedServiceCountMatch</key><integer>1</integer></dict>";
	test_true(!matches(e, one));
	service(e, "Driver", "d", "<dict><key>IOMatchCategory</key><string>c</string></dict>");
	service(e, "Other", "o", NULL);
	test_true(matches(e, one));
	test_true(!matches(
		e, "<dict><key>IOMatchedServiceCountMatch</key><integer>0</integer></dict>"));
	end();
}

TEST(location_path_id_and_bsd_keys)
{
	begin();
	struct registry_entry *e = service(t.machine, "IOMedia", "disk",
					   "<dict><key>BSD Name</key><string>sda1</string>"
					   "<key>BSD Unit</key><integer>3</integer></dict>");
	char xml[256];
	test_equal_error(registry_entry_rename(e, NULL, "disk", "1A"), 0);
	test_true(matches(e, "<dict><key>IOLocationMatch</key><string>1A</string></dict>"));
	test_true(!matches(e, "<dict><key>IOLocationMatch</key><string>1a</string></dict>"));
	test_true(matches(
		e, "<dict><key>IOPathMatch</key><string>IOService:/disk@1a</string></dict>"));
	test_true(!matches(e, "<dict><key>IOPathMatch</key><string>IOService:/x</string></dict>"));
	test_true(matches(e, "<dict><key>BSD Unit</key><integer>3</integer></dict>"));
	test_true(!matches(e, "<dict><key>BSD Minor</key><integer>3</integer></dict>"));
	test_equal(found("<dict><key>BSD Name</key><string>sda1</string></dict>", NULL), 1);
	test_equal(found("<dict><key>BSD Name</key><string>sda</string></dict>", NULL), 0);
	test_equal(
		found("<dict><key>IOPathMatch</key><string>IOService:/disk</string></dict>", NULL),
		1);
	snprintf(xml, sizeof(xml),
		 "<dict><key>IORegistryEntryID</key><integer>%llu</integer></dict>",
		 (unsigned long long)e->id);
	test_true(matches(e, xml));
	test_true(!matches(t.resources, xml));
	test_equal(found(xml, NULL), 1);
	/* D15: an entry that is no service is not found */
	test_equal(found("<dict><key>IORegistryEntryID</key><integer>4294967552</integer></dict>",
			 NULL),
		   0);
	registry_entry_set(e, CFSTR("BSD Name"), CFSTR("sdb"));
	test_equal(found("<dict><key>BSD Name</key><string>sda1</string></dict>", NULL), 0);
	test_equal(found("<dict><key>BSD Name</key><string>sdb</string></dict>", NULL), 1);
	end();
}

TEST(spec_d35_resources_only)
{
	begin();
	struct registry_entry *first;
	t.resources->state |= WIRE_STATE_MATCHED;
	registry_entry_list(t.resources);
	service(t.machine, "IOResources", "other", NULL);
	test_equal(found("<dict><key>IOProviderClass</key><string>IOResources</string></dict>",
			 &first),
		   1);
	test_true(first == t.resources);
	const char *wanted = "<dict><key>IOProviderClass</key><string>IOResources</string>"
			     "<key>IOResourceMatch</key><array><string>a</string><string>b</string>"
			     "</array></dict>";
	test_equal(found(wanted, NULL), 0);
	registry_entry_set(t.resources, CFSTR("a"), kCFBooleanTrue);
	test_equal(found(wanted, NULL), 0);
	registry_entry_set(t.resources, CFSTR("b"), kCFBooleanTrue);
	test_equal(found(wanted, NULL), 1);
	end();
}

TEST(inactive_and_unmatched_are_not_found)
{
	begin();
	struct registry_entry *e = service(t.machine, "Fixture", "f", NULL);
	const char *class = "<dict><key>IOProviderClass</key><string>Fixture</string></dict>";
	test_equal(found(class, NULL), 1);
	e->state &= ~(uint32_t)WIRE_STATE_MATCHED;
	test_equal(found(class, NULL), 0);
	e->state |= WIRE_STATE_MATCHED | WIRE_STATE_INACTIVE;
	test_equal(found(class, NULL), 0);
	test_true(matches(e, class));
	end();
}

TEST(one_among_many_is_found_by_class)
{
	begin();
	int n = test_is_slow() ? 2000 : 100000;
	for (int i = 0; i < n; i++)
		service(t.machine, "Crowd", "one", NULL);
	struct registry_entry *needle = service(t.machine, "Needle", "needle", NULL), *first;
	for (int i = 0; i < 1000; i++) {
		test_equal(found("<dict><key>IOProviderClass</key><string>Needle</string></dict>",
				 &first),
			   1);
		test_true(first == needle);
		test_equal(
			found("<dict><key>IONameMatch</key><string>needle</string></dict>", NULL),
			1);
	}
	end();
}

TEST_MAIN
