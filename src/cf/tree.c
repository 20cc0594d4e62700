// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFTree.h>

#include "base/list.h"
#include "cf/cf_internal.h"

struct __CFTree {
	struct cf_object base;
	struct list link;     /* in the parent's children */
	CFTreeRef parent;     /* or NULL; borrowed */
	struct list children; /* retained */
	CFTreeContext context;
};

static void release_info(CFTreeRef t)
{
	if (t->context.info && t->context.release)
		t->context.release(t->context.info);
}

static void tree_fini(void *object)
{
	CFTreeRemoveAllChildren(object);
	release_info(object);
}

const struct cf_class cf_tree_class = { .name = "CFTree", .fini = tree_fini };

CFTypeID CFTreeGetTypeID(void)
{
	return CF_TYPE_TREE;
}

static bool is_tree(CFTreeRef tree)
{
	return cf_is(tree, CF_TYPE_TREE);
}

static CFTreeRef tree_at(struct list *node, struct list *head)
{
	return node == head ? NULL : container_of(node, struct __CFTree, link);
}

CFTreeRef CFTreeCreate(CFAllocatorRef allocator, const CFTreeContext *context)
{
	CFTreeRef t = cf_object_new_in(allocator, CF_TYPE_TREE, sizeof(*t));

	if (!t)
		return NULL;
	list_init(&t->link);
	list_init(&t->children);
	CFTreeSetContext(t, context);
	return t;
}

void CFTreeSetContext(CFTreeRef tree, const CFTreeContext *context)
{
	CFTreeContext new = { 0 };

	if (!is_tree(tree))
		return;
	if (context) {
		new = *context;
		if (new.retain)
			new.info = (void *)(uintptr_t) new.retain(new.info);
	}
	release_info(tree);
	tree->context = new;
}

void CFTreeGetContext(CFTreeRef tree, CFTreeContext *context)
{
	if (is_tree(tree) && context)
		*context = tree->context;
}

/* --- walking -------------------------------------------------------------------------- */

CFTreeRef CFTreeGetParent(CFTreeRef tree)
{
	return is_tree(tree) ? tree->parent : NULL;
}

CFTreeRef CFTreeGetNextSibling(CFTreeRef tree)
{
	return CFTreeGetParent(tree) ? tree_at(tree->link.next, &tree->parent->children) : NULL;
}

CFTreeRef CFTreeGetFirstChild(CFTreeRef tree)
{
	return is_tree(tree) ? tree_at(tree->children.next, &tree->children) : NULL;
}

CFTreeRef CFTreeFindRoot(CFTreeRef tree)
{
	while (CFTreeGetParent(tree))
		tree = tree->parent;
	return tree;
}

CFIndex CFTreeGetChildCount(CFTreeRef tree)
{
	CFIndex n = 0;

	for (CFTreeRef c = CFTreeGetFirstChild(tree); c; c = CFTreeGetNextSibling(c))
		n++;
	return n;
}

CFTreeRef CFTreeGetChildAtIndex(CFTreeRef tree, CFIndex idx)
{
	CFTreeRef c = idx < 0 ? NULL : CFTreeGetFirstChild(tree);

	while (c && idx-- > 0)
		c = CFTreeGetNextSibling(c);
	return c;
}

void CFTreeGetChildren(CFTreeRef tree, CFTreeRef *children)
{
	for (CFTreeRef c = CFTreeGetFirstChild(tree); c && children; c = CFTreeGetNextSibling(c))
		*children++ = c;
}

void CFTreeApplyFunctionToChildren(CFTreeRef tree, CFTreeApplierFunction applier, void *context)
{
	CFTreeRef next, c = CFTreeGetFirstChild(tree);

	for (; c && applier; c = next) {
		next = CFTreeGetNextSibling(c);
		applier(c, context);
	}
}

/* --- changing ---------------------------------------------------------------------------- */

/* Put CHILD before the node AT of the children of TREE. */
static void insert(CFTreeRef tree, CFTreeRef child, struct list *at)
{
	/* Nobody becomes a descendant of itself. */
	if (!is_tree(child) || child->parent || CFTreeFindRoot(tree) == child)
		return;
	child->parent = tree;
	list_add_before(at, &((CFTreeRef)(uintptr_t)CFRetain(child))->link);
}

void CFTreePrependChild(CFTreeRef tree, CFTreeRef newChild)
{
	if (is_tree(tree))
		insert(tree, newChild, tree->children.next);
}

void CFTreeAppendChild(CFTreeRef tree, CFTreeRef newChild)
{
	if (is_tree(tree))
		insert(tree, newChild, &tree->children);
}

void CFTreeInsertSibling(CFTreeRef tree, CFTreeRef newSibling)
{
	if (CFTreeGetParent(tree))
		insert(tree->parent, newSibling, tree->link.next);
}

void CFTreeRemove(CFTreeRef tree)
{
	if (!CFTreeGetParent(tree))
		return;
	list_remove(&tree->link);
	tree->parent = NULL;
	CFRelease(tree);
}

void CFTreeRemoveAllChildren(CFTreeRef tree)
{
	for (CFTreeRef c; (c = CFTreeGetFirstChild(tree));)
		CFTreeRemove(c);
}

void CFTreeSortChildren(CFTreeRef tree, CFComparatorFunction comparator, void *context)
{
	CFMutableArrayRef sorted;

	if (!is_tree(tree) || !comparator)
		return;
	sorted = CFArrayCreateMutable(NULL, 0, NULL);
	for (CFTreeRef c = CFTreeGetFirstChild(tree); sorted && c; c = CFTreeGetNextSibling(c))
		CFArrayAppendValue(sorted, c);
	if (!sorted)
		return;
	CFArraySortValues(sorted, CFRangeMake(0, CFArrayGetCount(sorted)), comparator, context);
	for (CFIndex i = 0; i < CFArrayGetCount(sorted); i++) {
		CFTreeRef c = (CFTreeRef)(uintptr_t)CFArrayGetValueAtIndex(sorted, i);

		list_remove(&c->link);
		list_add(&tree->children, &c->link);
	}
	CFRelease(sorted);
}
