// SPDX-License-Identifier: MIT
/* portico cc and portico c++: a compiler wrapper that understands the macOS command line. */
#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/paths.h"
#include "tools/tools.h"
#include "tools/translate.h"

static bool is_in_path(const char *program)
{
	const char *path = getenv("PATH");
	char file[4096];

	while (path && *path) {
		size_t n = strcspn(path, ":");

		snprintf(file, sizeof(file), "%.*s/%s", (int)n, path, program);
		if (access(file, X_OK) == 0)
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

static bool find_blocks_runtime(void)
{
	glob_t found = { 0 };
	bool is_there = glob("/usr/lib/*/libBlocksRuntime.so", 0, NULL, &found) == 0 ||
			access("/usr/lib/libBlocksRuntime.so", F_OK) == 0 ||
			access("/usr/local/lib/libBlocksRuntime.so", F_OK) == 0;

	globfree(&found);
	return is_there;
}

/* clang is what macOS has: constant strings in tables and blocks need it. */
static const char *choose_compiler(bool is_cxx, bool has_blocks_runtime)
{
	const char *chosen = getenv("PORTICO_CC");
	const char *clang = is_cxx ? "clang++" : "clang";

	if (chosen && *chosen) {
		if (is_cxx && !strcmp(chosen, "gcc"))
			return "g++";
		if (is_cxx && !strcmp(chosen, "clang"))
			return "clang++";
		return chosen;
	}
	if (has_blocks_runtime && is_in_path(clang))
		return clang;
	return is_cxx ? "c++" : "cc";
}

static void print_words(const struct tools_words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->items[i];

		if (i)
			putchar(' ');
		if (*word &&
		    !word[strspn(word,
				 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "-_=./,+:@%")]) {
			fputs(word, stdout);
			continue;
		}
		putchar('\'');
		for (; *word; word++) {
			if (*word == '\'')
				fputs("'\\''", stdout);
			else
				putchar(*word);
		}
		putchar('\'');
	}
	putchar('\n');
}

static int compile(const struct tools_command *command, bool is_cxx, int argc, char **argv)
{
	struct tools_words words = TOOLS_WORDS_INIT;
	struct tools_translation t = { .is_cxx = is_cxx };
	static struct tools_paths paths;
	const char *apple = getenv("PORTICO_CC_APPLE");
	bool print_only = false;
	int i = 1;

	t.define_apple = apple && *apple && strcmp(apple, "0") != 0;
	for (; i < argc; i++) {
		if (!strcmp(argv[i], "--apple"))
			t.define_apple = true;
		else if (!strcmp(argv[i], "--driver"))
			t.is_driver = true;
		else if (!strcmp(argv[i], "--print"))
			print_only = true;
		else
			break;
	}
	if (i == argc)
		return tools_misuse(command, "no input files");
	if (!tools_paths_find(&paths))
		return TOOLS_FAILED;
	if (!paths.include[0]) {
		tools_complain(command, "the headers of Portico are not installed");
		return TOOLS_FAILED;
	}
	t.has_blocks_runtime = find_blocks_runtime();
	t.compiler = choose_compiler(is_cxx, t.has_blocks_runtime);
	t.is_clang = strstr(t.compiler, "clang") != NULL;
	t.include = paths.include;
	t.lib = paths.lib;
	t.lib_is_standard = paths.lib_is_standard;
	if (!tools_translate(&t, argc - i, argv + i, &words, stderr)) {
		tools_words_fini(&words);
		return TOOLS_FAILED;
	}
	if (print_only) {
		print_words(&words);
		tools_words_fini(&words);
		return 0;
	}
	fflush(NULL);
	execvp(words.items[0], words.items);
	tools_complain(command, "%s: %s; install gcc or clang, or set PORTICO_CC to a compiler",
		       words.items[0], strerror(errno));
	tools_words_fini(&words);
	return TOOLS_NOT_FOUND;
}

static int cc(int argc, char **argv)
{
	return compile(&tools_cc, false, argc, argv);
}

static int cxx(int argc, char **argv)
{
	return compile(&tools_cxx, true, argc, argv);
}

#define CC_USAGE "[--apple] [--driver] [--print] COMPILER-ARGUMENT..."

const struct tools_command tools_cc = {
	.name = "cc",
	.usage = CC_USAGE,
	.summary = "compile macOS C sources: understands -framework and other macOS options",
	.help = "  --apple    define __APPLE__ and __MACH__ as well (or PORTICO_CC_APPLE=1)\n"
		"  --driver   compile a driver bundle's executable instead of a program\n"
		"  --print    show the real command instead of running it\n"
		"\n"
		"PORTICO_CC chooses the compiler; without it clang is taken where libBlocksRuntime "
		"is\n"
		"installed, too, else cc. For a Makefile: make CC=\"portico cc\"\n",
	.run = cc,
};

const struct tools_command tools_cxx = {
	.name = "c++",
	.usage = CC_USAGE,
	.summary = "the same for C++",
	.help = "The options are those of `portico cc`.\n",
	.run = cxx,
};
