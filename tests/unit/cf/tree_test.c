// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFTree.h>

#include "cf_test.h"

static char trace[64];

static void let_go(const void *info)
{
	strcat(trace, info);
}

static CFTreeRef node(const char *name)
{
	CFTreeContext context = { .info = (void *)(uintptr_t)name, .release = let_go };

	return CFTreeCreate(NULL, &context);
}

static void append_name(const void *value, void *context)
{
	CFTreeContext c;

	CFTreeGetContext((CFTreeRef)(uintptr_t)value, &c);
	strcat(context, c.info);
}

static const char *children(CFTreeRef tree)
{
	static char names[64];

	names[0] = '\0';
	CFTreeApplyFunctionToChildren(tree, append_name, names);
	return names;
}

static CFComparisonResult backwards(const void *a, const void *b, void *context)
{
	CFTreeContext x, y;

	CFTreeGetContext((CFTreeRef)(uintptr_t)a, &x);
	CFTreeGetContext((CFTreeRef)(uintptr_t)b, &y);
	return strcmp(y.info, x.info);
}

TEST(children_in_order)
{
	CFTreeRef root = node("r"), a = node("a"), b = node("b"), c = node("c"), d = node("d");

	CFTreeAppendChild(root, b);
	CFTreePrependChild(root, a);
	CFTreeInsertSibling(a, c);
	CFTreeAppendChild(c, d);
	test_equal_text(children(root), "acb");
	test_equal(CFTreeGetChildCount(root), 3);
	test_true(CFTreeGetChildAtIndex(root, 1) == c && !CFTreeGetChildAtIndex(root, 3));
	test_true(CFTreeGetParent(d) == c && CFTreeFindRoot(d) == root);
	test_true(CFTreeGetNextSibling(c) == b && !CFTreeGetNextSibling(b));
	/* Neither twice, nor in a circle. */
	CFTreeAppendChild(root, d);
	CFTreeAppendChild(d, root);
	CFTreeAppendChild(d, d);
	test_equal(CFTreeGetChildCount(d), 0);
	CFTreeSortChildren(root, backwards, NULL);
	test_equal_text(children(root), "cba");
	CFRelease(a);
	CFRelease(b);
	CFRelease(c);
	CFRelease(d);
	test_equal_text(trace, "");
	CFTreeRemove(b);
	test_equal_text(trace, "b");
	CFRelease(root);
	test_equal_text(trace, "bdcar");
}

TEST_MAIN
