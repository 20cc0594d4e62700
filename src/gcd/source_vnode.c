// SPDX-License-Identifier: MIT
/* Sources that watch a file or folder through an open descriptor. */
#include "gcd/gcd_internal.h"

#include "base/fd.h"

#include <limits.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define VNODE_ALL \
	(DISPATCH_VNODE_DELETE | DISPATCH_VNODE_WRITE | DISPATCH_VNODE_EXTEND | \
	 DISPATCH_VNODE_ATTRIB | DISPATCH_VNODE_LINK | DISPATCH_VNODE_RENAME | \
	 DISPATCH_VNODE_REVOKE | DISPATCH_VNODE_FUNLOCK)

static bool check_file(uintptr_t handle, uintptr_t mask)
{
	return handle <= INT_MAX && mask && !(mask & ~VNODE_ALL);
}

/* A file that somebody has open is not told deleted before it is closed: its links tell it. What
 * is left of a change is one of its attributes. */
static uintptr_t look_at_file(struct dispatch_source_s *s, bool was_changed)
{
	uintptr_t seen = 0;
	struct stat now;

	if (fstat(s->vnode.file, &now))
		return 0;
	if ((uint64_t)now.st_size > s->vnode.size)
		seen |= DISPATCH_VNODE_EXTEND;
	if (now.st_nlink != s->vnode.links)
		seen |= now.st_nlink ? DISPATCH_VNODE_LINK
				     : DISPATCH_VNODE_DELETE | DISPATCH_VNODE_LINK;
	else if (was_changed)
		seen |= DISPATCH_VNODE_ATTRIB;
	s->vnode.size = (uint64_t)now.st_size;
	s->vnode.links = now.st_nlink;
	return seen;
}

static uintptr_t translate(struct dispatch_source_s *s, uint32_t events)
{
	uintptr_t seen = look_at_file(s, events & IN_ATTRIB);

	if (events & (IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO))
		seen |= DISPATCH_VNODE_WRITE;
	if (events & IN_MOVE_SELF)
		seen |= DISPATCH_VNODE_RENAME;
	if (events & IN_DELETE_SELF)
		seen |= DISPATCH_VNODE_DELETE;
	if (events & IN_UNMOUNT)
		seen |= DISPATCH_VNODE_REVOKE;
	return seen;
}

static void file_ready(struct gcd_watch *watch, uint32_t events)
{
	struct dispatch_source_s *s = container_of(watch, struct dispatch_source_s, watch);
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	uint32_t all = 0;
	ssize_t n;

	(void)events;
	while ((n = read(watch->fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(buffer + at);

			all |= e->mask;
			at += (ssize_t)(sizeof(*e) + e->len);
		}
	uintptr_t seen = translate(s, all) & s->mask;
	if (seen)
		gcd_source_fire(s, seen);
	else
		gcd_watch_rearm(watch);
}

static void file_uninstall(struct dispatch_source_s *s)
{
	gcd_watch_remove(&s->watch);
	s->watch.fd = fd_close(s->watch.fd);
	s->vnode.file = fd_close(s->vnode.file);
}

static err_t file_install(struct dispatch_source_s *s)
{
	char path[64];
	err_t err = fd_dup((int)s->handle, &s->vnode.file);

	if (err) {
		s->vnode.file = -1;
		return err;
	}
	look_at_file(s, false);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->vnode.file);
	s->watch.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (s->watch.fd < 0 ||
	    inotify_add_watch(s->watch.fd, path,
			      IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF | IN_CREATE |
				      IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO) < 0) {
		err = err_from_errno();
	} else {
		s->watch.events = EPOLLIN;
		s->watch.ready = file_ready;
		err = gcd_watch_add(&s->watch);
	}
	if (err)
		file_uninstall(s);
	return err;
}

static void file_rearm(struct dispatch_source_s *s)
{
	gcd_watch_rearm(&s->watch);
}

const struct dispatch_source_type_s _dispatch_source_type_vnode = {
	.check = check_file,
	.install = file_install,
	.uninstall = file_uninstall,
	.rearm = file_rearm,
	.merge = GCD_MERGE_OR,
};
