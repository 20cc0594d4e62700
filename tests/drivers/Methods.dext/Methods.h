/* SPDX-License-Identifier: MIT */
/* What the Methods driver and its tests agree on. */
#pragma once

enum { /* open types of MethodsDriver; others give a table client, too */
       METHODS_TABLE,
       METHODS_2022,	    /* IOUserClient2022 in order, IOUserClientEntitlements false */
       METHODS_BASE,	    /* overrides nothing at all */
       METHODS_LEGACY,	    /* getTargetAndMethodForIndex and its relatives */
       METHODS_LEGACY_OLD,  /* getExternalMethodForIndex and its relatives */
       METHODS_SHARED,	    /* shared instance, does not terminate at close */
       METHODS_ALONE,	    /* one method at a time */
       METHODS_UNLOCKED,    /* IOUserClientDefaultLocking false */
       METHODS_SET_LOCKED,  /* IOUserClientDefaultLockingSetProperties true */
       METHODS_STAYS,	    /* clientClose does not terminate */
       METHODS_NO_INIT,	    /* initWithTask refuses */
       METHODS_NO_START,    /* start refuses */
       METHODS_EXCLUSIVE,   /* newUserClient returns kIOReturnExclusiveAccess */
       METHODS_ENTITLED,    /* IOUserClientEntitlements METHODS_OPEN_ENTITLEMENT */
       METHODS_NUMBER,	    /* IOUserClientEntitlements a number */
       METHODS_FALSE,	    /* IOUserClientEntitlements false */
       METHODS_2022_NONE,   /* IOUserClient2022 without IOUserClientEntitlements */
       METHODS_2022_NUMBER, /* IOUserClient2022, a number */
       METHODS_2022_ENTITLED,
       METHODS_2022_LOCKING, /* IOUserClient2022 with two of the three locking properties */
       METHODS_DEXT,	     /* IOServiceDEXTEntitlements [["a","b"],["c"]] */
       METHODS_DEXT_STRINGS, /* IOServiceDEXTEntitlements ["a","b"] */
       METHODS_FILTERED, /* the message filter refuses selector 3, trap 3 and, with MIG_NO_REPLY, METHODS_SUM */
       METHODS_UNFILTERED,    /* the resolver refuses to open */
       METHODS_DIES_OWN,      /* overrides clientDied */
       METHODS_ALLOWABLE,     /* IORegistryEntryAllowableSetProperties ["ok"] */
       METHODS_NOTHING,	      /* newUserClient returns success and no client */
       METHODS_ENDS_PROVIDER, /* start terminates its provider, waits for that, and goes on */
};

#define METHODS_OPEN_ENTITLEMENT "org.portico.test.open"
#define METHODS_CALL_ENTITLEMENT "org.portico.test.call"

enum {		       /* selectors of the table */
       METHODS_SUM,    /* {2,0,1,0} */
       METHODS_COPY16, /* {0,16,0,16} */
       METHODS_LOOK,   /* anything: remembers what it saw, changes nothing */
       METHODS_THREE,  /* nothing, for the filter */
       METHODS_FOUR,
       METHODS_LOOKED,	    /* out: METHODS_SEEN_* of the last METHODS_LOOK */
       METHODS_PRODUCE,	    /* in: scalars, structure size to report; any outputs */
       METHODS_RETURN,	    /* in: a status to return; any outputs, which are written */
       METHODS_VARIABLE,    /* in: size, status; variable output */
       METHODS_KEEP,	    /* structure: keeps the pointer */
       METHODS_KEPT,	    /* out: the kept first 8 bytes */
       METHODS_HOLD_MEMORY, /* structure by descriptor: retains it */
       METHODS_HELD_MEMORY, /* in: offset; out: the byte there and length; then released */
       METHODS_FILL_MEMORY, /* in: byte, size to report; output by descriptor */
       METHODS_NULL,	    /* {1,0,0,0} without function */
       METHODS_MEET,	    /* returns when two calls are inside */
       METHODS_PASS,	    /* out: most calls of this kind inside at once */
       METHODS_HOLD,	    /* returns after ... */
       METHODS_RELEASE,	    /* ... this one */
       METHODS_COUNTS,	    /* out: METHODS_N_* */
       METHODS_PRIVILEGE,   /* structure: name; out: clientHasPrivilege */
       METHODS_ENTITLEMENT, /* structure: name; out: IOTaskHasEntitlement */
       METHODS_AUTHORIZED,  /* out: clientHasAuthorization for the provider */
       METHODS_IDENTITY,    /* out: pid, uid, gid, type, administrator */
       METHODS_TERMINATE,   /* in: 0 the connection, 1 the service */
       METHODS_POST,	    /* in: msgh_id, size; out: status: a message on the registered port */
       METHODS_WAKE,	    /* out: status */
       METHODS_PORT,	    /* out: registered, type, reference */
       METHODS_POKE,	    /* in: memory type, offset, byte */
       METHODS_PEEK,	    /* in: memory type, offset; out: byte */
       METHODS_OPTIONS,	    /* out: options as clientMemoryForType got them last */
       METHODS_REGISTER_FILTER, /* in: size to pass; out: status */
       METHODS_OPEN,		/* in: options; out: the connection has opened the service */
       METHODS_CLOSE,		/* out: the service is open */
       METHODS_NULL_TABLE,	/* dispatch with no array */
       METHODS_OUT_OF_TABLE,	/* dispatch with this selector beyond the array */
       METHODS_CLIENT_MEMORY, /* in: two addresses with lengths, mode, byte; out: bytes copied, their
				* sum, status of making the descriptor */
       METHODS_KEPT_CLIENT_MEMORY, /* out: bytes read from the kept descriptor, then released */
       /* asynchronous ones; slots are of the whole driver */
       METHODS_LATER,	   /* in: slot; keeps the reference */
       METHODS_NOW,	   /* in: count, status; out: what sending returned. Completes at once */
       METHODS_FAIL_LATER, /* in: slot; keeps the reference and fails with kIOReturnNoDevice */
       METHODS_COMPLETE,   /* in: slot, count, status, options; out: what sending returned */
       METHODS_FORGET,	   /* in: slot: releases the reference */
       METHODS_WORDS,	   /* in: slot; out: the 8 words */
       METHODS_SET_WORDS,  /* in: slot, callback, refcon */
       METHODS_SELECTORS,
};

enum { /* selectors of METHODS_2022 */
       METHODS_2022_SYNC,
       METHODS_2022_ASYNC, /* allowAsync */
       METHODS_2022_NEEDS, /* checkEntitlement METHODS_CALL_ENTITLEMENT */
       METHODS_2022_NULL,
};

enum { /* METHODS_LOOKED */
       METHODS_SEEN_SCALARS,
       METHODS_SEEN_STRUCTURE, /* is there a pointer */
       METHODS_SEEN_SIZE,
       METHODS_SEEN_DESCRIPTOR,
       METHODS_SEEN_DESCRIPTOR_LENGTH,
       METHODS_SEEN_SCALARS_OUT,
       METHODS_SEEN_OUTPUT,
       METHODS_SEEN_OUTPUT_SIZE,
       METHODS_SEEN_OUTPUT_DESCRIPTOR,
       METHODS_SEEN_OUTPUT_DESCRIPTOR_LENGTH,
       METHODS_SEEN_OUTPUT_DESCRIPTOR_SIZE,
       METHODS_SEEN_WAKE_PORT,
       METHODS_SEEN_REFERENCES,
       METHODS_SEEN_VARIABLE,
       METHODS_SEEN_VERSION,
       METHODS_SEEN_CALLS, /* METHODS_LOOK calls in all */
       METHODS_SEEN
};

enum { /* METHODS_COUNTS */
       METHODS_N_INITS,
       METHODS_N_STARTS,
       METHODS_N_CLOSES,
       METHODS_N_DEATHS,
       METHODS_N_WILLS,
       METHODS_N_DIDS,
       METHODS_N_STOPS,
       METHODS_N_FREES,
       METHODS_N_OVERLAPS, /* a close while a method was inside */
       METHODS_N_HELD,	   /* calls inside METHODS_HOLD */
       METHODS_N_CONNECTED,
       METHODS_N_REQUESTS, /* kIOMessageServiceIsRequestingClose */
       METHODS_N_DISORDER, /* an operation out of the documented order */
       METHODS_N_DIED_OWN,
       METHODS_N_ENTERED, /* table methods entered */
       METHODS_N_SET,	  /* setProperties of a connection */
       METHODS_N
};

enum {		       /* memory types */
       METHODS_MEMORY, /* 10,000 bytes, both ways */
       METHODS_MEMORY_READ_ONLY,
       METHODS_MEMORY_REFUSED, /* kIOReturnNotReadable */
       METHODS_MEMORY_UNIQUE,
       METHODS_MEMORY_NULL,	 /* success without memory */
       METHODS_MEMORY_FRESH,	 /* another object each time */
       METHODS_MEMORY_SEALED,	 /* kIOMemoryClientReadOnly */
       METHODS_MEMORY_USER_BITS, /* options with bits that are the caller's, and kIOMapReadOnly */
       METHODS_MEMORY_TURNS,	 /* read-only at every second request */
       METHODS_MEMORY_CLIENT,	 /* the program's own: what METHODS_KEEP_DESCRIPTOR has kept */
       METHODS_MEMORY_COOKIE = 0x636f6f6b,
};
#define METHODS_MEMORY_SIZE 10000

enum { /* modes of METHODS_CLIENT_MEMORY; a second length of 0: one segment */
       METHODS_READ,
       METHODS_WRITE,
       METHODS_READ_OTHERWISE, /* from a descriptor for writing */
       METHODS_KEEP_DESCRIPTOR,
};

enum { METHODS_TRAP_SUM = 3, METHODS_TRAP_NULL = 5, METHODS_TRAP_NO_TARGET = 6 };
enum { METHODS_SLOTS = 16 };
