// SPDX-License-Identifier: MIT
/*
 * Sessions of Portico, for tools: which registry a program talks to, what is
 * loaded there, loading and stopping. An extension; macOS has nothing of it.
 *
 * SOCKET_PATH is the path of a registry's socket, or NULL for the session that
 * the calling program itself would use. Each call makes a connection of its
 * own and waits at most ten seconds for the answer. Any thread.
 *
 * Errors besides those named: kIOReturnNotAttached nobody listens there,
 * kIOReturnNotPermitted the server belongs to another user (not root, nor the owner of /run/portico),
 * kIOReturnNoResources the server has no room for another connection of this user,
 * kIOReturnUnsupported another protocol version, kIOReturnTimeout,
 * kIOReturnIPCError the answer was malformed, kIOReturnNoMemory.
 */
#ifndef PORTICO_SESSION_H
#define PORTICO_SESSION_H

#include <stddef.h>

#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFString.h>
#include <IOKit/IOReturn.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* The socket path of this program's session, at most SIZE bytes with the NUL. kIOReturnNotFound:
 * the session is embedded in the program; kIOReturnMessageTooLarge: SIZE is too small. */
kern_return_t portico_session_get_path(char *path, size_t size);
/* Where the user session listens, whether it runs or not: $XDG_RUNTIME_DIR/portico/registry.sock,
 * without that variable a folder of this user below /run/user or /tmp. */
kern_return_t portico_session_get_user_path(char *path, size_t size);
/* What the registry says about itself. The caller releases *STATUS. */
kern_return_t portico_session_copy_status(const char *socket_path, CFDictionaryRef *status);
/* Load the driver bundle (or all bundles of the folder) at BUNDLE_PATH. *TEXT gets what was loaded
 * or, with an error, the reason in words; NULL when there are none. The caller releases it. */
kern_return_t portico_session_load(const char *socket_path, const char *bundle_path,
				   CFStringRef *text);
/* Unload the bundle with that identifier: its services are terminated. *TEXT as above. */
kern_return_t portico_session_unload(const char *socket_path, const char *identifier,
				     CFStringRef *text);
/* Wait until drivers have been matched to everything that is there, at most TIMEOUT_MS (10000 at
 * most): kIOReturnTimeout. */
kern_return_t portico_session_wait_quiet(const char *socket_path, unsigned timeout_ms);
/* Where the session's grants are ("Paths"), what is wrong with them ("Problems") and what was denied lately
 * ("Denials", the latest first), as docs/policy.md explains. Who is neither the session's owner nor root
 * hears of his own denials only. The caller releases *POLICY. */
kern_return_t portico_session_copy_policy(const char *socket_path, CFDictionaryRef *policy);
/* Somebody for portico_session_explain. */
struct portico_subject {
	unsigned uid, gid;
	const unsigned *groups; /* supplementary ones, at most 64 */
	size_t n_groups;
	const char *label, *unit, *app; /* NULL: none */
};
/* May SUBJECT (NULL: the caller, as the kernel names him to the session) open a user client of TYPE of
 * SERVICE (a class, a name, a bundle identifier, or "0x" with an entry ID), and which grants decide? The
 * caller releases *ANSWER. kIOReturnNotPrivileged: about others only the session's owner and root are
 * answered. */
kern_return_t portico_session_explain(const char *socket_path, const char *service, unsigned type,
				      const struct portico_subject *subject,
				      CFDictionaryRef *answer);
/* End the open connections to SERVICE (as above; NULL: to all) of the user *UID (NULL: of all); one of them
 * must be given. *COUNT gets how many. kIOReturnNotPrivileged: for the session's owner and root. */
kern_return_t portico_session_revoke(const char *socket_path, const char *service,
				     const unsigned *uid, size_t *count);
/* End the session, which may be of another protocol version, and wait until its registry and driver hosts
 * have ended. */
kern_return_t portico_session_stop(const char *socket_path);
/* Have the registry replaced by a new process, perhaps of a new version, and wait until that accepts
 * connections. Driver hosts, connections and handles live on. kIOReturnTimeout: nobody has started
 * another one. */
kern_return_t portico_session_restart(const char *socket_path);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
