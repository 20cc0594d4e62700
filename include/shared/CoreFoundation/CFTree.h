// SPDX-License-Identifier: MIT
/*
 * Trees: nodes with an info of the caller's and children in order. A node holds
 * its children, not its parent. One thread at a time for each tree.
 */
#ifndef __COREFOUNDATION_CFTREE__
#define __COREFOUNDATION_CFTREE__

#include <CoreFoundation/CFBase.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef const void *(*CFTreeRetainCallBack)(const void *info);
typedef void (*CFTreeReleaseCallBack)(const void *info);
typedef CFStringRef (*CFTreeCopyDescriptionCallBack)(const void *info);

typedef struct {
	CFIndex version;
	void *info;
	CFTreeRetainCallBack retain;
	CFTreeReleaseCallBack release;
	CFTreeCopyDescriptionCallBack copyDescription;
} CFTreeContext;

/* VALUE is a child (CFTreeRef). */
typedef void (*CFTreeApplierFunction)(const void *value, void *context);

typedef struct __CFTree *CFTreeRef;

CF_EXPORT CFTypeID CFTreeGetTypeID(void);
/* CONTEXT is copied. */
CF_EXPORT CFTreeRef CFTreeCreate(CFAllocatorRef allocator, const CFTreeContext *context);
/* Borrowed, NULL when there is none. */
CF_EXPORT CFTreeRef CFTreeGetParent(CFTreeRef tree);
CF_EXPORT CFTreeRef CFTreeGetNextSibling(CFTreeRef tree);
CF_EXPORT CFTreeRef CFTreeGetFirstChild(CFTreeRef tree);
CF_EXPORT void CFTreeGetContext(CFTreeRef tree, CFTreeContext *context);
CF_EXPORT CFIndex CFTreeGetChildCount(CFTreeRef tree);
CF_EXPORT CFTreeRef CFTreeGetChildAtIndex(CFTreeRef tree, CFIndex idx);
CF_EXPORT void CFTreeGetChildren(CFTreeRef tree, CFTreeRef *children);
/* The function may remove the child that it is given. */
CF_EXPORT void CFTreeApplyFunctionToChildren(CFTreeRef tree, CFTreeApplierFunction applier,
					     void *context);
/* TREE itself when it has no parent. */
CF_EXPORT CFTreeRef CFTreeFindRoot(CFTreeRef tree);
CF_EXPORT void CFTreeSetContext(CFTreeRef tree, const CFTreeContext *context);
/* The new one must not have a parent, nor be an ancestor; otherwise nothing happens. */
CF_EXPORT void CFTreePrependChild(CFTreeRef tree, CFTreeRef newChild);
CF_EXPORT void CFTreeAppendChild(CFTreeRef tree, CFTreeRef newChild);
/* After TREE. */
CF_EXPORT void CFTreeInsertSibling(CFTreeRef tree, CFTreeRef newSibling);
/* From its parent, whose reference is dropped. */
CF_EXPORT void CFTreeRemove(CFTreeRef tree);
CF_EXPORT void CFTreeRemoveAllChildren(CFTreeRef tree);
/* Stable. */
CF_EXPORT void CFTreeSortChildren(CFTreeRef tree, CFComparatorFunction comparator, void *context);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
