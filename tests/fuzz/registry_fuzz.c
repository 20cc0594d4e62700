// SPDX-License-Identifier: MIT
/*
 * The registry's side of control connections: a real registry, two clients, two
 * providers, a peer that does not greet and a driver host that the registry
 * asked for. Each record is one datagram of one of them. What the registry sends
 * must be well-formed, a request is answered once at most, and when all peers
 * have gone nothing is left.
 */
#include <elf.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "base/fd.h"
#include "base/loop.h"
#include "peer.h"
#include "registry/registry.h"
#include "wire/hello.h"

enum {
	CLIENTS = 2,
	PROVIDERS = 2,
	STRANGER = CLIENTS + PROVIDERS,
	HOST,
	PEERS,
	LAST_ROUNDS = 6, /* of the loop, after the last peer has gone */
};

static struct world {
	struct loop *loop;
	struct registry *registry;
	struct loop_timer timer;
	struct fuzz_input in;
	struct fuzz_peer peers[PEERS];
	struct wire_frame frame;
	struct fuzz_kept kept;
	int rounds;
} w;

const struct fuzz_shape fuzz_shape = {
	.n_kinds = 96,
	.n_who = PEERS,
	.data_max = 2048,
	.name = fuzz_message_name,
	.change = fuzz_change_message,
};

/* --- the bundle that is there ------------------------------------------------------------ */

static char folder[64];

static void put_file(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0) {
		fuzz_require(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
		close(fd);
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void remove_folder(void)
{
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_folder(void)
{
	char path[128];

	/* Files in memory, where there is such a place. */
	snprintf(folder, sizeof(folder), "%s/portico-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	fuzz_require(mkdtemp(folder) != NULL);
	atexit(remove_folder);
	snprintf(path, sizeof(path), "%s/Fuzz.dext", folder);
	mkdir(path, 0700);
	put_file("Fuzz.dext/Info.plist",
		 "<plist version=\"1.0\"><dict>"
		 "<key>CFBundleIdentifier</key><string>org.example.fuzz</string>"
		 "<key>CFBundleExecutable</key><string>Fuzz</string>"
		 "<key>IOKitPersonalities</key><dict>"
		 "<key>first</key><dict><key>IOClass</key><string>FuzzDriver</string>"
		 "<key>IOProviderClass</key><string>FuzzDevice</string>"
		 "<key>IOUserServerName</key><string>fuzz</string></dict>"
		 "<key>second</key><dict><key>IOClass</key><string>FuzzDriver</string>"
		 "<key>IOProviderClass</key><string>IOService</string>"
		 "<key>IONameMatch</key><string>FuzzNub</string>"
		 "<key>IOMatchCategory</key><string>second</string>"
		 "<key>IOUserServerName</key><string>fuzz</string></dict>"
		 "</dict></dict></plist>");
	put_file("Fuzz.dext/Fuzz", ELFMAG);
}

/* --- peers ---------------------------------------------------------------------------------- */

static void greet(struct fuzz_peer *peer, uint32_t role, const char *name, uint64_t token)
{
	struct wire_hello hello = {
		.magic = WIRE_MAGIC,
		.version = WIRE_VERSION,
		.role = role,
		.pid = 1,
		.token = token,
		.name = name,
	};

	peer->last_id = 1;
	fuzz_peer_wait_for(peer, 1);
	wire_send(peer->socket, &wire_hello_layout, 1, &hello, NULL, 0, false);
}

static void connect_peer(size_t i)
{
	struct fuzz_peer *peer = &w.peers[i];
	int sockets[2];

	fuzz_require(!fd_socketpair(sockets));
	*peer = (struct fuzz_peer){ .socket = sockets[0] };
	registry_add_connection(w.registry, sockets[1]);
	if (i < STRANGER)
		greet(peer, i < CLIENTS ? WIRE_ROLE_CLIENT : WIRE_ROLE_PROVIDER,
		      i < CLIENTS ? "client" : "provider", 0);
}

static err_t start_provider(void *context, const char *server_name, uint64_t token, int socket)
{
	struct fuzz_peer *peer = &w.peers[HOST];

	if (peer->socket >= 0) {
		fd_close(socket);
		return -EAGAIN;
	}
	*peer = (struct fuzz_peer){ .socket = socket };
	greet(peer, WIRE_ROLE_PROVIDER, server_name, token);
	return 0;
}

static void drain_all(void)
{
	struct pollfd sockets[PEERS];

	for (size_t i = 0; i < PEERS; i++)
		sockets[i] = (struct pollfd){ .fd = w.peers[i].socket, .events = POLLIN };
	if (poll(sockets, PEERS, 0) <= 0)
		return;
	for (size_t i = 0; i < PEERS; i++)
		if (sockets[i].revents)
			fuzz_peer_drain(&w.peers[i], &w.frame);
}

/* --- records --------------------------------------------------------------------------------- */

static void step(void *context)
{
	struct fuzz_record record;

	drain_all();
	if (fuzz_next(&w.in, &record)) {
		size_t i = record.who % PEERS;
		struct fuzz_peer *peer = &w.peers[i];

		if (record.flags & FUZZ_HANG_UP)
			fuzz_peer_hang_up(peer);
		if (peer->socket < 0 && i != HOST)
			connect_peer(i);
		if (peer->socket >= 0 && !(record.flags & FUZZ_HANG_UP))
			fuzz_peer_send(peer, &record, fuzz_message_layout(record.kind), &w.kept);
	} else {
		for (size_t i = 0; i < PEERS; i++)
			fuzz_peer_hang_up(&w.peers[i]);
		if (!w.rounds--) {
			loop_stop(w.loop);
			return;
		}
	}
	/* After the next look at the sockets. */
	loop_timer_start(w.loop, &w.timer, loop_now_ns() + 1);
}

static void run(const uint8_t *data, size_t size)
{
	const char *const folders[] = { folder, NULL }, *const no_files[] = { NULL };
	struct registry_config config = {
		.driver_paths = folders,
		.policy_paths = no_files,
		.start_provider = start_provider,
	};

	w.in = fuzz_input(data, size);
	w.rounds = LAST_ROUNDS;
	for (size_t i = 0; i < PEERS; i++)
		w.peers[i].socket = -1;
	fuzz_require(!loop_new(&w.loop) && !registry_new(w.loop, &config, &w.registry));
	for (size_t i = 0; i < HOST; i++)
		connect_peer(i);
	loop_timer_init(&w.timer, step, NULL);
	loop_timer_start(w.loop, &w.timer, loop_now_ns() + 1);
	loop_run(w.loop);
	registry_free(w.registry);
	loop_free(w.loop);
	fuzz_kept_close(&w.kept);
	/* One that was started by the end of another. */
	fuzz_peer_hang_up(&w.peers[HOST]);
	wire_frame_clear(&w.frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!folder[0])
		make_folder();
	fuzz_audited(run, data, size);
	return 0;
}
