// SPDX-License-Identifier: MIT
/* Landlock, by its three system calls: the C library has no functions for them. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scope.h"
#include "sandbox/sandbox_internal.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

/* The header of the build machine may be older than the kernel below. */
enum {
	VERSION_QUERY = 1,
	RULE_PATH_BENEATH = 1,

	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_ALL_ABI_1 = (1 << 13) - 1,
	FS_REFER = 1 << 13,	/* from ABI 2 */
	FS_TRUNCATE = 1 << 14,	/* 3 */
	FS_IOCTL_DEV = 1 << 15, /* 5 */
	FS_MAKE_DEVICES = 1 << 6 | 1 << 11,

	NET_ALL = 3,   /* binding and connecting TCP; 4 */
	SCOPE_ALL = 3, /* abstract UNIX sockets, signals; 6 */
};

struct ruleset {
	uint64_t fs, net, scopes;
};

struct beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

static uint64_t rights_of(enum sandbox_access access, bool is_folder)
{
	uint64_t rights = FS_READ_FILE;

	if (access == SANDBOX_WRITE)
		rights = FS_ALL_ABI_1 | FS_REFER | FS_TRUNCATE;
	else if (access == SANDBOX_DEVICE)
		rights |= FS_WRITE_FILE | FS_IOCTL_DEV;
	if (is_folder)
		return (rights | FS_READ_DIR) & ~(uint64_t)(FS_EXECUTE | FS_MAKE_DEVICES);
	return rights & (FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV);
}

static err_t add(int ruleset, uint64_t handled, const struct sandbox_branch *branch)
{
	struct beneath rule;
	struct stat st;
	scope_fd int fd = open(branch->path, O_PATH | O_CLOEXEC);

	/* Gone meanwhile: then the driver does not see it either. */
	if (fd < 0 || fstat(fd, &st))
		return 0;
	rule.parent = fd;
	rule.allowed = rights_of(branch->access, S_ISDIR(st.st_mode)) & handled;
	if (rule.allowed && syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0))
		return err_from_errno();
	return 0;
}

static struct ruleset ruleset_of(int abi, const struct sandbox_config *config)
{
	struct ruleset r = { .fs = FS_ALL_ABI_1 };

	if (abi >= 2)
		r.fs |= FS_REFER;
	if (abi >= 3)
		r.fs |= FS_TRUNCATE;
	/* A driver that may make such sockets may use them. */
	if (abi >= 4 && !config->families)
		r.net = NET_ALL;
	if (abi >= 5)
		r.fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		r.scopes = SCOPE_ALL;
	return r;
}

err_t sandbox_confine_files(const struct sandbox_config *config, const struct sandbox_tree *tree,
			    int *ret_abi)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_QUERY);

	if (abi <= 0)
		return abi < 0 ? err_from_errno() : -EOPNOTSUPP;
	struct ruleset attributes = ruleset_of((int)abi, config);
	size_t size = abi >= 6 ? sizeof(attributes) : abi >= 4 ? 16 : 8;
	scope_fd int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
	if (ruleset < 0)
		return err_from_errno();
	err_t err = 0;
	for (size_t i = 0; !err && i < tree->n; i++)
		err = add(ruleset, attributes.fs, &tree->branches[i]);
	if (!err && syscall(SYS_landlock_restrict_self, ruleset, 0))
		err = err_from_errno();
	*ret_abi = (int)abi;
	return err;
}
