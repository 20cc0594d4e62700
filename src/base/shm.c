// SPDX-License-Identifier: MIT
#include "base/shm.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/scope.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static size_t round_to_page(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return size > SIZE_MAX - page ? 0 : (size + page - 1) & ~(page - 1);
}

bool shm_is_allowed(size_t size)
{
	struct rlimit files;

	return getrlimit(RLIMIT_FSIZE, &files) < 0 || size <= files.rlim_cur;
}

static err_t create(const char *name, size_t size, int *ret_fd)
{
	size_t rounded = round_to_page(size);

	if (!rounded || rounded > INT64_MAX)
		return -EINVAL;
	if (!shm_is_allowed(rounded))
		return -EFBIG;
	scope_fd int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, (off_t)rounded) < 0)
		return err_from_errno();
	*ret_fd = take_fd(&fd);
	return 0;
}

err_t shm_create(const char *name, size_t size, int *ret_fd)
{
	scope_fd int fd = -1;
	err_t err = create(name, size, &fd);

	if (err)
		return err;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return err_from_errno();
	*ret_fd = take_fd(&fd);
	return 0;
}

err_t shm_create_unsettled(const char *name, size_t size, int *ret_fd)
{
	scope_fd int fd = -1;
	err_t err = create(name, size, &fd);

	if (err)
		return err;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)
		return err_from_errno();
	*ret_fd = take_fd(&fd);
	return 0;
}

err_t shm_settle(int fd, bool read_only)
{
	int seals = read_only ? F_SEAL_FUTURE_WRITE | F_SEAL_SEAL : F_SEAL_SEAL;

	/* EPERM: it is settled already. */
	return fcntl(fd, F_ADD_SEALS, seals) < 0 && errno != EPERM ? err_from_errno() : 0;
}

err_t shm_create_read_only(const char *name, size_t size, int *ret_fd, void **ret_base)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
	scope_fd int fd = -1;
	void *base;
	err_t err = create(name, size, &fd);

	if (!err)
		err = shm_map(fd, size, true, &base);
	if (err)
		return err;
	if (fcntl(fd, F_ADD_SEALS, seals) < 0) {
		err = err_from_errno();
		shm_unmap(base, size);
		return err;
	}
	*ret_base = base;
	*ret_fd = take_fd(&fd);
	return 0;
}

err_t shm_reopen_read_only(int fd, int *ret_fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int copy = open(path, O_RDONLY | O_CLOEXEC);
	if (copy < 0)
		return errno == ENOENT ? -ENOSYS : err_from_errno();
	*ret_fd = copy;
	return 0;
}

/* Huge pages are reserved when they are mapped, but who punches a hole gives the reservation back, and
 * whoever touches the place then dies of SIGBUS. */
static bool has_small_pages(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type != HUGETLBFS_MAGIC;
}

err_t shm_verify(int fd, size_t size)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & (F_SEAL_SHRINK | F_SEAL_GROW)) != (F_SEAL_SHRINK | F_SEAL_GROW))
		return -EBADMSG;
	if (!has_small_pages(fd))
		return -EBADMSG;
	if (fstat(fd, &st) < 0 || st.st_size < 0 || (uint64_t)st.st_size < size)
		return -EBADMSG;
	return 0;
}

err_t shm_map(int fd, size_t size, bool writable, void **ret_base)
{
	int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	void *base = mmap(NULL, size, protection, MAP_SHARED, fd, 0);

	if (base == MAP_FAILED)
		return err_from_errno();
	*ret_base = base;
	return 0;
}

void shm_unmap(void *base, size_t size)
{
	if (base)
		munmap(base, size);
}
