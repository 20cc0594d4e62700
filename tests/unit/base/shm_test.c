// SPDX-License-Identifier: MIT
#include "base/shm.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "test.h"

TEST(memory_is_shared_and_sealed)
{
	int fd;
	void *a, *b;

	test_equal(shm_create("test", 100, &fd), 0);
	test_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	test_equal(shm_verify(fd, 100), 0);
	test_equal(shm_map(fd, 100, true, &a), 0);
	test_equal(shm_map(fd, 100, false, &b), 0);
	test_equal(*(char *)b, 0);
	strcpy(a, "shared");
	test_equal_text(b, "shared");
	/* l3: nobody can truncate it under a mapping. */
	test_equal(ftruncate(fd, 0), -1);
	test_equal(ftruncate(fd, 1 << 20), -1);
	test_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	shm_unmap(a, 100);
	shm_unmap(b, 100);
	shm_unmap(NULL, 100);
	fd_close(fd);
}

TEST(a_limit_of_file_sizes_is_an_error)
{
	struct rlimit before, small = { 4096, 0 };
	int fd;

	test_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	test_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	test_equal(shm_create("test", 4097, &fd), -EFBIG);
	test_equal(shm_create("test", 4096, &fd), 0);
	test_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	fd_close(fd);
}

TEST(read_only_copy_cannot_be_mapped_for_writing)
{
	int fd, reader;
	void *base;

	shm_create("test", 4096, &fd);
	test_equal(shm_reopen_read_only(fd, &reader), 0);
	test_equal(shm_verify(reader, 4096), 0);
	test_equal(shm_map(reader, 4096, true, &base), -EACCES);
	test_equal(shm_map(reader, 4096, false, &base), 0);
	shm_unmap(base, 4096);
	fd_close(reader);
	fd_close(fd);
	test_true(shm_reopen_read_only(-1, &reader) < 0);
}

TEST(l3_what_is_no_sealed_memory_is_refused)
{
	int sealed, plain, null, fds[2];

	shm_create("test", 4096, &sealed);
	test_equal(shm_verify(sealed, 4096), 0);
	test_equal(shm_verify(sealed, 4097), -EBADMSG);
	test_equal(shm_verify(sealed, SIZE_MAX), -EBADMSG);
	plain = memfd_create("plain", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	test_equal(ftruncate(plain, 4096), 0);
	test_equal(shm_verify(plain, 4096), -EBADMSG);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	test_equal(shm_verify(null, 0), -EBADMSG);
	fd_socketpair(fds);
	test_equal(shm_verify(fds[0], 0), -EBADMSG);
	test_equal(shm_verify(-1, 0), -EBADMSG);
	fd_close(sealed);
	fd_close(plain);
	fd_close(null);
	fd_close(fds[0]);
	fd_close(fds[1]);
}

TEST(memory_of_huge_pages_is_refused)
{
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);

	if (fd < 0)
		test_skip("no huge pages here");
	test_equal(ftruncate(fd, 8 << 20), 0);
	test_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	test_equal_error(shm_verify(fd, 4096), -EBADMSG);
	close(fd);
}

TEST(impossible_sizes_are_refused)
{
	int fd;

	test_equal(shm_create("test", 0, &fd), -EINVAL);
	test_equal(shm_create("test", SIZE_MAX, &fd), -EINVAL);
}

TEST(unsettled_memory_is_settled_once)
{
	void *mine, *theirs;
	int fd;

	test_equal(shm_create_unsettled("test", 4096, &fd), 0);
	test_equal(shm_verify(fd, 4096), 0);
	test_equal(shm_map(fd, 4096, true, &mine), 0);
	test_equal(shm_settle(fd, true), 0);
	test_equal(shm_settle(fd, false), 0);
	test_equal_error(shm_map(fd, 4096, true, &theirs), -EPERM);
	*(char *)mine = 1;
	test_equal(*(char *)mine, 1);
	shm_unmap(mine, 4096);
	close(fd);
}

TEST_MAIN
