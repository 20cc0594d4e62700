// SPDX-License-Identifier: MIT
#include "bridge/platform.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "bridge/sysfs.h"

/* Mixed into the digest, so that the UUID is Portico's own and cannot be compared with others that
 * are made from the same machine-id. */
static const char uuid_salt[] = "portico.IOPlatformUUID:";

/* Texts that firmware has where nobody filled them in. */
static const char *const placeholders[] = { "",
					    "To be filled by O.E.M.",
					    "To Be Filled By O.E.M.",
					    "System Product Name",
					    "System manufacturer",
					    "Default string",
					    "Not Specified",
					    "None",
					    "0",
					    "System Serial Number" };

struct reading {
	const struct bridge_platform_roots *roots;
	CFMutableDictionaryRef properties;
	err_t err;
};

struct bridge_platform_roots bridge_platform_roots(void)
{
	const char *sysfs = secure_getenv("PORTICO_SYSFS");

	return (struct bridge_platform_roots){ sysfs && *sysfs ? sysfs : "/sys", "/etc" };
}

/* False: the file is missing, unreadable or says nothing. */
static bool read_text(const char *root, const char *name, char *text, size_t size)
{
	if (bridge_sysfs_read(root, name, text, size, NULL))
		return false;
	for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++)
		if (!strcmp(text, placeholders[i]))
			return false;
	return true;
}

static void set(struct reading *r, const char *key, CFTypeRef value)
{
	CFStringRef name =
		value ? CFStringCreateWithCString(kCFAllocatorDefault, key, kCFStringEncodingUTF8)
		      : NULL;

	if (name)
		CFDictionarySetValue(r->properties, name, value);
	else
		r->err = -ENOMEM;
	if (name)
		CFRelease(name);
	if (value)
		CFRelease(value);
}

static void set_string(struct reading *r, const char *key, const char *text)
{
	CFStringRef value =
		CFStringCreateWithCString(kCFAllocatorDefault, text, kCFStringEncodingUTF8);

	/* Bytes that are no UTF-8 come from odd firmware. */
	if (!value)
		value = CFStringCreateWithCString(kCFAllocatorDefault, text,
						  kCFStringEncodingISOLatin1);
	set(r, key, value);
}

/* As data, the way device-tree properties are: SIZE bytes, the NUL included. */
static void set_data(struct reading *r, const char *key, const void *bytes, size_t size)
{
	set(r, key, CFDataCreate(kCFAllocatorDefault, bytes, (CFIndex)size));
}

static void set_text_data(struct reading *r, const char *key, const char *text)
{
	set_data(r, key, text, strlen(text) + 1);
}

static void copy_text(struct reading *r, const char *key, const char *file)
{
	char text[BRIDGE_SYSFS_MAX];

	if (read_text(r->roots->sysfs, file, text, sizeof(text)))
		set_text_data(r, key, text);
}

static void format_uuid(const uint8_t digest[DIGEST_SIZE], char ret_text[37])
{
	uint8_t b[16];

	memcpy(b, digest, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(ret_text, 37,
		 "%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X", b[0], b[1],
		 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		 b[15]);
}

/* The same after every boot; without a machine-id at least the same for the same host name. */
static void read_identity(struct reading *r)
{
	char text[BRIDGE_SYSFS_MAX], salted[BRIDGE_SYSFS_MAX + sizeof(uuid_salt)];
	uint8_t digest[DIGEST_SIZE];
	char uuid[37], serial[13];

	if (!read_text(r->roots->etc, "machine-id", text, sizeof(text)) &&
	    !read_text(r->roots->etc, "hostname", text, sizeof(text)) && gethostname(text, 256) < 0)
		strcpy(text, "localhost");
	text[BRIDGE_SYSFS_MAX - 1] = 0;
	snprintf(salted, sizeof(salted), "%s%s", uuid_salt, text);
	digest_of(salted, strlen(salted), digest);
	format_uuid(digest, uuid);
	set_string(r, "IOPlatformUUID", uuid);
	/* The real one can be read by root only on most machines. */
	if (read_text(r->roots->sysfs, "class/dmi/id/product_serial", text, sizeof(text)) ||
	    read_text(r->roots->sysfs, "firmware/devicetree/base/serial-number", text,
		      sizeof(text))) {
		set_string(r, "IOPlatformSerialNumber", text);
		return;
	}
	snprintf(serial, sizeof(serial), "P%02X%02X%02X%02X%02X%X", digest[16], digest[17],
		 digest[18], digest[19], digest[20], digest[21] >> 4);
	set_string(r, "IOPlatformSerialNumber", serial);
}

static void read_clock(struct reading *r)
{
	char text[64];
	unsigned long long hz;
	uint8_t bytes[4];

	if (!read_text(r->roots->sysfs, "devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", text,
		       sizeof(text)))
		return;
	hz = strtoull(text, NULL, 10) * 1000;
	if (!hz || hz > UINT32_MAX)
		hz = hz ? UINT32_MAX : 0;
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(hz >> (8 * i));
	if (hz)
		set_data(r, "clock-frequency", bytes, sizeof(bytes));
}

static void read_compatible(struct reading *r, const char *model)
{
	char text[BRIDGE_SYSFS_MAX];
	size_t size;

	/* The device tree's own list of NUL-terminated texts. */
	if (!bridge_sysfs_read(r->roots->sysfs, "firmware/devicetree/base/compatible", text,
			       sizeof(text), &size) &&
	    size)
		set_data(r, "compatible", text, text[size - 1] ? size + 1 : size);
	else
		set_text_data(r, "compatible", model);
}

static void read_model(struct reading *r, char *ret_model, size_t size)
{
	if (!read_text(r->roots->sysfs, "class/dmi/id/product_name", ret_model, size) &&
	    !read_text(r->roots->sysfs, "firmware/devicetree/base/model", ret_model, size) &&
	    gethostname(ret_model, size < 256 ? size : 256) < 0)
		strcpy(ret_model, "Machine");
	ret_model[size - 1] = 0;
	set_text_data(r, "model", ret_model);
	set_text_data(r, "product-name", ret_model);
}

/* Names may hold no '/': paths could not tell. */
static void make_name(const char *model, char ret_name[BRIDGE_PLATFORM_NAME_SIZE])
{
	size_t n = 0;

	for (; n < BRIDGE_PLATFORM_NAME_SIZE - 1 && model[n]; n++) {
		unsigned char c = (unsigned char)model[n];

		ret_name[n] = c == '/' ? ':' : iscntrl(c) ? ' ' : model[n];
	}
	/* Do not cut a character in two. */
	while (n && model[n] && ((unsigned char)model[n] & 0xc0) == 0x80)
		n--;
	ret_name[n] = 0;
}

err_t bridge_platform_read(const struct bridge_platform_roots *roots,
			   CFMutableDictionaryRef *ret_properties,
			   char ret_name[BRIDGE_PLATFORM_NAME_SIZE])
{
	struct reading r = { .roots = roots };
	char model[BRIDGE_SYSFS_MAX];

	r.properties =
		CFDictionaryCreateMutable(kCFAllocatorDefault, 0, &kCFTypeDictionaryKeyCallBacks,
					  &kCFTypeDictionaryValueCallBacks);
	if (!r.properties)
		return -ENOMEM;
	read_model(&r, model, sizeof(model));
	read_identity(&r);
	read_compatible(&r, model);
	copy_text(&r, "manufacturer", "class/dmi/id/sys_vendor");
	copy_text(&r, "version", "class/dmi/id/product_version");
	copy_text(&r, "board-id", "class/dmi/id/board_name");
	copy_text(&r, "target-type", "class/dmi/id/product_family");
	read_clock(&r);
	if (r.err) {
		CFRelease(r.properties);
		return r.err;
	}
	make_name(model, ret_name);
	*ret_properties = r.properties;
	return 0;
}
