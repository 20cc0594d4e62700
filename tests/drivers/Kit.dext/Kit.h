/* SPDX-License-Identifier: MIT */
/* What the Kit driver and its tests agree on. */
#pragma once

enum {			    /* selectors */
       KIT_ECHO,	    /* how many bytes to answer; structure in, structure out */
       KIT_ASYNC_ONLY,	    /* completed at once with as many words as scalars came in */
       KIT_SYNC_ONLY,	    /* out: 1 */
       KIT_EITHER,	    /* out: is it asynchronous? */
       KIT_NO_FUNCTION,	    /* all checks pass */
       KIT_KEEP,	    /* asynchronous: keep the completion */
       KIT_COMPLETE,	    /* status, words: complete what was kept; out: IOReturn */
       KIT_DROP,	    /* give up what was kept */
       KIT_ABORTED,	    /* out: aborted handlers that have run in this driver */
       KIT_CREATE,	    /* which KIT_CREATE_*; out: IOReturn */
       KIT_MEET,	    /* out: most calls of this kind inside at once, on its queue? */
       KIT_QUEUE,	    /* 0: default queue for methods, 1: one of their own */
       KIT_LARGE,	    /* bytes reversed from one descriptor to the other */
       KIT_LIFE,	    /* out: user clients started, stopped */
       KIT_SPOIL,	    /* asynchronous: clears its arguments; the completion counts as above */
       KIT_SOURCE_CREATE,   /* bytes; out: IOReturn */
       KIT_SOURCE_ENQUEUE,  /* structure; out: IOReturn */
       KIT_SOURCE_COALESCE, /* structure; out: IOReturn, to be sent? */
       KIT_SOURCE_SEND,
       KIT_SOURCE_DEQUEUE, /* out: IOReturn, size, first byte */
       KIT_SOURCE_PEEK,	   /* the same */
       KIT_SOURCE_CAN,	   /* size, count; out: IOReturn */
       KIT_SOURCE_HANDLE,  /* set the handlers (1) or take them back (0) */
       KIT_SOURCE_COPY,	   /* out: IOReturn of copying the handlers */
       KIT_SOURCE_TOLD, /* out: DataAvailable and DataServiced so far, after all that is under way */
       KIT_SOURCE_ENABLE, /* 0, 1, or 2: cancel */
       KIT_SELECTORS
};

enum { /* KIT_CREATE */
       KIT_CREATE_CHILD,
       KIT_CREATE_NO_SUCH_KEY,
       KIT_CREATE_OTHER_PROVIDER,
       KIT_CREATE_NO_SUCH_CLASS,
       KIT_CREATE_NAMELESS,
       KIT_CREATE_REFUSING,
       KIT_CREATE_CLIENT, /* outside NewUserClient */
};

enum { /* memory types */
       KIT_MEMORY,
       KIT_MEMORY_READ_ONLY,
       KIT_MEMORY_SOURCE,
};

enum { /* open types */
       KIT_OPEN,
       KIT_OPEN_BUSY,	 /* kIOReturnBusy */
       KIT_OPEN_NOTHING, /* success without a client */
       KIT_OPEN_CHILD,	 /* a service that is no user client */
};
