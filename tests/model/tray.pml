/* SPDX-License-Identifier: MIT */
/*
 * src/wire/tray.c: the registry publishes services while a client arms its notification on the tray.
 *
 * A word that one side stores is two variables, as stored and as memory shows it; "the memory system" moves
 * the second to the first whenever it likes. What is sequentially consistent waits for one's own stores before
 * it looks, and so does who sends a message. A notice brings all that is pending; the client takes it and arms,
 * or asks until there is nothing. A service that the client never hears of is an invalid end state; a notice
 * that brings nothing fails an assertion.
 *
 * holds:
 * holds: -DTOTAL=5
 * broken-no-fence-registry: -DNO_FENCE_REGISTRY
 * broken-no-fence-client: -DNO_FENCE_CLIENT
 * broken-no-second-look: -DNO_SECOND_LOOK
 * broken-no-look: -DNO_LOOK
 * broken-fires-all-the-same: -DFIRES_ALL_THE_SAME
 */
#ifndef TOTAL
#define TOTAL 3 /* services in all */
#endif

byte put, seen_put;   /* times that it was armed on the tray: as stored, as memory shows it */
byte news, seen_news; /* news_generation */
chan notices = [TOTAL] of { byte, byte }; /* services, generation */
chan ask = [0] of { bit };
chan answer = [0] of { byte };

active proctype memory_system()
{
end:
	do
	:: atomic { (seen_put < put) -> seen_put++ }
	:: atomic { (seen_news < news) -> seen_news++ }
	od
}

/* One that was asked for since counts no more. */
inline take_tray()
{
	if
	:: (seen_put > at) ->
		at = seen_put;
		if
		:: has_all ->
			has_all = 0;
			if
			:: (pending == 0) -> armed = 1
			:: else -> fired = 1
			fi
		:: else -> skip
		fi
	:: else -> skip
	fi
}

inline flush()
{
	if
	:: fired ->
		fired = 0;
		(seen_news == news);
		notices!pending, news;
		pending = 0;
		has_all = 1
	:: else -> skip
	fi
}

active proctype registry()
{
	byte published, pending, at; /* at: what has been taken of the tray */
	bit armed = 1, has_all, fired;

end:
	do
	:: (published < TOTAL) ->
		published++;
		pending++;
		news++;
#ifndef NO_FENCE_REGISTRY
		(seen_news == news);
#endif
#ifndef NO_LOOK
		if
		:: (!armed && has_all) -> take_tray()
		:: else -> skip
		fi;
#endif
		if
		:: armed -> armed = 0; fired = 1
		:: else -> skip
		fi;
		flush()
	:: ask?_ ->
		take_tray();
		if
		:: (pending == 0) -> armed = 1
		:: else -> skip
		fi;
		has_all = 0;
		answer!pending;
		pending = 0;
#ifndef FIRES_ALL_THE_SAME
		fired = 0;
#endif
		flush()
	od
}

active proctype client()
{
	byte n, generation, received;
	bit asks;

	do
	:: (received == TOTAL) -> break
	:: else ->
		notices?n, generation;
		assert(n > 0);
		received = received + n;
		asks = (seen_news != generation);
		if
		:: !asks ->
			put++;
#ifndef NO_FENCE_CLIENT
			(seen_put == put);
#endif
#ifndef NO_SECOND_LOOK
			asks = (seen_news != generation)
#endif
		:: else -> skip
		fi;
		do
		:: asks ->
			(seen_put == put);
			ask!1;
			answer?n;
			received = received + n;
			asks = (n > 0)
		:: else -> break
		od
	od
}
