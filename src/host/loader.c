// SPDX-License-Identifier: MIT
#include "host/host_internal.h"
#include "host/user_service.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/scope.h"

enum {
	PLIST_MAX = 1024 * 1024,
	CLASS_DEPTH_MAX = 32,
	INSTANCE_MAX = 16 * 1024 * 1024,
};

/* --- checks ------------------------------------------------------------------ */

bool host_class_conforms(const struct IODriverClass *cls, const char *name)
{
	for (int depth = 0; cls && depth < CLASS_DEPTH_MAX; depth++, cls = cls->superclass)
		if (!strcmp(cls->name, name))
			return true;
	return false;
}

static const char *check_class(const struct IODriverClass *cls)
{
	const struct IODriverClass *up = cls;
	bool is_client = false;
	int depth = 0;

	if (!cls->name || !*cls->name || strlen(cls->name) > WIRE_NAME_MAX)
		return "a class has no valid name";
	for (; up && up != &IOServiceBase; up = up->superclass) {
		if (++depth > CLASS_DEPTH_MAX)
			return "a class hierarchy does not end in IOService";
		if (!up->name)
			return "a superclass has no name";
		if (up == &IOUserClientBase)
			is_client = true;
		if (up->superclass && cls->instanceSize < up->superclass->instanceSize)
			return "an instance is smaller than that of its superclass";
	}
	if (!up)
		return "a class does not descend from IOService";
	if (cls->instanceSize < sizeof(IOService) || cls->instanceSize > INSTANCE_MAX)
		return "a class has an impossible instance size";
	if (cls->userClient && !is_client)
		return "a class with user client operations does not descend from IOUserClient";
	return NULL;
}

const char *host_loader_check(const struct IODriver *driver)
{
	size_t n = 0;

	if (driver->version != IODRIVER_VERSION)
		return "it was built for another version of the driver API";
	if (!driver->identifier || !*driver->identifier)
		return "it has no identifier";
	if (!driver->classes)
		return "it declares no classes";
	for (; driver->classes[n]; n++) {
		const char *wrong;

		if (n >= IODRIVER_CLASSES_MAX)
			return "it declares too many classes";
		wrong = check_class(driver->classes[n]);
		if (wrong)
			return wrong;
		for (size_t i = 0; i < n; i++)
			if (!strcmp(driver->classes[i]->name, driver->classes[n]->name))
				return "two classes have the same name";
	}
	return n ? NULL : "it declares no classes";
}

/* --- Info.plist ----------------------------------------------------------------- */

static CFDictionaryRef copy_info(const char *bundle)
{
	char path[WIRE_PATH_MAX];
	struct stat st;
	scope_fd int fd = -1;

	if (snprintf(path, sizeof(path), "%s/Info.plist", bundle) >= (int)sizeof(path))
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > PLIST_MAX)
		return NULL;
	scope_free uint8_t *bytes = malloc((size_t)st.st_size);
	ssize_t n = bytes ? read(fd, bytes, (size_t)st.st_size) : -1;
	if (n <= 0)
		return NULL;
	CFDataRef data = CFDataCreate(NULL, bytes, n);
	if (!data)
		return NULL;
	CFTypeRef info =
		CFPropertyListCreateWithData(NULL, data, kCFPropertyListImmutable, NULL, NULL);
	CFRelease(data);
	if (info && CFGetTypeID(info) != CFDictionaryGetTypeID()) {
		CFRelease(info);
		info = NULL;
	}
	return info;
}

static const char shortage[] = "out of memory or descriptors";

/* Of a call that has failed: might it pass? Else it is WRONG. */
static const char *shortage_or(const char *wrong)
{
	return errno == ENOMEM || errno == EMFILE || errno == ENFILE || errno == EAGAIN ? shortage
											: wrong;
}

/* Whoever opens a pipe waits for somebody at its other end. */
static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

/* The path of the bundle's shared object; what is wrong, or NULL. */
static const char *find_executable(const char *bundle, char *ret_path, size_t size)
{
	static const char *const endings[] = { "", ".so" };
	char name[256];
	CFDictionaryRef info;
	CFTypeRef value;
	bool named;

	errno = 0;
	info = copy_info(bundle);
	if (!info)
		return shortage_or("Info.plist is missing or unreadable");
	value = CFDictionaryGetValue(info, CFSTR("CFBundleExecutable"));
	named = value && CFGetTypeID(value) == CFStringGetTypeID() &&
		CFStringGetCString(value, name, sizeof(name), kCFStringEncodingUTF8);
	CFRelease(info);
	if (!named || !*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return "CFBundleExecutable is missing or no file name";
	for (int i = 0; i < 2; i++) {
		errno = 0;
		if (snprintf(ret_path, size, "%s/%s%s", bundle, name, endings[i]) < (int)size &&
		    is_file(ret_path))
			return NULL;
		if (shortage_or(NULL))
			return shortage;
	}
	return "the file that CFBundleExecutable names does not exist, or is no file";
}

/* --- loading --------------------------------------------------------------------- */

static void free_bundle(struct host_bundle *bundle)
{
	list_remove(&bundle->link);
	if (bundle->handle)
		dlclose(bundle->handle);
	free(bundle->counts);
	free(bundle->path);
	free(bundle);
}

static const char *load(struct host_bundle *bundle)
{
	char path[WIRE_PATH_MAX];
	const char *wrong = find_executable(bundle->path, path, sizeof(path));

	if (wrong)
		return wrong;
	errno = 0;
	bundle->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!bundle->handle)
		return shortage_or(dlerror());
	bundle->driver = dlsym(bundle->handle, "portico_driver");
	if (!bundle->driver)
		return "it does not export portico_driver";
	wrong = host_loader_check(bundle->driver);
	if (wrong)
		return wrong;
	while (bundle->driver->classes[bundle->n_classes])
		bundle->n_classes++;
	bundle->counts = calloc(bundle->n_classes, sizeof(*bundle->counts));
	return bundle->counts ? NULL : shortage;
}

err_t host_loader_open(struct host *host, const char *path, struct host_bundle **ret_bundle)
{
	struct host_bundle *bundle;
	const char *wrong;

	scope_lock(&host->lock);
	list_for_each(node, &host->bundles) {
		bundle = container_of(node, struct host_bundle, link);
		if (!strcmp(bundle->path, path)) {
			*ret_bundle = bundle;
			return 0;
		}
	}
	bundle = calloc(1, sizeof(*bundle));
	if (!bundle)
		return -ENOMEM;
	list_init(&bundle->link);
	bundle->path = strdup(path);
	wrong = bundle->path ? load(bundle) : shortage;
	if (wrong) {
		log_error("bundle %s cannot be loaded: %s", path, wrong);
		free_bundle(bundle);
		return wrong == shortage ? -ENOMEM : -EINVAL;
	}
	list_add(&host->bundles, &bundle->link);
	*ret_bundle = bundle;
	return 0;
}

static bool is_needed(const struct host_bundle *bundle)
{
	bool needed = false;

	for (size_t i = 0; i < bundle->n_classes; i++) {
		if (bundle->counts[i])
			log_warning("bundle %s: %d instances of %s were never released",
				    bundle->path, bundle->counts[i],
				    bundle->driver->classes[i]->name);
		needed |= bundle->counts[i] != 0;
	}
	return needed;
}

bool host_loader_is_needed(const struct host *host)
{
	bool needed = false;

	list_for_each(node, &host->bundles)
		needed |= is_needed(container_of(node, struct host_bundle, link));
	return needed;
}

void host_loader_close_all(struct host *host)
{
	list_for_each_safe(node, &host->bundles)
		free_bundle(container_of(node, struct host_bundle, link));
}

const struct IODriverClass *host_loader_find_class(const struct host_bundle *bundle,
						   const char *name)
{
	for (size_t i = 0; i < bundle->n_classes; i++)
		if (!strcmp(bundle->driver->classes[i]->name, name))
			return bundle->driver->classes[i];
	return NULL;
}

bool host_loader_owns_class(const struct host_bundle *bundle, const struct IODriverClass *cls)
{
	for (size_t i = 0; i < bundle->n_classes; i++)
		if (bundle->driver->classes[i] == cls)
			return true;
	return false;
}

static CFStringRef make_string(const char *text)
{
	return CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
}

/* The registry knows them by itself. */
static bool is_ours(const struct IODriverClass *cls)
{
	return cls == &IOServiceBase || cls == &IOUserClientBase || cls == &IOUserServiceBase ||
	       cls == &IOUserUserClientBase;
}

static void add_class(CFMutableDictionaryRef classes, const struct IODriverClass *cls)
{
	CFStringRef name = make_string(cls->name), super = make_string(cls->superclass->name);

	if (name && super)
		CFDictionarySetValue(classes, name, super);
	if (name)
		CFRelease(name);
	if (super)
		CFRelease(super);
}

CFDictionaryRef host_loader_copy_classes(const struct host_bundle *bundle)
{
	CFMutableDictionaryRef classes = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	for (size_t i = 0; classes && i < bundle->n_classes; i++)
		for (const struct IODriverClass *cls = bundle->driver->classes[i]; !is_ours(cls);
		     cls = cls->superclass)
			add_class(classes, cls);
	return classes;
}

CFArrayRef host_loader_copy_hooked(const struct host_bundle *bundle)
{
	CFMutableArrayRef names = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	for (size_t i = 0; names && i < bundle->n_classes; i++) {
		const struct IODriverClass *cls = bundle->driver->classes[i];
		CFStringRef name = NULL;

		if (host_service_operation(
			    cls, offsetof(struct IOServiceOperations, matchPropertyTable)))
			name = make_string(cls->name);
		if (name) {
			CFArrayAppendValue(names, name);
			CFRelease(name);
		}
	}
	return names;
}

CFDictionaryRef host_loader_copy_counts(struct host *host)
{
	CFMutableDictionaryRef counts = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	if (!counts)
		return NULL;
	scope_lock(&host->lock);
	list_for_each(node, &host->bundles) {
		struct host_bundle *bundle = container_of(node, struct host_bundle, link);

		for (size_t i = 0; i < bundle->n_classes; i++) {
			int32_t n = atomic_load(&bundle->counts[i]);
			CFStringRef name = make_string(bundle->driver->classes[i]->name);
			CFNumberRef number = CFNumberCreate(NULL, kCFNumberSInt32Type, &n);

			if (name && number)
				CFDictionarySetValue(counts, name, number);
			if (name)
				CFRelease(name);
			if (number)
				CFRelease(number);
		}
	}
	return counts;
}
