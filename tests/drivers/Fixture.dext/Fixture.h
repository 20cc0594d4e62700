/* SPDX-License-Identifier: MIT */
/* What the Fixture driver and its tests agree on. */
#pragma once

enum {			 /* selectors */
       FIXTURE_VARIABLE, /* size; data of that size whose bytes count */
       FIXTURE_MEET,	 /* returns when two calls are inside */
       FIXTURE_PASS,	 /* out: most calls of this kind inside at once */
       FIXTURE_COUNT,	 /* out: counts below */
       FIXTURE_TELL,	 /* message type, argument: to clients of the service */
       FIXTURE_HOLD,	 /* returns after ... */
       FIXTURE_RELEASE,	 /* ... this one */
       FIXTURE_OPEN,	 /* options; out: the connection has opened the service */
       FIXTURE_CLOSE,	 /* out: the service is open */
       FIXTURE_END_NUB,
       FIXTURE_MAKE_NUB,
       FIXTURE_ECHO,   /* number; out: one more */
       FIXTURE_STICK,  /* the link thread of the host stands still from now on */
       FIXTURE_STEADY, /* any structure; out: how often its first bytes changed meanwhile */
       FIXTURE_ADMIT,  /* number: so many of those that wait go on */
};

enum { /* counts */
       FIXTURE_CLOSES,
       FIXTURE_DEATHS,
       FIXTURE_STOPS,	  /* of user clients */
       FIXTURE_OVERLAPS,  /* a close while a method was running */
       FIXTURE_REQUESTS,  /* kIOMessageServiceIsRequestingClose */
       FIXTURE_CONNECTED, /* entry ID of the last one */
       FIXTURE_HELD,	  /* calls inside FIXTURE_HOLD */
       FIXTURE_LATE,	  /* methods that began after a close */
       FIXTURE_COUNTS
};

enum { /* open types */
       FIXTURE_PLAIN,
       FIXTURE_ALONE,  /* one method at a time */
       FIXTURE_SHARED, /* shared instance */
       FIXTURE_YIELDS, /* closes the service when asked to */
       FIXTURE_NO_INIT,
       FIXTURE_NO_START,
       FIXTURE_ENTITLED,
       FIXTURE_NOT_ALLOWED,
       FIXTURE_AGAIN, /* the same user client for every opening */
       FIXTURE_WAITS, /* its opening and its program's death wait for FIXTURE_ADMIT */
};

#define FIXTURE_NOTHING UINT64_MAX	 /* FIXTURE_VARIABLE: no data at all */
#define FIXTURE_NO_DATA (UINT64_MAX - 1) /* something else than data */
