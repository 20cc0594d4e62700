// SPDX-License-Identifier: MIT
#include "base/list.h"

#include "test.h"

struct item {
	int value;
	struct list link;
};

/* The values in order as decimal digits. */
static int read_list(struct list *head)
{
	int digits = 0;

	list_for_each(node, head)
		digits = digits * 10 + container_of(node, struct item, link)->value;
	return digits;
}

TEST(items_come_out_in_order)
{
	struct list head = LIST_INIT(head);
	struct item a = { .value = 1 }, b = { .value = 2 }, c = { .value = 3 };

	test_true(list_is_empty(&head));
	list_add(&head, &b.link);
	list_add(&head, &c.link);
	list_add_first(&head, &a.link);
	test_equal(read_list(&head), 123);
	test_equal(list_first(&head, struct item, link)->value, 1);
	test_equal(list_last(&head, struct item, link)->value, 3);
	list_remove(&b.link);
	test_equal(read_list(&head), 13);
	/* In no list: harmless. */
	list_remove(&b.link);
	list_add_before(&c.link, &b.link);
	test_equal(read_list(&head), 123);
}

TEST(splice_moves_everything)
{
	struct list to = LIST_INIT(to), from = LIST_INIT(from);
	struct item a = { .value = 1 }, b = { .value = 2 }, c = { .value = 3 };

	list_add(&to, &a.link);
	list_splice(&to, &from);
	test_equal(read_list(&to), 1);
	list_add(&from, &b.link);
	list_add(&from, &c.link);
	list_splice(&to, &from);
	test_equal(read_list(&to), 123);
	test_true(list_is_empty(&from));
}

TEST(safe_walk_allows_removal)
{
	struct list head = LIST_INIT(head);
	struct item items[6];

	for (int i = 0; i < 6; i++) {
		items[i].value = i + 1;
		list_add(&head, &items[i].link);
	}
	list_for_each_safe(node, &head)
		if (container_of(node, struct item, link)->value % 2)
			list_remove(node);
	test_equal(read_list(&head), 246);
}

TEST_MAIN
