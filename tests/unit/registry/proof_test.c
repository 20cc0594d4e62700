// SPDX-License-Identifier: MIT
#include "registry/proof.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session.h"

static struct session s;
static struct end client, owner, thief;

static const char *key_path(void)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/r.sock%s/.@key", test_folder(), WIRE_HOSTS_SUFFIX);
	return path;
}

/* As a registry of the session has left it when it was killed. */
static void leave_key(int mode)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/r.sock%s", test_folder(), WIRE_HOSTS_SUFFIX);
	test_equal(mkdir(path, 0700), 0);
	int fd = open(key_path(), O_WRONLY | O_CREAT | O_CLOEXEC, mode);
	test_equal(write(fd, "0123456789abcdef0123456789abcdef", 32), 32);
	close(fd);
}

static void begin(unsigned generation)
{
	session_start_generation(&s, NULL, generation);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&owner, &s, WIRE_ROLE_PROVIDER, "owner");
	end_connect(&thief, &s, WIRE_ROLE_PROVIDER, "thief");
}

static void end(void)
{
	end_close(&client);
	end_close(&owner);
	end_close(&thief);
	session_end(&s);
}

static IOReturn publish_again(struct end *e, uint64_t id, uint64_t proof)
{
	struct wire_publish request = { .id = id,
					.proof = proof,
					.plane = "",
					.class_name = "Thing",
					.name = "",
					.location = "" };

	return end_call(e, &wire_publish_layout, &request, NULL, NULL, NULL);
}

static struct wire_publish_reply publish_first(struct end *e)
{
	struct wire_publish request = {
		.plane = "", .class_name = "Thing", .name = "", .location = ""
	};
	struct wire_publish_reply reply = { 0 };

	test_equal_error(end_call(e, &wire_publish_layout, &request, NULL,
				  &wire_publish_reply_layout, &reply),
			 0);
	return reply;
}

TEST(an_id_is_its_owners)
{
	begin(0);
	struct wire_publish_reply a = publish_first(&owner), b = publish_first(&thief);
	test_true(a.proof != b.proof);
	end_close(&owner);
	test_await(publish_again(&thief, a.id, 0) == kIOReturnNotPermitted);
	test_equal_error(publish_again(&thief, a.id, b.proof), kIOReturnNotPermitted);
	test_equal_error(publish_again(&thief, a.id, a.proof ^ 1), kIOReturnNotPermitted);
	end_connect(&owner, &s, WIRE_ROLE_PROVIDER, "owner");
	test_await(!publish_again(&owner, a.id, a.proof));
	end();
}

static uint64_t proof;

static void find_proof(struct registry *registry)
{
	test_true(registry->has_proofs);
	proof = registry_proof_of(registry, 0x100000200);
}

static void check_left_key(struct registry *registry)
{
	uint8_t key[REGISTRY_PROOF_KEY + 1];
	struct stat st;
	int fd = open(key_path(), O_RDONLY | O_CLOEXEC);

	test_equal(read(fd, key, sizeof(key)), REGISTRY_PROOF_KEY);
	test_true(!memcmp(key, registry->proof_key, REGISTRY_PROOF_KEY));
	test_equal(fstat(fd, &st), 0);
	test_equal(st.st_mode & 0777, 0600);
	close(fd);
}

TEST(a_registry_leaves_its_key_to_the_next)
{
	begin(0);
	session_run(&s, check_left_key);
	end();
	test_equal(access(key_path(), F_OK), -1);
}

TEST(the_next_registry_has_the_same_key)
{
	leave_key(0600);
	begin(1);
	session_run(&s, find_proof);
	/* SHA-256 of the key and the number, its first bytes */
	test_equal(proof, 0x5d9b82090ef4f173);
	test_equal_error(publish_again(&thief, 0x100000200, 0), kIOReturnNotPermitted);
	test_equal_error(publish_again(&owner, 0x100000200, proof), 0);
	end();
}

static void check_believes(struct registry *registry)
{
	test_true(!registry->has_proofs);
}

/* Nobody could come back otherwise. */
TEST(without_a_key_all_are_believed)
{
	begin(1);
	session_run(&s, check_believes);
	test_equal_error(publish_again(&owner, 0x100000200, 0), 0);
	end();
}

TEST(a_key_that_others_can_read_is_none)
{
	leave_key(0644);
	begin(1);
	session_run(&s, check_believes);
	end();
}

TEST_MAIN
