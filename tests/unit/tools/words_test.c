// SPDX-License-Identifier: MIT
/* Lists of words. */
#include "tools/words.h"

#include "test.h"

TEST(words_are_kept_in_order_and_end_with_null)
{
	struct tools_words w = TOOLS_WORDS_INIT;

	for (int i = 0; i < 100; i++)
		tools_words_add(&w, "word%d", i);
	test_equal(w.count, 100);
	test_equal_text(w.items[99], "word99");
	test_true(!w.items[100] && !w.has_failed);
	test_true(tools_words_has(&w, "word7") && !tools_words_has(&w, "word"));
	tools_words_fini(&w);
	test_equal(w.count, 0);
}

TEST_MAIN
