// SPDX-License-Identifier: MIT
/*
 * FUSE: an ioctl of a file in a file system of our own, which adds two numbers;
 * larger payloads are written and read back (an ioctl carries less than 16 KiB).
 */
#define FUSE_USE_VERSION 35
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fuse.h>

#include "contestant.h"

struct numbers {
	uint64_t a, b;
};
#define ADD _IOWR('p', 1, struct numbers)

static char folder[] = "/tmp/portico-bench-XXXXXX";
static int file = -1;
static size_t n_bytes;
static char *bytes;

/* --- the file system --------------------------------------------------------- */

static int get_attributes(const char *path, struct stat *st, struct fuse_file_info *info)
{
	bool is_root = !strcmp(path, "/");

	memset(st, 0, sizeof(*st));
	st->st_mode = is_root ? S_IFDIR | 0755 : S_IFREG | 0644;
	st->st_nlink = is_root ? 2 : 1;
	st->st_size = is_root ? 0 : (off_t)n_bytes;
	return 0;
}

static int open_file(const char *path, struct fuse_file_info *info)
{
	info->direct_io = 1; /* every read and write comes to us */
	return 0;
}

static int do_ioctl(const char *path, unsigned int command, void *argument,
		    struct fuse_file_info *info, unsigned int flags, void *data)
{
	struct numbers *numbers = data;

	if (command != ADD)
		return -EINVAL;
	numbers->a += numbers->b;
	return 0;
}

static int do_write(const char *path, const char *from, size_t size, off_t at,
		    struct fuse_file_info *info)
{
	if (at < 0 || (size_t)at > n_bytes || size > n_bytes - (size_t)at)
		return -EFBIG;
	memcpy(bytes + at, from, size);
	return (int)size;
}

static int do_read(const char *path, char *to, size_t size, off_t at, struct fuse_file_info *info)
{
	if (at < 0 || (size_t)at >= n_bytes)
		return 0;
	if (size > n_bytes - (size_t)at)
		size = n_bytes - (size_t)at;
	memcpy(to, bytes + at, size);
	return (int)size;
}

static void *initialise(struct fuse_conn_info *connection, struct fuse_config *config)
{
	connection->max_write = 1024 * 1024;
	return NULL;
}

static const struct fuse_operations operations = {
	.getattr = get_attributes,
	.open = open_file,
	.ioctl = do_ioctl,
	.write = do_write,
	.read = do_read,
	.init = initialise,
};

/* Serve with this one thread until the file system is unmounted. */
static _Noreturn void serve(int ready)
{
	char program[] = "bench-fuse";
	char *argv[] = { program, NULL };
	struct fuse_args arguments = FUSE_ARGS_INIT(1, argv);
	struct fuse *fuse = fuse_new(&arguments, &operations, sizeof(operations), NULL);

	if (!fuse || fuse_mount(fuse, folder) || write(ready, "", 1) != 1)
		_exit(1);
	fuse_loop(fuse);
	fuse_unmount(fuse);
	_exit(0);
}

/* --- the caller ------------------------------------------------------------------ */

static bool call(uint64_t i)
{
	struct numbers numbers = { i, 1 };

	if (!n_bytes)
		return !ioctl(file, ADD, &numbers) && numbers.a == i + 1;
	memcpy(bytes, &i, sizeof(i));
	return pwrite(file, bytes, n_bytes, 0) == (ssize_t)n_bytes &&
	       pread(file, bytes, n_bytes, 0) == (ssize_t)n_bytes && !memcmp(bytes, &i, sizeof(i));
}

static uint64_t run(uint64_t n)
{
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++)
		if (!call(i)) {
			bench_complain("fuse: %s", strerror(errno));
			return 0;
		}
	return bench_now_ns() - start;
}

static int mount_and_serve(void)
{
	char path[sizeof(folder) + 8], byte;
	int ready[2];

	if (pipe(ready))
		return 1;
	if (fork() == 0) {
		/* Not to be killed: it ends when the file system is unmounted. */
		close(ready[0]);
		serve(ready[1]);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		return bench_absent("no file system can be mounted (needs root or fusermount3)");
	snprintf(path, sizeof(path), "%s/file", folder);
	file = open(path, O_RDWR | O_CLOEXEC);
	bench_move_away();
	return file >= 0 ? bench_serve(run) : 1;
}

static void unmount(void)
{
	char command[sizeof(folder) + 64];

	if (file >= 0)
		close(file);
	snprintf(command, sizeof(command), "fusermount3 -u %s >/dev/null 2>&1", folder);
	if (system(command))
		bench_complain("fuse: %s is still mounted", folder);
	rmdir(folder);
}

static int play(uint64_t size)
{
	n_bytes = size;
	bytes = calloc(1, size + 1);
	if (access("/dev/fuse", R_OK | W_OK))
		return bench_absent("/dev/fuse: %s", strerror(errno));
	if (!bytes || !mkdtemp(folder))
		return 1;
	int status = mount_and_serve();
	unmount();
	return status;
}

int main(int argc, char **argv)
{
	static const struct bench_role roles[] = { { "call", play }, { NULL, NULL } };

	return bench_play(argc, argv, roles);
}
