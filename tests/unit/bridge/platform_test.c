// SPDX-License-Identifier: MIT
/* The machine node's properties (devices.md 1.1). */
#include "bridge/platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "test.h"

static void put_file(const char *name, const char *text, size_t size)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", test_folder(), name);
	for (char *slash = path + strlen(test_folder()) + 1; (slash = strchr(slash, '/'));
	     slash++) {
		*slash = 0;
		mkdir(path, 0700);
		*slash = '/';
	}
	f = fopen(path, "we");
	fwrite(text, 1, size, f);
	fclose(f);
}

static void put_text(const char *name, const char *text)
{
	put_file(name, text, strlen(text));
}

static CFMutableDictionaryRef read_all(char name[BRIDGE_PLATFORM_NAME_SIZE])
{
	struct bridge_platform_roots roots = { test_folder(), test_folder() };
	CFMutableDictionaryRef properties = NULL;

	test_equal_error(bridge_platform_read(&roots, &properties, name), 0);
	return properties;
}

static CFTypeRef get(CFDictionaryRef d, const char *key)
{
	CFStringRef name =
		CFStringCreateWithCString(kCFAllocatorDefault, key, kCFStringEncodingUTF8);
	CFTypeRef value = CFDictionaryGetValue(d, name);

	CFRelease(name);
	return value;
}

static const char *string_of(CFDictionaryRef d, const char *key)
{
	static char text[256];
	CFTypeRef value = get(d, key);

	test_true(value && CFGetTypeID(value) == CFStringGetTypeID());
	test_true(CFStringGetCString(value, text, sizeof(text), kCFStringEncodingUTF8));
	return text;
}

static void has_data(CFDictionaryRef d, const char *key, const char *bytes, size_t size)
{
	CFTypeRef value = get(d, key);

	test_true(value && CFGetTypeID(value) == CFDataGetTypeID());
	test_equal(CFDataGetLength(value), size);
	test_equal(memcmp(CFDataGetBytePtr(value), bytes, size), 0);
}

TEST(dmi_texts_become_data_with_nul)
{
	char name[BRIDGE_PLATFORM_NAME_SIZE];
	CFMutableDictionaryRef d;

	put_text("class/dmi/id/product_name", "Model/7 X\n");
	put_text("class/dmi/id/sys_vendor", "Maker\n");
	put_text("class/dmi/id/board_name", "Default string\n");
	put_text("machine-id", "0123456789abcdef0123456789abcdef\n");
	put_text("devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "2000000\n");
	d = read_all(name);
	test_equal_text(name, "Model:7 X");
	has_data(d, "model", "Model/7 X", 10);
	has_data(d, "product-name", "Model/7 X", 10);
	has_data(d, "manufacturer", "Maker", 6);
	has_data(d, "clock-frequency", "\x00\x94\x35\x77", 4);
	test_true(!get(d, "board-id"));
	CFRelease(d);
}

TEST(the_uuid_is_stable_upper_case_and_not_the_machine_id)
{
	char name[BRIDGE_PLATFORM_NAME_SIZE], first[64];
	CFMutableDictionaryRef d;

	put_text("machine-id", "0123456789abcdef0123456789abcdef\n");
	d = read_all(name);
	strcpy(first, string_of(d, "IOPlatformUUID"));
	test_equal(strlen(first), 36);
	test_equal(strspn(first, "0123456789ABCDEF-"), 36);
	test_true(!strstr(first, "01234567"));
	test_equal(first[14], '4');
	CFRelease(d);
	d = read_all(name);
	test_equal_text(string_of(d, "IOPlatformUUID"), first);
	CFRelease(d);
	put_text("machine-id", "1123456789abcdef0123456789abcdef\n");
	d = read_all(name);
	test_true(strcmp(string_of(d, "IOPlatformUUID"), first) != 0);
	CFRelease(d);
}

TEST(a_serial_number_is_always_there)
{
	char name[BRIDGE_PLATFORM_NAME_SIZE];
	CFMutableDictionaryRef d = read_all(name);

	test_equal(strlen(string_of(d, "IOPlatformSerialNumber")), 12);
	CFRelease(d);
	put_text("class/dmi/id/product_serial", "ABC 123\n");
	d = read_all(name);
	test_equal_text(string_of(d, "IOPlatformSerialNumber"), "ABC 123");
	CFRelease(d);
}

TEST(a_machine_that_says_nothing_has_a_name)
{
	char name[BRIDGE_PLATFORM_NAME_SIZE];
	CFMutableDictionaryRef d = read_all(name);

	test_true(name[0] != 0);
	test_true(get(d, "IOPlatformUUID") && get(d, "model"));
	CFRelease(d);
}

TEST(device_tree_lists_keep_their_nuls)
{
	char name[BRIDGE_PLATFORM_NAME_SIZE];
	CFMutableDictionaryRef d;

	put_file("firmware/devicetree/base/compatible", "vendor,board\0vendor,chip", 25);
	put_file("firmware/devicetree/base/model", "Board", 6);
	d = read_all(name);
	test_equal_text(name, "Board");
	has_data(d, "compatible", "vendor,board\0vendor,chip", 25);
	CFRelease(d);
}

TEST(long_and_odd_names_are_cut_at_a_character)
{
	char name[BRIDGE_PLATFORM_NAME_SIZE], model[300] = "x";
	CFMutableDictionaryRef d;

	for (int i = 0; i < 100; i++)
		strcat(model, "\xc3\xa4");
	put_text("class/dmi/id/product_name", model);
	d = read_all(name);
	test_equal(strlen(name), 127);
	CFRelease(d);
	put_text("class/dmi/id/product_name", "y");
	strcpy(model, "");
	for (int i = 0; i < 100; i++)
		strcat(model, "\xc3\xa4");
	put_text("class/dmi/id/product_name", model);
	d = read_all(name);
	test_equal(strlen(name), 126);
	CFRelease(d);
}

TEST_MAIN
