// SPDX-License-Identifier: MIT
#include "registry/family.h"

#include <stdlib.h>
#include <string.h>

#include "registry/compare.h"
#include "registry/entry.h"
#include "registry/match.h"
#include "registry/privacy.h"
#include "registry/text.h"

enum family_how {
	HOW_EQUAL,     /* the property equals the value */
	HOW_WILD,      /* the same, and "*" wants only that it is there */
	HOW_ANY,       /* the value is a list, the property one of its members */
	HOW_MASK,      /* like the property that MORE names, in the bits of the value */
	HOW_PCI,       /* words "0xDDDDVVVV&0xMASK" against numbers of the device */
	HOW_RESOURCES, /* all of them are properties */
	HOW_RESOLVED,  /* one of IOResourceMatched */
	HOW_SERIAL,    /* "IOSerialStream" is any type */
	HOW_USAGE,     /* a list of pairs of HID usages, of which one is the device's */
};

enum pci_number { PCI_PRIMARY = 1, PCI_SECONDARY = 2, PCI_CLASS = 4 };

/* KEY of a matching dictionary, for services of CLASS and its subclasses. PROPERTY NULL: of the same
 * name. SCORE is what a personality gains by it. */
static const struct family_key {
	const char *class_name, *key;
	enum family_how how;
	const char *property, *more;
	unsigned numbers;
	int32_t score;
} keys[] = {
	{ "IOResources", "IOResourceMatch", HOW_RESOURCES },
	{ "IOResources", "IOResourceMatched", HOW_RESOLVED },
	{ "IOUserResources", "IOResourceMatch", HOW_RESOURCES },
	{ "IOUserResources", "IOResourceMatched", HOW_RESOLVED },
	/* IOUSBHostFamily: what is more specific wins. */
	{ "IOUSBDevice", "idVendor", HOW_WILD, .score = 20000 },
	{ "IOUSBDevice", "idProduct", HOW_WILD, .score = 60000 },
	{ "IOUSBDevice", "idProductArray", HOW_ANY, "idProduct", .score = 50000 },
	{ "IOUSBDevice", "idProductMask", HOW_MASK, "idProduct", "idProduct" },
	{ "IOUSBDevice", "bcdDevice", HOW_WILD, .score = 10000 },
	{ "IOUSBDevice", "bDeviceClass", HOW_WILD, .score = 20000 },
	{ "IOUSBDevice", "bDeviceSubClass", HOW_WILD, .score = 10000 },
	{ "IOUSBDevice", "bDeviceProtocol", HOW_WILD, .score = 10000 },
	{ "IOUSBDevice", "locationID", HOW_WILD },
	{ "IOUSBInterface", "idVendor", HOW_WILD, .score = 20000 },
	{ "IOUSBInterface", "idProduct", HOW_WILD, .score = 30000 },
	{ "IOUSBInterface", "idProductArray", HOW_ANY, "idProduct", .score = 25000 },
	{ "IOUSBInterface", "idProductMask", HOW_MASK, "idProduct", "idProduct" },
	{ "IOUSBInterface", "bcdDevice", HOW_WILD, .score = 10000 },
	{ "IOUSBInterface", "bInterfaceNumber", HOW_WILD, .score = 20000 },
	{ "IOUSBInterface", "bConfigurationValue", HOW_WILD, .score = 10000 },
	{ "IOUSBInterface", "bInterfaceClass", HOW_WILD, .score = 20000 },
	{ "IOUSBInterface", "bInterfaceSubClass", HOW_WILD, .score = 10000 },
	{ "IOUSBInterface", "bInterfaceProtocol", HOW_WILD, .score = 10000 },
	/* IOSerialFamily */
	{ "IOSerialBSDClient", "IOSerialBSDClientType", HOW_SERIAL },
	{ "IOSerialBSDClient", "IOTTYBaseName", HOW_EQUAL },
	{ "IOSerialBSDClient", "IOTTYSuffix", HOW_EQUAL },
	/* IOStorageFamily and its relatives */
	{ "IOMedia", "Content", HOW_EQUAL },
	{ "IOMedia", "Content Hint", HOW_EQUAL },
	{ "IOMedia", "Ejectable", HOW_EQUAL },
	{ "IOMedia", "Leaf", HOW_EQUAL },
	{ "IOMedia", "Preferred Block Size", HOW_EQUAL },
	{ "IOMedia", "Removable", HOW_EQUAL },
	{ "IOMedia", "Size", HOW_EQUAL },
	{ "IOMedia", "UUID", HOW_EQUAL },
	{ "IOMedia", "Whole", HOW_EQUAL },
	{ "IOMedia", "Writable", HOW_EQUAL },
	{ "IOCDMedia", "Type", HOW_EQUAL },
	{ "IODVDMedia", "Type", HOW_EQUAL },
	{ "IOBDMedia", "Type", HOW_EQUAL },
	{ "IOBlockStorageDevice", "device-type", HOW_EQUAL },
	{ "IOSCSIPeripheralDeviceNub", "Peripheral Device Type", HOW_EQUAL },
	{ "IOSCSIPeripheralDeviceNub", "Vendor Identification", HOW_EQUAL },
	{ "IOSCSIPeripheralDeviceNub", "Product Identification", HOW_EQUAL },
	{ "IOSCSIPeripheralDeviceNub", "Product Revision Level", HOW_EQUAL },
	/* IOHIDFamily */
	{ "IOHIDDevice", "Transport", HOW_EQUAL },
	{ "IOHIDDevice", "VendorID", HOW_EQUAL },
	{ "IOHIDDevice", "VendorIDSource", HOW_EQUAL },
	{ "IOHIDDevice", "ProductID", HOW_EQUAL },
	{ "IOHIDDevice", "ProductIDArray", HOW_ANY, "ProductID" },
	{ "IOHIDDevice", "ProductIDMask", HOW_MASK, "ProductID", "ProductID" },
	{ "IOHIDDevice", "VersionNumber", HOW_EQUAL },
	{ "IOHIDDevice", "Manufacturer", HOW_EQUAL },
	{ "IOHIDDevice", "Product", HOW_EQUAL },
	{ "IOHIDDevice", "SerialNumber", HOW_EQUAL },
	{ "IOHIDDevice", "CountryCode", HOW_EQUAL },
	{ "IOHIDDevice", "LocationID", HOW_EQUAL },
	{ "IOHIDDevice", "PrimaryUsage", HOW_EQUAL },
	{ "IOHIDDevice", "PrimaryUsagePage", HOW_EQUAL },
	{ "IOHIDDevice", "DeviceUsagePairs", HOW_USAGE },
	{ "IOHIDInterface", "Transport", HOW_EQUAL },
	{ "IOHIDInterface", "VendorID", HOW_EQUAL },
	{ "IOHIDInterface", "ProductID", HOW_EQUAL },
	{ "IOHIDInterface", "PrimaryUsage", HOW_EQUAL },
	{ "IOHIDInterface", "PrimaryUsagePage", HOW_EQUAL },
	{ "IOHIDInterface", "DeviceUsagePairs", HOW_USAGE },
	/* IOPCIFamily */
	{ "IOPCIDevice", "IOPCIMatch", HOW_PCI, .numbers = PCI_PRIMARY | PCI_SECONDARY },
	{ "IOPCIDevice", "IOPCIPrimaryMatch", HOW_PCI, .numbers = PCI_PRIMARY },
	{ "IOPCIDevice", "IOPCISecondaryMatch", HOW_PCI, .numbers = PCI_SECONDARY },
	{ "IOPCIDevice", "IOPCIClassMatch", HOW_PCI, .numbers = PCI_CLASS },
};

/* Their compareName asks the device tree's properties. */
static const char *const tree_named[] = { "IOPlatformDevice", "IOPCIDevice", "IOACPIPlatformDevice",
					  "AppleARMIODevice" };
/* Their matchLocation is the device itself. */
static const char *const locations[] = { "IOPlatformDevice", "IOPCIDevice" };

static CFTypeRef property_of(const struct registry_entry *service, const char *key)
{
	scope_cf CFStringRef name = registry_text_new(key);

	return name && !registry_privacy_covers(service, name) ? registry_entry_get(service, name)
							       : NULL;
}

/* Its members, each of which is a step; NULL: it has none, or that would be too many steps. */
static CFArrayRef copy_members(CFTypeRef list, uint64_t *steps)
{
	CFArrayRef members = registry_members_copy(list);

	if (!members || registry_match_spend(steps, (uint64_t)CFArrayGetCount(members)))
		return members;
	CFRelease(members);
	return NULL;
}

static bool is_member(CFTypeRef list, CFTypeRef wanted, uint64_t *steps)
{
	scope_cf CFArrayRef members = copy_members(list, steps);
	CFIndex n = members ? CFArrayGetCount(members) : 0;

	for (CFIndex i = 0; i < n; i++)
		if (registry_compare_values(CFArrayGetValueAtIndex(members, i), wanted))
			return true;
	return false;
}

static bool holds_all_resources(const struct registry_entry *service, CFTypeRef value,
				uint64_t *steps)
{
	if (registry_is_string(value))
		return !registry_privacy_covers(service, value) &&
		       (registry_entry_has(service, value) ||
			registry_entry_is_live(service, value));
	scope_cf CFArrayRef members = copy_members(value, steps);
	CFIndex n = members ? CFArrayGetCount(members) : 0;
	for (CFIndex i = 0; i < n; i++) {
		CFTypeRef key = CFArrayGetValueAtIndex(members, i);

		if (!registry_is_string(key) || registry_privacy_covers(service, key) ||
		    !registry_entry_has(service, key))
			return false;
	}
	/* What is neither a name nor a list of names is no wish at all. */
	return *steps;
}

/* "*" is there to say that the key must exist. */
static bool holds_wild(CFTypeRef value, CFTypeRef have)
{
	if (have && registry_is_string(value) && registry_text_equals(value, "*"))
		return true;
	return registry_compare_values(value, have);
}

static bool holds_mask(const struct registry_entry *service, CFDictionaryRef matching,
		       const struct family_key *k, CFTypeRef mask)
{
	scope_cf CFStringRef more = registry_text_new(k->more);
	int64_t bits, wanted, have;

	return more && registry_number_get(mask, &bits) &&
	       registry_number_get(CFDictionaryGetValue(matching, more), &wanted) &&
	       registry_number_get(property_of(service, k->property), &have) &&
	       !((wanted ^ have) & bits);
}

/* The first four bytes of a data property, or a number; 0 when it is neither. */
static uint32_t pci_word(const struct registry_entry *service, const char *key)
{
	CFTypeRef value = property_of(service, key);
	UInt8 bytes[4] = { 0 };
	int64_t number;

	if (registry_number_get(value, &number))
		return (uint32_t)number;
	if (!value || CFGetTypeID(value) != CFDataGetTypeID())
		return 0;
	CFIndex n = CFDataGetLength(value);
	CFDataGetBytes(value, CFRangeMake(0, n < 4 ? n : 4), bytes);
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

static bool pci_word_fits(const char *text, uint32_t have)
{
	while (*text) {
		char *end;
		uint32_t wanted = (uint32_t)strtoul(text, &end, 16), mask = UINT32_MAX;

		if (end == text)
			return false;
		text = end;
		if (*text == '&') {
			mask = (uint32_t)strtoul(text + 1, &end, 16);
			text = end;
		}
		if (((have ^ wanted) & mask) == 0)
			return true;
		while (*text == ' ')
			text++;
	}
	return false;
}

static bool holds_pci(const struct registry_entry *service, unsigned numbers, CFTypeRef value)
{
	char text[1024];

	if (!registry_text_get(value, text, sizeof(text)))
		return false;
	if (numbers & PCI_PRIMARY &&
	    pci_word_fits(text, pci_word(service, "device-id") << 16 |
					(pci_word(service, "vendor-id") & 0xffff)))
		return true;
	if (numbers & PCI_SECONDARY &&
	    pci_word_fits(text, pci_word(service, "subsystem-id") << 16 |
					(pci_word(service, "subsystem-vendor-id") & 0xffff)))
		return true;
	return numbers & PCI_CLASS &&
	       pci_word_fits(text, pci_word(service, "class-code") << 8 |
					   (pci_word(service, "revision-id") & 0xff));
}

/* What WANTED leaves out may be anything. */
static bool is_usage(CFTypeRef wanted, CFTypeRef have)
{
	CFStringRef names[] = { CFSTR("DeviceUsagePage"), CFSTR("DeviceUsage") };
	bool fits = registry_is_dictionary(wanted) && registry_is_dictionary(have);

	for (int i = 0; fits && i < 2; i++) {
		CFTypeRef usage = CFDictionaryGetValue(wanted, names[i]);

		fits = !usage ||
		       registry_compare_values(usage, CFDictionaryGetValue(have, names[i]));
	}
	return fits;
}

/* Some pair of the list is among the device's own. */
static bool holds_usage(const struct registry_entry *service, CFTypeRef value, uint64_t *steps)
{
	scope_cf CFArrayRef wanted = copy_members(value, steps);
	scope_cf CFArrayRef have = registry_members_copy(property_of(service, "DeviceUsagePairs"));
	CFIndex n = have ? CFArrayGetCount(have) : 0;

	for (CFIndex i = 0; wanted && i < CFArrayGetCount(wanted); i++)
		for (CFIndex j = 0; j < n && registry_match_spend(steps, 1); j++)
			if (is_usage(CFArrayGetValueAtIndex(wanted, i),
				     CFArrayGetValueAtIndex(have, j)))
				return true;
	return false;
}

static bool holds(const struct registry_entry *service, CFDictionaryRef matching,
		  const struct family_key *k, CFTypeRef value, uint64_t *steps)
{
	CFTypeRef have = property_of(service, k->property ? k->property : k->key);

	switch (k->how) {
	case HOW_WILD:
		return holds_wild(value, have);
	case HOW_ANY:
		return is_member(value, have, steps);
	case HOW_MASK:
		return holds_mask(service, matching, k, value);
	case HOW_PCI:
		return holds_pci(service, k->numbers, value);
	case HOW_RESOURCES:
		return holds_all_resources(service, value, steps);
	case HOW_RESOLVED:
		return is_member(have, value, steps);
	case HOW_SERIAL:
		return registry_text_equals(value, "IOSerialStream") ||
		       registry_compare_values(value, have);
	case HOW_USAGE:
		return holds_usage(service, value, steps);
	case HOW_EQUAL:
		break;
	}
	return registry_compare_values(value, have);
}

/* A product is compared in the bits of its mask only. */
static bool is_masked(CFDictionaryRef matching, const struct family_key *k)
{
	return (!strcmp(k->key, "idProduct") &&
		CFDictionaryContainsKey(matching, CFSTR("idProductMask"))) ||
	       (!strcmp(k->key, "ProductID") &&
		CFDictionaryContainsKey(matching, CFSTR("ProductIDMask")));
}

static bool is_text(const char *wanted, const char *text, size_t size)
{
	return strlen(wanted) == size && !memcmp(wanted, text, size);
}

struct family_question {
	const struct registry_entry *service;
	CFDictionaryRef matching;
	int64_t sum;
	uint64_t *steps;
	bool fits;
};

static void check_pair(const void *key, const void *value, void *context)
{
	struct family_question *q = context;
	char buffer[64];
	size_t size;
	const char *text = registry_text_bytes(key, buffer, sizeof(buffer), &size);

	/* Most keys are no family's: texts are compared before classes. */
	for (size_t i = 0; text && q->fits && i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct family_key *k = &keys[i];

		if (!is_text(k->key, text, size) ||
		    !registry_class_conforms(q->service->class, k->class_name) ||
		    is_masked(q->matching, k))
			continue;
		q->fits = registry_match_may_compare(value, q->steps) &&
			  holds(q->service, q->matching, k, value, q->steps);
		q->sum += k->score;
	}
}

bool registry_family_match(const struct registry_entry *service, CFDictionaryRef matching,
			   int32_t *score, uint64_t *steps)
{
	struct family_question q = { service, matching, score ? *score : 0, steps, true };

	CFDictionaryApplyFunction(matching, check_pair, &q);
	if (score && q.fits)
		*score = q.sum > INT32_MAX ? INT32_MAX : (int32_t)q.sum;
	return q.fits;
}

/* Keys that want no more than that the property of their own name has their value. */
bool registry_family_wants_equal(const struct registry_class *class, const char *key, size_t size,
				 CFDictionaryRef matching, CFTypeRef value)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct family_key *k = &keys[i];

		if ((k->how == HOW_EQUAL || k->how == HOW_WILD) && !k->property &&
		    is_text(k->key, key, size) && registry_class_conforms(class, k->class_name) &&
		    !is_masked(matching, k))
			return k->how == HOW_EQUAL || !registry_is_string(value);
	}
	return false;
}

static bool conforms_to_one(const struct registry_entry *service, const char *const *names,
			    size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (registry_class_conforms(service->class, names[i]))
			return true;
	return false;
}

bool registry_family_has_tree_names(const struct registry_entry *service)
{
	return registry_node_find(service, service->tree->planes.device_tree) ||
	       conforms_to_one(service, tree_named, sizeof(tree_named) / sizeof(tree_named[0]));
}

const struct registry_entry *registry_family_location(const struct registry_entry *provider,
						      uint64_t *steps)
{
	while (provider && registry_match_spend(steps, 1)) {
		if (conforms_to_one(provider, locations, sizeof(locations) / sizeof(locations[0])))
			return provider;
		provider = registry_entry_provider(provider);
	}
	return NULL;
}
