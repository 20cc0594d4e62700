/* SPDX-License-Identifier: MIT */
/*
 * src/wire/slot_caller.c and slot_server.c with src/host/slots.c: two threads that call, two that serve
 * and hand the post over, and the end of either side at any moment.
 *
 * Every plain store goes through its thread's store buffer, first in, first out, and "memory" empties
 * them whenever it likes; an exchange waits for its thread's own. Waiting on a word (a futex) compares and
 * falls asleep in one step, after its thread's own stores (the caller's "I sleep" could therefore be a plain store on
 * this machine). No timer: a wake-up that is lost is an invalid end state. Only where a method
 * never returns (ENDLESS) the caller's clock runs, when nothing else can happen.
 * Shown: a slot serves one request at a time; an answer reaches the request that caused it or nobody; who
 * waits is woken, by the other side or by its end; no slot is lost; one thread looks at the slots.
 *
 * holds: -DHOSTS=1 -DCALLS=1
 * holds: -DCALLERS=1 -DPLAIN_SLEEPS
 * holds: -DCALLERS=1 -DCALLS=3
 * holds: -DCALLERS=1 -DCALLS=2 -DSLOW_METHODS
 * holds: -DSLOTS=1 -DHOSTS=1
 * holds: -DCALLERS=1 -DCALLS=2 -DEND
 * holds: -DCALLS=1 -DHOSTS=1 -DEND
 * holds: -DCALLERS=1 -DHOSTS=1 -DHOST_DIES
 * holds: -DCALLERS=1 -DCALLS=1 -DCLIENT_DIES
 * holds: -DENDLESS
 * broken-plain-request: -DCALLERS=1 -DPLAIN_REQUEST
 * broken-plain-answer: -DCALLERS=1 -DPLAIN_ANSWER
 * broken-plain-unattended: -DCALLERS=1 -DPLAIN_UNATTENDED
 * broken-plain-unclaim: -DSLOTS=1 -DHOSTS=1 -DPLAIN_UNCLAIM
 * broken-server-no-second-look: -DCALLERS=1 -DNO_LOOK_SERVER
 * broken-caller-no-second-look: -DCALLERS=1 -DNO_LOOK_CALLER
 * broken-knocks-read-late: -DCALLERS=1 -DKNOCKS_LATE
 * broken-end-seen-before-knocks: -DCALLERS=1 -DEND -DEND_EARLY
 * broken-request-step-first: -DCALLERS=1 -DSTEP_FIRST
 * broken-claim-in-two-steps: -DHOSTS=1 -DTORN_CLAIM
 * broken-post-kept-blindly: -DCALLS=1 -DBLIND_POST
 * broken-lose-leaves-the-step: -DCALLS=1 -DHOSTS=1 -DHOST_DIES -DLOSE_ONLY_WAKES
 * broken-endless-without-knock: -DENDLESS -DNO_KNOCK
 */
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef CALLERS
#define CALLERS 2
#endif
#ifndef HOSTS
#define HOSTS 2
#endif
#ifndef CALLS
#define CALLS 2 /* of each caller */
#endif
#if defined(END) || defined(CLIENT_DIES)
#define ENDS /* every thread of the host has to leave */
#endif

/* --- memory ---------------------------------------------------------------------------------------- */

byte step[SLOTS], word[SLOTS];
bit caller_sleeps[SLOTS];
byte n_used, knocks;
bit unattended, running;

/* the host's own */
#define VACANT 0
#define LOOKING(me) me
#define RUNNING(me) (me + 8)
#define IS_LOOKING (post > 0 && post < 8)
byte post = VACANT;
byte seen[SLOTS];	 /* the step of the answer to the last request */
bit is_served[SLOTS];	 /* a thread has the request */
bit inactive, host_dead;

/* the client's own */
byte steps[SLOTS], n_users[SLOTS], all_used;
bit lost, client_dead;
byte n_callers_left = CALLERS;

#define IS_REQUEST(s) (s < n_used && step[s] == seen[s] + 1 && !is_served[s])
/* The connection ends: a caller that gives up has left it so. */
#define IS_MALFORMED(s) (s < n_used && step[s] > seen[s] && !IS_REQUEST(s))

/* --- store buffers: callers are 0 and 1, hosts 2 and 3 ---------------------------------------------- */

mtype = { to_step, to_sleeps, to_unattended };
chan buffer[4] = [2] of { mtype, byte, byte };

#define fence(me) empty(buffer[me])

inline land(me)
{
	if
	:: buffer[me]?to_step(at, value) -> step[at] = value
	:: buffer[me]?to_sleeps(at, value) -> caller_sleeps[at] = value
	:: buffer[me]?to_unattended(at, value) -> unattended = value
	fi;
	at = 0;
	value = 0
}

active proctype memory()
{
	byte at, value;

end:
	do
	:: atomic { nempty(buffer[0]) -> land(0) }
	:: atomic { nempty(buffer[1]) -> land(1) }
	:: atomic { nempty(buffer[2]) -> land(2) }
	:: atomic { nempty(buffer[3]) -> land(3) }
	od
}

#ifdef PLAIN_REQUEST
#define store_request(me, s, n) buffer[me]!to_step(s, n)
#else
#define store_request(me, s, n) atomic { fence(me) -> step[s] = n }
#endif
#ifdef PLAIN_ANSWER
#define store_answer(me, s, n) atomic { buffer[me]!to_step(s, n); is_served[s] = 0 }
#else
#define store_answer(me, s, n) atomic { fence(me) -> step[s] = n; is_served[s] = 0 }
#endif
#ifdef PLAIN_SLEEPS
#define store_sleeps(me, s) buffer[me]!to_sleeps(s, 1)
#else
#define store_sleeps(me, s) atomic { fence(me) -> caller_sleeps[s] = 1 }
#endif
#ifdef PLAIN_UNATTENDED
#define store_unattended(me) buffer[me]!to_unattended(0, 1)
#else
#define store_unattended(me) atomic { fence(me) -> unattended = 1 }
#endif

/* --- sleeping on words ------------------------------------------------------------------------------ */

bit waits[4];	      /* hosts: for a knock */
bit awaits[SLOTS];    /* the caller of that slot */

/* Which of two sleepers the kernel wakes is its own to choose. */
inline knock(me)
{
	atomic { fence(me) -> knocks++ }
	atomic {
		if
		:: waits[2] -> waits[2] = 0
		:: waits[3] -> waits[3] = 0
		:: !waits[2] && !waits[3]
		fi
	}
}

/* --- callers ------------------------------------------------------------------------------------------ */

/* A slot, or SLOTS: there is none. */
inline claim(s)
{
	s = 0;
	do
	:: s < SLOTS && n_users[s] -> s++
	:: else -> break
	od;
#ifdef TORN_CLAIM
	skip;
#endif
	if
	:: s < SLOTS -> n_users[s]++
	:: else
	fi
}

inline publish(me, s)
{
	do
	:: n = all_used;
		atomic { fence(me) -> n_used = n }
		if
		:: all_used == n -> break
		:: else
		fi
	od
}

inline sleep_for_answer(me, s)
{
#ifndef NO_KNOCK
	if
	:: atomic { seen[s] != mine + 1 && running -> skip }
		knock(me)
	:: else
	fi;
#endif
	store_sleeps(me, s);
#ifdef NO_LOOK_CALLER
	atomic { fence(me) -> awaits[s] = 1 }
#else
	atomic { fence(me) -> awaits[s] = (step[s] == mine) }
#endif
	if
	:: !awaits[s]
#ifdef ENDLESS
	:: timeout && seen[s] != mine + 1 -> clock++; assert(clock < 4); awaits[s] = 0
#endif
	fi;
	buffer[me]!to_sleeps(s, 0)
}

/* A step below its own: its store is in its buffer, where it sees it. */
#define HAS_ANSWER (step[s] > mine)

proctype caller(byte me)
{
	byte s, n, mine, count, clock;

	{
	do
	:: count == CALLS -> break
	:: else ->
#ifdef TORN_CLAIM
		count++;
		claim(s);
#else
		atomic { count++; claim(s) }
#endif
		atomic {
			if
			:: s == SLOTS -> goto next /* by the socket */
			:: else
			fi;
			assert(n_users[s] == 1);
			steps[s]++;
			mine = steps[s];
			if
			:: s >= all_used -> all_used = s + 1; n = 1
			:: else -> n = 0
			fi;
#ifndef STEP_FIRST
			word[s] = me * 16 + count
#endif
		}
		if
		:: n -> publish(me, s)
		:: else
		fi;
		store_request(me, s, mine);
#ifdef STEP_FIRST
		word[s] = me * 16 + count;
#endif
		if
		:: unattended ->
			atomic { fence(me) -> n = unattended; unattended = 0 }
			if
			:: n -> knock(me)
			:: else
			fi
		:: else
		fi;
		n = 0;
		do
		:: HAS_ANSWER -> break
		:: !HAS_ANSWER ->
#ifdef HOST_DIES
			if
			:: lost -> goto leave
			:: else
			fi;
#endif
			sleep_for_answer(me, s)
		od;
		atomic {
			if
			:: step[s] == mine + 1 -> assert(word[s] == 100 + me * 16 + count)
			:: else -> assert(lost); goto leave
			fi;
			steps[s]++
		}
#ifdef PLAIN_UNCLAIM
		n_users[s]--;
#else
		atomic { fence(me) -> n_users[s]-- }
#endif
next:
		mine = 0;
		s = 0
	od;
leave:
	n_callers_left--
	} unless { client_dead }
}

/* --- hosts -------------------------------------------------------------------------------------------- */

inline take_post(me)
{
	atomic {
		fence(me) ->
		if
		:: IS_LOOKING -> n = 0
		:: else -> n = 1; post = LOOKING(me); running = 0
		fi
	}
}

inline keep_post(me)
{
	atomic {
		fence(me) ->
#ifdef BLIND_POST
		n = 1;
#else
		n = (post == RUNNING(me));
#endif
		if
		:: n -> post = LOOKING(me)
		:: else
		fi
	}
}

/* Looking for a while ends with a request or, whenever it likes, in vain. */
inline next(me)
{
	s = 0;
	do
	:: atomic { s < SLOTS && IS_REQUEST(s) ->
		assert(post == LOOKING(me));
		is_served[s] = 1;
		value = word[s];
		word[s] = value + 100; /* nobody looks before the answer's step */
		seen[s] = step[s] + 1;
		break }
	:: atomic { s < SLOTS && IS_MALFORMED(s) -> assert(lost); inactive = 1; break }
	:: atomic { s < SLOTS && !IS_REQUEST(s) && !IS_MALFORMED(s) -> s++ }
	:: s == SLOTS -> break
	od
}

inline begin_sleep(me)
{
#ifndef KNOCKS_LATE
	k = knocks;
#endif
	store_unattended(me);
	s = 0;
#ifdef NO_LOOK_SERVER
	s = SLOTS;
#endif
	do
	:: atomic { s < SLOTS && !IS_REQUEST(s) -> s++ }
	:: atomic { s < SLOTS && IS_REQUEST(s) -> break }
	:: s == SLOTS -> break
	od
#ifdef KNOCKS_LATE
	;
	k = knocks
#endif
}

inline method(me)
{
	slow = 0;
#ifdef SLOW_METHODS
	if
	:: slow = 1; store_unattended(me)
	:: skip
	fi;
#endif
	skip
}

inline answer(me)
{
	store_answer(me, s, seen[s]);
	if
	:: caller_sleeps[s] -> awaits[s] = 0
	:: else
	fi
}

#ifdef ENDS
#define leave_at_the_end() if :: inactive -> goto leave :: else fi
#else
#define leave_at_the_end() skip
#endif

proctype host(byte me)
{
	byte s, n, k, value;
	bit has_knocked = (post == VACANT), slow;

	{
	skip;
attend:
#ifdef END_EARLY
	leave_at_the_end();
#endif
	k = knocks;
#ifndef END_EARLY
	leave_at_the_end();
#endif
	if
	:: has_knocked -> take_post(me)
	:: else -> n = 0
	fi;
	if
	:: !n -> goto nap
	:: else -> n = 0; k = 0
	fi;
serve:
	next(me);
	leave_at_the_end();
	if
	:: s == SLOTS ->
		begin_sleep(me);
		if
		:: s < SLOTS -> unattended = 0; goto serve
		:: else
		fi;
		atomic { post = VACANT; s = 0 }
#ifndef END_EARLY
		leave_at_the_end();
#endif
		goto nap
	:: else
	fi;
	atomic { post = RUNNING(me); running = 1 }
	method(me);
	answer(me);
	atomic { keep_post(me); s = 0 }
	if
	:: !n -> has_knocked = 0; slow = 0; goto attend
	:: else -> n = 0
	fi;
	running = 0;
	if
	:: slow -> atomic { fence(me) -> unattended = 0; slow = 0 }
	:: else
	fi;
	goto serve;
nap:
	has_knocked = 1;
	atomic { fence(me) -> waits[me] = (knocks == k); k = 0 }
#ifndef ENDS
end:
#endif
	!waits[me];
	goto attend;
leave:
	skip
	} unless { host_dead }
}

/* --- the end ------------------------------------------------------------------------------------------ */

inline lose()
{
	lost = 1;
	i = 0;
	do
	:: i == SLOTS -> break
	:: else ->
#ifndef LOSE_ONLY_WAKES
		d_step {
			if
			:: n_users[i] && (step[i] & 1) -> step[i] = step[i] + 2
			:: else
			fi
		}
#endif
		atomic { awaits[i] = 0; i++ }
	od
}

/* The connection ends, for whatever reason: every thread has to leave. */
#if defined(ENDS) || defined(HOST_DIES)
active proctype ender()
{
	byte i;

#ifdef HOST_DIES
	host_dead = 1;
	lose()
#else
#ifdef CLIENT_DIES
	client_dead = 1;
#else
	n_callers_left == 0 ->
	do
	:: i < SLOTS -> assert(!n_users[i]); i++
	:: else -> break
	od;
#endif
	inactive = 1;
	knocks++;
	d_step { waits[2] = 0; waits[3] = 0 }
#endif
}
#endif

init
{
#ifdef ENDLESS
	/* Host 2 is in a method that does not return, called by caller 0 through slot 0. */
	atomic {
		step[0] = 1;
		seen[0] = 2;
		is_served[0] = 1;
		n_users[0] = 1;
		all_used = 1;
		n_used = 1;
		post = RUNNING(2);
		running = 1;
		run caller(1);
		run host(3)
	}
#else
	atomic {
		run caller(0);
#if CALLERS > 1
		run caller(1);
#endif
#if HOSTS > 1
		run host(3);
#endif
		run host(2)
	}
#endif
}
