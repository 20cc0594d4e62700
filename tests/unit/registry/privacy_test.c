// SPDX-License-Identifier: MIT
/* Private properties: who sees them, and that no question finds them out. */
#include "registry/registry_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "registry/text.h"
#include "session.h"

static struct session s;
static struct end client, provider;

static void put(const char *text)
{
	char path[600], fresh[700];
	FILE *f;

	snprintf(path, sizeof(path), "%s/grants", test_folder());
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	f = fopen(fresh, "we");
	test_true(f != NULL);
	fputs(text, f);
	test_equal(fclose(f), 0);
	test_equal(chmod(fresh, 0600), 0);
	test_equal(rename(fresh, path), 0);
	setenv("PORTICO_POLICY", path, 1);
}

#define GRANT "[Grant serial]\nEntitlement = org.serial\nService = Meter\nAllow = owner\n"

static uint64_t begin(const char *grants, const char *properties)
{
	CFDictionaryRef d = plist_new(properties);

	put(grants);
	session_start(&s, NULL);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	uint64_t id = publish(&provider, 0, "Meter", "", "", WIRE_PUBLISH_REGISTER, d);
	CFRelease(d);
	return id;
}

static void end(void)
{
	end_close(&client);
	end_close(&provider);
	session_end(&s);
}

#define VALUES \
	"<key>Serial</key><string>4711</string><key>Colour</key><string>red</string>" \
	"<key>IOUserServiceProperties</key><dict><key>Serial</key><string>4711</string>" \
	"<key>Inner</key><true/></dict>"
#define BY_NAME \
	"<dict>" VALUES "<key>PorticoPrivateProperties</key><dict><key>Serial</key>" \
	"<string>org.serial</string></dict></dict>"
#define BY_LIST(demand) \
	"<dict>" VALUES demand "<key>PorticoPrivateProperties</key><array><string>Serial</string>" \
	"</array></dict>"
#define DEMAND "<key>IOUserClientEntitlements</key><string>org.serial</string>"

static CFTypeRef copy_property(uint64_t id, const char *key, uint32_t options)
{
	struct wire_property_request request = {
		.id = id, .plane = "IOService", .key = key, .options = options
	};
	struct wire_value_reply reply = { NULL };
	IOReturn status = end_call(&client, &wire_property_request_layout, &request, NULL,
				   &wire_value_reply_layout, &reply);

	test_true(!status == (reply.value != NULL));
	if (status)
		test_equal_error(status, kIOReturnNotFound);
	return reply.value;
}

static CFDictionaryRef copy_all(uint64_t id)
{
	struct wire_properties_request request = { .id = id };
	struct wire_value_reply reply = { NULL };

	test_equal_error(end_call(&client, &wire_properties_request_layout, &request, NULL,
				  &wire_value_reply_layout, &reply),
			 0);
	return reply.value;
}

static void test_shows(uint64_t id, bool shows)
{
	scope_cf CFDictionaryRef all = copy_all(id);
	scope_cf CFTypeRef one = copy_property(id, "Serial", 0);
	scope_cf CFTypeRef colour = copy_property(id, "Colour", 0);
	scope_cf CFArrayRef keys = copy_property(id, "IORegistryEntryPropertyKeys", 0);
	scope_cf CFDictionaryRef inner = copy_property(id, "IOUserServiceProperties", 0);
	scope_cf CFTypeRef named = copy_property(id, "PorticoPrivateProperties", 0);

	test_equal(CFDictionaryContainsKey(all, CFSTR("Serial")), shows);
	test_true(CFDictionaryContainsKey(all, CFSTR("Colour")));
	test_equal(
		CFDictionaryContainsKey(CFDictionaryGetValue(all, CFSTR("IOUserServiceProperties")),
					CFSTR("Serial")),
		shows);
	test_equal(one != NULL, shows);
	test_true(colour != NULL);
	test_equal(
		CFArrayContainsValue(keys, CFRangeMake(0, CFArrayGetCount(keys)), CFSTR("Serial")),
		shows);
	test_equal(CFDictionaryContainsKey(inner, CFSTR("Serial")), shows);
	test_true(CFDictionaryContainsKey(inner, CFSTR("Inner")));
	test_true(named != NULL); /* what is missing is no secret */
}

TEST(shown_to_holders_of_its_entitlement)
{
	uint64_t id = begin("", BY_NAME);

	test_shows(id, false);
	put(GRANT);
	test_shows(id, true);
	put("[Grant serial]\nEntitlement = org.serial\nService = Other\nAllow = owner\n");
	test_shows(id, false);
	put(GRANT "Deny = owner\n");
	test_shows(id, false);
	end();
}

TEST(a_list_of_keys_goes_with_the_demand_of_the_service)
{
	uint64_t id = begin(GRANT, BY_LIST(DEMAND));

	test_shows(id, true);
	put("");
	test_shows(id, false);
	end();
	id = begin(GRANT, BY_LIST(""));
	test_shows(id, false); /* nobody can hold what is not named */
	end();
	id = begin(GRANT, BY_LIST("<key>X</key><true/>"));
	struct wire_update update = { .id = id };
	CFDictionaryRef open = plist_new("<dict><key>PorticoPrivateProperties</key><true/></dict>");
	update.set = open;
	test_equal_error(end_call(&provider, &wire_update_layout, &update, NULL, NULL, NULL), 0);
	test_shows(id, true); /* it can be taken back */
	CFRelease(open);
	end();
}

enum { SEARCH_RECURSE = 1, SEARCH_PARENTS = 2 };

/* A search does not find it on the way, and goes on to who may be seen. */
TEST(searches_pass_it_by)
{
	uint64_t id = begin("", BY_NAME), child;
	CFDictionaryRef d = plist_new("<dict><key>Serial</key><string>child</string></dict>");

	child = publish(&provider, id, "Part", "", "", 0, d);
	CFRelease(d);
	scope_cf CFTypeRef below = copy_property(id, "Serial", SEARCH_RECURSE);
	test_true(registry_text_equals(below, "child"));
	d = plist_new("<dict></dict>");
	uint64_t plain = publish(&provider, id, "Plain", "", "", 0, d);
	CFRelease(d);
	scope_cf CFTypeRef above = copy_property(plain, "Serial", SEARCH_RECURSE | SEARCH_PARENTS);
	test_true(above == NULL);
	test_true(child != 0);
	end();
}

static size_t count_found(const char *matching)
{
	CFDictionaryRef d = plist_new(matching);
	struct wire_find_request request = { .matching = d };
	struct wire_entries_reply reply;
	size_t n;

	test_equal_error(end_call(&client, &wire_find_request_layout, &request, NULL,
				  &wire_entries_reply_layout, &reply),
			 0);
	n = reply.entries.count;
	wire_message_clear(&wire_entries_reply_layout, &reply);
	CFRelease(d);
	return n;
}

#define MATCH(key, value) \
	"<dict><key>IOProviderClass</key><string>Meter</string><key>IOPropertyMatch</key><dict>" \
	"<key>" key "</key><string>" value "</string></dict></dict>"

#define MATCH_INNER \
	"<dict><key>IOProviderClass</key><string>Meter</string><key>IOPropertyMatch</key><dict>" \
	"<key>IOUserServiceProperties</key><dict><key>Serial</key><string>4711</string>" \
	"<key>Inner</key><true/></dict></dict></dict>"

TEST(nothing_matches_by_it)
{
	begin(GRANT, BY_NAME);
	wait_quiet(&client);
	/* often: the index learns what is asked for */
	for (int i = 0; i < 100; i++) {
		test_equal(count_found(MATCH("Serial", "4711")), 0);
		test_equal(count_found(MATCH("Colour", "red")), 1);
		test_equal(count_found(MATCH("Colour", "blue")), 0);
		test_equal(count_found(MATCH_INNER), 0);
	}
	test_equal(count_found("<dict><key>IOPropertyExistsMatch</key><string>Serial</string>"
			       "</dict>"),
		   0);
	test_equal(count_found("<dict><key>IOPropertyExistsMatch</key><string>Colour</string>"
			       "<key>IOProviderClass</key><string>Meter</string></dict>"),
		   1);
	end();
}

/* What would have to be read through for every question hides everything. */
TEST(a_list_without_end_is_of_all_keys)
{
	char text[16384], *at = text;

	at += sprintf(at, "<dict>" VALUES "<key>PorticoPrivateProperties</key><array>");
	for (int i = 0; i < 300; i++)
		at += sprintf(at, "<string>key%d</string>", i);
	sprintf(at, "</array></dict>");
	uint64_t id = begin("", text);

	test_true(copy_property(id, "Colour", 0) == NULL);
	CFDictionaryRef all = copy_all(id);
	test_equal(CFDictionaryGetCount(all), 0);
	CFRelease(all);
	end();
}

TEST_MAIN
