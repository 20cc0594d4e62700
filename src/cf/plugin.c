// SPDX-License-Identifier: MIT
/*
 * Factories and the types that they make. A factory of a plug-in does not keep
 * the plug-in; its instances do. One that is unregistered while it has instances
 * makes no more and goes with the last of them.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/scope.h"
#include "cf/bundle_internal.h"
#include "cf/string_internal.h"

CF_CONSTANT_STRING(kCFPlugInDynamicRegistrationKey, "CFPlugInDynamicRegistration");
CF_CONSTANT_STRING(kCFPlugInDynamicRegisterFunctionKey, "CFPlugInDynamicRegisterFunction");
CF_CONSTANT_STRING(kCFPlugInUnloadFunctionKey, "CFPlugInUnloadFunction");
CF_CONSTANT_STRING(kCFPlugInFactoriesKey, "CFPlugInFactories");
CF_CONSTANT_STRING(kCFPlugInTypesKey, "CFPlugInTypes");

struct factory {
	struct list link;
	CFUUIDRef id;
	CFPlugInFactoryFunction function; /* or by name, in the plug-in */
	CFStringRef name;
	CFBundleRef plugin; /* borrowed, or NULL */
	unsigned instances;
	bool enabled;
};

/* FACTORY makes TYPE. */
struct ability {
	struct list link;
	CFUUIDRef type;
	struct factory *factory;
};

/* Under bundles_lock, in the order of registration. */
static struct list factories = LIST_INIT(factories);
static struct list abilities = LIST_INIT(abilities);

/* --- the tables ---------------------------------------------------------------------- */

static struct factory *find_locked(CFUUIDRef id, bool enabled)
{
	for (struct list *l = factories.next; l != &factories; l = l->next) {
		struct factory *f = container_of(l, struct factory, link);

		if (f->enabled == enabled && CFEqual(f->id, id))
			return f;
	}
	return NULL;
}

static struct ability *find_ability_locked(const struct factory *factory, CFUUIDRef type)
{
	for (struct list *l = abilities.next; l != &abilities; l = l->next) {
		struct ability *a = container_of(l, struct ability, link);

		if (a->factory == factory && CFEqual(a->type, type))
			return a;
	}
	return NULL;
}

static void ability_free(struct ability *a)
{
	list_remove(&a->link);
	CFRelease(a->type);
	free(a);
}

static void factory_free_locked(struct factory *f)
{
	for (struct list *l = abilities.next, *next; l != &abilities; l = next) {
		struct ability *a = container_of(l, struct ability, link);

		next = l->next;
		if (a->factory == f)
			ability_free(a);
	}
	list_remove(&f->link);
	CFRelease(f->id);
	cf_drop(f->name);
	free(f);
}

/* It makes nothing any more. */
static void disable_locked(struct factory *f)
{
	f->enabled = false;
	if (!f->instances)
		factory_free_locked(f);
}

static bool is_uuid(CFTypeRef value)
{
	return cf_is(value, CF_TYPE_UUID);
}

/* The new or changed registration; NAME and PLUGIN or FUNCTION. */
static Boolean enter(CFUUIDRef id, CFPlugInFactoryFunction function, CFBundleRef plugin,
		     CFStringRef name)
{
	scope_cf CFStringRef copy = name ? CFStringCreateCopy(NULL, name) : NULL;
	CFStringRef old = NULL;
	struct factory *f;

	if (!is_uuid(id) || (name && !copy))
		return FALSE;
	bundles_lock();
	f = find_locked(id, true);
	if (!f) {
		f = calloc(1, sizeof(*f));
		if (!f) {
			bundles_unlock();
			return FALSE;
		}
		f->id = CFRetain(id);
		f->enabled = true;
		list_add_before(&factories, &f->link);
	}
	old = f->name;
	f->function = function;
	f->plugin = plugin;
	f->name = take_ptr(copy);
	bundles_unlock();
	cf_drop(old);
	return TRUE;
}

Boolean CFPlugInRegisterFactoryFunction(CFUUIDRef factoryUUID, CFPlugInFactoryFunction func)
{
	return func && enter(factoryUUID, func, NULL, NULL);
}

Boolean CFPlugInRegisterFactoryFunctionByName(CFUUIDRef factoryUUID, CFPlugInRef plugIn,
					      CFStringRef functionName)
{
	return bundle_is(plugIn) && cf_is(functionName, CF_TYPE_STRING) &&
	       enter(factoryUUID, NULL, plugIn, functionName);
}

Boolean CFPlugInUnregisterFactory(CFUUIDRef factoryUUID)
{
	struct factory *f;

	if (!is_uuid(factoryUUID))
		return FALSE;
	bundles_lock();
	f = find_locked(factoryUUID, true);
	if (f)
		disable_locked(f);
	bundles_unlock();
	return f != NULL;
}

Boolean CFPlugInRegisterPlugInType(CFUUIDRef factoryUUID, CFUUIDRef typeUUID)
{
	struct ability *a = calloc(1, sizeof(*a));
	struct factory *f;

	if (!a || !is_uuid(factoryUUID) || !is_uuid(typeUUID)) {
		free(a);
		return FALSE;
	}
	list_init(&a->link);
	bundles_lock();
	f = find_locked(factoryUUID, true);
	if (f && !find_ability_locked(f, typeUUID)) {
		a->factory = f;
		a->type = CFRetain(typeUUID);
		list_add_before(&abilities, &a->link);
		a = NULL;
	}
	bundles_unlock();
	free(a);
	return f != NULL;
}

Boolean CFPlugInUnregisterPlugInType(CFUUIDRef factoryUUID, CFUUIDRef typeUUID)
{
	struct ability *a = NULL;
	struct factory *f;

	if (!is_uuid(factoryUUID) || !is_uuid(typeUUID))
		return FALSE;
	bundles_lock();
	f = find_locked(factoryUUID, true);
	if (f)
		a = find_ability_locked(f, typeUUID);
	if (a)
		ability_free(a);
	bundles_unlock();
	return f != NULL;
}

/* --- finding and making --------------------------------------------------------------------- */

static CFArrayRef copy_factories(CFUUIDRef type, CFPlugInRef plugin)
{
	CFMutableArrayRef result = NULL;

	if (!is_uuid(type))
		return NULL;
	bundles_lock();
	for (struct list *l = abilities.next; l != &abilities; l = l->next) {
		struct ability *a = container_of(l, struct ability, link);

		if (!a->factory->enabled || !CFEqual(a->type, type) ||
		    (plugin && a->factory->plugin != plugin))
			continue;
		if (!result)
			result = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
		if (result)
			CFArrayAppendValue(result, a->factory->id);
	}
	bundles_unlock();
	return result;
}

CFArrayRef CFPlugInFindFactoriesForPlugInType(CFUUIDRef typeUUID)
{
	return copy_factories(typeUUID, NULL);
}

CFArrayRef CFPlugInFindFactoriesForPlugInTypeInPlugIn(CFUUIDRef typeUUID, CFPlugInRef plugIn)
{
	bool needs_registration;

	if (!bundle_is(plugIn))
		return NULL;
	bundles_lock();
	needs_registration = plugIn->needs_registration;
	bundles_unlock();
	/* Loaded by another thread, it may still need it. */
	if (needs_registration && CFBundleLoadExecutable(plugIn))
		plugin_loaded(plugIn);
	bundles_lock();
	/* The function that registers may ask as well. */
	while (plugIn->registrar && plugIn->registrar != gettid())
		bundles_wait();
	bundles_unlock();
	return copy_factories(typeUUID, plugIn);
}

void *CFPlugInInstanceCreate(CFAllocatorRef allocator, CFUUIDRef factoryUUID, CFUUIDRef typeUUID)
{
	CFPlugInFactoryFunction function = NULL;
	scope_cf CFBundleRef plugin = NULL;
	scope_cf CFStringRef name = NULL;
	struct factory *f;

	if (!is_uuid(factoryUUID) || !is_uuid(typeUUID))
		return NULL;
	bundles_lock();
	f = find_locked(factoryUUID, true);
	if (f && find_ability_locked(f, typeUUID)) {
		function = f->function;
		name = cf_keep(f->name);
		if (f->plugin && (f->plugin->is_main || cf_object_try_retain(f->plugin)))
			plugin = f->plugin;
	}
	bundles_unlock();
	if (!function && plugin && name)
		function = (CFPlugInFactoryFunction)(uintptr_t)CFBundleGetFunctionPointerForName(
			plugin, name);
	return function ? function(allocator, typeUUID) : NULL;
}

void CFPlugInAddInstanceForFactory(CFUUIDRef factoryID)
{
	struct factory *f;

	if (!is_uuid(factoryID))
		return;
	bundles_lock();
	f = find_locked(factoryID, true);
	/* A plug-in that is about to go has nobody who could make an instance. */
	if (f && (!f->plugin || f->plugin->is_main || cf_object_try_retain(f->plugin)))
		f->instances++;
	bundles_unlock();
}

static struct factory *find_used_locked(CFUUIDRef id)
{
	struct factory *f = find_locked(id, true);

	return f && f->instances ? f : find_locked(id, false);
}

void CFPlugInRemoveInstanceForFactory(CFUUIDRef factoryID)
{
	CFBundleRef plugin = NULL;
	struct factory *f;

	if (!is_uuid(factoryID))
		return;
	bundles_lock();
	f = find_used_locked(factoryID);
	if (f && f->instances) {
		plugin = f->plugin;
		f->instances--;
		if (!f->enabled && !f->instances)
			factory_free_locked(f);
	}
	bundles_unlock();
	cf_drop(plugin);
}

/* --- plug-ins ------------------------------------------------------------------------------------ */

CFTypeID CFPlugInGetTypeID(void)
{
	return CFBundleGetTypeID();
}

CFPlugInRef CFPlugInCreate(CFAllocatorRef allocator, CFURLRef plugInURL)
{
	return CFBundleCreate(allocator, plugInURL);
}

CFBundleRef CFPlugInGetBundle(CFPlugInRef plugIn)
{
	return plugIn;
}

CFPlugInRef CFBundleGetPlugIn(CFBundleRef bundle)
{
	return bundle_is(bundle) && bundle->is_plugin ? bundle : NULL;
}

void CFPlugInSetLoadOnDemand(CFPlugInRef plugIn, Boolean flag)
{
	if (!CFBundleGetPlugIn(plugIn))
		return;
	bundles_lock();
	plugIn->loads_on_demand = flag;
	bundles_unlock();
	if (!flag)
		CFBundleLoadExecutable(plugIn);
}

Boolean CFPlugInIsLoadOnDemand(CFPlugInRef plugIn)
{
	bool flag = false;

	if (!CFBundleGetPlugIn(plugIn))
		return FALSE;
	bundles_lock();
	flag = plugIn->loads_on_demand;
	bundles_unlock();
	return flag;
}

/* --- what Info.plist says ------------------------------------------------------------------------- */

static CFUUIDRef copy_uuid(CFTypeRef value)
{
	return cf_is(value, CF_TYPE_STRING) ? CFUUIDCreateFromString(NULL, value) : NULL;
}

static void register_factory(const void *key, const void *value, void *context)
{
	scope_cf CFUUIDRef id = copy_uuid(key);

	if (id && cf_is(value, CF_TYPE_STRING))
		CFPlugInRegisterFactoryFunctionByName(id, context, value);
}

static void register_type(const void *key, const void *value, void *context)
{
	scope_cf CFUUIDRef type = copy_uuid(key);
	bool is_array = cf_is(value, CF_TYPE_ARRAY);
	CFIndex n = is_array ? CFArrayGetCount(value) : 1;

	for (CFIndex i = 0; type && i < n; i++) {
		scope_cf CFUUIDRef factory =
			copy_uuid(is_array ? CFArrayGetValueAtIndex(value, i) : value);

		if (factory)
			CFPlugInRegisterPlugInType(factory, type);
	}
}

void plugin_begin(CFBundleRef bundle)
{
	CFTypeRef list = CFDictionaryGetValue(bundle->info, kCFPlugInFactoriesKey);
	CFTypeRef types = CFDictionaryGetValue(bundle->info, kCFPlugInTypesKey);
	bool is_dynamic =
		bundle_is_yes(CFDictionaryGetValue(bundle->info, kCFPlugInDynamicRegistrationKey));

	if (!cf_is(list, CF_TYPE_DICTIONARY) && !is_dynamic)
		return;
	bundles_lock();
	bundle->is_plugin = true;
	bundle->loads_on_demand = !is_dynamic;
	bundle->needs_registration = is_dynamic;
	bundles_unlock();
	if (cf_is(list, CF_TYPE_DICTIONARY))
		CFDictionaryApplyFunction(list, register_factory, bundle);
	if (cf_is(types, CF_TYPE_DICTIONARY))
		CFDictionaryApplyFunction(types, register_type, bundle);
}

void plugin_end(CFBundleRef bundle)
{
	bundles_lock();
	for (struct list *l = factories.next, *next; l != &factories; l = next) {
		struct factory *f = container_of(l, struct factory, link);

		next = l->next;
		if (f->plugin == bundle)
			factory_free_locked(f);
	}
	bundles_unlock();
}

/* Call the function that Info.plist names under KEY. */
static void call_named(CFBundleRef bundle, CFStringRef key, CFStringRef otherwise)
{
	CFTypeRef name = CFDictionaryGetValue(bundle->info, key);
	void (*function)(CFPlugInRef);

	if (!cf_is(name, CF_TYPE_STRING) || !CFStringGetLength(name))
		name = otherwise;
	if (!name)
		return;
	function =
		(void (*)(CFPlugInRef))(uintptr_t)CFBundleGetFunctionPointerForName(bundle, name);
	if (function)
		function(bundle);
}

void plugin_loaded(CFBundleRef bundle)
{
	bool needs_registration;

	bundles_lock();
	needs_registration = bundle->needs_registration;
	bundle->needs_registration = false;
	if (needs_registration)
		bundle->registrar = gettid();
	bundles_unlock();
	if (!needs_registration)
		return;
	call_named(bundle, kCFPlugInDynamicRegisterFunctionKey, CFSTR("CFPlugInDynamicRegister"));
	bundles_lock();
	bundle->registrar = 0;
	bundles_unlock();
	bundles_wake();
}

/* Where code lies. */
struct span {
	uintptr_t base, from, to;
};

static int find_span(struct dl_phdr_info *info, size_t size, void *context)
{
	struct span *s = context;

	if (info->dlpi_addr != s->base)
		return 0;
	s->from = UINTPTR_MAX;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t from = s->base + part->p_vaddr;

		if (part->p_type != PT_LOAD)
			continue;
		s->from = from < s->from ? from : s->from;
		s->to = from + part->p_memsz > s->to ? from + part->p_memsz : s->to;
	}
	return 1;
}

/* Without bundles_lock: the loader has a lock that it holds while a library begins, which may ask for
 * bundles. */
static struct span span_of(CFBundleRef bundle)
{
	struct span s = { 0 };
	struct link_map *code;

	if (bundle->handle && !dlinfo(bundle->handle, RTLD_DI_LINKMAP, &code)) {
		s.base = code->l_addr;
		dl_iterate_phdr(find_span, &s);
	}
	return s;
}

/* Whoever has a plug-in unloaded may still know what its code has registered by address. */
static void forget_code_locked(struct span code)
{
	for (struct list *l = factories.next, *next; l != &factories; l = next) {
		struct factory *f = container_of(l, struct factory, link);
		uintptr_t function = (uintptr_t)f->function;

		next = l->next;
		if (f->enabled && function >= code.from && function < code.to)
			disable_locked(f);
	}
}

void plugin_unload(CFBundleRef bundle)
{
	struct span code = span_of(bundle);

	if (bundle->is_plugin)
		call_named(bundle, kCFPlugInUnloadFunctionKey, NULL);
	bundles_lock();
	forget_code_locked(code);
	/* What it registers itself it has to register again. Those of Info.plist are found again by name. */
	if (bundle->is_plugin)
		bundle->needs_registration = bundle_is_yes(
			CFDictionaryGetValue(bundle->info, kCFPlugInDynamicRegistrationKey));
	bundles_unlock();
}
