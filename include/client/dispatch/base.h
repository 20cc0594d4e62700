// SPDX-License-Identifier: MIT
/*
 * Macros that all dispatch headers share. Include <dispatch/dispatch.h>.
 */
#ifndef DISPATCH_BASE_H
#define DISPATCH_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define DISPATCH_BEGIN_DECLS extern "C" {
#define DISPATCH_END_DECLS }
#else
#define DISPATCH_BEGIN_DECLS
#define DISPATCH_END_DECLS
#endif

#define DISPATCH_EXPORT extern __attribute__((visibility("default")))
#define DISPATCH_API_VERSION 20180109

#define DISPATCH_NOTHROW __attribute__((__nothrow__))
#define DISPATCH_NORETURN __attribute__((__noreturn__))
#define DISPATCH_WARN_RESULT __attribute__((__warn_unused_result__))
#define DISPATCH_MALLOC __attribute__((__malloc__))
#define DISPATCH_NONNULL_ALL __attribute__((__nonnull__))

/* A function with one argument; the form that needs no blocks. */
typedef void (*dispatch_function_t)(void *);

#ifdef __BLOCKS__
typedef void (^dispatch_block_t)(void);
#endif

#endif
