// SPDX-License-Identifier: MIT
/*
 * The older log calls: messages go where those of os/log.h go, and to the descriptors of asl_add_log_file.
 * Those above the filter (ASL_LEVEL_NOTICE at first) are dropped. There is no data base to search. Any thread.
 */
#ifndef PORTICO_ASL_H
#define PORTICO_ASL_H

#include <stdarg.h>
#include <stdint.h>

typedef struct portico_asl_client *aslclient;
typedef struct portico_asl_message *aslmsg;
typedef void *asl_object_t;

#define ASL_LEVEL_EMERG 0
#define ASL_LEVEL_ALERT 1
#define ASL_LEVEL_CRIT 2
#define ASL_LEVEL_ERR 3
#define ASL_LEVEL_WARNING 4
#define ASL_LEVEL_NOTICE 5
#define ASL_LEVEL_INFO 6
#define ASL_LEVEL_DEBUG 7

#define ASL_FILTER_MASK(level) (1 << (level))
#define ASL_FILTER_MASK_UPTO(level) ((1 << ((level) + 1)) - 1)

#define ASL_TYPE_MSG 0

#define ASL_OPT_STDERR 0x00000001
#define ASL_OPT_NO_DELAY 0x00000002
#define ASL_OPT_NO_REMOTE 0x00000004

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* IDENT: the program's name when NULL. asl_close frees it; NULL is accepted as a client everywhere. */
aslclient asl_open(const char *ident, const char *facility,
		   uint32_t options) __asm__("portico_asl_open");
void asl_close(aslclient client) __asm__("portico_asl_close");
/* What passes from now on: ASL_FILTER_MASK bits. Returns the filter of before. */
int asl_set_filter(aslclient client, int filter) __asm__("portico_asl_set_filter");
/* Write there as well; the descriptor stays the caller's. 0, or -1. */
int asl_add_log_file(aslclient client, int descriptor) __asm__("portico_asl_add_log_file");
int asl_remove_log_file(aslclient client, int descriptor) __asm__("portico_asl_remove_log_file");
/* 0, or -1. The message object may be NULL: its texts are not used. %m is errno's text. */
int asl_log(aslclient client, aslmsg message, int level, const char *format,
	    ...) __asm__("portico_asl_log") __attribute__((__format__(__printf__, 4, 5)));
int asl_vlog(aslclient client, aslmsg message, int level, const char *format,
	     va_list arguments) __asm__("portico_asl_vlog");

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
