// SPDX-License-Identifier: MIT
#include "registry/bundle.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "registry/sandbox.h"
#include "registry/text.h"

static void set_problem(struct registry_bundle *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void set_problem(struct registry_bundle *b, const char *format, ...)
{
	va_list arguments;

	if (b->problem)
		return;
	va_start(arguments, format);
	if (vasprintf(&b->problem, format, arguments) < 0)
		b->problem = NULL;
	va_end(arguments);
}

/* The whole file; NULL with the bundle's problem set, or without memory. */
static CFDataRef read_plist(struct registry_bundle *b, const char *file)
{
	struct stat st;
	scope_fd int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0) {
		set_problem(b, "cannot read Info.plist: %s", strerror(errno));
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > REGISTRY_PLIST_MAX) {
		set_problem(b, "Info.plist is no file of at most %d bytes", REGISTRY_PLIST_MAX);
		return NULL;
	}
	scope_free UInt8 *bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		return NULL;
	ssize_t n = pread(fd, bytes, (size_t)st.st_size, 0);
	if (n < 0) {
		set_problem(b, "cannot read Info.plist: %s", strerror(errno));
		return NULL;
	}
	return CFDataCreate(NULL, bytes, n);
}

/* Nothing is said of a bundle that could not be read for lack of memory. */
static void set_plist_problem(struct registry_bundle *b, CFErrorRef error)
{
	scope_cf CFStringRef text = error ? CFErrorCopyDescription(error) : NULL;
	char words[256];

	if (registry_text_get(text, words, sizeof(words)) && !strstr(words, "Out of memory"))
		set_problem(b, "Info.plist is no property list: %s", words);
}

/* NULL with the bundle's problem set, or without memory. */
static CFDictionaryRef parse_plist(struct registry_bundle *b, const char *file)
{
	scope_cf CFDataRef data = read_plist(b, file);
	scope_cf CFErrorRef error = NULL;

	if (!data)
		return NULL;
	CFTypeRef plist =
		CFPropertyListCreateWithData(NULL, data, kCFPropertyListImmutable, NULL, &error);
	if (!plist)
		set_plist_problem(b, error);
	else if (!registry_is_dictionary(plist))
		set_problem(b, "Info.plist holds no dictionary");
	else
		return plist;
	if (plist)
		CFRelease(plist);
	return NULL;
}

static char *copy_text(CFDictionaryRef plist, CFStringRef key)
{
	char text[1024];

	if (plist)
		registry_text_find(plist, key, text, sizeof(text));
	else
		text[0] = 0;
	return strdup(text);
}

/* What no descriptor or memory is left to look at may be one: its host will say. */
static bool is_program(const char *path)
{
	scope_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char magic[SELFMAG];

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM;
	return !fstat(fd, &st) && S_ISREG(st.st_mode) && pread(fd, magic, SELFMAG, 0) == SELFMAG &&
	       !memcmp(magic, ELFMAG, SELFMAG);
}

static bool has_program(const struct registry_bundle *b)
{
	static const char *const endings[] = { "", ".so" };

	for (int i = 0; i < 2; i++) {
		scope_free char *path = NULL;

		if (asprintf(&path, "%s/%s%s", b->path, b->executable, endings[i]) < 0)
			path = NULL;
		if (!path || is_program(path))
			return true;
	}
	return false;
}

/* What is in order is taken, as a whole. */
static void check_plist(struct registry_bundle *b, CFDictionaryRef plist)
{
	CFTypeRef personalities = CFDictionaryGetValue(plist, CFSTR("IOKitPersonalities"));
	CFTypeRef entitlements = CFDictionaryGetValue(plist, CFSTR("PorticoEntitlements"));
	CFTypeRef sandbox = CFDictionaryGetValue(plist, CFSTR("PorticoSandbox"));
	char why[REGISTRY_SANDBOX_WHY_MAX];

	if (!b->identifier[0]) {
		set_problem(b, "Info.plist names no CFBundleIdentifier");
	} else if (!strcmp(b->identifier, REGISTRY_BRIDGE_NAME)) {
		set_problem(b, "Info.plist has the CFBundleIdentifier " REGISTRY_BRIDGE_NAME
			       ", which is Portico's own");
	} else if (!b->executable[0] || strchr(b->executable, '/')) {
		set_problem(b, "Info.plist names no CFBundleExecutable");
	} else if (!registry_is_dictionary(personalities)) {
		set_problem(b, "Info.plist holds no dictionary IOKitPersonalities");
	} else if (!registry_sandbox_check(sandbox, why)) {
		set_problem(b, "Info.plist: %s", why);
	} else if (!has_program(b)) {
		set_problem(b, "the file that CFBundleExecutable names is missing or no program");
	} else {
		b->personalities = CFRetain(personalities);
		b->sandbox = sandbox ? CFRetain(sandbox) : NULL;
		b->entitlements =
			registry_is_dictionary(entitlements) ? CFRetain(entitlements) : NULL;
		b->asks_for_memory =
			CFDictionaryGetValue(plist, CFSTR("PorticoClientMemory")) == kCFBooleanTrue;
	}
}

enum { PLIST, EXECUTABLE };

/* When the file was changed; one that is not there was at the beginning of time. */
static struct timespec change_of(const struct registry_bundle *b, int file)
{
	static const char *const places[2][2] = { { "Info.plist", "Contents/Info.plist" },
						  { "", ".so" } };
	struct stat st;

	for (int k = 0; k < 2; k++) {
		scope_free char *path = NULL;

		if (asprintf(&path, "%s/%s%s", b->path, file == EXECUTABLE ? b->executable : "",
			     places[file][k]) < 0)
			path = NULL;
		if (path && !stat(path, &st))
			return st.st_ctim;
	}
	return (struct timespec){ 0 };
}

bool registry_bundle_is_changed(const struct registry_bundle *bundle)
{
	struct timespec now[] = { change_of(bundle, PLIST), change_of(bundle, EXECUTABLE) };

	return memcmp(now, bundle->changed, sizeof(now)) != 0;
}

err_t registry_bundle_read(const char *path, struct registry_bundle **ret_bundle)
{
	struct registry_bundle *b = calloc(1, sizeof(*b));
	scope_free char *file = NULL;

	if (!b)
		return -ENOMEM;
	list_init(&b->link);
	b->path = strdup(path);
	if (!b->path || asprintf(&file, "%s/Info.plist", path) < 0) {
		file = NULL;
		registry_bundle_free(b);
		return -ENOMEM;
	}
	if (access(file, F_OK)) {
		free(file);
		/* As Apple's tools lay a bundle out for other purposes. */
		if (asprintf(&file, "%s/Contents/Info.plist", path) < 0) {
			file = NULL;
			registry_bundle_free(b);
			return -ENOMEM;
		}
	}
	/* Before it is read: what changes meanwhile has changed since. */
	b->changed[PLIST] = change_of(b, PLIST);
	scope_cf CFDictionaryRef plist = parse_plist(b, file);
	b->identifier = copy_text(plist, CFSTR("CFBundleIdentifier"));
	b->version = copy_text(plist, CFSTR("CFBundleVersion"));
	b->executable = copy_text(plist, CFSTR("CFBundleExecutable"));
	bool has_texts = b->identifier && b->version && b->executable;
	if (has_texts && plist)
		check_plist(b, plist);
	/* Neither in order nor with words of why not. */
	if (!has_texts || (!b->personalities && !b->problem)) {
		registry_bundle_free(b);
		return -ENOMEM;
	}
	b->changed[EXECUTABLE] = change_of(b, EXECUTABLE);
	*ret_bundle = b;
	return 0;
}

struct registry_bundle *registry_bundle_free(struct registry_bundle *bundle)
{
	if (!bundle)
		return NULL;
	list_remove(&bundle->link);
	if (bundle->personalities)
		CFRelease(bundle->personalities);
	if (bundle->sandbox)
		CFRelease(bundle->sandbox);
	if (bundle->entitlements)
		CFRelease(bundle->entitlements);
	free(bundle->path);
	free(bundle->identifier);
	free(bundle->version);
	free(bundle->executable);
	free(bundle->problem);
	free(bundle);
	return NULL;
}

static int is_bundle(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 5 && d->d_name[0] != '.' && !strcmp(d->d_name + n - 5, ".dext");
}

err_t registry_bundle_scan(const char *folder, registry_bundle_fn fn, void *context)
{
	struct dirent **found;
	int n = scandir(folder, &found, is_bundle, alphasort);

	err_t err = 0;

	if (n < 0)
		return err_from_errno();
	for (int i = 0; i < n; i++) {
		scope_free char *path = NULL;

		if (asprintf(&path, "%s/%s", folder, found[i]->d_name) < 0) {
			path = NULL;
			err = -ENOMEM;
		} else {
			fn(context, path);
		}
		free(found[i]);
	}
	free(found);
	return err;
}
