// SPDX-License-Identifier: MIT
/*
 * The preloaded library: it stands before libc, knows its callers by their
 * return address, and lets calls of Portico's own objects fail (choose.c says
 * which). Everything else goes through.
 */
#undef _FILE_OFFSET_BITS
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <link.h>
#include <linux/futex.h>
#include <locale.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "choose.h"

#define EXPORT __attribute__((visibility("default")))

enum call {
#define FAULT(name, ...) CALL_##name,
#include "calls.h"
#undef FAULT
	CALL_futex,
	CALL_pidfd_open,
	CALL_clone,
	CALL_other,
	N_CALLS
};

struct fault_control *control;
struct fault_table *table;
static char own_path[512];
static void *real[N_CALLS];

/* dlsym wants memory for the text of an error only, and does without. */
static _Thread_local bool is_looking __attribute__((tls_model("initial-exec")));

static void *find_real(enum call call, const char *name)
{
	if (!real[call]) {
		is_looking = true;
		real[call] = dlsym(RTLD_NEXT, name);
		is_looking = false;
	}
	return real[call];
}

/* Where a process dies, object+offset, innermost first: the steering side reads it. */
static void trace(int signal, siginfo_t *info, void *context)
{
	struct dl_find_object found;
	void *frames[24];
	uint32_t at = atomic_fetch_add(&control->n_traces, 1) % FAULT_TRACES;
	char *line = control->traces[at];
	size_t size = 0;
	int n = backtrace(frames, 24);

	(void)info;
	(void)context;
	size += (size_t)snprintf(line, FAULT_TRACE_SIZE, "%d ", signal);
	for (int i = 0; i < n; i++)
		if (!_dl_find_object(frames[i], &found) && size < FAULT_TRACE_SIZE - 256) {
			const struct link_map *map = found.dlfo_link_map;

			size += (size_t)snprintf(
				line + size, FAULT_TRACE_SIZE - size, "%.230s+%lx ",
				map->l_name[0] ? map->l_name : own_path,
				(unsigned long)((uintptr_t)frames[i] - map->l_addr));
		}
	sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	raise(signal);
}

static void install_trace(void)
{
	const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM };
	struct sigaction action = { .sa_sigaction = trace, .sa_flags = SA_SIGINFO | SA_NODEFER };
	void *frames[2];

	backtrace(frames, 2); /* has the unwinder loaded */
	syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", own_path, sizeof(own_path) - 1);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

/* By number of the system calls: the functions are ours. */
static void *map_file(const char *path)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
	struct stat64 s;

	if (fd < 0)
		return NULL;
	void *p = syscall(SYS_newfstatat, fd, "", &s, AT_EMPTY_PATH)
			? MAP_FAILED
			: (void *)syscall(SYS_mmap, NULL, s.st_size, PROT_READ | PROT_WRITE,
					  MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	return p == MAP_FAILED ? NULL : p;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Programs have their whole names, libraries have theirs up to the version. */
static bool is_named(const char *name, const char *object)
{
	size_t n = strlen(object);

	return !strncmp(name, object, n) && (!name[n] || name[n] == '.');
}

static int find_object(const char *name)
{
	for (int i = 0; fault_objects[i]; i++)
		if (is_named(name, fault_objects[i]))
			return i;
	return -1;
}

static const struct fault_list *find_list(const char *name)
{
	const struct fault_list *lists = (const void *)&table->places[table->n_places];

	for (uint32_t i = 0; i < table->n_lists; i++)
		if (is_named(name, lists[i].name))
			return &lists[i];
	return NULL;
}

struct object {
	int number; /* -1: none of ours */
	const struct fault_list *list;
	uintptr_t begin, end; /* its functions that only call on: base/uncancelled.c, failing.c */
};

/* The section that PATH has for them, by number of the system calls: the functions are ours. */
static void find_wrappers(const char *path, uintptr_t address, struct object *object)
{
	ElfW(Ehdr) head;
	ElfW(Shdr) sections[64];
	char names[2048] = "";
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (syscall(SYS_pread64, fd, &head, sizeof(head), 0) == sizeof(head) &&
	    head.e_shnum <= sizeof(sections) / sizeof(sections[0]) &&
	    syscall(SYS_pread64, fd, sections, head.e_shnum * sizeof(*sections), head.e_shoff) >
		    0 &&
	    syscall(SYS_pread64, fd, names, sizeof(names) - 1,
		    sections[head.e_shstrndx].sh_offset) > 0)
		for (int i = 0; i < head.e_shnum; i++)
			if (sections[i].sh_name < sizeof(names) &&
			    !strcmp(names + sections[i].sh_name, "calls_on")) {
				object->begin = address + sections[i].sh_addr;
				object->end = object->begin + sections[i].sh_size;
			}
	syscall(SYS_close, fd);
}

static struct object look_up(const struct link_map *map)
{
	const char *name = map->l_name[0] ? map->l_name : program_invocation_name;
	struct object object = { .number = find_object(base_name(name)) };

	if (object.number < 0 && !map->l_name[0] && getenv(FAULT_PROGRAM))
		object.number = FAULT_OWN_PROGRAM;
	if (object.number >= 0)
		find_wrappers(map->l_name[0] ? map->l_name : "/proc/self/exe", map->l_addr,
			      &object);
	if (object.number >= 0 && table)
		object.list = find_list(base_name(name));
	return object;
}

/* The object that MAP belongs to. Looked up once for each. */
static struct object object_of(const struct link_map *map)
{
	static _Atomic(const struct link_map *) maps[256];
	static struct object objects[256];
	size_t at = ((uintptr_t)map >> 4) % 256;

	if (atomic_load(&maps[at]) == map)
		return objects[at];
	struct object object = look_up(map);

	/* Two that share a place are looked up again and again. */
	const struct link_map *none = NULL, *claimed = (const struct link_map *)1;
	if (atomic_compare_exchange_strong(&maps[at], &none, claimed)) {
		objects[at] = object;
		atomic_store(&maps[at], map);
	}
	return object;
}

/* Map the control page; without one nothing ever fails. */
__attribute__((constructor)) static void open_control(void)
{
	const char *path = getenv(FAULT_CONTROL);
	struct fault_control *mapped = path ? map_file(path) : NULL;

	if (!mapped)
		return;
	if (mapped->table[0] && !(table = map_file(mapped->table)))
		return;
	control = mapped;
	/* Later there may be no descriptor left for it. */
	for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		object_of(map);
	if (atomic_load(&control->wants_traces))
		install_trace();
}

/* Who called the function that returns to RETURNS and has this FRAME: not those that only call on. */
static const void *caller_of(const void *returns, void *const *frame)
{
	struct dl_find_object found;

	if (!control || _dl_find_object((void *)returns, &found))
		return returns;
	struct object object = object_of(found.dlfo_link_map);

	if ((uintptr_t)returns < object.begin || (uintptr_t)returns >= object.end)
		return returns;
	void *const *wrapper = frame[0];
	return wrapper[1];
}

/* Which place returns to there; none: that call is not in src/. */
static struct fault_site *find_place(const struct fault_list *list, uint32_t offset)
{
	const struct fault_list *lists = (const void *)&table->places[table->n_places];
	const struct fault_return *returns = (const void *)&lists[table->n_lists];
	uint32_t low = list ? list->first : 0, end = list ? low + list->n : 0, high = end;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (returns[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && returns[low].offset == offset ? &table->places[returns[low].place]
							  : NULL;
}

static struct fault_site *claim_site(uint64_t key)
{
	for (size_t i = 0, at = (key * 0x9e3779b97f4a7c15u) >> 48; i < FAULT_SITES;
	     i++, at = (at + 1) % FAULT_SITES) {
		struct fault_site *site = &control->sites[at];
		uint64_t none = 0;

		if (atomic_load(&site->key) == key ||
		    atomic_compare_exchange_strong(&site->key, &none, key) || none == key)
			return site;
	}
	return NULL;
}

/* The site of this call and, for people, its key. */
static struct fault_site *find_site(enum call call, const void *caller, uint64_t *ret_key)
{
	struct dl_find_object found;

	if (!control || is_looking || _dl_find_object((void *)caller, &found))
		return NULL;
	struct object object = object_of(found.dlfo_link_map);
	if (object.number < 0)
		return NULL;
	uint64_t program = object.number == FAULT_OWN_PROGRAM ? atomic_load(&control->own) : 0;
	uint32_t offset = (uint32_t)((uintptr_t)caller - found.dlfo_link_map->l_addr);

	*ret_key =
		(uint64_t)(object.number + 1) << 56 | (uint64_t)call << 48 | program << 32 | offset;
	if (!table)
		return claim_site(*ret_key);
	struct fault_site *place = find_place(object.list, offset);
	if (place)
		atomic_store(&place->key, *ret_key);
	return place;
}

/* The error that this call is to fail with, 0: let it through. */
static int fault(enum call call, const void *caller)
{
	uint64_t key;
	struct fault_site *site = find_site(call, caller, &key);

	if (!site)
		return 0;
	return choose_error(site, key);
}

/* A call that cannot fail with these arguments: a site all the same, which counts as done. */
static void note_safe(enum call call, const void *caller)
{
	uint64_t key;
	struct fault_site *site = find_site(call, caller, &key);

	if (site) {
		atomic_fetch_add(&site->reached, 1);
		atomic_fetch_or(&site->failed, FAULT_SAFE);
	}
}

#define CALLER caller_of(__builtin_return_address(0), __builtin_frame_address(0))
/* The common form: look for a fault, fail with RESULT and errno, or go on. */
#define WRAP(type, name, result, parameters, arguments) \
	EXPORT type name parameters \
	{ \
		type(*next) parameters = find_real(CALL_##name, #name); \
		int error = fault(CALL_##name, CALLER); \
\
		if (error) { \
			errno = error; \
			return result; \
		} \
		return next arguments; \
	}
/* The same under the name for small files, which tests and other libraries may call. */

EXPORT void *malloc(size_t size)
{
	if (is_looking)
		return NULL;
	void *(*next)(size_t) = find_real(CALL_malloc, "malloc");
	if (fault(CALL_malloc, CALLER)) {
		errno = ENOMEM;
		return NULL;
	}
	return next(size);
}

EXPORT void *calloc(size_t n, size_t size)
{
	if (is_looking)
		return NULL;
	void *(*next)(size_t, size_t) = find_real(CALL_calloc, "calloc");
	if (fault(CALL_calloc, CALLER)) {
		errno = ENOMEM;
		return NULL;
	}
	return next(n, size);
}

WRAP(void *, realloc, NULL, (void *p, size_t size), (p, size))
WRAP(void *, reallocarray, NULL, (void *p, size_t n, size_t size), (p, n, size))
WRAP(void *, aligned_alloc, NULL, (size_t alignment, size_t size), (alignment, size))
WRAP(char *, strdup, NULL, (const char *text), (text))
WRAP(char *, strndup, NULL, (const char *text, size_t n), (text, n))
WRAP(int, vasprintf, -1, (char **ret, const char *format, va_list list), (ret, format, list))

EXPORT int asprintf(char **ret, const char *format, ...)
{
	int (*next)(char **, const char *, va_list) = find_real(CALL_vasprintf, "vasprintf");
	int error = fault(CALL_asprintf, CALLER);
	va_list list;

	if (error) {
		errno = error;
		return -1;
	}
	va_start(list, format);
	int n = next(ret, format, list);
	va_end(list);
	return n;
}

WRAP(ssize_t, getline, -1, (char **line, size_t *size, FILE *f), (line, size, f))
WRAP(ssize_t, getdelim, -1, (char **line, size_t *size, int end, FILE *f), (line, size, end, f))
WRAP(ssize_t, __getdelim, -1, (char **line, size_t *size, int end, FILE *f), (line, size, end, f))
WRAP(int, setenv, -1, (const char *name, const char *value, int replaces), (name, value, replaces))
WRAP(locale_t, newlocale, NULL, (int mask, const char *name, locale_t base), (mask, name, base))
WRAP(char *, realpath, NULL, (const char *path, char *resolved), (path, resolved))
WRAP(DIR *, opendir, NULL, (const char *path), (path))
WRAP(DIR *, fdopendir, NULL, (int fd), (fd))
WRAP(int, scandir64, -1,
     (const char *path, struct dirent64 ***list, int (*filter)(const struct dirent64 *),
      int (*compare)(const struct dirent64 **, const struct dirent64 **)),
     (path, list, filter, compare))
WRAP(FILE *, fopen64, NULL, (const char *path, const char *mode), (path, mode))
WRAP(char *, getcwd, NULL, (char *buffer, size_t size), (buffer, size))
WRAP(int, getaddrinfo, EAI_MEMORY,
     (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret),
     (node, service, hints, ret))
WRAP(int, getpwnam_r, error,
     (const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **ret),
     (name, entry, buffer, size, ret))
WRAP(int, getgrnam_r, error,
     (const char *name, struct group *entry, char *buffer, size_t size, struct group **ret),
     (name, entry, buffer, size, ret))
WRAP(struct passwd *, getpwuid, NULL, (uid_t uid), (uid))
WRAP(int, getgrouplist, -1, (const char *user, gid_t group, gid_t *groups, int *n),
     (user, group, groups, n))
WRAP(int, fgetpwent_r, error,
     (FILE * f, struct passwd *entry, char *buffer, size_t size, struct passwd **ret),
     (f, entry, buffer, size, ret))
WRAP(char *, fgets, NULL, (char *buffer, int size, FILE *f), (buffer, size, f))
WRAP(int, fflush, EOF, (FILE * f), (f))
WRAP(struct dirent64 *, readdir64, NULL, (DIR * folder), (folder))
WRAP(int, glob64, GLOB_NOSPACE,
     (const char *pattern, int flags, int (*complain)(const char *, int), glob64_t *ret),
     (pattern, flags, complain, ret))
WRAP(int, nftw64, -1, (const char *folder, __nftw64_func_t take, int n_fds, int flags),
     (folder, take, n_fds, flags))
WRAP(int, getloadavg, -1, (double loads[], int n), (loads, n))

int __isoc99_fscanf(FILE *, const char *, ...);

EXPORT int __isoc99_fscanf(FILE *f, const char *format, ...)
{
	int error = fault(CALL___isoc99_fscanf, CALLER);
	va_list list;

	if (error) {
		errno = error;
		return EOF;
	}
	va_start(list, format);
	int n = vfscanf(f, format, list);
	va_end(list);
	return n;
}

/* Of libraries whose headers nothing else here needs. */
int plist_from_xml(const char *, uint32_t, void **), plist_to_xml(void *, char **, uint32_t *);
void *seccomp_init(uint32_t);
int seccomp_rule_add_array(void *, uint32_t, int, unsigned, const void *);
int seccomp_load(const void *);
WRAP(int, plist_from_xml, 0, (const char *xml, uint32_t n, void **ret), (xml, n, ret))
WRAP(int, plist_to_xml, 0, (void *list, char **ret, uint32_t *n), (list, ret, n))
WRAP(void *, seccomp_init, NULL, (uint32_t otherwise), (otherwise))
WRAP(int, seccomp_rule_add_array, -error,
     (void *filter, uint32_t action, int call, unsigned n, const void *compare),
     (filter, action, call, n, compare))
WRAP(int, seccomp_load, -error, (const void *filter), (filter))

/* The loader looks at who calls it: it has to be called from where it was. Only relative paths and
 * run-time search need that, and Portico loads by absolute path. */
WRAP(void *, dlopen, NULL, (const char *path, int mode), (path, mode))

WRAP(int, pthread_create, error,
     (pthread_t *restrict ret, const pthread_attr_t *restrict attributes, void *(*start)(void *),
      void *restrict argument),
     (ret, attributes, start, argument))
WRAP(int, pthread_key_create, error, (pthread_key_t * ret, void (*destroy)(void *)), (ret, destroy))
WRAP(int, pthread_setspecific, error, (pthread_key_t key, const void *value), (key, value))

/* An event counter takes every write that its owner makes, and a write of it is never interrupted:
 * such an error would only hide a wake-up. */
static bool is_event_counter(int fd)
{
	char path[32], target[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	long n = syscall(SYS_readlinkat, AT_FDCWD, path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = 0;
	return !strcmp(target, "anon_inode:[eventfd]");
}

EXPORT int open64(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...) = find_real(CALL_open64, "open64");
	int error = fault(CALL_open64, CALLER);
	va_list list;

	if (error) {
		errno = error;
		return -1;
	}
	va_start(list, flags);
	int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, int) : 0;
	va_end(list);
	return next(path, flags, mode);
}

EXPORT int openat64(int folder, const char *path, int flags, ...)
{
	int (*next)(int, const char *, int, ...) = find_real(CALL_openat64, "openat64");
	int error = fault(CALL_openat64, CALLER);
	va_list list;

	if (error) {
		errno = error;
		return -1;
	}
	va_start(list, flags);
	int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, int) : 0;
	va_end(list);
	return next(folder, path, flags, mode);
}

/* The descriptor is gone, whatever close says. */
EXPORT int close(int fd)
{
	int (*next)(int) = find_real(CALL_close, "close");
	int error = fault(CALL_close, CALLER), result = next(fd);

	if (!error)
		return result;
	errno = error;
	return -1;
}

WRAP(ssize_t, read, -1, (int fd, void *buffer, size_t size), (fd, buffer, size))

EXPORT ssize_t write(int fd, const void *buffer, size_t size)
{
	ssize_t (*next)(int, const void *, size_t) = find_real(CALL_write, "write");
	int error = 0;

	if (size == sizeof(uint64_t) && is_event_counter(fd))
		note_safe(CALL_write, CALLER);
	else
		error = fault(CALL_write, CALLER);
	if (!error)
		return next(fd, buffer, size);
	errno = error;
	return -1;
}

WRAP(ssize_t, pread64, -1, (int fd, void *buffer, size_t size, off64_t at), (fd, buffer, size, at))
WRAP(ssize_t, pwrite64, -1, (int fd, const void *buffer, size_t size, off64_t at),
     (fd, buffer, size, at))
WRAP(ssize_t, pwritev64v2, -1, (int fd, const struct iovec *parts, int n, off64_t at, int flags),
     (fd, parts, n, at, flags))
WRAP(off64_t, lseek64, -1, (int fd, off64_t at, int whence), (fd, at, whence))
WRAP(int, dup2, -1, (int from, int to), (from, to))
WRAP(int, dup3, -1, (int from, int to, int flags), (from, to, flags))
WRAP(int, close_range, -1, (unsigned first, unsigned last, int flags), (first, last, flags))
WRAP(int, pipe2, -1, (int fds[2], int flags), (fds, flags))
WRAP(int, eventfd, -1, (unsigned value, int flags), (value, flags))
WRAP(int, epoll_create1, -1, (int flags), (flags))
WRAP(int, epoll_wait, -1, (int fd, struct epoll_event *events, int n, int timeout),
     (fd, events, n, timeout))
WRAP(int, poll, -1, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))
WRAP(int, ppoll, -1,
     (struct pollfd * fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask),
     (fds, n, timeout, mask))
WRAP(int, timerfd_create, -1, (clockid_t clock, int flags), (clock, flags))
WRAP(int, signalfd, -1, (int fd, const sigset_t *mask, int flags), (fd, mask, flags))
WRAP(int, inotify_init1, -1, (int flags), (flags))
WRAP(int, inotify_add_watch, -1, (int fd, const char *path, uint32_t mask), (fd, path, mask))

/* Of a timer that is one it always succeeds. */
EXPORT int timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *was)
{
	int (*next)(int, int, const struct itimerspec *, struct itimerspec *) =
		find_real(CALL_timerfd_settime, "timerfd_settime");

	note_safe(CALL_timerfd_settime, CALLER);
	return next(fd, flags, when, was);
}

/* Taking something out of a set cannot fail. */
EXPORT int epoll_ctl(int fd, int operation, int of, struct epoll_event *event)
{
	int (*next)(int, int, int, struct epoll_event *) = find_real(CALL_epoll_ctl, "epoll_ctl");
	int error = 0;

	if (operation == EPOLL_CTL_ADD)
		error = fault(CALL_epoll_ctl, CALLER);
	else
		note_safe(CALL_epoll_ctl, CALLER);

	if (!error)
		return next(fd, operation, of, event);
	errno = error;
	return -1;
}

EXPORT int fcntl64(int fd, int command, ...)
{
	int (*next)(int, int, ...) = find_real(CALL_fcntl64, "fcntl64");
	int error = 0;
	va_list list;

	if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
		error = fault(CALL_fcntl64, CALLER);
	else
		note_safe(CALL_fcntl64, CALLER);
	if (error) {
		errno = error;
		return -1;
	}
	va_start(list, command);
	void *argument = va_arg(list, void *);
	va_end(list);
	return next(fd, command, argument);
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int, unsigned long, ...) = find_real(CALL_ioctl, "ioctl");
	int error = fault(CALL_ioctl, CALLER);
	va_list list;

	if (error) {
		errno = error;
		return -1;
	}
	va_start(list, request);
	void *argument = va_arg(list, void *);
	va_end(list);
	return next(fd, request, argument);
}

WRAP(int, fstat64, -1, (int fd, struct stat64 *ret), (fd, ret))
WRAP(int, stat64, -1, (const char *path, struct stat64 *ret), (path, ret))
WRAP(int, lstat64, -1, (const char *path, struct stat64 *ret), (path, ret))
WRAP(int, fstatat64, -1, (int fd, const char *path, struct stat64 *ret, int flags),
     (fd, path, ret, flags))
WRAP(int, fstatfs64, -1, (int fd, struct statfs64 *ret), (fd, ret))
WRAP(int, access, -1, (const char *path, int mode), (path, mode))
WRAP(ssize_t, readlink, -1, (const char *path, char *buffer, size_t size), (path, buffer, size))
WRAP(int, mkdir, -1, (const char *path, mode_t mode), (path, mode))
WRAP(int, rmdir, -1, (const char *path), (path))
WRAP(int, unlink, -1, (const char *path), (path))
WRAP(int, unlinkat, -1, (int fd, const char *path, int flags), (fd, path, flags))
WRAP(int, rename, -1, (const char *from, const char *to), (from, to))
WRAP(int, chmod, -1, (const char *path, mode_t mode), (path, mode))
WRAP(int, chdir, -1, (const char *path), (path))
WRAP(int, symlink, -1, (const char *target, const char *path), (target, path))
WRAP(int, mount, -1,
     (const char *source, const char *target, const char *type, unsigned long flags,
      const void *data),
     (source, target, type, flags, data))
WRAP(int, umount2, -1, (const char *target, int flags), (target, flags))
WRAP(char *, mkdtemp, NULL, (char *path), (path))
WRAP(int, flock, -1, (int fd, int operation), (fd, operation))

WRAP(int, socket, -1, (int family, int type, int protocol), (family, type, protocol))
WRAP(int, socketpair, -1, (int family, int type, int protocol, int fds[2]),
     (family, type, protocol, fds))
WRAP(int, bind, -1, (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size))
WRAP(int, listen, -1, (int fd, int n), (fd, n))
WRAP(int, connect, -1, (int fd, const struct sockaddr *address, socklen_t size),
     (fd, address, size))
WRAP(int, accept4, -1, (int fd, struct sockaddr *address, socklen_t *size, int flags),
     (fd, address, size, flags))
WRAP(ssize_t, send, -1, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags))
WRAP(ssize_t, sendto, -1,
     (int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t n),
     (fd, data, size, flags, to, n))
WRAP(ssize_t, sendmsg, -1, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
WRAP(ssize_t, recv, -1, (int fd, void *data, size_t size, int flags), (fd, data, size, flags))
WRAP(ssize_t, recvfrom, -1,
     (int fd, void *restrict data, size_t size, int flags, struct sockaddr *restrict from,
      socklen_t *restrict n),
     (fd, data, size, flags, from, n))
WRAP(ssize_t, recvmsg, -1, (int fd, struct msghdr *message, int flags), (fd, message, flags))
/* Of a local socket it always succeeds. */
EXPORT int shutdown(int fd, int how)
{
	int (*next)(int, int) = find_real(CALL_shutdown, "shutdown");

	note_safe(CALL_shutdown, CALLER);
	return next(fd, how);
}

/* What kind of socket it is can always be told. */
EXPORT int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict size)
{
	int (*next)(int, int, int, void *restrict, socklen_t *restrict) =
		find_real(CALL_getsockopt, "getsockopt");
	int error = 0;

	if (level == SOL_SOCKET && name == SO_DOMAIN)
		note_safe(CALL_getsockopt, CALLER);
	else
		error = fault(CALL_getsockopt, CALLER);
	if (!error)
		return next(fd, level, name, value, size);
	errno = error;
	return -1;
}

WRAP(int, setsockopt, -1, (int fd, int level, int name, const void *value, socklen_t size),
     (fd, level, name, value, size))
WRAP(int, getsockname, -1, (int fd, struct sockaddr *restrict name, socklen_t *restrict size),
     (fd, name, size))
WRAP(int, getpeername, -1, (int fd, struct sockaddr *restrict name, socklen_t *restrict size),
     (fd, name, size))

WRAP(void *, mmap64, MAP_FAILED,
     (void *at, size_t size, int protection, int flags, int fd, off64_t offset),
     (at, size, protection, flags, fd, offset))
WRAP(int, munmap, -1, (void *at, size_t size), (at, size))
WRAP(int, mprotect, -1, (void *at, size_t size, int protection), (at, size, protection))
WRAP(int, madvise, -1, (void *at, size_t size, int advice), (at, size, advice))
WRAP(int, msync, -1, (void *at, size_t size, int flags), (at, size, flags))
WRAP(int, mincore, -1, (void *at, size_t size, unsigned char *ret), (at, size, ret))
WRAP(int, memfd_create, -1, (const char *name, unsigned flags), (name, flags))
WRAP(int, ftruncate64, -1, (int fd, off64_t size), (fd, size))
WRAP(ssize_t, process_vm_readv, -1,
     (pid_t pid, const struct iovec *own, unsigned long n_own, const struct iovec *other,
      unsigned long n_other, unsigned long flags),
     (pid, own, n_own, other, n_other, flags))
WRAP(ssize_t, process_vm_writev, -1,
     (pid_t pid, const struct iovec *own, unsigned long n_own, const struct iovec *other,
      unsigned long n_other, unsigned long flags),
     (pid, own, n_own, other, n_other, flags))

WRAP(pid_t, fork, -1, (void), ())
WRAP(int, execve, -1, (const char *path, char *const argv[], char *const envp[]),
     (path, argv, envp))
WRAP(int, execv, -1, (const char *path, char *const argv[]), (path, argv))
WRAP(int, execvp, -1, (const char *path, char *const argv[]), (path, argv))
WRAP(pid_t, waitpid, -1, (pid_t pid, int *status, int options), (pid, status, options))
WRAP(int, waitid, -1, (idtype_t type, id_t id, siginfo_t *info, int options),
     (type, id, info, options))
WRAP(int, kill, -1, (pid_t pid, int signal), (pid, signal))
WRAP(pid_t, setsid, -1, (void), ())
WRAP(int, setpgid, -1, (pid_t pid, pid_t group), (pid, group))
WRAP(int, getrlimit64, -1, (__rlimit_resource_t what, struct rlimit64 *ret), (what, ret))
WRAP(int, setrlimit64, -1, (__rlimit_resource_t what, const struct rlimit64 *limit), (what, limit))
WRAP(int, sched_getaffinity, -1, (pid_t pid, size_t size, cpu_set_t *ret), (pid, size, ret))
WRAP(int, sched_setaffinity, -1, (pid_t pid, size_t size, const cpu_set_t *set), (pid, size, set))
WRAP(int, sched_getscheduler, -1, (pid_t pid), (pid))
WRAP(int, sched_rr_get_interval, -1, (pid_t pid, struct timespec *ret), (pid, ret))
WRAP(int, unshare, -1, (int what), (what))
WRAP(ssize_t, getrandom, -1, (void *buffer, size_t size, unsigned flags), (buffer, size, flags))
WRAP(int, nanosleep, -1, (const struct timespec *time, struct timespec *left), (time, left))
WRAP(int, clock_nanosleep, error,
     (clockid_t clock, int flags, const struct timespec *time, struct timespec *left),
     (clock, flags, time, left))

EXPORT int prctl(int option, ...)
{
	int (*next)(int, ...) = find_real(CALL_prctl, "prctl");
	int error = fault(CALL_prctl, CALLER);
	unsigned long a[4];
	va_list list;

	if (error) {
		errno = error;
		return -1;
	}
	va_start(list, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(list, unsigned long);
	va_end(list);
	return next(option, a[0], a[1], a[2], a[3]);
}

static enum call call_of(long number)
{
	switch (number) {
	case SYS_futex:
		return CALL_futex;
	case SYS_pidfd_open:
		return CALL_pidfd_open;
	case SYS_clone:
	case SYS_clone3:
		return CALL_clone;
	case SYS_gettid:
	case SYS_getpid:
	case SYS_exit_group:
	case SYS_close:
		return N_CALLS; /* these do not fail */
	default:
		return CALL_other;
	}
}

EXPORT long syscall(long number, ...)
{
	long (*next)(long, ...) = find_real(CALL_syscall, "syscall");
	enum call call = call_of(number);
	long a[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	/* To wake somebody never fails. */
	if (call == CALL_futex && (a[1] & FUTEX_CMD_MASK) != FUTEX_WAIT)
		call = N_CALLS;
	int error = call == N_CALLS || !control ? 0 : fault(call, CALLER);
	if (call == N_CALLS && control)
		note_safe(CALL_syscall, CALLER);
	if (error) {
		errno = error;
		return -1;
	}
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
