// SPDX-License-Identifier: MIT
#include "registry/console.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"
#include "registry/text.h"

enum { FILE_MAX = 1024 * 1024 };
#define SEEN_NS (1000ull * 1000 * 1000) /* for which an answer of logind is good */

/* --- logind ------------------------------------------------------------------------------- */

/* What is used of libsystemd. It reads files that logind keeps and waits for nobody. It is loaded only
 * where somebody has logged in (which takes a millisecond, at a program's first open): the registry may
 * live inside any program. */
struct login {
	void *library;
	int (*get_sessions)(char ***ret_sessions);
	int (*get_uid)(const char *session, uid_t *ret_uid);
	int (*get_seat)(const char *session, char **ret_seat);
	int (*is_active)(const char *session);
	int (*get_class)(const char *session, char **ret_class);
};

/* logind keeps a file for each session. */
static bool has_sessions(void)
{
	DIR *folder = opendir("/run/systemd/sessions");
	struct dirent *entry;
	bool has = false;

	while (folder && !has && (entry = readdir(folder)))
		has = entry->d_name[0] != '.';
	if (folder)
		closedir(folder);
	return has;
}

static bool load_login(struct login *login)
{
	static const char *const names[] = { "sd_get_sessions", "sd_session_get_uid",
					     "sd_session_get_seat", "sd_session_is_active",
					     "sd_session_get_class" };
	void *functions[5];

	login->library = has_sessions() ? dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL) : NULL;
	if (!login->library)
		return false;
	for (int i = 0; i < 5; i++)
		if (!(functions[i] = dlsym(login->library, names[i]))) {
			dlclose(login->library);
			return false;
		}
	memcpy(&login->get_sessions, functions, sizeof(functions));
	return true;
}

/* From the file, not from a directory somewhere in the network. */
static void set_user_name(CFMutableDictionaryRef session, uid_t uid)
{
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd entry, *found = NULL;
	char buffer[4096];

	while (f && !fgetpwent_r(f, &entry, buffer, sizeof(buffer), &found))
		if (found->pw_uid == uid) {
			registry_set_text(session, CFSTR("kCGSSessionUserNameKey"), found->pw_name);
			break;
		}
	if (f)
		fclose(f);
}

static void set_flag(CFMutableDictionaryRef d, CFStringRef key, bool value)
{
	CFDictionarySetValue(d, key, value ? kCFBooleanTrue : kCFBooleanFalse);
}

/* A session of a person; NULL: of something else, or gone. */
static CFMutableDictionaryRef describe(const struct login *login, const char *name)
{
	scope_free char *seat = NULL;
	scope_free char *class = NULL;
	CFMutableDictionaryRef d;
	uid_t uid;

	if (login->get_uid(name, &uid) < 0 || login->get_class(name, &class) < 0 ||
	    strcmp(class, "user") || !(d = registry_dictionary_new()))
		return NULL;
	bool has_seat = login->get_seat(name, &seat) >= 0 && seat;
	registry_set_number(d, CFSTR("kCGSSessionUserIDKey"), uid, kCFNumberSInt32Type);
	set_user_name(d, uid);
	set_flag(d, CFSTR("kCGSSessionOnConsoleKey"), has_seat && login->is_active(name) > 0);
	set_flag(d, CFSTR("kCGSessionLoginDoneKey"), true);
	registry_set_number(d, CFSTR("kCGSSessionAuditIDKey"), strtol(name, NULL, 10),
			    kCFNumberSInt32Type);
	registry_set_number(d, CFSTR("kCGSSessionConsoleSetKey"), 0, kCFNumberSInt32Type);
	return d;
}

static void append_logins(CFMutableArrayRef users)
{
	struct login login;
	char **sessions = NULL;

	if (!load_login(&login))
		return;
	if (login.get_sessions(&sessions) < 0)
		sessions = NULL;
	for (char **s = sessions; s && *s; s++) {
		scope_cf CFMutableDictionaryRef d = describe(&login, *s);

		if (d)
			CFArrayAppendValue(users, d);
		free(*s);
	}
	free(sessions);
	dlclose(login.library);
}

/* --- the array ------------------------------------------------------------------------------ */

/* The property list in FILE; NULL: none. */
static CFTypeRef read_list(const char *file)
{
	scope_fd int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	scope_free UInt8 *bytes = malloc(FILE_MAX);
	ssize_t n = fd >= 0 && bytes ? read(fd, bytes, FILE_MAX) : -1;

	if (n <= 0)
		return NULL;
	scope_cf CFDataRef data = CFDataCreate(NULL, bytes, n);
	return data ? CFPropertyListCreateWithData(NULL, data, kCFPropertyListImmutable, NULL, NULL)
		    : NULL;
}

void registry_console_init(struct registry *registry, const char *file)
{
	scope_cf CFTypeRef list = file ? read_list(file) : NULL;

	/* Somebody meant to say who is there, and is not heard. */
	if (file && !registry_is_array(list))
		log_warning("%s: no property list with an array of sessions; it counts for nothing",
			    file);
	/* So that a session has the same number of objects before and after its first open. */
	registry->console_seen = CFArrayCreate(NULL, NULL, 0, &kCFTypeArrayCallBacks);
	registry_console_set(registry, list);
}

void registry_console_fini(struct registry *registry)
{
	if (registry->console_users)
		CFRelease(registry->console_users);
	if (registry->console_seen)
		CFRelease(registry->console_seen);
	registry->console_users = registry->console_seen = NULL;
}

void registry_console_set(struct registry *registry, CFTypeRef users)
{
	if (!registry_is_array(users))
		return;
	registry_console_fini(registry);
	registry->console_users = CFRetain(users);
}

CFArrayRef registry_console_copy_users(const struct registry *registry)
{
	CFMutableArrayRef users;

	if (registry->console_users)
		return CFRetain(registry->console_users);
	users = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	if (users)
		append_logins(users);
	return users;
}

static CFDictionaryRef session_at(CFArrayRef users, CFIndex i)
{
	CFTypeRef session = CFArrayGetValueAtIndex(users, i);

	return registry_is_dictionary(session) ? session : NULL;
}

static bool is_true(CFDictionaryRef session, CFStringRef key)
{
	return CFDictionaryGetValue(session, key) == kCFBooleanTrue;
}

bool registry_console_is_locked(CFArrayRef users)
{
	bool logged_in = false;
	int64_t locked_since = 0;

	for (CFIndex i = 0; i < CFArrayGetCount(users); i++) {
		CFDictionaryRef s = session_at(users, i);

		if (!s)
			continue;
		logged_in |= is_true(s, CFSTR("kCGSSessionOnConsoleKey")) &&
			     is_true(s, CFSTR("kCGSessionLoginDoneKey"));
		if (!locked_since)
			registry_number_get(
				CFDictionaryGetValue(s, CFSTR("CGSSessionScreenLockedTime")),
				&locked_since);
	}
	return !logged_in || (locked_since && locked_since <= time(NULL));
}

/* Clients that open and close in a hurry need not ask logind each time. */
CFArrayRef registry_console_get_recent_users(struct registry *registry)
{
	uint64_t now = loop_now_ns();

	if (registry->console_users)
		return registry->console_users;
	if (!registry->console_seen || now - registry->console_seen_ns > SEEN_NS) {
		if (registry->console_seen)
			CFRelease(registry->console_seen);
		registry->console_seen = registry_console_copy_users(registry);
		registry->console_seen_ns = now;
	}
	return registry->console_seen;
}
