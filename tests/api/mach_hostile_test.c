// SPDX-License-Identifier: MIT
/* Mach calls with names, rights and sizes that mean nothing: an error each, and the task lives. */
#include <string.h>

#include <mach/mach.h>
#include <mach/mach_error.h>
#include <mach/mach_time.h>
#include <mach/mach_vm.h>

#include "test.h"

enum { NAMES = 8 };
static mach_port_t names[NAMES];

static void make_names(void)
{
	mach_port_t dead;

	names[1] = MACH_PORT_DEAD;
	names[2] = 0x1234567;
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &dead);
	mach_port_insert_right(mach_task_self(), dead, dead, MACH_MSG_TYPE_MAKE_SEND);
	mach_port_mod_refs(mach_task_self(), dead, MACH_PORT_RIGHT_RECEIVE, -1);
	names[3] = dead;
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &names[4]);
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &names[5]);
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_DEAD_NAME, &names[6]);
	names[7] = mach_task_self();
}

TEST(names_and_null_pointers)
{
	mach_port_t self = mach_task_self(), out = 0;
	mach_port_urefs_t refs;
	mach_port_type_t type;
	natural_t info[16];
	mach_msg_type_number_t n;

	make_names();
	for (int i = 0; i < NAMES; i++) {
		mach_port_t name = names[i];

		for (mach_port_right_t right = 0; right < 12; right++) {
			mach_port_get_refs(self, name, right, &refs);
			test_true(mach_port_get_refs(self, name, right, NULL) != 0);
			/* null and dead names have nothing to count */
			test_true(mach_port_mod_refs(self, name, right, -70000) != 0 || i < 2);
			mach_port_mod_refs(self, name, right, 0);
		}
		mach_port_type(self, name, &type);
		test_true(mach_port_type(self, name, NULL) != 0);
		for (int flavor = -1; flavor < 12; flavor++) {
			n = 16;
			mach_port_get_attributes(self, name, flavor, (mach_port_info_t)info, &n);
			n = 0;
			mach_port_get_attributes(self, name, flavor, (mach_port_info_t)info, &n);
			test_true(mach_port_get_attributes(self, name, flavor, NULL, &n) != 0);
			test_true(mach_port_get_attributes(self, name, flavor,
							   (mach_port_info_t)info, NULL) != 0);
			mach_port_set_attributes(self, name, flavor, NULL, 0);
		}
		for (int k = 0; k < NAMES; k++) {
			for (unsigned poly = 0; poly < 24; poly++) {
				if (poly != MACH_MSG_TYPE_MAKE_SEND &&
				    poly != MACH_MSG_TYPE_COPY_SEND)
					mach_port_insert_right(self, 0x7654321, names[k],
							       poly == 16 ? 0 : poly);
				test_true(mach_port_request_notification(
						  self, name, MACH_NOTIFY_NO_SENDERS, 0, names[k],
						  poly, NULL) != 0 ||
					  i == 4);
			}
			mach_port_move_member(self, name, names[k]);
			mach_port_insert_member(self, name, names[k]);
			mach_port_extract_member(self, name, names[k]);
		}
		mach_port_set_context(self, name, 5);
		test_true(mach_port_get_context(self, name, NULL) != 0);
	}
	test_true(mach_port_allocate(self, 99, &out) != 0);
	test_true(mach_port_allocate(self, MACH_PORT_RIGHT_RECEIVE, NULL) != 0);
	test_true(mach_port_allocate(0, MACH_PORT_RIGHT_RECEIVE, &out) != 0);
	test_true(mach_port_names(self, NULL, NULL, NULL, NULL) != 0);
}

TEST(messages_that_are_none)
{
	struct {
		mach_msg_header_t header;
		mach_msg_body_t body;
		unsigned char rest[200];
	} m;
	static const mach_msg_size_t sizes[] = { 0, 1, 20, 24, 25, 28, 40, 64, 228 };
	static const mach_msg_bits_t bits[] = { 0,	     0x13,	 0x14,
						0x1f,	     0xff,	 0x80000000u | 0x14,
						0x80000013u, 0xffffffff, 0x80001514u };

	make_names();
	for (int i = 0; i < NAMES; i++)
		for (size_t b = 0; b < sizeof(bits) / sizeof(*bits); b++)
			for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
				for (unsigned fill = 0; fill < 256; fill += 51) {
					memset(&m, (int)fill, sizeof(m));
					m.header.msgh_bits = bits[b];
					m.header.msgh_size = sizes[s];
					m.header.msgh_remote_port = names[i];
					m.header.msgh_local_port = names[(i + b) % NAMES];
					mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT,
						 sizes[s], 0, 0, 0, 0);
				}
	for (int i = 0; i < NAMES; i++)
		for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
			mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizes[s], names[i],
				 0, 0);
	test_true(mach_msg(NULL, MACH_SEND_MSG, 24, 0, 0, 0, 0) != 0);
	test_true(mach_msg(NULL, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, 24, names[4], 0, 0) != 0);
}

TEST(memory_and_time)
{
	mach_vm_address_t address = 0;
	vm_address_t small = 0;

	test_true(mach_vm_allocate(mach_task_self(), NULL, 4096, 1) != 0);
	test_true(mach_vm_allocate(0, &address, 4096, 1) != 0);
	test_true(mach_vm_allocate(mach_task_self(), &address, UINT64_MAX, 1) != 0);
	test_true(mach_vm_allocate(mach_task_self(), &address, (uint64_t)1 << 62, 1) != 0);
	test_true(vm_allocate(mach_task_self(), NULL, 1, 1) != 0);
	test_equal(vm_allocate(mach_task_self(), &small, 10, 1), 0);
	test_equal(*(char *)(uintptr_t)small, 0);
	test_equal(vm_deallocate(mach_task_self(), small, 10), 0);
	test_true(mach_vm_deallocate(mach_task_self(), UINT64_MAX - 4095, 8192) != 0);
	test_true(mach_timebase_info(NULL) != 0);
	test_true(mach_error_string(0x12345678) != NULL);
	test_equal(mach_wait_until(0), 0);
}

TEST_MAIN
