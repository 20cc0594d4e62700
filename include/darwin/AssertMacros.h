// SPDX-License-Identifier: MIT
/*
 * Checks that jump to a label. The __names are always there; the short ones unless
 * __ASSERT_MACROS_DEFINE_VERSIONS_WITHOUT_UNDERSCORES is 0. A failed check is told on standard error unless
 * NDEBUG or DEBUG_ASSERT_PRODUCTION_CODE says that this is production code.
 */
#ifndef __ASSERTMACROS__
#define __ASSERTMACROS__

#include <stdio.h>

#ifndef DEBUG_ASSERT_PRODUCTION_CODE
#ifdef NDEBUG
#define DEBUG_ASSERT_PRODUCTION_CODE 1
#else
#define DEBUG_ASSERT_PRODUCTION_CODE 0
#endif
#endif

#ifndef DEBUG_ASSERT_COMPONENT_NAME_STRING
#define DEBUG_ASSERT_COMPONENT_NAME_STRING ""
#endif

#if DEBUG_ASSERT_PRODUCTION_CODE
#define PORTICO_ASSERT_TELL(text, error) ((void)0)
#else
#define PORTICO_ASSERT_TELL(text, error) \
	fprintf(stderr, "AssertMacros: %s%s (error %ld) file: %s, line: %d\n", \
		DEBUG_ASSERT_COMPONENT_NAME_STRING, text, (long)(error), __FILE__, __LINE__)
#endif

#ifndef __Check
#if DEBUG_ASSERT_PRODUCTION_CODE
#define __Check(assertion)
#else
#define __Check(assertion) \
	do { \
		if (__builtin_expect(!(assertion), 0)) \
			PORTICO_ASSERT_TELL(#assertion, 0); \
	} while (0)
#endif
#endif

#define __Verify(assertion) \
	do { \
		if (__builtin_expect(!(assertion), 0)) \
			PORTICO_ASSERT_TELL(#assertion, 0); \
	} while (0)

#define __Verify_noErr(errorCode) \
	do { \
		long portico_error = (long)(errorCode); \
		if (__builtin_expect(0 != portico_error, 0)) \
			PORTICO_ASSERT_TELL(#errorCode " == 0", portico_error); \
	} while (0)

#define __Require(assertion, label) \
	do { \
		if (__builtin_expect(!(assertion), 0)) { \
			PORTICO_ASSERT_TELL(#assertion, 0); \
			goto label; \
		} \
	} while (0)

#define __Require_Action(assertion, label, action) \
	do { \
		if (__builtin_expect(!(assertion), 0)) { \
			PORTICO_ASSERT_TELL(#assertion, 0); \
			{ \
				action; \
			} \
			goto label; \
		} \
	} while (0)

#define __Require_Quiet(assertion, label) \
	do { \
		if (__builtin_expect(!(assertion), 0)) \
			goto label; \
	} while (0)

#define __Require_Action_Quiet(assertion, label, action) \
	do { \
		if (__builtin_expect(!(assertion), 0)) { \
			{ \
				action; \
			} \
			goto label; \
		} \
	} while (0)

#define __Require_noErr(errorCode, label) \
	do { \
		long portico_error = (long)(errorCode); \
		if (__builtin_expect(0 != portico_error, 0)) { \
			PORTICO_ASSERT_TELL(#errorCode " == 0", portico_error); \
			goto label; \
		} \
	} while (0)

#define __Require_noErr_Action(errorCode, label, action) \
	do { \
		long portico_error = (long)(errorCode); \
		if (__builtin_expect(0 != portico_error, 0)) { \
			PORTICO_ASSERT_TELL(#errorCode " == 0", portico_error); \
			{ \
				action; \
			} \
			goto label; \
		} \
	} while (0)

#define __Require_noErr_Quiet(errorCode, label) \
	do { \
		if (__builtin_expect(0 != (errorCode), 0)) \
			goto label; \
	} while (0)

#define __Require_noErr_Action_Quiet(errorCode, label, action) \
	do { \
		if (__builtin_expect(0 != (errorCode), 0)) { \
			{ \
				action; \
			} \
			goto label; \
		} \
	} while (0)

#define __nRequire(assertion, label) __Require(!(assertion), label)
#define __nRequire_Quiet(assertion, label) __Require_Quiet(!(assertion), label)
#define __nRequire_Action(assertion, label, action) __Require_Action(!(assertion), label, action)
#define __nRequire_Action_Quiet(assertion, label, action) \
	__Require_Action_Quiet(!(assertion), label, action)

#ifndef __ASSERT_MACROS_DEFINE_VERSIONS_WITHOUT_UNDERSCORES
#define __ASSERT_MACROS_DEFINE_VERSIONS_WITHOUT_UNDERSCORES 1
#endif

#if __ASSERT_MACROS_DEFINE_VERSIONS_WITHOUT_UNDERSCORES
#ifndef check
#define check(assertion) __Check(assertion)
#endif
#ifndef verify
#define verify(assertion) __Verify(assertion)
#endif
#ifndef verify_noerr
#define verify_noerr(errorCode) __Verify_noErr(errorCode)
#endif
#ifndef require
#define require(assertion, label) __Require(assertion, label)
#endif
#ifndef require_action
#define require_action(assertion, label, action) __Require_Action(assertion, label, action)
#endif
#ifndef require_quiet
#define require_quiet(assertion, label) __Require_Quiet(assertion, label)
#endif
#ifndef require_action_quiet
#define require_action_quiet(assertion, label, action) \
	__Require_Action_Quiet(assertion, label, action)
#endif
#ifndef require_noerr
#define require_noerr(errorCode, label) __Require_noErr(errorCode, label)
#endif
#ifndef require_noerr_action
#define require_noerr_action(errorCode, label, action) \
	__Require_noErr_Action(errorCode, label, action)
#endif
#ifndef require_noerr_quiet
#define require_noerr_quiet(errorCode, label) __Require_noErr_Quiet(errorCode, label)
#endif
#ifndef require_noerr_action_quiet
#define require_noerr_action_quiet(errorCode, label, action) \
	__Require_noErr_Action_Quiet(errorCode, label, action)
#endif
#ifndef nrequire
#define nrequire(assertion, label) __nRequire(assertion, label)
#endif
#endif

#endif
