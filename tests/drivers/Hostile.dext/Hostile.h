/* SPDX-License-Identifier: MIT */
/*
 * What the Hostile driver does on demand. A personality may say when its driver ends its host
 * ("HostileAt": "probe", "start", "open", "method", "close" or "stop") and how ("HostileHow": a
 * number of enum hostile_crash; default HOSTILE_ABORT); HostileLoad.so does so when it is loaded. HostileUnload.so
 * hangs when it is unloaded.
 */
#pragma once

enum {			 /* selectors; memory type 0 is the driver's own page, shared by all */
       HOSTILE_SUM,	 /* {2,0,1,0} */
       HOSTILE_COPY,	 /* {0,16,0,16} */
       HOSTILE_ANY,	 /* anything; all of the output is filled */
       HOSTILE_ENTERED,	 /* out: how often the three above and HOSTILE_CRASH were entered */
       HOSTILE_PART,	 /* in: bytes to write, bytes to report; structure of any size out */
       HOSTILE_KEEP,	 /* asynchronous: keeps the reference */
       HOSTILE_COMPLETE, /* in: number; out: what sending said */
       HOSTILE_FORGE,	 /* in: callback, refcon: writes them into the kept reference */
       HOSTILE_FORGET,	 /* releases the kept reference but keeps its words */
       HOSTILE_LIE, /* in: enum hostile_lie, 0: to all its clients, 1: to the registry; out: to how many */
       HOSTILE_SCRIBBLE, /* in: words to write over all its shared memory, seed */
       HOSTILE_CRASH,	 /* in: enum hostile_crash, a number */
       HOSTILE_TOUCH, /* in: byte; writes it all over the driver's page, out: sum of what is there then */
       HOSTILE_COMMAND, /* in: how often; out: commands of the page that were wild after their check */
       HOSTILE_FDS, /* out: descriptors of the host that another program would inherit, in all */
       HOSTILE_ENVIRONMENT, /* structure out: the environment, lines */
       HOSTILE_ELSEWHERE,   /* anything; its arguments point to other memory than they did */
       HOSTILE_SELECTORS
};

enum { HOSTILE_PAGE = 4096, HOSTILE_COMMAND_MAX = 64 };

enum hostile_lie {
	LIE_WRONG_ID,
	LIE_TWICE,    /* many IDs, each twice */
	LIE_TOO_LONG, /* more announced than there */
	LIE_TOO_MUCH, /* more there than announced */
	LIE_HUGE_COUNTS,
	LIE_DESCRIPTORS,
	LIE_OTHER_TYPE,
	LIE_NO_REPLY, /* a request to the client */
	LIE_NOTICE,   /* what only the registry may say */
	LIE_DEAD,
	LIE_COMPLETION, /* tokens that were never given out */
	LIE_GARBAGE,
	LIE_EMPTY,
	LIE_MEMORY, /* a memory file that is none */
	LIES
};

enum hostile_crash {
	HOSTILE_EXIT = 1,
	HOSTILE_ABORT,
	HOSTILE_SIGNAL, /* its number */
	HOSTILE_OVERFLOW,
	HOSTILE_CLOSE_ALL,
	HOSTILE_ALLOCATE, /* MiB, touched; lives on if that was possible */
	HOSTILE_SPIN,	  /* for ever */
	HOSTILE_FORK,	  /* so many times, children that sleep; lives on */
	HOSTILE_END_THREAD,
};
