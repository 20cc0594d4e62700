// SPDX-License-Identifier: MIT
/*
 * Every message number, limit and the version of Portico's protocol. Nothing
 * of it is defined elsewhere; docs/protocol.md says the same in words.
 *
 * Transport: AF_UNIX SOCK_SEQPACKET. One datagram is one message: a header of
 * 24 bytes, then the payload. A payload above WIRE_INLINE_MAX travels in a
 * sealed memory file that is the last descriptor of the message (flag
 * WIRE_FLAG_MEMORY). All integers are little endian; every field starts at a
 * multiple of 8 from the start of the payload.
 */
#pragma once

#include <stdint.h>

#define WIRE_MAGIC 0x4f434950u /* "PICO" */
#define WIRE_VERSION 6u

struct wire_header {
	uint32_t type;	/* enum wire_type */
	uint32_t flags; /* WIRE_FLAG_* */
	uint32_t id;	/* chosen by the caller, repeated in the reply; 0: no reply is wanted */
	int32_t status; /* replies: IOReturn; else 0 */
	uint64_t size;	/* payload bytes */
};

#define WIRE_FLAG_REPLY 1u
#define WIRE_FLAG_MEMORY 2u
#define WIRE_FLAGS_KNOWN 3u

enum {
	WIRE_INLINE_MAX = 32 * 1024,	     /* payload bytes inside the datagram */
	WIRE_CONTROL_MAX = 16 * 1024 * 1024, /* payload bytes of a control message */
	WIRE_FDS_MAX = 4,	    /* descriptors of one message, the memory file included */
	WIRE_NAME_MAX = 127,	    /* io_name_t without the NUL */
	WIRE_ENTITLEMENT_MAX = 255, /* and what else grants speak of */
	WIRE_GROUPS_MAX = 64,
	WIRE_PATH_MAX = 16384,
	WIRE_VALUE_MAX = 4 * 1024 * 1024, /* encoded bytes of one value */
	WIRE_VALUE_DEPTH_MAX = 64,
	WIRE_VALUE_OBJECTS_MAX = 128 * 1024,
	WIRE_VALUE_SET_MAX = 4096,	    /* elements of one set: their hashes may all be equal */
	WIRE_VALUE_SET_CONTAINERS_MAX = 64, /* of them arrays, sets and dictionaries */
	WIRE_ENTRIES_MAX = 256 * 1024,	    /* entries in one reply */
	WIRE_CHILDREN_MAX = 32 * 1024,	    /* of them children: with the longest names they fit */
	WIRE_FOUND_MAX = 4096,		    /* services in one answer of a search in parts */
	WIRE_SCALARS_MAX = 16,
	WIRE_TRAP_PARAMETERS_MAX = 6,
	WIRE_ASYNC_ARGUMENTS_MAX = 16,
	WIRE_ASYNC_REFERENCE_MAX = 8, /* words */
	WIRE_INTEREST_ARGUMENT_MAX = 64,
	WIRE_CLIENT_MEMORY_MAX = 16384,	  /* bytes of one access to a client's memory */
	WIRE_PORT_MESSAGE_MAX = 4096,	  /* bytes after the header of a driver's own message */
	WIRE_RING_SLOTS = 1024,		  /* of 64 bytes, in a completion ring */
	WIRE_RING_SIZE = 4096 + 65536,	  /* bytes of a completion ring */
	WIRE_PENDING_SERVICES_MAX = 1024, /* undelivered services of one matching notification */
	WIRE_NOTICES_MAX = 64,		  /* notices in one message, and entries with them */
	WIRE_ARMS_MAX = 1024,		  /* notifications armed by one message */
	WIRE_TRAY_SLOTS = 128,		  /* records of 16 bytes on a tray */
	WIRE_TRAY_SIZE = 128 + 2048,	  /* bytes of a tray */
	WIRE_SLOTS_COUNT = 64,	     /* calls of one connection through shared memory at once */
	WIRE_SLOTS_WIDE = 4,	     /* of them for large structures */
	WIRE_SLOT_SCALARS = 6,	     /* in the slot's line; more are in its payload */
	WIRE_SLOT_HEAD = 128,	     /* bytes of a payload before the structure */
	WIRE_SLOT_NARROW = 8 * 1024, /* bytes of a payload */
	WIRE_SLOT_WIDE = 1024 * 1024 + 4096,
	WIRE_QUEUE_MESSAGES_MAX = 4096, /* messages queued for a peer that does not read */
	WIRE_QUEUE_BYTES_MAX =
		8 * 1024 * 1024, /* payload bytes of them; a single one may be larger */
};
#define WIRE_STRUCTURE_MAX (128ull * 1024 * 1024) /* bytes of one structure, each way */
#define WIRE_CALL_MAX (WIRE_STRUCTURE_MAX + 4096) /* payload bytes of a data-plane message */

/* Driver hosts and the bridge listen in the folder of this name beside the registry's socket, for the next registry. */
#define WIRE_HOSTS_SUFFIX ".hosts"

/* Entry ID of the registry root; all others are larger. */
#define WIRE_ROOT_ID 0x100000100ull
/* Of the machine node, "IOService:/". */
#define WIRE_MACHINE_ID (WIRE_ROOT_ID + 1)

enum wire_type {
	/* greeting, both faces */
	WIRE_HELLO = 1,

	/* client face: browsing (client -> registry) */
	WIRE_ENTRY = 0x100,
	WIRE_CHILDREN,
	WIRE_PROPERTIES,
	WIRE_PROPERTY,
	WIRE_SET_PROPERTIES,
	WIRE_PATH,
	WIRE_FIND_PATH,
	WIRE_NAME,
	WIRE_IN_PLANE,
	WIRE_CLASS,
	WIRE_RELEASE,

	/* client face: queries */
	WIRE_FIND = 0x200,
	WIRE_MATCH,
	WIRE_WAIT_QUIET,
	WIRE_REQUEST_PROBE,
	WIRE_FIND_MORE,

	/* client face: notifications; both directions as noted in notice.h */
	WIRE_INLET_OPEN = 0x300,
	WIRE_INLET_CLOSE,
	WIRE_NOTIFY_ADD,
	WIRE_NOTIFY_NEXT,
	WIRE_NOTIFY_REMOVE,
	WIRE_NOTICE,
	WIRE_INTEREST,
	WIRE_DEAD,
	WIRE_NOTICES,
	WIRE_NOTIFY_ARM,
	WIRE_TRAY_OPEN,

	/* opening: client -> registry -> host */
	WIRE_OPEN = 0x400,
	WIRE_OPEN_CLIENT,
	WIRE_AUTHORIZE,

	/* data plane: client -> host */
	WIRE_CALL = 0x500,
	WIRE_CLOSE,
	WIRE_MAP,
	WIRE_UNMAP,
	WIRE_SET_NOTIFICATION_PORT,
	WIRE_GET_SERVICE,
	WIRE_SET_CLIENT_PROPERTIES,
	WIRE_CONNECT_CLIENT,
	WIRE_TRAP,
	WIRE_CLIENT_MEMORY, /* host -> client */
	WIRE_COMPLETIONS_OPEN,
	WIRE_SLOTS,

	/* data plane: host -> client, over an inlet */
	WIRE_COMPLETION = 0x600,
	WIRE_TOKEN_RELEASED,
	WIRE_QUEUE_WAKE,
	WIRE_PORT_MESSAGE,
	WIRE_RING_WAKE, /* both directions */

	/* provider face: provider -> registry */
	WIRE_PUBLISH = 0x700,
	WIRE_REGISTER,
	WIRE_TERMINATE,
	WIRE_UPDATE, /* properties of a published entry */
	WIRE_RENAME,
	WIRE_ATTACH,
	WIRE_MESSAGE,
	WIRE_ADJUST_BUSY,
	WIRE_DECLARE_CLASSES,
	WIRE_PUBLISH_RESOURCE,
	WIRE_RETIRE,
	WIRE_LET_GO,
	WIRE_ACCESS,
	WIRE_MESSAGE_CLIENT,
	WIRE_INTERESTED,
	WIRE_ACCOUNTS,
	WIRE_REFUSED,
	WIRE_CONFINED,
	WIRE_OPENED,
	WIRE_RETURNED,

	/* provider face: registry -> provider */
	WIRE_PROBE = 0x800,
	WIRE_START,
	WIRE_DROP,
	WIRE_STOP,
	WIRE_READ_PROPERTY,
	WIRE_WRITE_PROPERTIES,
	WIRE_PROVIDER_MESSAGE,
	WIRE_SHUTDOWN,
	WIRE_INACTIVE,
	WIRE_WILL_TERMINATE,
	WIRE_DID_TERMINATE,
	WIRE_PROVIDER_ACCESS,
	WIRE_PROVIDER_PROBE,
	WIRE_MATCH_TABLE,
	WIRE_LIMITS,
	WIRE_HEARTBEAT,

	/* session control: portico tool -> registry */
	WIRE_LOAD = 0x900,
	WIRE_UNLOAD,
	WIRE_STATUS,
	WIRE_STOP_SESSION,
	WIRE_CATALOGUE,
	WIRE_POLICY,
	WIRE_EXPLAIN,
	WIRE_REVOKE,
	WIRE_RESTART_SESSION,
};

enum wire_role {
	WIRE_ROLE_CLIENT = 1,
	WIRE_ROLE_PROVIDER = 2,
};

/*
 * A value is a tree of objects, each a word of 32 bits (kind in the upper 8, number N in the lower
 * 24) and what the kind says, padded with zeros to a multiple of 4.
 */
enum wire_value_kind {
	WIRE_VALUE_BOOLEAN = 1, /* N is 0 or 1 */
	WIRE_VALUE_INT32,	/* N 0; 4 bytes */
	WIRE_VALUE_INT64,	/* N 0; 8 bytes */
	WIRE_VALUE_FLOAT32,	/* N 0; 4 bytes, IEEE 754 */
	WIRE_VALUE_FLOAT64,	/* N 0; 8 bytes, IEEE 754 */
	WIRE_VALUE_STRING,	/* N bytes of UTF-8 */
	WIRE_VALUE_DATA,	/* N bytes */
	WIRE_VALUE_ARRAY,	/* N objects */
	WIRE_VALUE_SET,		/* N different objects */
	WIRE_VALUE_DICTIONARY, /* N times a string object and its value; the strings are different */
};

/* What a sender may put into an inlet. The receiver drops and counts everything else. */
enum wire_inlet_class {
	WIRE_INLET_NOTICES = 1,	    /* registry: WIRE_NOTICE, WIRE_INTEREST */
	WIRE_INLET_EVENTS = 2,	    /* registry: WIRE_DEAD; one per session, not a port */
	WIRE_INLET_COMPLETIONS = 3, /* host: WIRE_COMPLETION, WIRE_TOKEN_RELEASED, WIRE_RING_WAKE */
	WIRE_INLET_WAKEUPS = 4, /* host: WIRE_QUEUE_WAKE, WIRE_PORT_MESSAGE: a notification port */
};

/* Entry state bits, as IOServiceGetState shows them, and some of our own. */
enum wire_entry_state {
	WIRE_STATE_INACTIVE = 1,
	WIRE_STATE_REGISTERED = 2,
	WIRE_STATE_MATCHED = 4,
	WIRE_STATE_FIRST_PUBLISH = 8,
	WIRE_STATE_FIRST_MATCH = 16,
	WIRE_STATE_SERVICE = 0x100,	/* conforms to IOService */
	WIRE_STATE_USER_CLIENT = 0x200, /* conforms to IOUserClient */
	WIRE_STATE_PLANE_NAME = 0x400,	/* the name that comes along is that of the plane alone */
	WIRE_STATE_OWN_CLASS = 0x800,	/* no IOClassNameOverride says another class */
};

/*
 * The status page: sealed memory that the registry alone writes and every
 * client maps for reading. tree_generation grows with every attach, detach and
 * termination, so that iterators can tell without a message whether what they
 * hold is still current. name_generation grows when an entry that somebody may
 * know gets another name, or another class to pass for, news_generation with
 * every service that a matching notification gets after its initial set, and
 * death_generation before a WIRE_DEAD is sent and when it has been sent to all.
 */
struct wire_status_page {
	uint32_t magic, version;
	_Atomic uint64_t tree_generation;
	_Atomic uint64_t name_generation;
	_Atomic uint64_t news_generation;
	_Atomic uint64_t death_generation;
};
