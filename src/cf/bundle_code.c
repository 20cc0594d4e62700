// SPDX-License-Identifier: MIT
/* The executable of a bundle: a shared object. */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "cf/bundle_internal.h"

/* --- where it is -------------------------------------------------------------------- */

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* NAME, perhaps with .so, where the executables of a bundle are. */
static bool find_file(CFBundleRef bundle, const char *name, char file[PATH_MAX])
{
	static const char *const folders[] = { "/Contents/Linux", "/Contents/MacOS", "/Contents",
					       "" };
	static const char *const endings[] = { "", ".so" };

	if (!name[0] || strchr(name, '/'))
		return false;
	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < 2; k++) {
			int n = snprintf(file, PATH_MAX, "%s%s/%s%s", bundle->path, folders[i],
					 name, endings[k]);

			if (n > 0 && n < PATH_MAX && is_file(file))
				return true;
		}
	}
	return false;
}

/* CFBundleExecutable, else what the folder is called. */
static bool find_executable(CFBundleRef bundle, char file[PATH_MAX])
{
	char name[NAME_MAX + 1];
	const char *last = strrchr(bundle->path, '/');
	char *dot;

	if (bundle_text(CFDictionaryGetValue(bundle->info, kCFBundleExecutableKey), name,
			sizeof(name)))
		return find_file(bundle, name, file);
	if (bundle->is_main) {
		ssize_t n = readlink("/proc/self/exe", file, PATH_MAX - 1);

		file[n > 0 ? n : 0] = 0;
		return n > 0;
	}
	snprintf(name, sizeof(name), "%s", last ? last + 1 : bundle->path);
	dot = strrchr(name, '.');
	if (dot)
		*dot = 0;
	return find_file(bundle, name, file);
}

static CFURLRef file_url(const char *file)
{
	return CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)file,
						       (CFIndex)strlen(file), FALSE);
}

CFURLRef CFBundleCopyExecutableURL(CFBundleRef bundle)
{
	char file[PATH_MAX];

	return bundle_is(bundle) && find_executable(bundle, file) ? file_url(file) : NULL;
}

CFURLRef CFBundleCopyAuxiliaryExecutableURL(CFBundleRef bundle, CFStringRef executableName)
{
	char name[NAME_MAX + 1], file[PATH_MAX];

	return bundle_is(bundle) && bundle_text(executableName, name, sizeof(name)) &&
			       find_file(bundle, name, file)
		     ? file_url(file)
		     : NULL;
}

/* --- loading ---------------------------------------------------------------------------- */

static Boolean set_error(CFErrorRef *error, CFIndex code, const char *text)
{
	const void *key = kCFErrorDescriptionKey;
	scope_cf CFStringRef description =
		CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
	const void *value = description ? description : CFSTR("no text");

	if (error)
		*error = CFErrorCreateWithUserInfoKeysAndValues(NULL, kCFErrorDomainCocoa, code,
								&key, &value, 1);
	return FALSE;
}

/* An ELF file of our own kind? */
static bool is_loadable(const char *file)
{
	Elf64_Ehdr theirs, ours;
	scope_fd int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	scope_fd int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, &theirs, sizeof(theirs), 0) != (ssize_t)sizeof(theirs) ||
	    memcmp(theirs.e_ident, ELFMAG, SELFMAG) != 0 || theirs.e_type != ET_DYN)
		return false;
	/* Nothing to compare with: the loader will say. */
	if (self < 0 || pread(self, &ours, sizeof(ours), 0) != (ssize_t)sizeof(ours))
		return true;
	return theirs.e_ident[EI_CLASS] == ours.e_ident[EI_CLASS] &&
	       theirs.e_ident[EI_DATA] == ours.e_ident[EI_DATA] &&
	       theirs.e_machine == ours.e_machine;
}

Boolean CFBundleIsExecutableLoaded(CFBundleRef bundle)
{
	bool loaded;

	if (!bundle_is(bundle))
		return FALSE;
	bundles_lock();
	loaded = bundle->handle || bundle->is_main;
	bundles_unlock();
	return loaded;
}

Boolean CFBundlePreflightExecutable(CFBundleRef bundle, CFErrorRef *error)
{
	char file[PATH_MAX];

	if (CFBundleIsExecutableLoaded(bundle))
		return TRUE;
	if (!bundle_is(bundle) || !find_executable(bundle, file))
		return set_error(error, kCFBundleExecutableNotFoundError,
				 "the bundle has no executable");
	if (!is_loadable(file))
		return set_error(error, kCFBundleExecutableLoadError,
				 "the executable is no shared object for this processor");
	return TRUE;
}

Boolean CFBundleLoadExecutableAndReturnError(CFBundleRef bundle, CFErrorRef *error)
{
	char file[PATH_MAX];
	void *handle;
	bool is_first = false;

	if (CFBundleIsExecutableLoaded(bundle))
		return TRUE;
	if (!bundle_is(bundle) || !find_executable(bundle, file))
		return set_error(error, kCFBundleExecutableNotFoundError,
				 "the bundle has no executable");
	handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return set_error(error, kCFBundleExecutableLoadError, dlerror());
	bundles_lock();
	if (!bundle->handle) {
		bundle->handle = handle;
		is_first = true;
	}
	bundles_unlock();
	if (is_first)
		plugin_loaded(bundle);
	else
		dlclose(handle); /* another thread was quicker */
	return TRUE;
}

Boolean CFBundleLoadExecutable(CFBundleRef bundle)
{
	return CFBundleLoadExecutableAndReturnError(bundle, NULL);
}

void CFBundleUnloadExecutable(CFBundleRef bundle)
{
	void *handle;

	if (!bundle_is(bundle) || bundle->is_main || !CFBundleIsExecutableLoaded(bundle))
		return;
	plugin_unload(bundle);
	bundles_lock();
	handle = bundle->handle;
	bundle->handle = NULL;
	bundles_unlock();
	if (handle)
		dlclose(handle);
}

/* --- what is in it --------------------------------------------------------------------------- */

static void *find_symbol(CFBundleRef bundle, CFTypeRef name)
{
	char text[1024];
	void *handle;

	if (!bundle_text(name, text, sizeof(text)) || !CFBundleLoadExecutable(bundle))
		return NULL;
	bundles_lock();
	handle = bundle->handle;
	bundles_unlock();
	if (bundle->is_main)
		return dlsym(RTLD_DEFAULT, text);
	return handle ? dlsym(handle, text) : NULL;
}

static void find_symbols(CFBundleRef bundle, CFArrayRef names, void *table[])
{
	CFIndex n = names && table ? CFArrayGetCount(names) : 0;

	for (CFIndex i = 0; i < n; i++)
		table[i] = find_symbol(bundle, CFArrayGetValueAtIndex(names, i));
}

void *CFBundleGetFunctionPointerForName(CFBundleRef bundle, CFStringRef functionName)
{
	return find_symbol(bundle, functionName);
}

void CFBundleGetFunctionPointersForNames(CFBundleRef bundle, CFArrayRef functionNames, void *ftbl[])
{
	find_symbols(bundle, functionNames, ftbl);
}

void *CFBundleGetDataPointerForName(CFBundleRef bundle, CFStringRef symbolName)
{
	return find_symbol(bundle, symbolName);
}

void CFBundleGetDataPointersForNames(CFBundleRef bundle, CFArrayRef symbolNames, void *stbl[])
{
	find_symbols(bundle, symbolNames, stbl);
}
