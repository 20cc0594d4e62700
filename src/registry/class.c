// SPDX-License-Identifier: MIT
#include "registry/class.h"

#include <stdlib.h>
#include <string.h>

#include "registry/text.h"
#include "wire/protocol.h"

/* Apple's public class graph as far as clients name it. Superclasses come first. */
static const struct {
	const char *name, *super;
} builtin[] = {
	{ "OSObject", NULL },
	{ "IORegistryEntry", "OSObject" },
	{ "IORegistryPlane", "OSObject" },
	{ "IOCatalogue", "OSObject" },
	{ "IOMemoryDescriptor", "OSObject" },
	{ "IOWorkLoop", "OSObject" },
	{ "IOEventSource", "OSObject" },
	{ "IOService", "IORegistryEntry" },
	{ "IOUserClient", "IOService" },
	{ "IOUserClient2022", "IOUserClient" },
	{ "IOUserUserClient", "IOUserClient" },
	{ "IOUserService", "IOService" },
	{ "IOUserServer", "IOUserClient" },
	{ "IOUserResources", "IOService" },
	{ "IOResources", "IOService" },
	{ "IOPlatformDevice", "IOService" },
	{ "IOPlatformExpertDevice", "IOService" },
	{ "IOPlatformExpert", "IOService" },
	{ "IODTPlatformExpert", "IOPlatformExpert" },
	{ "IOPMrootDomain", "IOService" },
	{ "IOPMPowerSource", "IOService" },
	{ "IOCPU", "IOService" },
	{ "IOInterruptController", "IOService" },
	{ "IOBSD", "IOService" },
	{ "IORTC", "IOService" },
	{ "IONVRAMController", "IOService" },
	{ "IODTNVRAM", "IOService" },
	{ "IOWatchDogTimer", "IOService" },
	{ "IOACPIPlatformDevice", "IOService" },
	{ "IOACPIPlatformExpert", "IODTPlatformExpert" },
	{ "AppleACPIPlatformExpert", "IOACPIPlatformExpert" },
	{ "AppleACPICPU", "IOCPU" },
	{ "AppleACPIButtons", "IOService" },
	{ "AppleSmartBattery", "IOPMPowerSource" },
	{ "AppleSmartBatteryManager", "IOService" },
	{ "AppleACPIACAdapter", "IOService" },
	{ "AppleSMC", "IOService" },
	{ "IOHWSensor", "IOService" },
	{ "IOHWControl", "IOService" },
	{ "AppleARMIODevice", "IOService" },
	{ "IOPCIDevice", "IOService" },
	{ "IOPCIBridge", "IOService" },
	{ "IOPCI2PCIBridge", "IOPCIBridge" },
	{ "IOPCIHostBridge", "IOPCIBridge" },
	{ "IOUSBHostDevice", "IOService" },
	{ "IOUSBHostInterface", "IOService" },
	{ "IOUSBNub", "IOService" },
	{ "IOUSBDevice", "IOUSBNub" },
	{ "IOUSBRootHubDevice", "IOUSBDevice" },
	{ "IOUSBInterface", "IOUSBNub" },
	{ "IOUSBController", "IOService" },
	{ "IOUSBHostController", "IOService" },
	{ "AppleUSBHostController", "IOUSBHostController" },
	{ "AppleUSBXHCI", "AppleUSBHostController" },
	{ "AppleUSBXHCIPCI", "AppleUSBXHCI" },
	{ "AppleUSBEHCI", "AppleUSBHostController" },
	{ "AppleUSBHostPort", "IOService" },
	{ "AppleUSB20XHCIPort", "AppleUSBHostPort" },
	{ "AppleUSB30XHCIPort", "AppleUSBHostPort" },
	{ "AppleUSB20HubPort", "AppleUSBHostPort" },
	{ "AppleUSB30HubPort", "AppleUSBHostPort" },
	{ "AppleUSBHub", "IOService" },
	{ "IOHIDDevice", "IOService" },
	{ "IOHIDUserDevice", "IOHIDDevice" },
	{ "IOHIDResource", "IOService" },
	{ "IOHIDInterface", "IOService" },
	{ "IOHIDSystem", "IOService" },
	{ "IOHIKeyboard", "IOService" },
	{ "IOHIPointing", "IOService" },
	{ "IOHIDEventService", "IOService" },
	{ "IOHIDEventDriver", "IOHIDEventService" },
	{ "AppleUserUSBHostHIDDevice", "IOHIDDevice" },
	{ "AppleHIDTransportHIDDevice", "IOHIDDevice" },
	{ "IOStorage", "IOService" },
	{ "IOMedia", "IOStorage" },
	{ "IOCDMedia", "IOMedia" },
	{ "IODVDMedia", "IOMedia" },
	{ "IOBDMedia", "IOMedia" },
	{ "IOBlockStorageDriver", "IOStorage" },
	{ "IOCDBlockStorageDriver", "IOBlockStorageDriver" },
	{ "IODVDBlockStorageDriver", "IOCDBlockStorageDriver" },
	{ "IOPartitionScheme", "IOStorage" },
	{ "IOGUIDPartitionScheme", "IOPartitionScheme" },
	{ "IOFDiskPartitionScheme", "IOPartitionScheme" },
	{ "IOApplePartitionScheme", "IOPartitionScheme" },
	{ "IOFilterScheme", "IOStorage" },
	{ "IOMediaBSDClient", "IOService" },
	{ "IOBlockStorageDevice", "IOService" },
	{ "IOBlockStorageServices", "IOBlockStorageDevice" },
	{ "IOCDBlockStorageDevice", "IOBlockStorageDevice" },
	{ "IODVDBlockStorageDevice", "IOCDBlockStorageDevice" },
	{ "IOATABlockStorageDevice", "IOBlockStorageDevice" },
	{ "IOAHCIBlockStorageDevice", "IOBlockStorageDevice" },
	{ "IONVMeBlockStorageDevice", "IOBlockStorageDevice" },
	{ "IOEmbeddedNVMeBlockDevice", "IONVMeBlockStorageDevice" },
	{ "IONVMeController", "IOService" },
	{ "IOAHCIController", "IOService" },
	{ "IOAHCIDevice", "IOService" },
	{ "IOSCSIPeripheralDeviceNub", "IOService" },
	{ "IOSCSIProtocolServices", "IOService" },
	{ "IONetworkController", "IOService" },
	{ "IOEthernetController", "IONetworkController" },
	{ "IO80211Controller", "IOEthernetController" },
	{ "IONetworkInterface", "IOService" },
	{ "IOEthernetInterface", "IONetworkInterface" },
	{ "IO80211Interface", "IOEthernetInterface" },
	{ "IONetworkStack", "IOService" },
	{ "IOModemSerialStream", "IOService" },
	{ "IOSerialStreamSync", "IOService" },
	{ "IORS232SerialStreamSync", "IOSerialStreamSync" },
	{ "IOModemSerialStreamSync", "IOSerialStreamSync" },
	{ "IOSerialBSDClient", "IOService" },
	{ "IOAudioDevice", "IOService" },
	{ "IOAudioEngine", "IOService" },
	{ "IOAudioStream", "IOService" },
	{ "IOAudioControl", "IOService" },
	{ "IOAudioLevelControl", "IOAudioControl" },
	{ "IOAudioToggleControl", "IOAudioControl" },
	{ "IOGraphicsDevice", "IOService" },
	{ "IOFramebuffer", "IOGraphicsDevice" },
	{ "IOAccelerator", "IOService" },
	{ "IOGraphicsAccelerator2", "IOAccelerator" },
	{ "IODisplayConnect", "IOService" },
	{ "IODisplay", "IOService" },
	{ "AppleDisplay", "IODisplay" },
	{ "IOBacklightDisplay", "AppleDisplay" },
	{ "AppleBacklightDisplay", "IOBacklightDisplay" },
	{ "IOMobileFramebuffer", "IOService" },
	{ "IOSurfaceRoot", "IOService" },
	{ "IOI2CInterface", "IOService" },
	{ "IOThunderboltController", "IOService" },
	{ "IOThunderboltPort", "IOService" },
	{ "IOThunderboltSwitch", "IOService" },
	{ "IOBluetoothHCIController", "IOService" },
	{ "IOBluetoothDevice", "IOService" },
	{ "IOFireWireController", "IOService" },
	{ "IOFireWireNub", "IOService" },
	{ "IOFireWireDevice", "IOFireWireNub" },
	{ "IOFireWireUnit", "IOFireWireNub" },
	{ "IOFireWireLocalNode", "IOFireWireNub" },
	{ "IOReportHub", "IOService" },
	{ "IOTimeSyncService", "IOService" },
};

static err_t add(struct registry_classes *classes, const char *name, struct registry_class *super,
		 const char *bundle, struct registry_class **ret_class)
{
	struct registry_class *c = calloc(1, sizeof(*c));
	uint64_t hash = registry_text_hash(name);

	if (!c)
		return -ENOMEM;
	c->name = strdup(name);
	c->bundle = strdup(bundle);
	c->super = super;
	c->next = map_find(&classes->by_hash, hash);
	list_init(&c->members);
	registry_member_init(&c->as_member);
	c->as_member.subclass = c;
	if (!c->name || !c->bundle || map_set(&classes->by_hash, hash, c)) {
		free(c->name);
		free(c->bundle);
		free(c);
		return -ENOMEM;
	}
	list_add(&classes->all, &c->link);
	classes->count++;
	if (ret_class)
		*ret_class = c;
	return 0;
}

err_t registry_classes_init(struct registry_classes *classes)
{
	*classes = (struct registry_classes){ .by_hash = MAP_INIT };
	list_init(&classes->all);
	for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++) {
		struct registry_class *super = NULL;

		if (builtin[i].super)
			super = registry_class_find(classes, builtin[i].super);
		if (add(classes, builtin[i].name, super, "", NULL)) {
			registry_classes_fini(classes);
			return -ENOMEM;
		}
	}
	return 0;
}

void registry_classes_fini(struct registry_classes *classes)
{
	list_for_each_safe(node, &classes->all) {
		struct registry_class *c = container_of(node, struct registry_class, link);

		free(c->name);
		free(c->bundle);
		free(c);
	}
	list_init(&classes->all);
	map_fini(&classes->by_hash);
	classes->count = 0;
}

struct registry_class *registry_class_find(const struct registry_classes *classes, const char *name)
{
	struct registry_class *c = map_find(&classes->by_hash, registry_text_hash(name));

	while (c && strcmp(c->name, name))
		c = c->next;
	return c;
}

err_t registry_class_declare(struct registry_classes *classes, const char *name, const char *super,
			     const char *bundle, struct registry_class **ret_class)
{
	struct registry_class *old = registry_class_find(classes, name);
	struct registry_class *s = registry_class_find(classes, super);

	if (!name[0] || strlen(name) > WIRE_NAME_MAX || !s)
		return -EINVAL;
	if (old && old->super != s) {
		if (!old->is_guessed || old->n_instances || registry_class_conforms(s, name))
			return -EEXIST;
		old->super = s;
	}
	if (old) {
		old->is_guessed = false;
		if (ret_class)
			*ret_class = old;
		return 0;
	}
	if (classes->count >= REGISTRY_CLASSES_MAX)
		return -ENOSPC;
	return add(classes, name, s, bundle, ret_class);
}

struct declaring {
	struct registry_classes *classes;
	const char *bundle;
	size_t n_added;
	err_t err;
};

static void declare_one(const void *key, const void *value, void *context)
{
	struct declaring *d = context;
	char name[WIRE_NAME_MAX + 1], super[WIRE_NAME_MAX + 1];

	if (!registry_text_get(key, name, sizeof(name)) ||
	    !registry_text_get(value, super, sizeof(super))) {
		d->err = -EINVAL;
		return;
	}
	bool is_new = !registry_class_find(d->classes, name);
	err_t err = registry_class_declare(d->classes, name, super, d->bundle, NULL);
	if (err)
		d->err = err;
	else if (is_new)
		d->n_added++;
}

err_t registry_class_declare_all(struct registry_classes *classes, CFTypeRef dictionary,
				 const char *bundle)
{
	struct declaring d = { .classes = classes, .bundle = bundle };

	if (!registry_is_dictionary(dictionary))
		return -EINVAL;
	/* A superclass may come later in the dictionary: go round while that helps. */
	do {
		d.n_added = 0;
		d.err = 0;
		CFDictionaryApplyFunction(dictionary, declare_one, &d);
	} while (d.err && d.n_added);
	return d.err;
}

err_t registry_class_need(struct registry_classes *classes, const char *name, const char *fallback,
			  struct registry_class **ret_class)
{
	struct registry_class *c = registry_class_find(classes, name);

	if (!c) {
		err_t err = registry_class_declare(classes, name, fallback, "", &c);

		if (err)
			return err;
		c->is_guessed = true;
	}
	*ret_class = c;
	return 0;
}

bool registry_class_conforms(const struct registry_class *class, const char *name)
{
	while (class && strcmp(class->name, name))
		class = class->super;
	return class != NULL;
}

CFTypeRef registry_class_copy_ancestry(const struct registry_class *class)
{
	CFMutableArrayRef names = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	for (; class && names; class = class->super) {
		scope_cf CFStringRef name = registry_text_new(class->name);

		if (name)
			CFArrayAppendValue(names, name);
	}
	return names;
}

CFTypeRef registry_classes_copy_counts(const struct registry_classes *classes)
{
	CFMutableDictionaryRef counts = registry_dictionary_new();

	list_for_each(node, &classes->all) {
		struct registry_class *c = container_of(node, struct registry_class, link);
		scope_cf CFStringRef name = registry_text_new(c->name);

		if (counts && name)
			registry_set_number(counts, name, c->n_instances, kCFNumberSInt32Type);
	}
	return counts;
}

void registry_class_count_instance(struct registry_class *class)
{
	while (class && class->n_instances++ == 0)
		class = class->super;
}

void registry_class_uncount_instance(struct registry_class *class)
{
	while (class && --class->n_instances == 0)
		class = class->super;
}

void registry_member_init(struct registry_member *member)
{
	list_init(&member->link);
	member->subclass = NULL;
	member->order = 0;
}

void registry_class_add_member(struct registry_class *class, struct registry_member *member)
{
	bool was_empty = list_is_empty(&class->members);

	member->order = ++class->last_order;
	list_add(&class->members, &member->link);
	if (was_empty && class->super)
		registry_class_add_member(class->super, &class->as_member);
}

void registry_class_remove_member(struct registry_class *class, struct registry_member *member)
{
	if (list_is_empty(&member->link))
		return;
	list_remove(&member->link);
	if (list_is_empty(&class->members) && class->super)
		registry_class_remove_member(class->super, &class->as_member);
}

static unsigned depth_of(const struct registry_class *class)
{
	unsigned n = 0;

	for (; class; class = class->super)
		n++;
	return n;
}

int registry_member_compare(const struct registry_class *a_class, const struct registry_member *a,
			    const struct registry_class *b_class, const struct registry_member *b)
{
	unsigned a_depth = depth_of(a_class), b_depth = depth_of(b_class);

	/* Go up until both are members of one list. */
	while (a_class != b_class) {
		bool up_a = a_depth >= b_depth, up_b = b_depth >= a_depth;

		if (up_a) {
			a = &a_class->as_member;
			a_class = a_class->super;
			a_depth--;
		}
		if (up_b) {
			b = &b_class->as_member;
			b_class = b_class->super;
			b_depth--;
		}
	}
	return (a->order > b->order) - (a->order < b->order);
}

bool registry_class_walk(struct registry_class *class, registry_member_fn fn, void *context)
{
	list_for_each(node, &class->members) {
		struct registry_member *m = container_of(node, struct registry_member, link);

		if (m->subclass ? !registry_class_walk(m->subclass, fn, context) : !fn(context, m))
			return false;
	}
	return true;
}
