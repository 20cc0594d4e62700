/* SPDX-License-Identifier: MIT */
/*
 * src/wire/data_queue.c: one producer, one consumer, stores that others see late.
 *
 * Entries are numbers; an index counts them (the bytes and the wrap are tested, not modelled). Each index
 * is written by one side: what it has stored and what memory shows are two variables, and "the memory
 * system" moves the second towards the first whenever it likes. Data is a slot of a ring of ROOM, its
 * store late by itself; release and acquire order it, fences wait for one's own stores.
 * A lost wake-up is a consumer that sleeps for ever: an invalid end state.
 *
 * holds:
 * holds: -DDOCUMENTED_PRODUCER
 * holds: -DDOCUMENTED_CONSUMER
 * holds: -DROOM=1
 * holds: -DROOM=3 -DMANY=3
 * broken-no-fence-p: -DNO_FENCE_P
 * broken-no-fence-c: -DNO_FENCE_C
 * broken-documented-producer-no-fence-c: -DDOCUMENTED_PRODUCER -DNO_FENCE_C
 * broken-documented-consumer-no-fence-p: -DDOCUMENTED_CONSUMER -DNO_FENCE_P
 * broken-only-the-first-notifies: -DONLY_FIRST
 * broken-fence-before-the-store: -DFENCE_P_EARLY
 * broken-tail-without-release: -DNO_RELEASE_TAIL
 * broken-head-without-release: -DNO_RELEASE_HEAD
 */
#ifndef ROOM
#define ROOM 2 /* entries in the ring, 3 at most */
#endif
#ifndef MANY
#define MANY 2 /* entries in one put */
#endif
#define TOTAL 5 /* entries in all */

byte tail, head;		 /* as stored */
byte seen_tail, seen_head;	 /* as memory shows them */
byte slot[ROOM], seen_slot[ROOM]; /* its number, from 1 */
bit late[ROOM];			 /* seen_slot is not slot yet */
bit wake;			 /* any number of notifications is one */

#ifdef NO_RELEASE_TAIL
#define ENTRY_IS_SEEN true
#else
#define ENTRY_IS_SEEN (!late[seen_tail % ROOM])
#endif

active proctype memory_system()
{
end:
	do
	:: atomic { (seen_tail < tail && ENTRY_IS_SEEN) -> seen_tail++ }
	:: atomic { (seen_head < head) -> seen_head++ }
	:: atomic { late[0] -> seen_slot[0] = slot[0]; late[0] = false }
#if ROOM > 1
	:: atomic { late[1] -> seen_slot[1] = slot[1]; late[1] = false }
#endif
#if ROOM > 2
	:: atomic { late[2] -> seen_slot[2] = slot[2]; late[2] = false }
#endif
	od
}

inline put(number)
{
	/* A store to a slot comes after the one before it. */
	atomic { !late[number % ROOM] -> slot[number % ROOM] = number + 1; late[number % ROOM] = 1 }
}

/* A message through the kernel: who receives it sees what was stored before. */
inline notify()
{
	seen_tail == tail;
	wake = 1
}

active proctype producer()
{
	byte from, other, n, h;

	do
	:: tail == TOTAL -> break
	:: else ->
		from = tail;
#ifdef DOCUMENTED_PRODUCER
		other = seen_head;
		if
		:: from - other == ROOM -> seen_head > other; goto next
		:: else
		fi;
		put(from);
		tail = from + 1;
		if
		:: from == other -> h = other
		:: else ->
#ifndef NO_FENCE_P
			seen_tail == tail;
#endif
			h = seen_head
		fi;
		if
		:: h == from -> notify()
		:: else
		fi;
#else
		if
		:: from - other == ROOM -> other = seen_head;
			if
			:: from - other == ROOM -> seen_head > other; goto next
			:: else
			fi
		:: else
		fi;
		n = 0;
#ifdef FENCE_P_EARLY
		seen_tail == tail;
#endif
		do
		:: n < MANY && tail < TOTAL && tail - other < ROOM -> put(tail); tail++; n++
		:: n > 0 -> break
		od;
#if !defined(NO_FENCE_P) && !defined(FENCE_P_EARLY)
		seen_tail == tail; /* FENCE P */
#endif
		other = seen_head;
		if
#ifdef ONLY_FIRST
		:: other == from -> notify()
#else
		:: from <= other && other < tail -> notify()
#endif
		:: else
		fi;
#endif
next:
		skip
	od
}

active proctype consumer()
{
	byte other, number;

	do
	:: head == TOTAL -> break
	:: else ->
#ifdef DOCUMENTED_CONSUMER
		other = seen_tail;
#else
		if
		:: other == head -> other = seen_tail
		:: else
		fi;
#endif
		if
		:: other == head -> atomic { wake -> wake = 0 } /* sleeps */
		:: else ->
			number = head;
#ifdef NO_RELEASE_HEAD
			head = number + 1;
#endif
			assert(seen_slot[number % ROOM] == number + 1);
#ifndef NO_RELEASE_HEAD
			head = number + 1;
#endif
#ifndef NO_FENCE_C
			if
			:: head == other -> seen_head == head /* FENCE C */
			:: else
			fi
#endif
		fi
	od
}
