// SPDX-License-Identifier: MIT
/* Types and constants that kernel authorization events carry, for programs that read them from a driver. */
#ifndef PORTICO_SYS_KAUTH_H
#define PORTICO_SYS_KAUTH_H

#include <stdint.h>
#include <sys/types.h>

#define KAUTH_UID_NONE (~(uid_t)0 - 100)
#define KAUTH_GID_NONE (~(gid_t)0 - 100)

typedef struct {
	uint8_t g_guid[16];
} guid_t;
#define KAUTH_GUID_SIZE 16

typedef int kauth_action_t;

/* the scopes and their actions */
#define KAUTH_SCOPE_GENERIC "com.apple.kauth.generic"
#define KAUTH_GENERIC_ISSUSER 1

#define KAUTH_SCOPE_PROCESS "com.apple.kauth.process"
#define KAUTH_PROCESS_CANSIGNAL 1
#define KAUTH_PROCESS_CANTRACE 2

#define KAUTH_SCOPE_FILEOP "com.apple.kauth.fileop"
#define KAUTH_FILEOP_OPEN 1
#define KAUTH_FILEOP_CLOSE 2
#define KAUTH_FILEOP_RENAME 3
#define KAUTH_FILEOP_EXCHANGE 4
#define KAUTH_FILEOP_LINK 5
#define KAUTH_FILEOP_EXEC 6
#define KAUTH_FILEOP_DELETE 7
#define KAUTH_FILEOP_CLOSE_MODIFIED (1 << 1)

#define KAUTH_SCOPE_VNODE "com.apple.kauth.vnode"
#define KAUTH_VNODE_READ_DATA (1U << 1)
#define KAUTH_VNODE_LIST_DIRECTORY KAUTH_VNODE_READ_DATA
#define KAUTH_VNODE_WRITE_DATA (1U << 2)
#define KAUTH_VNODE_ADD_FILE KAUTH_VNODE_WRITE_DATA
#define KAUTH_VNODE_EXECUTE (1U << 3)
#define KAUTH_VNODE_SEARCH KAUTH_VNODE_EXECUTE
#define KAUTH_VNODE_DELETE (1U << 4)
#define KAUTH_VNODE_APPEND_DATA (1U << 5)
#define KAUTH_VNODE_ADD_SUBDIRECTORY KAUTH_VNODE_APPEND_DATA
#define KAUTH_VNODE_DELETE_CHILD (1U << 6)
#define KAUTH_VNODE_READ_ATTRIBUTES (1U << 7)
#define KAUTH_VNODE_WRITE_ATTRIBUTES (1U << 8)
#define KAUTH_VNODE_READ_EXTATTRIBUTES (1U << 9)
#define KAUTH_VNODE_WRITE_EXTATTRIBUTES (1U << 10)
#define KAUTH_VNODE_READ_SECURITY (1U << 11)
#define KAUTH_VNODE_WRITE_SECURITY (1U << 12)
#define KAUTH_VNODE_TAKE_OWNERSHIP (1U << 13)
#define KAUTH_VNODE_CHANGE_OWNER KAUTH_VNODE_TAKE_OWNERSHIP
#define KAUTH_VNODE_SYNCHRONIZE (1U << 20)
#define KAUTH_VNODE_LINKTARGET (1U << 25)
#define KAUTH_VNODE_ACCESS (1U << 31)

/* answers */
#define KAUTH_RESULT_ALLOW 1
#define KAUTH_RESULT_DENY 2
#define KAUTH_RESULT_DEFER 3

#endif
