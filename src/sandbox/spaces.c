// SPDX-License-Identifier: MIT
/*
 * Namespaces. No PID namespace: its first process would have to be another one
 * than the host (signals of its own to PID 1 are ignored), and the filter lets
 * a driver name no process but itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scope.h"
#include "sandbox/sandbox_internal.h"

#define OLD_ROOT "/.old"

static err_t write_text(const char *path, const char *format, unsigned number)
{
	char text[64];
	int n = snprintf(text, sizeof(text), format, number, number);
	scope_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return err_from_errno();
	return write(fd, text, (size_t)n) == n ? 0 : err_from_errno();
}

/* The same numbers inside as outside, and no others. */
static err_t map_user(uid_t uid, gid_t gid)
{
	err_t err = write_text("/proc/self/setgroups", "deny", 0);

	if (!err)
		err = write_text("/proc/self/uid_map", "%u %u 1", uid);
	if (!err)
		err = write_text("/proc/self/gid_map", "%u %u 1", gid);
	/* None inside of it: the filter says so, too. */
	if (!err)
		write_text("/proc/sys/user/max_user_namespaces", "0", 0);
	return err;
}

/* Where a user namespace can be made and not used (AppArmor, /proc that may only be read), who has made it
 * is nobody, and cannot go back: a child goes first. */
static err_t try_user(uid_t uid, gid_t gid)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		err_t err = unshare(CLONE_NEWUSER) ? err_from_errno() : map_user(uid, gid);
		_exit(-err);
	}
	if (pid < 0)
		return err_from_errno();
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_from_errno();
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EPERM;
}

/* --- the new root --------------------------------------------------------------------------- */

/* The folders above the last name of PATH, and with IS_FOLDER that one. */
static err_t make_folders(const char *path, bool is_folder)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	for (char *at = copy + 1;; at++) {
		if (*at && *at != '/')
			continue;
		bool is_last = !*at;
		*at = 0;
		if ((!is_last || is_folder) && mkdir(copy, 0755) && errno != EEXIST)
			return err_from_errno();
		if (is_last)
			return 0;
		*at = '/';
	}
}

static err_t make_target(const char *path, bool is_folder)
{
	err_t err = make_folders(path, is_folder);

	/* What another branch shows there will do: it need be neither writable nor a file. */
	if (err || is_folder || !access(path, F_OK))
		return err;
	scope_fd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	return fd < 0 ? err_from_errno() : 0;
}

/* "/lib" is a link nowadays: what it points to is shown under its own name. */
static bool copy_link(const char *path)
{
	char old[PATH_MAX], target[PATH_MAX];

	if (strncmp(path, "/lib", 4) || strchr(path + 1, '/') ||
	    snprintf(old, sizeof(old), OLD_ROOT "%s", path) >= (int)sizeof(old))
		return false;
	ssize_t n = readlink(old, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = 0;
	return !symlink(target, path) || errno == EEXIST;
}

/* Is something below BRANCH that may only be read, and loaded: the bundle? */
static bool holds_code(const struct sandbox_tree *tree, const struct sandbox_branch *branch)
{
	size_t n = strlen(branch->path);

	for (size_t i = 0; i < tree->n; i++) {
		const struct sandbox_branch *other = &tree->branches[i];

		if (other->access == SANDBOX_READ && !strncmp(other->path, branch->path, n) &&
		    (!other->path[n] || other->path[n] == '/' || branch->path[n - 1] == '/'))
			return true;
	}
	return false;
}

static bool is_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

/* A mount of what BRANCH is, not yet anywhere. NO_CODE: nothing there can be mapped executable. -1: it
 * is not there. */
static err_t take_tree(const struct sandbox_branch *branch, bool no_code, int *ret_fd)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_NOSUID };
	struct stat st;

	/* A device that is named itself may be meant to be read only, as /dev/urandom. */
	if (branch->access != SANDBOX_DEVICE && (stat(branch->source, &st) || !is_device(&st)))
		attributes.attr_set |= MOUNT_ATTR_NODEV;
	if (branch->access == SANDBOX_READ)
		attributes.attr_set |= MOUNT_ATTR_RDONLY;
	if (no_code)
		attributes.attr_set |= MOUNT_ATTR_NOEXEC;
	scope_fd int tree = (int)syscall(SYS_open_tree, AT_FDCWD, branch->source,
					 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	*ret_fd = -1;
	if (tree < 0)
		return errno == ENOENT ? 0 : err_from_errno();
	if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
		    sizeof(attributes)))
		return err_from_errno();
	*ret_fd = take_fd(&tree);
	return 0;
}

static err_t show(const struct sandbox_branch *branch, int tree)
{
	struct stat st, there;

	if (tree < 0 || copy_link(branch->path))
		return 0;
	if (fstat(tree, &st))
		return err_from_errno();
	if (branch->access == SANDBOX_READ && !stat(branch->path, &there) &&
	    there.st_dev == st.st_dev && there.st_ino == st.st_ino)
		return 0; /* below another one */
	err_t err = make_target(branch->path, S_ISDIR(st.st_mode));
	if (!err &&
	    syscall(SYS_move_mount, tree, "", AT_FDCWD, branch->path, MOVE_MOUNT_F_EMPTY_PATH))
		err = err_from_errno();
	return err;
}

/* An empty file system as root, the old one below it until it is left for good. */
static err_t begin_root(void)
{
	err_t err = 0;

	if (mount("portico", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=1m,mode=755"))
		return err_from_errno();
	if (chdir("/tmp") || mkdir("." OLD_ROOT, 0700) ||
	    syscall(SYS_pivot_root, ".", "." OLD_ROOT) || chdir("/")) {
		err = err_from_errno();
		umount2("/tmp", MNT_DETACH);
	}
	return err;
}

static err_t end_root(void)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };

	if (umount2(OLD_ROOT, MNT_DETACH) || rmdir(OLD_ROOT))
		return err_from_errno();
	return syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &read_only, sizeof(read_only))
		     ? err_from_errno()
		     : 0;
}

/* Half a new root is no place to go on in. */
static _Noreturn void give_up(const char *step, err_t err)
{
	fprintf(stderr, "portico-host: %s: %s\n", step, strerror(-err));
	_exit(126);
}

/* Whatever may be refused is asked for before anything that can be seen has changed. */
static err_t take_trees(const struct sandbox_tree *tree, bool executable, int *fds)
{
	err_t err = mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ? err_from_errno() : 0;

	for (size_t i = 0; i < tree->n; i++) {
		const struct sandbox_branch *branch = &tree->branches[i];
		bool no_code =
			branch->access == SANDBOX_WRITE && !executable && !holds_code(tree, branch);

		fds[i] = -1;
		if (!err)
			err = take_tree(branch, no_code, &fds[i]);
	}
	return err;
}

/* EXECUTABLE: what can be written may be mapped executable. */
static err_t change_root(const struct sandbox_tree *tree, bool executable)
{
	int *fds = calloc(tree->n + 1, sizeof(*fds));
	err_t err = fds ? take_trees(tree, executable, fds) : -ENOMEM;

	if (!err)
		err = begin_root();
	if (!err) {
		for (size_t i = 0; !err && i < tree->n; i++)
			err = show(&tree->branches[i], fds[i]);
		if (err)
			give_up("showing files in a namespace", err);
		err = end_root();
		if (err)
			give_up("leaving the old root", err);
	}
	for (size_t i = 0; fds && i < tree->n; i++)
		fd_close(fds[i]);
	free(fds);
	return err;
}

err_t sandbox_enter_spaces(const struct sandbox_config *config, const struct sandbox_tree *tree,
			   const char **ret_step)
{
	int rest = CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	uid_t uid = geteuid();
	gid_t gid = getegid();
	err_t err;

	*ret_step = "user namespaces";
	err = try_user(uid, gid);
	if (!err && unshare(CLONE_NEWUSER))
		err = err_from_errno();
	if (!err)
		err = map_user(uid, gid);
	if (err)
		return err;
	*ret_step = "mount, network, IPC, UTS and cgroup namespaces";
	if (!config->families)
		rest |= CLONE_NEWNET;
	if (unshare(CLONE_NEWNS) || unshare(rest))
		return err_from_errno();
	*ret_step = "mounting in a user namespace";
	return change_root(tree, config->executable);
}
