// SPDX-License-Identifier: MIT
/* portico cc: the translation of macOS command lines (clients.md 5, design.md 11 and 15). */
#include "tools/translate.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

struct result {
	bool is_good;
	char *command, *notes;
};

static struct tools_translation gcc(void)
{
	return (struct tools_translation){ .compiler = "gcc", .include = "/inc", .lib = "/lib/p" };
}

static struct tools_translation clang(void)
{
	return (struct tools_translation){ .compiler = "clang",
					   .include = "/inc",
					   .lib = "/lib/p",
					   .is_clang = true,
					   .has_blocks_runtime = true };
}

/* The whole command in one text, a blank before and after each word. */
static struct result translate(struct tools_translation t, const char *line)
{
	struct tools_words words = TOOLS_WORDS_INIT;
	struct result r = { .command = strdup(" ") };
	char copy[1024], *argv[64];
	int argc = 0;
	size_t size;
	FILE *notes = open_memstream(&r.notes, &size);

	strcpy(copy, line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	r.is_good = tools_translate(&t, argc, argv, &words, notes);
	fclose(notes);
	for (size_t i = 0; i < words.count; i++) {
		char *longer = NULL;

		test_true(asprintf(&longer, "%s%s ", r.command, words.items[i]) > 0);
		free(r.command);
		r.command = longer;
	}
	tools_words_fini(&words);
	return r;
}

static void done(struct result *r)
{
	free(r->command);
	free(r->notes);
}

static void wants(struct tools_translation t, const char *line, const char *text)
{
	struct result r = translate(t, line);

	if (!r.is_good || !strstr(r.command, text))
		test_fail(__FILE__, __LINE__, "'%s' became '%s' without '%s' (%s)", line, r.command,
			  text, r.notes);
	done(&r);
}

static void wants_not(struct tools_translation t, const char *line, const char *text)
{
	struct result r = translate(t, line);

	if (!r.is_good || strstr(r.command, text))
		test_fail(__FILE__, __LINE__, "'%s' became '%s' with '%s'", line, r.command, text);
	done(&r);
}

static void refuses(struct tools_translation t, const char *line, const char *reason)
{
	struct result r = translate(t, line);

	if (r.is_good || !strstr(r.notes, reason))
		test_fail(__FILE__, __LINE__, "'%s' became '%s' (%s)", line, r.command, r.notes);
	done(&r);
}

TEST(frameworks_become_libraries)
{
	wants(gcc(), "-framework IOKit -o a a.c", " -lIOKit ");
	wants(gcc(), "a.c -framework CoreFoundation", " -lCoreFoundation ");
	wants(gcc(), "a.c -framework CoreServices", " -lCoreFoundation ");
	wants(gcc(), "a.c -Wl,-framework,IOKit", " -lIOKit ");
	wants(gcc(), "a.c -Wl,-framework -Wl,IOKit", " -lIOKit ");
	wants(gcc(), "a.c -weak_framework IOKit", " -lIOKit ");
	wants_not(gcc(), "a.c -framework IOKit", "-framework");
	refuses(gcc(), "a.c -framework AppKit", "AppKit");
	refuses(gcc(), "a.c -framework", "needs a name");
}

TEST(macos_options_become_ours)
{
	wants(gcc(), "-c a.c -Wmost", " -Wall ");
	wants(gcc(), "a.cpp -lc++", " -lstdc++ ");
	wants(gcc(), "a.c -Wl,-bind_at_load", " -Wl,-z,now ");
	wants(gcc(), "a.c -Wl,-dead_strip_dylibs", " -Wl,--as-needed ");
	wants(gcc(), "a.c -Wl,-export_dynamic", " -rdynamic ");
	wants_not(gcc(), "a.c -flat_namespace -multiply_defined suppress", "suppress");
	wants_not(gcc(), "a.c -Wl,-exported_symbols_list,x.exp", "x.exp");
	wants_not(clang(), "a.c -fmodules -fmodules-cache-path=/c", "fmodules");
}

TEST(objects_may_go_into_a_dynamic_library)
{
	wants(gcc(), "-c a.c", " -fPIC ");
	wants(gcc(), "-c -fno-pic a.c", " -fPIC ");
	wants(gcc(), "-c -fno-pic a.c", " -fno-pic ");
}

/* C++ compilers define it themselves, and differently. */
TEST(cxx_sources_get_no_second_gnu_source)
{
	struct tools_translation cxx = gcc();

	wants(gcc(), "a.c", " -D_GNU_SOURCE= ");
	wants_not(gcc(), "-c a.cpp", "_GNU_SOURCE");
	wants_not(gcc(), "-c -x c++ a.c", "_GNU_SOURCE");
	wants_not(clang(), "a.cc b.o", "_GNU_SOURCE");
	cxx.compiler = "g++-12";
	wants_not(cxx, "-c a.c", "_GNU_SOURCE");
	cxx.compiler = "/usr/bin/g++";
	wants_not(cxx, "-c a.o", "_GNU_SOURCE");
}

TEST(compiling_alone_links_nothing)
{
	wants_not(gcc(), "-c a.c -framework IOKit", "-lIOKit");
	wants_not(gcc(), "-E a.c", "-L/lib/p");
	wants(gcc(), "-c a.c", " -isystem /inc/client -isystem /inc/shared -isystem /inc/darwin ");
	wants(gcc(), "a.o -o a", " -lPorticoSystem ");
	wants(gcc(), "a.o -o a", " -Wl,-rpath,/lib/p ");
}

TEST(questions_to_the_compiler_pass_untouched)
{
	struct result r = translate(gcc(), "--version");

	test_true(r.is_good);
	test_equal_text(r.command, " gcc --version ");
	done(&r);
}

TEST(macos_options_are_dropped_with_their_values)
{
	static const char *const dropped[] = {
		"-arch arm64",
		"-isysroot /SDK",
		"-mmacosx-version-min=10.9",
		"-F /Library",
		"-F/Library",
		"-install_name @rpath/x",
		"-compatibility_version 1.0",
		"-current_version 1.2",
		"-undefined dynamic_lookup",
		"-headerpad_max_install_names",
		"-Wl,-headerpad,0x100",
		"-target x86_64-apple-macos12",
		"--target=arm64-apple-macos12",
		"-lobjc",
		"-lSystem",
		"-stdlib=libc++",
		"-mdynamic-no-pic",
		"-fconstant-cfstrings",
		"-fembed-bitcode",
		"-prebind",
		"-Wshorten-64-to-32",
		"-Wdocumentation",
		"-Wl,-no_pie",
		"-Wl,-no_deduplicate",
		"-Wl,-adhoc_codesign",
		"-Wl,-reproducible",
		"-Wl,-all_load",
		"-Wl,-sectcreate,__TEXT,__info_plist,Info.plist",
	};

	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		char line[200];
		struct result plain = translate(gcc(), "a.c -o a"), with;

		snprintf(line, sizeof(line), "a.c %s -o a", dropped[i]);
		with = translate(gcc(), line);
		test_true(with.is_good);
		test_equal_text(with.command, plain.command);
		done(&plain);
		done(&with);
	}
}

TEST(a_value_that_looks_like_an_option_or_a_file_stays_a_value)
{
	wants(gcc(), "-c -o -arch a.c", " -o -arch a.c ");
	wants(gcc(), "-I x.m -c a.c", " -I x.m -c a.c ");
	refuses(gcc(), "a.c -arch", "needs a value");
}

TEST(objc_is_noted_or_refused)
{
	struct result r = translate(gcc(), "a.c -lobjc");

	test_true(r.is_good && strstr(r.notes, "-lobjc"));
	done(&r);
	refuses(gcc(), "a.m", "Objective-C");
}

TEST(the_system_is_macos_12)
{
	wants(gcc(), "a.c", " -DTARGET_OS_MAC=1 ");
	wants(gcc(), "a.c", " -DTARGET_OS_OSX=1 ");
	wants(gcc(), "a.c", " -DMAC_OS_X_VERSION_MIN_REQUIRED=120000 ");
	wants(gcc(), "a.c", " -DMAC_OS_X_VERSION_MAX_ALLOWED=120000 ");
	wants_not(gcc(), "a.c", "__APPLE__");
	wants_not(gcc(), "-DTARGET_OS_OSX=0 a.c", "-DTARGET_OS_OSX=1");
	wants_not(gcc(), "-D TARGET_OS_OSX a.c", "-DTARGET_OS_OSX=1");
}

TEST(apple_is_said_on_request)
{
	struct tools_translation t = gcc();

	t.define_apple = true;
	wants(t, "a.c", " -D__APPLE__=1 ");
}

TEST(blocks_come_with_clang)
{
	wants(clang(), "a.c", " -fblocks ");
	wants(clang(), "a.c", " -lBlocksRuntime ");
	wants_not(gcc(), "a.c", "-fblocks");
	refuses(gcc(), "-fblocks a.c", "clang");
}

TEST(dynamic_libraries_and_rpaths)
{
	wants(gcc(), "-dynamiclib a.o -o liba.so", " -shared ");
	wants(gcc(), "-bundle a.o", " -shared ");
	wants(gcc(), "a.o -Wl,-rpath,@executable_path/../lib", " -Wl,-rpath,$ORIGIN/../lib ");
	wants(gcc(), "a.o -Wl,-dead_strip", " -Wl,--gc-sections ");
}

TEST(a_driver_gets_the_driver_headers_and_library)
{
	struct tools_translation t = gcc();

	t.is_driver = true;
	wants(t, "a.c -o a", " -isystem /inc/driver -isystem /inc/shared ");
	wants(t, "a.c -o a", " -lIOKitDriver ");
	wants(t, "a.c -o a", " -shared ");
	wants(t, "a.c -o a", " -fPIC ");
	wants_not(t, "a.c -o a", "/inc/client");
	wants(t, "a.c -o a", " -Wl,-z,defs ");
	wants_not(t, "-c a.c", "-Wl,-z,defs");
	wants_not(t, "a.c -fsanitize=address -o a", "-Wl,-z,defs");
	wants_not(t, "a.c -undefined dynamic_lookup -o a", "-Wl,-z,defs");
	wants_not(gcc(), "a.c -o a", "-Wl,-z,defs");
}

TEST(a_standard_library_folder_needs_no_path)
{
	struct tools_translation t = gcc();

	t.lib_is_standard = true;
	wants_not(t, "a.c", "-rpath");
}

TEST(the_compiler_may_be_several_words)
{
	struct tools_translation t = gcc();

	t.compiler = "ccache gcc";
	wants(t, "a.c", " ccache gcc ");
}

TEST_MAIN
