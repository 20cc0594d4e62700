// SPDX-License-Identifier: MIT
#include "registry/grants.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"
#include "registry/grant_text.h"

enum { PATHS_MAX = 16, LOOK_UP_ROOM = 16384, LOOK_UP_ROOM_MAX = 4 * 1024 * 1024 };

/* A folder or file as it was when it was read; all zero: it was not there. */
struct seen {
	char *path;
	struct stat st;
};

struct registry_grants {
	char *paths[PATHS_MAX];
	bool is_users[PATHS_MAX]; /* named by the user's environment */
	size_t n_paths;
	struct registry_grants_config config; /* without paths */
	struct registry_grant_table *table;   /* NULL: never read successfully */
	/* what the table is from */
	struct seen *seen;
	size_t n_seen, seen_capacity;
	bool is_settled; /* a later change must show, */
	struct timespec
		future; /* until the clock has come to this earliest time stamp beyond it; 0: ever */
	char *problems[REGISTRY_GRANT_PROBLEMS_MAX];
	size_t n_problems;
};

/* One reading of all files; replaces the last one when it succeeds. */
struct reading {
	struct registry_grants next; /* without paths */
	struct registry_grant_table *table;
	struct registry_grant_source source;
	const struct registry_grants *last;
	bool is_users;	       /* the folder that is being read */
	struct timespec since; /* a change from here on may have the time stamp of what was seen */
	size_t n_files;
	char file[PATH_MAX + NAME_MAX + 2];
	err_t err;
};

/* --- names ------------------------------------------------------------------------------- */

/* What getpwnam_r and getgrnam_r return for a name that nobody has. */
static bool is_absent(int error)
{
	return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

err_t registry_grants_find_user(void *context, const char *name, uid_t *ret_user)
{
	struct passwd entry, *found = NULL;

	for (size_t size = LOOK_UP_ROOM; size <= LOOK_UP_ROOM_MAX; size *= 4) {
		scope_free char *room = malloc(size);
		int error = room ? getpwnam_r(name, &entry, room, size, &found) : ENOMEM;

		if (found)
			*ret_user = entry.pw_uid;
		if (error != ERANGE)
			return found ? 0 : is_absent(error) ? -ENOENT : -error;
	}
	return -ERANGE;
}

err_t registry_grants_find_group(void *context, const char *name, gid_t *ret_group)
{
	struct group entry, *found = NULL;

	for (size_t size = LOOK_UP_ROOM; size <= LOOK_UP_ROOM_MAX; size *= 4) {
		scope_free char *room = malloc(size);
		int error = room ? getgrnam_r(name, &entry, room, size, &found) : ENOMEM;

		if (found)
			*ret_group = entry.gr_gid;
		if (error != ERANGE)
			return found ? 0 : is_absent(error) ? -ENOENT : -error;
	}
	return -ERANGE;
}

/* --- what was seen ---------------------------------------------------------------------------- */

static void forget_seen(struct registry_grants *grants)
{
	for (size_t i = 0; i < grants->n_seen; i++)
		free(grants->seen[i].path);
	free(grants->seen);
	grants->seen = NULL;
	grants->n_seen = grants->seen_capacity = 0;
}

static void forget_problems(struct registry_grants *grants)
{
	for (size_t i = 0; i < grants->n_problems; i++)
		free(grants->problems[i]);
	grants->n_problems = 0;
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_uid == b->st_uid && a->st_mode == b->st_mode &&
	       is_same_time(&a->st_mtim, &b->st_mtim) && is_same_time(&a->st_ctim, &b->st_ctim);
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* The clock that time stamps of files are from. */
static struct timespec file_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return now;
}

static bool is_future_here(const struct registry_grants *grants)
{
	struct timespec now = file_time();

	return grants->future.tv_sec && !is_before(&now, &grants->future);
}

static bool is_current(const struct registry_grants *grants)
{
	for (size_t i = 0; i < grants->n_seen; i++) {
		struct stat st = { 0 };

		if (lstat(grants->seen[i].path, &st))
			st = (struct stat){ 0 };
		if (!is_same(&st, &grants->seen[i].st))
			return false;
	}
	return grants->is_settled && !is_future_here(grants);
}

/* Could a later change leave the time stamp CHANGED? Not if it is past, nor, before the clock comes
 * there, if it is ahead: clocks are put back. */
static void judge_time(struct reading *r, const struct timespec *changed)
{
	struct registry_grants *next = &r->next;
	struct timespec now = file_time();

	if (is_before(&now, changed)) {
		if (!next->future.tv_sec || is_before(changed, &next->future))
			next->future = *changed;
	} else if (!is_before(changed, &r->since)) {
		next->is_settled = false;
	}
}

/* ST: NULL: it is not there. */
static void remember(struct reading *r, const char *path, const struct stat *st)
{
	struct registry_grants *next = &r->next;

	if (next->n_seen == next->seen_capacity) {
		size_t capacity = next->seen_capacity ? 2 * next->seen_capacity : 16;
		struct seen *more = realloc(next->seen, capacity * sizeof(*more));

		r->err = more ? r->err : -ENOMEM;
		if (!more)
			return;
		next->seen = more;
		next->seen_capacity = capacity;
	}
	char *copy = strdup(path);
	r->err = copy ? r->err : -ENOMEM;
	if (!copy)
		return;
	next->seen[next->n_seen++] = (struct seen){ copy, st ? *st : (struct stat){ 0 } };
	if (st)
		judge_time(r, &st->st_ctim);
}

/* --- problems ------------------------------------------------------------------------------------ */

static bool is_known(const struct registry_grants *grants, const char *problem)
{
	for (size_t i = 0; i < grants->n_problems; i++)
		if (!strcmp(grants->problems[i], problem))
			return true;
	return false;
}

/* Kept, and logged when it is new. LINE 0: the whole file. */
static void complain(struct reading *r, const char *file, unsigned line, bool is_error,
		     const char *message)
{
	const struct registry_grants_config *config = &r->last->config;
	char text[PATH_MAX + 1024], place[16] = "", *copy;

	if (config->report)
		config->report(config->context, file, line, is_error, message);
	if (r->next.n_problems == REGISTRY_GRANT_PROBLEMS_MAX)
		return;
	if (line)
		snprintf(place, sizeof(place), ":%u", line);
	snprintf(text, sizeof(text), "%s%s: %s%s", file, place, message,
		 line && is_error ? "; everybody is denied what this grant names" : "");
	if (!config->report && !is_known(r->last, text))
		log_warning("policy: %s", text);
	copy = strdup(text);
	if (copy)
		r->next.problems[r->next.n_problems++] = copy;
	else
		r->next.is_settled = false; /* read again for its sake */
}

static void complain_of(struct reading *r, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void complain_of(struct reading *r, const char *file, const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	complain(r, file, 0, true, message);
}

static void report(void *context, const char *file, unsigned line, bool is_error,
		   const char *message)
{
	complain(context, file, line, is_error, message);
}

/* --- files ------------------------------------------------------------------------------------------ */

static const char *find_fault(const struct stat *st)
{
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return "it is no regular file";
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "neither root nor the session's owner owns it";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "others may write it";
	return NULL;
}

static ssize_t read_all(int fd, char *bytes, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = read(fd, bytes + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

static void read_file(struct reading *r, const char *path, int fd)
{
	size_t size = REGISTRY_GRANT_FILE_MAX + 1;
	scope_free char *bytes = malloc(size);
	ssize_t n = bytes ? read_all(fd, bytes, size) : -1;

	if (++r->n_files > REGISTRY_GRANT_FILES_MAX) {
		complain_of(r, path, "more than %d files", REGISTRY_GRANT_FILES_MAX);
		r->err = -E2BIG;
	} else if (n < 0) {
		complain_of(r, path, "it cannot be read: %s", strerror(errno));
		r->err = bytes ? -EIO : -ENOMEM;
	} else {
		r->source.file = path;
		r->err = registry_grant_text_read(r->table, &r->source, bytes, (size_t)n);
		if (r->err == -E2BIG)
			complain_of(r, path, "more than %d grants", REGISTRY_GRANTS_MAX);
	}
}

/* Was that a file or folder that counts and that we are kept from reading? What cannot even be looked
 * at is the administrator's, except where the user's environment says. */
static bool is_withheld(const struct reading *r, int error, const struct stat *st)
{
	if (error != EACCES)
		return false;
	return st->st_ino ? !find_fault(st) : !r->is_users;
}

/* What it says is not known: it may deny anything. */
static void add_unread(struct reading *r, const char *path)
{
	complain_of(r, path,
		    "it cannot be read: everybody is denied what no stronger folder allows");
	r->err = registry_grant_table_add_unread(r->table, path, r->source.force);
}

/* Open what nobody else could have put there or may change. RET_ST is of what was opened. */
static int open_trusted(struct reading *r, int folder, const char *name, const char *path,
			struct stat *ret_st)
{
	/* Not blocked by a FIFO; what is opened is what is judged. */
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	int error = fd < 0 ? errno : 0;
	const char *fault = NULL;

	if (error == ENOENT || error == ENOTDIR) {
		remember(r, path, NULL);
		return -1;
	}
	if (error && error != ELOOP && error != EACCES && error != ENXIO) {
		complain_of(r, path, "it cannot be opened: %s", strerror(error));
		r->err = -error;
		return -1;
	}
	if (error)
		fault = error == ELOOP ? "it is a symbolic link" : strerror(error);
	if (fd < 0 ? fstatat(folder, name, ret_st, AT_SYMLINK_NOFOLLOW) : fstat(fd, ret_st))
		*ret_st = (struct stat){ 0 };
	remember(r, path, ret_st);
	if (is_withheld(r, error, ret_st)) {
		add_unread(r, path);
		return -1;
	}
	if (!fault)
		fault = find_fault(ret_st);
	if (!fault)
		return fd;
	complain_of(r, path, "counts for nothing: %s", fault);
	return fd_close(fd);
}

/* What editors and package managers leave behind. */
static bool is_leftover(const char *name)
{
	size_t n = strlen(name);

	return name[0] == '.' || name[n - 1] == '~' || strstr(name, ".dpkg-") ||
	       strstr(name, ".rpm");
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

struct names {
	char *items[REGISTRY_GRANT_FILES_MAX + 1];
	size_t count;
};

/* Sorted; one more than there may be is enough to say so. */
static void list_names(struct reading *r, DIR *folder, struct names *names)
{
	struct dirent *entry;

	while (names->count <= REGISTRY_GRANT_FILES_MAX && !r->err) {
		errno = 0;
		entry = readdir(folder);
		if (!entry) {
			r->err = errno ? err_from_errno() : 0;
			break;
		}
		if (is_leftover(entry->d_name))
			continue;
		names->items[names->count] = strdup(entry->d_name);
		if (names->items[names->count])
			names->count++;
		else
			r->err = -ENOMEM;
	}
	qsort(names->items, names->count, sizeof(*names->items), compare_names);
}

static void read_entry(struct reading *r, int folder, const char *path, const char *name)
{
	struct stat st;

	snprintf(r->file, sizeof(r->file), "%s/%s", path, name);
	scope_fd int fd = open_trusted(r, folder, name, r->file, &st);
	if (fd < 0)
		return;
	if (S_ISREG(st.st_mode))
		read_file(r, r->file, fd);
	else
		complain_of(r, r->file, "counts for nothing: it is a folder");
}

/* FD is taken. */
static void read_folder(struct reading *r, const char *path, int fd)
{
	DIR *folder = fdopendir(fd);
	struct names *names = calloc(1, sizeof(*names));

	if (!folder || !names) {
		r->err = -ENOMEM;
		if (!folder)
			close(fd);
	} else {
		list_names(r, folder, names);
	}
	for (size_t i = 0; names && i < names->count; i++) {
		if (!r->err)
			read_entry(r, dirfd(folder), path, names->items[i]);
		free(names->items[i]);
	}
	free(names);
	if (folder)
		closedir(folder);
}

static void read_path(struct reading *r, const char *path)
{
	struct stat st;
	int fd = open_trusted(r, AT_FDCWD, path, path, &st);

	if (fd < 0)
		return;
	if (S_ISDIR(st.st_mode)) {
		read_folder(r, path, fd);
	} else {
		read_file(r, path, fd);
		close(fd);
	}
}

/* --- the table --------------------------------------------------------------------------------------- */

/* Weakest: what holds unless a file says otherwise. */
static const char usual[] = "[Grant administrator]\n"
			    "Entitlement = com.apple.developer.driverkit.administrator\n"
			    "Allow = uid:0\n"
			    "[Grant owner]\n"
			    "Service = *\n"
			    "Allow = owner uid:0\n";
/* Strongest, if the session is to have no administrator. */
static const char withheld[] = "[Grant no-administrator]\n"
			       "Entitlement = com.apple.developer.driverkit.administrator\n"
			       "Deny = *\n";

static void read_built_in(struct reading *r, const char *text)
{
	r->source.file = "(built in)";
	if (!r->err)
		r->err = registry_grant_text_read(r->table, &r->source, text, strlen(text));
}

static void read_all_files(struct reading *r, const struct registry_grants *grants)
{
	read_built_in(r, usual);
	for (size_t i = 0; i < grants->n_paths && !r->err; i++) {
		r->source.force++;
		r->is_users = grants->is_users[i];
		read_path(r, grants->paths[i]);
	}
	r->source.force++;
	if (grants->config.no_administrator)
		read_built_in(r, withheld);
	if (!r->err)
		r->err = registry_grant_table_seal(r->table);
}

static struct registry_grant_table *table_free(struct registry_grant_table *table)
{
	if (table)
		registry_grant_table_fini(table);
	free(table);
	return NULL;
}

static void reload(struct registry_grants *grants)
{
	struct reading r = {
		.next = { .is_settled = true },
		.table = malloc(sizeof(*r.table)),
		.last = grants,
		.source = { .find_user = registry_grants_find_user,
			    .find_group = registry_grants_find_group,
			    .report = report },
	};

	if (!r.table)
		return;
	r.source.context = &r;
	registry_grant_table_init(r.table, geteuid());
	r.since = file_time();
	read_all_files(&r, grants);
	if (r.err) {
		r.table = table_free(r.table);
		complain_of(&r, "grants", "%s: %s", strerror(-r.err),
			    grants->table ? "what was in force stays in force"
					  : "everything is denied");
	} else {
		table_free(grants->table);
		grants->table = r.table;
	}
	forget_problems(grants);
	memcpy(grants->problems, r.next.problems, sizeof(grants->problems));
	grants->n_problems = r.next.n_problems;
	forget_seen(grants);
	grants->seen = r.next.seen;
	grants->n_seen = r.next.n_seen;
	grants->future = r.next.future;
	/* What failed for want of memory or descriptors is tried again; too many files are not. */
	grants->is_settled = r.next.is_settled && (!r.err || r.err == -E2BIG);
}

const struct registry_grant_table *registry_grants_look(struct registry_grants *grants)
{
	if (!is_current(grants))
		reload(grants);
	return grants->table;
}

/* --- where they are ----------------------------------------------------------------------------------- */

static err_t add_path(struct registry_grants *grants, const char *path)
{
	if (grants->n_paths == PATHS_MAX)
		return -E2BIG;
	grants->paths[grants->n_paths] = strdup(path);
	if (!grants->paths[grants->n_paths])
		return -ENOMEM;
	grants->n_paths++;
	return 0;
}

static err_t add_below(struct registry_grants *grants, const char *variable, const char *below)
{
	const char *folder = secure_getenv(variable);
	char path[PATH_MAX];

	if (!folder || *folder != '/')
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/%s", folder, below);
	err_t err = add_path(grants, path);
	if (!err)
		grants->is_users[grants->n_paths - 1] = true;
	return err;
}

/* The user's files are stronger than what came with programs and weaker than the administrator's. */
static err_t add_usual_paths(struct registry_grants *grants, bool system)
{
	err_t err = add_path(grants, PORTICO_VENDOR_GRANTS);

	if (!err && !system) {
		err = add_below(grants, "XDG_CONFIG_HOME", "portico/grants.d");
		if (err == -ENOENT)
			err = add_below(grants, "HOME", ".config/portico/grants.d");
	}
	if ((!err || err == -ENOENT) && !system)
		err = add_below(grants, "XDG_RUNTIME_DIR", "portico/grants.d");
	if (!err || err == -ENOENT)
		err = add_path(grants, "/etc/portico/grants.d");
	return err ? err : add_path(grants, "/run/portico/grants.d");
}

static err_t add_list(struct registry_grants *grants, const char *list)
{
	scope_free char *copy = strdup(list);
	err_t err = copy ? 0 : -ENOMEM;

	for (char *rest = copy; !err && rest;) {
		const char *one = strsep(&rest, ":");

		if (*one)
			err = add_path(grants, one);
	}
	return err;
}

static err_t add_paths(struct registry_grants *grants, const struct registry_grants_config *config)
{
	const char *own = secure_getenv("PORTICO_POLICY");
	err_t err = 0;

	for (const char *const *path = config->paths; path && *path && !err; path++)
		err = add_path(grants, *path);
	if (config->paths)
		return err;
	return own && *own ? add_list(grants, own) : add_usual_paths(grants, config->system);
}

err_t registry_grants_new(const struct registry_grants_config *config,
			  struct registry_grants **ret_grants)
{
	struct registry_grants *grants = calloc(1, sizeof(*grants));
	err_t err = grants ? 0 : -ENOMEM;

	if (!err) {
		grants->config = *config;
		grants->config.paths = NULL;
		err = add_paths(grants, config);
	}
	if (err) {
		registry_grants_free(grants);
		return err;
	}
	reload(grants);
	*ret_grants = grants;
	return 0;
}

struct registry_grants *registry_grants_free(struct registry_grants *grants)
{
	if (!grants)
		return NULL;
	table_free(grants->table);
	forget_seen(grants);
	forget_problems(grants);
	for (size_t i = 0; i < grants->n_paths; i++)
		free(grants->paths[i]);
	free(grants);
	return NULL;
}

const char *registry_grants_problem(const struct registry_grants *grants, size_t index)
{
	return index < grants->n_problems ? grants->problems[index] : NULL;
}

const char *registry_grants_path(const struct registry_grants *grants, size_t index)
{
	return index < grants->n_paths ? grants->paths[index] : NULL;
}

bool registry_grants_has(const struct registry_grants *grants, const char *path)
{
	for (size_t i = 0; i < grants->n_seen; i++)
		if (!strcmp(grants->seen[i].path, path))
			return grants->seen[i].st.st_ino != 0;
	return false;
}
