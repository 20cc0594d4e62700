/* SPDX-License-Identifier: MIT */
/* What the Witness driver and its program (tests/hostile/witness.c) agree on. */
#pragma once

enum {			  /* selectors; memory type 0 is the connection's queue */
       WITNESS_ECHO,	  /* number; out: one more */
       WITNESS_SUBSCRIBE, /* asynchronous: keeps the reference for WITNESS_TICK */
       WITNESS_TICK, /* number: one completion and one queue record with it; out: both went out */
       WITNESS_SELECTORS
};
