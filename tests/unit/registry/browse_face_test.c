// SPDX-License-Identifier: MIT
/* Browsing, names, paths and properties over a real connection. */
#include "registry/registry_internal.h"

#include <string.h>
#include <unistd.h>

#include "session.h"

static struct session s;
static struct end client, provider;

static void begin(void)
{
	session_start(&s, NULL);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
}

static void end(void)
{
	end_close(&client);
	end_close(&provider);
	session_end(&s);
}

static IOReturn text_of(const struct wire_layout *layout, const void *request, char *text)
{
	struct wire_text_reply reply;
	IOReturn status = end_call(&client, layout, request, NULL, &wire_text_reply_layout, &reply);

	if (!status)
		strcpy(text, reply.text);
	return status;
}

TEST(spec_c08_c09_children)
{
	struct wire_children_request request = { .id = WIRE_ROOT_ID,
						 .max = 100,
						 .plane = "IOService" };
	struct wire_children_reply reply;

	begin();
	uint64_t a = publish(&provider, 0, "A", "a", "1", 0, NULL);
	uint64_t b = publish(&provider, a, "B", "b", "", 0, NULL);
	struct wire_attach attach = { b, 0, 0, "" };
	test_equal_error(end_call(&provider, &wire_attach_layout, &attach, NULL, NULL, NULL), 0);
	test_equal_error(end_call(&client, &wire_children_request_layout, &request, NULL,
				  &wire_children_reply_layout, &reply),
			 0);
	test_equal(reply.entries.count, 1);
	test_equal(reply.entries.items[0].id, 0x100000101);
	wire_message_clear(&wire_children_reply_layout, &reply);
	request.options = WIRE_CHILDREN_RECURSIVE;
	test_equal_error(end_call(&client, &wire_children_request_layout, &request, NULL,
				  &wire_children_reply_layout, &reply),
			 0);
	uint64_t expected[] = { 0x100000101, 0x100000102, a, b, b };
	test_equal(reply.entries.count, 5);
	for (int i = 0; i < 5; i++)
		test_equal(reply.entries.items[i].id, expected[i]);
	test_equal(reply.entries.items[3].depth, 3);
	test_equal_text(reply.entries.items[2].location, "1");
	wire_message_clear(&wire_children_reply_layout, &reply);
	request = (struct wire_children_request){ b, 0, WIRE_CHILDREN_PARENTS, 100, "IOService" };
	test_equal_error(end_call(&client, &wire_children_request_layout, &request, NULL,
				  &wire_children_reply_layout, &reply),
			 0);
	test_equal(reply.entries.count, 2);
	test_equal(reply.entries.items[0].id, a);
	wire_message_clear(&wire_children_reply_layout, &reply);
	request.plane = "Nope";
	test_equal_error(
		end_call(&client, &wire_children_request_layout, &request, NULL, NULL, NULL),
		kIOReturnBadArgument);
	end();
}

static struct wire_children_reply ask_children(uint64_t id, uint64_t after, uint32_t options,
					       uint32_t max, IOReturn expected)
{
	struct wire_children_request request = { id, after, options, max, "IOService" };
	struct wire_children_reply reply = { 0 };

	test_equal_error(end_call(&client, &wire_children_request_layout, &request, NULL,
				  expected ? NULL : &wire_children_reply_layout,
				  expected ? NULL : &reply),
			 expected);
	return reply;
}

TEST(long_lists_come_in_parts)
{
	struct wire_children_reply reply;
	uint64_t ids[10], met[10];
	size_t n = 0;
	char name[16];

	begin();
	uint64_t top = publish(&provider, 0, "A", "a", "", 0, NULL);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "child %d", i);
		ids[i] = publish(&provider, top, "B", name, "", 0, NULL);
	}
	for (uint64_t after = 0; n < 10; after = met[n - 1]) {
		reply = ask_children(top, after, 0, 4, 0);
		test_equal(reply.is_cut, n < 8);
		test_equal(reply.entries.count, n < 8 ? 4 : 2);
		test_equal(reply.list_generation, 10);
		for (size_t i = 0; i < reply.entries.count; i++)
			met[n++] = reply.entries.items[i].id;
		wire_message_clear(&wire_children_reply_layout, &reply);
	}
	for (int i = 0; i < 10; i++)
		test_equal(met[i], ids[i]);
	/* behind the last there is nothing; nothing is asked for but the generation */
	reply = ask_children(top, ids[9], 0, 4, 0);
	test_true(!reply.is_cut && !reply.entries.count);
	reply = ask_children(top, 0, WIRE_CHILDREN_RECURSIVE, 0, 0);
	test_true(!reply.is_cut && !reply.entries.count && reply.list_generation == 10);
	/* a list of parents goes on likewise */
	reply = ask_children(ids[0], top, WIRE_CHILDREN_PARENTS, 4, 0);
	test_equal(reply.entries.count, 0);
	/* and one that is cut in the middle of what is below says so */
	reply = ask_children(0x100000101, 0, WIRE_CHILDREN_RECURSIVE, 5, 0);
	test_true(reply.is_cut);
	test_equal(reply.entries.items[4].id, ids[2]);
	test_equal(reply.entries.items[4].depth, 2);
	wire_message_clear(&wire_children_reply_layout, &reply);
	/* where to go on must be in the list */
	ask_children(top, top, 0, 4, kIOReturnNotFound);
	ask_children(top, 12345, 0, 4, kIOReturnNotFound);
	ask_children(ids[0], ids[1], 0, 4, kIOReturnNotFound);
	ask_children(top, top, WIRE_CHILDREN_PARENTS, 4, kIOReturnNotFound);
	end();
}

TEST(names_of_a_plane_are_marked)
{
	begin();
	uint64_t a = publish(&provider, 0, "A", "a", "", 0, NULL);
	uint64_t b = publish(&provider, a, "B", "b", "", 0, NULL);
	struct wire_children_reply reply = ask_children(a, 0, 0, 4, 0);
	test_true(!(reply.entries.items[0].state & WIRE_STATE_PLANE_NAME));
	wire_message_clear(&wire_children_reply_layout, &reply);
	struct wire_rename rename = { b, "IOService", "other", "" };
	test_equal_error(end_call(&provider, &wire_rename_layout, &rename, NULL, NULL, NULL), 0);
	reply = ask_children(a, 0, 0, 4, 0);
	test_equal_text(reply.entries.items[0].name, "other");
	test_true(reply.entries.items[0].state & WIRE_STATE_PLANE_NAME);
	wire_message_clear(&wire_children_reply_layout, &reply);
	end();
}

static uint32_t state_of_first_child(uint64_t id)
{
	struct wire_children_reply reply = ask_children(id, 0, 0, 4, 0);
	uint32_t state = reply.entries.items[0].state;

	wire_message_clear(&wire_children_reply_layout, &reply);
	return state;
}

TEST(who_passes_for_another_class_is_marked)
{
	struct wire_update update = { 0 };
	CFDictionaryRef override = matching_new("IOClassNameOverride", "Other");
	CFStringRef key = CFSTR("IOClassNameOverride");
	CFArrayRef keys = CFArrayCreate(NULL, (const void **)&key, 1, &kCFTypeArrayCallBacks);

	begin();
	uint64_t a = publish(&provider, 0, "A", "a", "", 0, NULL);
	update.id = publish(&provider, a, "B", "b", "", 0, NULL);
	test_true(state_of_first_child(a) & WIRE_STATE_OWN_CLASS);
	update.set = override;
	test_equal_error(end_call(&provider, &wire_update_layout, &update, NULL, NULL, NULL), 0);
	test_true(!(state_of_first_child(a) & WIRE_STATE_OWN_CLASS));
	update.set = NULL;
	update.remove = keys;
	test_equal_error(end_call(&provider, &wire_update_layout, &update, NULL, NULL, NULL), 0);
	test_true(state_of_first_child(a) & WIRE_STATE_OWN_CLASS);
	/* what is computed at each read is not known to be anything */
	update.remove = NULL;
	update.live = keys;
	test_equal_error(end_call(&provider, &wire_update_layout, &update, NULL, NULL, NULL), 0);
	test_true(!(state_of_first_child(a) & WIRE_STATE_OWN_CLASS));
	end();
	CFRelease(override);
	CFRelease(keys);
}

TEST(spec_e05_e15_e18_names_and_paths)
{
	struct wire_path_request path = { WIRE_ROOT_ID, "IOService" };
	struct wire_in_plane_request in_plane;
	struct wire_number_reply number;
	char text[1024];

	begin();
	uint64_t a = publish(&provider, 0, "A", "n", "5", 0, NULL);
	test_equal_error(text_of(&wire_path_request_layout, &path, text), kIOReturnBadArgument);
	path.id = a;
	test_equal_error(text_of(&wire_path_request_layout, &path, text), 0);
	test_equal_text(text, "IOService:/n@5");
	struct wire_find_path_request find_path = { text };
	struct wire_entries_reply found;
	test_equal_error(end_call(&client, &wire_find_path_request_layout, &find_path, NULL,
				  &wire_entries_reply_layout, &found),
			 0);
	test_equal(found.entries.items[0].id, a);
	wire_message_clear(&wire_entries_reply_layout, &found);
	find_path.path = "IOService:/n/";
	test_equal_error(
		end_call(&client, &wire_find_path_request_layout, &find_path, NULL, NULL, NULL),
		kIOReturnNotFound);
	struct wire_name_request name = { 0x100000102, WIRE_NAME_LOCATION, "" };
	test_equal_error(text_of(&wire_name_request_layout, &name, text), kIOReturnNotFound);
	name.what = WIRE_NAME_NAME;
	test_equal_error(text_of(&wire_name_request_layout, &name, text), 0);
	test_equal_text(text, "IOResources");
	in_plane = (struct wire_in_plane_request){ a, "Nope" };
	test_equal_error(end_call(&client, &wire_in_plane_request_layout, &in_plane, NULL,
				  &wire_number_reply_layout, &number),
			 0);
	test_equal(number.number, 1);
	in_plane.plane = "IOUSB";
	test_equal_error(end_call(&client, &wire_in_plane_request_layout, &in_plane, NULL,
				  &wire_number_reply_layout, &number),
			 0);
	test_equal(number.number, 0);
	end();
}

static IOReturn property(uint64_t id, const char *key, uint32_t options, CFTypeRef *value)
{
	struct wire_property_request request = { id, options, "IOService", key };
	struct wire_value_reply reply = { NULL };
	IOReturn status = end_call(&client, &wire_property_request_layout, &request, NULL,
				   &wire_value_reply_layout, &reply);

	*value = reply.value;
	return status;
}

TEST(spec_e26_to_e28_search)
{
	CFTypeRef value;

	begin();
	CFDictionaryRef p = matching_new("P", "parent");
	uint64_t a = publish(&provider, 0, "A", "", "", 0, p);
	uint64_t b = publish(&provider, a, "B", "", "", 0, NULL);
	test_equal_error(property(b, "P", 3, &value), 0);
	CFRelease(value);
	test_equal_error(property(b, "P", 2, &value), kIOReturnNotFound);
	test_equal_error(property(b, "P", 0, &value), kIOReturnNotFound);
	test_equal_error(property(0x100000101, "P", 1, &value), 0);
	test_true(CFEqual(value, CFSTR("parent")));
	CFRelease(value);
	CFRelease(p);
	end();
}

TEST(spec_e25_e40_e41_root_properties)
{
	CFTypeRef value;
	int64_t before, after;

	begin();
	test_equal_error(property(WIRE_ROOT_ID, "IOKitBuildVersion", 0, &value), 0);
	test_true(CFStringHasPrefix(value, CFSTR("Darwin Kernel Version 21.6.0: Portico ")));
	CFRelease(value);
	test_equal_error(property(WIRE_ROOT_ID, "IORegistryPlanes", 0, &value), 0);
	test_true(CFEqual(CFDictionaryGetValue(value, CFSTR("IOUSB")), CFSTR("IOUSB")));
	CFRelease(value);
	test_equal_error(property(WIRE_ROOT_ID, "IORegistryEntryPropertyKeys", 0, &value), 0);
	test_true(CFArrayGetCount(value) >= 4);
	CFRelease(value);
	publish(&provider, 0, "Fixture", "", "", 0, NULL);
	for (int i = 0; i < 2; i++) {
		test_equal_error(property(WIRE_ROOT_ID, "IOKitDiagnostics", 0, &value), 0);
		CFDictionaryRef classes = CFDictionaryGetValue(value, CFSTR("Classes"));
		CFNumberGetValue(CFDictionaryGetValue(classes, CFSTR("Fixture")),
				 kCFNumberSInt64Type, i ? &after : &before);
		CFRelease(value);
		publish(&provider, 0, "Fixture", "", "", 0, NULL);
	}
	test_equal(after, before + 1);
	end();
}

TEST(live_properties_are_asked_for)
{
	const void *keys[] = { CFSTR("now") };
	CFTypeRef value;

	begin();
	uint64_t a = publish(&provider, 0, "A", "", "", 0, NULL);
	CFArrayRef live = CFArrayCreate(NULL, keys, 1, &kCFTypeArrayCallBacks);
	struct wire_update update = { .id = a, .live = live };
	test_equal_error(end_call(&provider, &wire_update_layout, &update, NULL, NULL, NULL), 0);
	struct wire_properties_request all = { a };
	uint32_t asked = end_ask(&client, &wire_properties_request_layout, &all, NULL);
	struct wire_read_property read;
	end_expect(&provider, &wire_read_property_layout, &read);
	test_equal_text(read.key, "now");
	test_equal(read.pid, getpid());
	struct wire_value_reply reply = { CFSTR("tick") };
	end_reply(&provider, &wire_value_reply_layout, 0, &reply);
	test_equal_error(end_answer(&client, asked, &wire_value_reply_layout, &reply), 0);
	test_true(CFEqual(CFDictionaryGetValue(reply.value, CFSTR("now")), CFSTR("tick")));
	wire_message_clear(&wire_value_reply_layout, &reply);
	/* the owner dies: what was read last is answered */
	struct wire_property_request one = { a, 0, "IOService", "now" };
	asked = end_ask(&client, &wire_property_request_layout, &one, NULL);
	end_expect(&provider, &wire_read_property_layout, &read);
	end_close(&provider);
	test_equal_error(end_answer(&client, asked, &wire_value_reply_layout, &reply), 0);
	value = reply.value;
	test_true(CFEqual(value, CFSTR("tick")));
	wire_message_clear(&wire_value_reply_layout, &reply);
	CFRelease(live);
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	end();
}

TEST(spec_e34_e35_set_properties)
{
	begin();
	CFDictionaryRef allowed = plist_new("<dict><key>IORegistryEntryAllowableSetProperties</key>"
					    "<array><string>a</string></array></dict>");
	CFDictionaryRef a = matching_new("a", "1"), b = matching_new("b", "1");
	uint64_t id = publish(&provider, 0, "A", "", "", 0, allowed);
	struct wire_set_properties_request request = { id, b };
	test_equal_error(
		end_call(&client, &wire_set_properties_request_layout, &request, NULL, NULL, NULL),
		kIOReturnBadArgument);
	request.value = CFSTR("text");
	test_equal_error(
		end_call(&client, &wire_set_properties_request_layout, &request, NULL, NULL, NULL),
		kIOReturnNotPermitted);
	request.value = a;
	uint32_t asked = end_ask(&client, &wire_set_properties_request_layout, &request, NULL);
	struct wire_write_properties write;
	end_expect(&provider, &wire_write_properties_layout, &write);
	test_equal(write.id, id);
	test_equal(write.pid, getpid());
	test_true(CFEqual(write.value, a));
	wire_message_clear(&wire_write_properties_layout, &write);
	end_reply(&provider, &wire_empty_layout, kIOReturnUnsupported, NULL);
	test_equal_error(end_answer(&client, asked, NULL, NULL), kIOReturnUnsupported);
	request.id = WIRE_ROOT_ID;
	test_equal_error(
		end_call(&client, &wire_set_properties_request_layout, &request, NULL, NULL, NULL),
		kIOReturnUnsupported);
	request.id = 0x100000102;
	test_equal_error(
		end_call(&client, &wire_set_properties_request_layout, &request, NULL, NULL, NULL),
		geteuid() ? kIOReturnNotPrivileged : kIOReturnSuccess);
	CFRelease(allowed);
	CFRelease(a);
	CFRelease(b);
	end();
}

TEST(classes)
{
	struct wire_class_request request = { "IOMedia" };
	struct wire_class_reply reply;

	begin();
	test_equal_error(end_call(&client, &wire_class_request_layout, &request, NULL,
				  &wire_class_reply_layout, &reply),
			 0);
	test_equal(CFArrayGetCount(reply.ancestry), 5);
	test_true(CFEqual(CFArrayGetValueAtIndex(reply.ancestry, 1), CFSTR("IOStorage")));
	wire_message_clear(&wire_class_reply_layout, &reply);
	request.name = "NoSuch";
	test_equal_error(end_call(&client, &wire_class_request_layout, &request, NULL, NULL, NULL),
			 kIOReturnNotFound);
	end();
}

TEST_MAIN
