// SPDX-License-Identifier: MIT
/*
 * Run something once in the life of the process. The predicate is a global or
 * static variable that starts as zero. All callers return after the one run.
 */
#ifndef DISPATCH_ONCE_H
#define DISPATCH_ONCE_H

#include <dispatch/base.h>

DISPATCH_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef intptr_t dispatch_once_t;

/* A call for the same predicate from inside FUNCTION ends the process with a message. */
void dispatch_once_f(dispatch_once_t *predicate, void *context, dispatch_function_t function);
#ifdef __BLOCKS__
void dispatch_once(dispatch_once_t *predicate, dispatch_block_t block);
#endif

#pragma GCC visibility pop
DISPATCH_END_DECLS

#endif
