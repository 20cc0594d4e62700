// SPDX-License-Identifier: MIT
#include "peer.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/shm.h"
#include "wire/slot.h"

enum { FDS_MAX = 8 };

/* --- receiving -------------------------------------------------------------------------- */

void fuzz_peer_wait_for(struct fuzz_peer *peer, uint32_t id)
{
	if (id < FUZZ_IDS_MAX)
		peer->waiting[id / 64] |= 1ull << id % 64;
}

bool fuzz_peer_is_waiting(const struct fuzz_peer *peer)
{
	for (size_t i = 0; i < FUZZ_IDS_MAX / 64; i++)
		if (peer->waiting[i])
			return true;
	return false;
}

void fuzz_peer_hang_up(struct fuzz_peer *peer)
{
	peer->socket = fd_close(peer->socket);
	peer->n_asked = 0;
	memset(peer->waiting, 0, sizeof(peer->waiting));
}

/* It answers a request that waits. */
static void check_reply(struct fuzz_peer *peer, uint32_t id)
{
	fuzz_require(id && id < FUZZ_IDS_MAX && peer->waiting[id / 64] >> id % 64 & 1);
	peer->waiting[id / 64] &= ~(1ull << id % 64);
}

static void check_request(struct fuzz_peer *peer, struct wire_frame *frame)
{
	_Alignas(16) unsigned char message[256];
	bool known = false;

	for (size_t i = 0; wire_layouts[i] && !known; i++) {
		const struct wire_layout *layout = wire_layouts[i];

		if (layout->type != frame->header.type || wire_frame_decode(frame, layout, message))
			continue;
		wire_message_clear(layout, message);
		known = true;
	}
	fuzz_require(known);
	if (frame->header.id && peer->n_asked < FUZZ_ASKED_MAX)
		peer->asked[peer->n_asked++] = frame->header;
}

void fuzz_peer_drain(struct fuzz_peer *peer, struct wire_frame *frame)
{
	err_t err = 0;

	while (peer->socket >= 0 && !err) {
		err = wire_frame_receive(peer->socket, frame, WIRE_CALL_MAX, false);
		if (err == -EAGAIN)
			return;
		fuzz_require(!err || err == -EPIPE);
		if (err)
			fuzz_peer_hang_up(peer);
		else if (frame->header.flags & WIRE_FLAG_REPLY)
			check_reply(peer, frame->header.id);
		else
			check_request(peer, frame);
	}
}

/* --- sending ---------------------------------------------------------------------------------- */

static int memory_of(size_t size, const void *data, size_t data_size)
{
	int fd = -1;

	if (shm_create("fuzz", size ? size : 1, &fd))
		return -1;
	fuzz_require(pwrite(fd, data, data_size, 0) == (ssize_t)data_size);
	return fd;
}

/* What belongs to a message of TYPE as its descriptor INDEX. */
static int make_fd(uint32_t type, size_t index, bool odd, struct fuzz_kept *kept)
{
	int sockets[2];

	if (odd)
		return memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (type == WIRE_SLOTS)
		return memory_of(sizeof(struct wire_slots), "", 0);
	if (type == WIRE_COMPLETIONS_OPEN && index == 1)
		return memory_of(WIRE_RING_SIZE, "", 0);
	if (kept->count == FUZZ_KEPT_MAX || fd_socketpair(sockets))
		return -1;
	kept->fds[kept->count++] = sockets[0];
	return sockets[1];
}

static void send_raw(struct fuzz_peer *peer, const struct wire_header *header, const void *data,
		     size_t size, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec parts[] = { { (void *)header, sizeof(*header) }, { (void *)data, size } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	if (n_fds) {
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, n_fds * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	}
	if (sendmsg(peer->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 && header->id &&
	    !(header->flags & WIRE_FLAG_REPLY))
		fuzz_peer_wait_for(peer, header->id);
}

static void fill_header(struct fuzz_peer *peer, const struct fuzz_record *record,
			const struct wire_layout *layout, struct wire_header *header)
{
	*header = (struct wire_header){ .type = layout->type, .size = record->size };
	if (!header->type)
		header->type = record->kind;
	if (!(record->flags & FUZZ_WITHOUT_ID))
		header->id = ++peer->last_id;
	if (record->flags & FUZZ_AS_REPLY && peer->n_asked) {
		*header = peer->asked[--peer->n_asked];
		header->size = record->size;
		header->flags = WIRE_FLAG_REPLY;
		header->status = record->flags & FUZZ_BAD_STATUS ? (int32_t)0xe00002bc : 0;
	}
	if (record->flags & FUZZ_BAD_HEADER) {
		header->flags = (uint32_t)fuzz_number(record, 0) & 7;
		header->status = (int32_t)(fuzz_number(record, 0) >> 32);
		header->id = record->kind % 8;
		header->size += fuzz_number(record, 1);
	}
}

void fuzz_peer_send(struct fuzz_peer *peer, const struct fuzz_record *record,
		    const struct wire_layout *layout, struct fuzz_kept *kept)
{
	size_t n_fds = 0, wanted = layout->n_fds, size = record->size;
	bool odd = record->flags & FUZZ_FD_LESS && record->kind % 2;
	struct wire_header header;
	int fds[FDS_MAX];

	fill_header(peer, record, layout, &header);
	wanted += record->flags & FUZZ_FD_MORE ? 1 : 0;
	if (record->flags & FUZZ_FD_LESS && !odd && wanted)
		wanted--;
	while (n_fds < wanted && n_fds < FDS_MAX - 1 &&
	       (fds[n_fds] = make_fd(header.type, n_fds, odd, kept)) >= 0)
		n_fds++;
	if (record->flags & FUZZ_MEMORY) {
		fds[n_fds] = memory_of(size, record->data, size);
		n_fds += fds[n_fds] >= 0;
		header.flags |= WIRE_FLAG_MEMORY;
		size = 0;
	}
	send_raw(peer, &header, record->data, size, fds, n_fds);
	while (n_fds)
		fd_close(fds[--n_fds]);
}

void fuzz_kept_close(struct fuzz_kept *kept)
{
	while (kept->count)
		fd_close(kept->fds[--kept->count]);
}
