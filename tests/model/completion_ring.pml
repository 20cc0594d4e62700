/* SPDX-License-Identifier: MIT */
/*
 * src/wire/completion_ring.c: the host puts records, the client sleeps and is woken by datagrams.
 *
 * Records are numbers (their contents, sizes and the wrap are tested, not modelled). A word that one side
 * stores is two variables, as stored and as memory shows it; "the memory system" moves the second to the
 * first whenever it likes. What is sequentially consistent waits for one's own stores before it looks.
 * The client polls its socket and takes one record for each time that it is readable (EXACT, which must
 * always find one) or all that there are. A lost wake-up is an invalid end state.
 *
 * holds:
 * holds: -DEXACT
 * holds: -DROOM=1
 * holds: -DROOM=1 -DEXACT
 * holds: -DROOM=3 -DEXACT
 * broken-no-fence-host: -DNO_FENCE_HOST
 * broken-no-fence-client: -DNO_FENCE_CLIENT
 * broken-no-second-look: -DNO_SECOND_LOOK
 * broken-receives-all: -DEXACT -DRECEIVES_ALL
 * broken-receives-nothing: -DEXACT -DRECEIVES_NOTHING
 * broken-wakes-with-every-record: -DEXACT -DWAKES_ALWAYS
 * broken-wakes-for-nothing: -DEXACT -DWAKES_FOR_NOTHING
 * broken-stays-asleep: -DEXACT -DSTAYS_ASLEEP
 * broken-room-no-second-look: -DROOM_NO_SECOND_LOOK
 * broken-room-tells-never: -DTELLS_NEVER
 * broken-room-no-fence-host: -DROOM_NO_FENCE_HOST
 */
#ifndef ROOM
#define ROOM 2 /* records in the ring */
#endif
#define TOTAL 5 /* records in all */

byte stamp, seen_stamp;		/* records put: as stored, as memory shows it */
byte taken, seen_taken;		/* records taken */
byte wanted, seen_wanted;	/* room_wanted */
bit sleeps;			/* a store of ASLEEP that memory does not show yet */
bit asleep = 1;			/* `reader` */
byte wakes, tells;		/* datagrams in the socket, each way */

active proctype memory_system()
{
end:
	do
	:: atomic { (seen_stamp < stamp) -> seen_stamp++ }
	:: atomic { (seen_taken < taken) -> seen_taken++ }
	:: atomic { (seen_wanted != wanted) -> seen_wanted = wanted }
	:: atomic { sleeps -> sleeps = 0; asleep = 1 }
	od
}

inline want_room()
{
	wanted = known + 1;
#ifndef ROOM_NO_FENCE_HOST
	(seen_wanted == wanted); /* the store is sequentially consistent */
#endif
#ifndef ROOM_NO_SECOND_LOOK
	known = seen_taken;
#endif
	if
	:: (stamp - known < ROOM) -> skip
	:: else -> atomic { (tells > 0) -> tells-- }
	fi
}

active proctype host()
{
	byte known; /* records known to be taken */

	do
	:: (stamp == TOTAL) -> break
	:: (stamp < TOTAL && stamp - known < ROOM) ->
		stamp++;
#ifndef NO_FENCE_HOST
		(seen_stamp == stamp);
#endif
#ifdef WAKES_ALWAYS
		wakes++
#else
		if
#ifdef WAKES_FOR_NOTHING
		:: atomic { asleep -> asleep = 0 } wakes++
#else
		:: atomic { (asleep && seen_taken < stamp) -> asleep = 0 } wakes++
#endif
		:: else -> skip
		fi
#endif
	:: (stamp < TOTAL && stamp - known >= ROOM) ->
		known = seen_taken;
		if
		:: (stamp - known >= ROOM) -> want_room()
		:: else -> skip
		fi
	od
}

inline tell()
{
	if
	:: atomic { (seen_wanted != 0) -> wanted = 0; seen_wanted = 0; tells++ }
	:: else -> skip
	fi
}

inline take()
{
	taken++;
#ifndef EXACT
	/* without waiting for the store of `taken`, which is too late sometimes */
#ifndef TELLS_NEVER
	if
	:: (taken >= seen_wanted) -> tell()
	:: else -> skip
	fi
#endif
#endif
}

inline go_to_sleep()
{
#ifdef NO_FENCE_CLIENT
	if
	:: !asleep && !sleeps -> unread++
	:: else -> skip
	fi;
	sleeps = 1;
#else
	atomic {
		if
		:: (slept && !asleep) -> unread++
		:: else -> skip
		fi;
		seen_taken = taken;
		asleep = 1;
		slept = 1
	}
#endif
#ifdef NO_SECOND_LOOK
	is_empty = 1;
#else
	is_empty = (seen_stamp == taken);
#endif
#ifndef STAYS_ASLEEP
	atomic {
		if
		:: (!is_empty && unread && asleep) -> asleep = 0; slept = 0
		:: (!is_empty && unread && !asleep) -> unread++; slept = 0
		:: else -> skip
		fi
	}
#endif
#ifndef RECEIVES_NOTHING
	do
#ifdef RECEIVES_ALL
	:: atomic { (wakes > 0) -> wakes-- }
#else
	:: atomic { (wakes > 0 && unread > 1 - is_empty) -> wakes--; unread-- }
#endif
	:: else -> break
	od;
#endif
#ifdef RECEIVES_ALL
	unread = 0;
#endif
#ifndef TELLS_NEVER
	if
	:: is_empty ->
		tell() /* sleeping has waited for the store of `taken` */
	:: else -> skip
	fi
#endif
}

active proctype client()
{
	byte unread;
	bit slept = 1; /* ASLEEP is what we stored last */
	bit is_empty;

	do
	:: (taken == TOTAL) -> break
	:: (taken < TOTAL) ->
		(wakes > 0); /* poll */
#ifdef EXACT
		assert(seen_stamp > taken);
		take();
		if
		:: (seen_stamp == taken) -> go_to_sleep()
		:: else -> skip
		fi
#else
		is_empty = 0;
		do
		:: (seen_stamp > taken) -> take()
		:: (seen_stamp == taken && !is_empty) -> go_to_sleep()
		:: (is_empty) -> break
		od
#endif
	od
}
