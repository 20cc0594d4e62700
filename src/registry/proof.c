// SPDX-License-Identifier: MIT
#include "registry/proof.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/scope.h"
#include "registry/home.h"
#include "registry/notes.h"

#define KEY REGISTRY_NOTES_MARK "key"

static err_t make_key(struct registry *r)
{
	return getrandom(r->proof_key, sizeof(r->proof_key), 0) == sizeof(r->proof_key)
		     ? 0
		     : err_from_errno();
}

/* In one step: whoever kills this registry may do so at any moment. */
static err_t write_key(const struct registry *r, int folder)
{
	scope_fd int fd = openat(folder, KEY "+", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_from_errno();
	ssize_t n = write(fd, r->proof_key, sizeof(r->proof_key));
	err_t err = n < 0				   ? err_from_errno()
		  : n != sizeof(r->proof_key)		   ? -ENOSPC
		  : renameat(folder, KEY "+", folder, KEY) ? err_from_errno()
							   : 0;
	if (err)
		unlinkat(folder, KEY "+", 0);
	return err;
}

/* What lies there is ours: nobody else writes into the folder. */
static err_t read_key(struct registry *r, int folder)
{
	struct stat st;
	scope_fd int fd = openat(folder, KEY, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		return err_from_errno();
	if (!S_ISREG(st.st_mode) || st.st_mode & 077 ||
	    read(fd, r->proof_key, sizeof(r->proof_key)) != sizeof(r->proof_key))
		return -EBADMSG;
	return 0;
}

void registry_proof_init(struct registry *r)
{
	scope_fd int folder = -1;
	err_t err;

	/* Without a folder there is no next registry. */
	if (!r->has_home || registry_home_open(r->socket_path, &folder)) {
		r->has_proofs = !make_key(r);
		return;
	}
	err = r->generation ? read_key(r, folder) : make_key(r);
	if (!err && !r->generation)
		err = write_key(r, folder);
	r->has_proofs = !err;
	if (err)
		log_warning("entries that come back are believed whose they are: no key (%s)",
			    strerror(-err));
}

uint64_t registry_proof_of(const struct registry *r, uint64_t id)
{
	struct {
		uint8_t key[REGISTRY_PROOF_KEY];
		uint64_t id;
	} text = { .id = id };
	uint8_t digest[DIGEST_SIZE];
	uint64_t proof;

	/* All of one length, so that the digest is a proof. */
	memcpy(text.key, r->proof_key, sizeof(text.key));
	digest_of(&text, sizeof(text), digest);
	memcpy(&proof, digest, sizeof(proof));
	return proof;
}

bool registry_proof_holds(const struct registry *r, uint64_t id, uint64_t proof)
{
	return !r->has_proofs || proof == registry_proof_of(r, id);
}
