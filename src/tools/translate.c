// SPDX-License-Identifier: MIT
#include "tools/translate.h"

#include <stdlib.h>
#include <string.h>

/* What one translation has seen so far. */
struct reading {
	const struct tools_translation *t;
	int argc;
	char **argv;
	int index;
	FILE *notes;
	struct tools_words args;      /* the translated arguments */
	struct tools_words libraries; /* from -framework */
	bool links, has_input, has_dynamic_library, may_lack_symbols;
};

struct option {
	const char *name;
	bool is_prefix;	     /* NAME is the beginning of the word */
	int n_values;	     /* words that follow and go with it */
	const char *instead; /* NULL: nothing */
	const char *note;    /* NULL: nobody will miss it */
};

/* Options of the macOS compiler and linker that mean nothing here, or something else. The exact
 * ones come before the prefixes. */
static const struct option apple_options[] = {
	{ "-arch", false, 1, NULL, NULL },
	{ "-isysroot", false, 1, NULL, NULL },
	{ "-F", false, 1, NULL, NULL },
	{ "-iframework", false, 1, NULL, NULL },
	{ "-install_name", false, 1, NULL, NULL },
	{ "-compatibility_version", false, 1, NULL, NULL },
	{ "-current_version", false, 1, NULL, NULL },
	{ "-undefined", false, 1, NULL, NULL },
	{ "-exported_symbols_list", false, 1, NULL, "the list of exported symbols is ignored" },
	{ "-sectcreate", false, 3, NULL, "the section is left out" },
	{ "-bundle_loader", false, 1, NULL, NULL },
	{ "-dynamiclib", false, 0, "-shared", NULL },
	{ "-bundle", false, 0, "-shared", NULL },
	{ "-dead_strip", false, 0, "-Wl,--gc-sections", NULL },
	{ "-Wl,-dead_strip", false, 0, "-Wl,--gc-sections", NULL },
	{ "-headerpad_max_install_names", false, 0, NULL, NULL },
	{ "-single_module", false, 0, NULL, NULL },
	{ "-flat_namespace", false, 0, NULL, NULL },
	{ "-twolevel_namespace", false, 0, NULL, NULL },
	{ "-multiply_defined", false, 1, NULL, NULL },
	{ "-multiply_defined_unused", false, 1, NULL, NULL },
	{ "-seg1addr", false, 1, NULL, NULL },
	{ "-force_cpusubtype_ALL", false, 0, NULL, NULL },
	{ "-keep_private_externs", false, 0, NULL, NULL },
	{ "-noall_load", false, 0, NULL, NULL },
	{ "-all_load", false, 0, NULL, "-all_load is ignored: only what is needed is linked" },
	{ "-unexported_symbols_list", false, 1, NULL,
	  "the list of symbols that are not exported is ignored" },
	{ "-order_file", false, 1, NULL, NULL },
	{ "-fapplication-extension", false, 0, NULL, NULL },
	{ "-fmodules", false, 0, NULL, NULL },
	{ "-fcxx-modules", false, 0, NULL, NULL },
	{ "-fobjc-link-runtime", false, 0, NULL, NULL },
	{ "-no-cpp-precomp", false, 0, NULL, NULL },
	{ "-fasm-blocks", false, 0, NULL, NULL },
	{ "-fpascal-strings", false, 0, NULL, NULL },
	{ "-mdynamic-no-pic", false, 0, NULL, NULL },
	{ "-fconstant-cfstrings", false, 0, NULL, NULL },
	{ "-fembed-bitcode", false, 0, NULL, NULL },
	{ "-prebind", false, 0, NULL, NULL },
	{ "-Wmost", false, 0, "-Wall", NULL },
	{ "-Wshorten-64-to-32", false, 0, NULL, NULL },
	{ "-Wdocumentation", false, 0, NULL, NULL },
	{ "-gfull", false, 0, "-g", NULL },
	{ "-gused", false, 0, "-g", NULL },
	{ "-lobjc", false, 0, NULL, "-lobjc is ignored: there is no Objective-C here" },
	{ "-lSystem", false, 0, NULL, NULL },
	{ "-lc++", false, 0, "-lstdc++", NULL },
	{ "-fobjc-arc", false, 0, NULL, "-fobjc-arc is ignored: there is no Objective-C here" },
	{ "-fobjc-exceptions", false, 0, NULL, NULL },
	{ "-stdlib=", true, 0, NULL, NULL },
	{ "-mmacosx-version-min=", true, 0, NULL, NULL },
	{ "-mmacos-version-min=", true, 0, NULL, NULL },
	{ "-F", true, 0, NULL, NULL },
	{ "-Wl,-bind_at_load", true, 0, "-Wl,-z,now", NULL },
	{ "-Wl,-dead_strip_dylibs", true, 0, "-Wl,--as-needed", NULL },
	{ "-Wl,-flat_namespace", true, 0, NULL, NULL },
	{ "-Wl,-twolevel_namespace", true, 0, NULL, NULL },
	{ "-Wl,-exported_symbol", true, 0, NULL, "the list of exported symbols is ignored" },
	{ "-Wl,-unexported_symbol", true, 0, NULL,
	  "the list of symbols that are not exported is ignored" },
	{ "-Wl,-order_file", true, 0, NULL, NULL },
	{ "-Wl,-export_dynamic", true, 0, "-rdynamic", NULL },
	{ "-Wl,-no_uuid", true, 0, NULL, NULL },
	{ "-Wl,-stack_size", true, 0, NULL, NULL },
	{ "-Wl,-multiply_defined", true, 0, NULL, NULL },
	{ "-fmodules-", true, 0, NULL, NULL },
	{ "-Wl,-no_pie", true, 0, NULL, NULL },
	{ "-Wl,-no_deduplicate", true, 0, NULL, NULL },
	{ "-Wl,-adhoc_codesign", true, 0, NULL, NULL },
	{ "-Wl,-reproducible", true, 0, NULL, NULL },
	{ "-Wl,-all_load", true, 0, NULL, "-all_load is ignored: only what is needed is linked" },
	{ "-Wl,-sectcreate", true, 0, NULL, "the section is left out" },
	{ "-Wl,-headerpad", true, 0, NULL, NULL },
	{ "-Wl,-search_paths_first", true, 0, NULL, NULL },
	{ "-Wl,-install_name", true, 0, NULL, NULL },
	{ "-Wl,-current_version", true, 0, NULL, NULL },
	{ "-Wl,-compatibility_version", true, 0, NULL, NULL },
	{ "-Wl,-undefined", true, 0, NULL, NULL },
	{ "-Wl,-no_compact_unwind", true, 0, NULL, NULL },
	{ "-Wl,-no_warn_duplicate_libraries", true, 0, NULL, NULL },
};

/* Options whose next word belongs to them. */
static const char *const with_value[] = {
	"-o",
	"-I",
	"-D",
	"-U",
	"-L",
	"-l",
	"-x",
	"-include",
	"-imacros",
	"-isystem",
	"-iquote",
	"-idirafter",
	"-iprefix",
	"-iwithprefix",
	"-MF",
	"-MT",
	"-MQ",
	"-Xlinker",
	"-Xpreprocessor",
	"-Xassembler",
	"-Xclang",
	"-T",
	"-u",
	"-z",
	"-e",
	"-target",
	"--param",
	"-aux-info",
	"-wrapper",
};

/* Frameworks that are here, and the library that has them. */
static const struct {
	const char *framework, *library;
} frameworks[] = {
	{ "IOKit", "IOKit" },
	{ "CoreFoundation", "CoreFoundation" },
	{ "CoreServices", "CoreFoundation" },
	{ "ApplicationServices", "CoreFoundation" },
	{ "System", "PorticoSystem" },
	{ "DriverKit", "IOKitDriver" },
};

static bool starts_with(const char *word, const char *beginning)
{
	return !strncmp(word, beginning, strlen(beginning));
}

static const char *next_word(struct reading *r)
{
	if (r->index + 1 >= r->argc)
		return NULL;
	return r->argv[++r->index];
}

static bool add_framework(struct reading *r, const char *name)
{
	const char *library = NULL;
	char word[64];

	if (!name) {
		fprintf(r->notes, "portico cc: -framework needs a name\n");
		return false;
	}
	for (size_t i = 0; i < sizeof(frameworks) / sizeof(frameworks[0]); i++)
		if (!strncmp(name, frameworks[i].framework, strlen(frameworks[i].framework)) &&
		    (!name[strlen(frameworks[i].framework)] ||
		     name[strlen(frameworks[i].framework)] == ','))
			library = frameworks[i].library;
	if (!library) {
		fprintf(r->notes,
			"portico cc: there is no framework %s in Portico; leave it out if the "
			"program does "
			"not need it\n",
			name);
		return false;
	}
	snprintf(word, sizeof(word), "-l%s", library);
	if (!tools_words_has(&r->libraries, word))
		tools_words_add(&r->libraries, "%s", word);
	return true;
}

/* 1: done, 0: not such an option, -1: an error was reported. */
static int read_framework(struct reading *r, const char *word)
{
	static const char *const forms[] = { "-framework", "-weak_framework", "-Wl,-framework",
					     "-Wl,-weak_framework" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (starts_with(word, "-Wl,") && starts_with(word, forms[i]) &&
		    word[strlen(forms[i])] == ',')
			return add_framework(r, word + strlen(forms[i]) + 1) ? 1 : -1;
		if (!strcmp(word, forms[i])) {
			const char *name = next_word(r);

			if (name && starts_with(name, "-Wl,"))
				name += 4;
			return add_framework(r, name) ? 1 : -1;
		}
	}
	return 0;
}

static int read_apple_option(struct reading *r, const char *word)
{
	for (size_t i = 0; i < sizeof(apple_options) / sizeof(apple_options[0]); i++) {
		const struct option *o = &apple_options[i];

		if (o->is_prefix ? !starts_with(word, o->name) : strcmp(word, o->name) != 0)
			continue;
		for (int n = 0; n < o->n_values; n++)
			if (!next_word(r)) {
				fprintf(r->notes, "portico cc: %s needs a value\n", word);
				return -1;
			}
		if (o->instead)
			tools_words_add(&r->args, "%s", o->instead);
		if (o->note)
			fprintf(r->notes, "portico cc: note: %s\n", o->note);
		if (o->instead && !strcmp(o->instead, "-shared"))
			r->has_dynamic_library = true;
		r->may_lack_symbols |= !strcmp(o->name, "-undefined");
		return 1;
	}
	return 0;
}

static bool is_objective_c(const char *word)
{
	const char *dot = strrchr(word, '.');

	return dot && (!strcmp(dot, ".m") || !strcmp(dot, ".mm"));
}

/* -target x86_64-apple-macos12, -Wl,-rpath,@executable_path/..., -fblocks for gcc, Objective-C. */
static int read_special(struct reading *r, const char *word)
{
	static const char rpath[] = "-Wl,-rpath,@";

	if (!strcmp(word, "-target") && r->index + 1 < r->argc &&
	    strstr(r->argv[r->index + 1], "apple")) {
		next_word(r);
		return 1;
	}
	if (starts_with(word, "--target=") && strstr(word, "apple"))
		return 1;
	if (starts_with(word, rpath)) {
		const char *rest = strchr(word + sizeof(rpath) - 1, '/');

		tools_words_add(&r->args, "-Wl,-rpath,$ORIGIN%s", rest ? rest : "");
		return 1;
	}
	if (!strcmp(word, "-fblocks") && !r->t->is_clang) {
		fprintf(r->notes,
			"portico cc: blocks need clang: install clang and libblocksruntime-dev and "
			"set PORTICO_CC=clang\n");
		return -1;
	}
	if (!strcmp(word, "-stdlib=libc++") && !r->t->is_clang)
		return 1;
	if (!strcmp(word, "-ObjC") || (word[0] != '-' && is_objective_c(word))) {
		fprintf(r->notes, "portico cc: %s: Objective-C is not translated, only C and C++\n",
			word);
		return -1;
	}
	return 0;
}

/* What the compiler is asked to do decides which of our own arguments it gets. */
static void note_mode(struct reading *r, const char *word)
{
	static const char *const no_link[] = { "-c", "-S", "-E", "-M", "-MM", "-fsyntax-only" };

	for (size_t i = 0; i < sizeof(no_link) / sizeof(no_link[0]); i++)
		if (!strcmp(word, no_link[i]))
			r->links = false;
	if (!strcmp(word, "-shared") || !strcmp(word, "-r"))
		r->has_dynamic_library = true;
	/* Sanitizers have theirs in the program. */
	if (!strncmp(word, "-fsanitize", 10))
		r->may_lack_symbols = true;
	if (word[0] != '-' || !strcmp(word, "-"))
		r->has_input = true;
}

static bool read_words(struct reading *r)
{
	for (r->index = 0; r->index < r->argc; r->index++) {
		const char *word = r->argv[r->index];
		int done = read_framework(r, word);
		bool has_value = false;

		if (!done)
			done = read_special(r, word);
		if (!done)
			done = read_apple_option(r, word);
		if (done < 0)
			return false;
		if (done)
			continue;
		for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++)
			has_value |= !strcmp(word, with_value[i]);
		tools_words_add(&r->args, "%s", word);
		if (has_value && r->index + 1 < r->argc)
			tools_words_add(&r->args, "%s", r->argv[++r->index]);
		else if (!has_value)
			note_mode(r, word);
	}
	return true;
}

static bool user_defines(const struct reading *r, const char *name)
{
	size_t n = strlen(name);

	for (int i = 0; i < r->argc; i++) {
		const char *word = r->argv[i];

		if ((!strcmp(word, "-D") || !strcmp(word, "-U")) && i + 1 < r->argc)
			word = r->argv[i + 1];
		else if (starts_with(word, "-D") || starts_with(word, "-U"))
			word += 2;
		else
			continue;
		if (!strncmp(word, name, n) && (!word[n] || word[n] == '='))
			return true;
	}
	return false;
}

static void define(struct reading *r, struct tools_words *out, const char *name, const char *value)
{
	if (!user_defines(r, name))
		tools_words_add(out, "-D%s=%s", name, value);
}

static bool ends_with(const char *word, const char *end)
{
	size_t n = strlen(word), n_end = strlen(end);

	return n >= n_end && !strcmp(word + n - n_end, end);
}

/* Whether C++ is read: a C compiler does so by the name of the file. */
static bool reads_cxx(const struct reading *r)
{
	static const char *const endings[] = { ".cpp", ".cc", ".cxx", ".c++", ".C", ".cp" };

	if (r->t->is_cxx || strstr(r->t->compiler, "++"))
		return true;
	for (int i = 0; i < r->argc; i++) {
		if (!strcmp(r->argv[i], "-xc++") || (!strcmp(r->argv[i], "-x") && i + 1 < r->argc &&
						     !strcmp(r->argv[i + 1], "c++")))
			return true;
		if (r->argv[i][0] == '-')
			continue;
		for (size_t k = 0; k < sizeof(endings) / sizeof(endings[0]); k++)
			if (ends_with(r->argv[i], endings[k]))
				return true;
	}
	return false;
}

/* Before the user's words, so that his come last and win; the include folders are searched after
 * his and before the system's. */
static void add_compile_words(struct reading *r, struct tools_words *out)
{
	const struct tools_translation *t = r->t;

	/* macOS shows every function of its C library. C++ compilers define this themselves. */
	if (!reads_cxx(r))
		define(r, out, "_GNU_SOURCE", "");
	define(r, out, "TARGET_OS_MAC", "1");
	define(r, out, "TARGET_OS_OSX", "1");
	define(r, out, "MAC_OS_X_VERSION_MIN_REQUIRED", "120000");
	define(r, out, "MAC_OS_X_VERSION_MAX_ALLOWED", "120000");
	if (t->define_apple) {
		define(r, out, "__APPLE__", "1");
		define(r, out, "__MACH__", "1");
	}
	if (t->is_clang)
		tools_words_add(out, "-fblocks");
	/* On macOS every object may become part of a dynamic library. The user's word comes later. */
	tools_words_add(out, "-fPIC");
}

static void add_include_words(struct reading *r, struct tools_words *out)
{
	static const char *const client[] = { "client", "shared", "darwin" };
	static const char *const driver[] = { "driver", "shared" };
	const char *const *roots = r->t->is_driver ? driver : client;

	for (int i = 0; i < (r->t->is_driver ? 2 : 3); i++) {
		tools_words_add(out, "-isystem");
		tools_words_add(out, "%s/%s", r->t->include, roots[i]);
	}
}

/* The system library comes with every program, as libSystem does on macOS; none that is not needed
 * is recorded. */
static void add_link_words(struct reading *r, struct tools_words *out)
{
	const struct tools_translation *t = r->t;

	if (t->is_driver && !r->has_dynamic_library)
		tools_words_add(out, "-shared");
	/* As on macOS: else only the host finds out, when it loads the driver. */
	if (t->is_driver && !r->may_lack_symbols)
		tools_words_add(out, "-Wl,-z,defs");
	if (!t->lib_is_standard) {
		tools_words_add(out, "-L%s", t->lib);
		tools_words_add(out, "-Wl,-rpath,%s", t->lib);
		tools_words_add(out, "-Wl,-rpath-link,%s", t->lib);
	}
	tools_words_add(out, "-Wl,--push-state,--as-needed");
	for (size_t i = 0; i < r->libraries.count; i++)
		tools_words_add(out, "%s", r->libraries.items[i]);
	tools_words_add(out, t->is_driver ? "-lIOKitDriver" : "-lIOKit");
	tools_words_add(out, "-lCoreFoundation");
	tools_words_add(out, "-lPorticoSystem");
	if (t->is_clang && t->has_blocks_runtime)
		tools_words_add(out, "-lBlocksRuntime");
	tools_words_add(out, "-Wl,--pop-state");
	tools_words_add(out, "-pthread");
}

static void add_compiler(const char *compiler, struct tools_words *out)
{
	while (*compiler) {
		size_t n = strcspn(compiler, " ");

		if (n)
			tools_words_add(out, "%.*s", (int)n, compiler);
		compiler += n + (compiler[n] == ' ');
	}
}

bool tools_translate(const struct tools_translation *translation, int argc, char **argv,
		     struct tools_words *out, FILE *notes)
{
	struct reading r = {
		.t = translation, .argc = argc, .argv = argv, .notes = notes, .links = true
	};
	bool is_good = read_words(&r);

	if (is_good) {
		add_compiler(translation->compiler, out);
		if (r.has_input)
			add_compile_words(&r, out);
		for (size_t i = 0; i < r.args.count; i++)
			tools_words_add(out, "%s", r.args.items[i]);
		if (r.has_input)
			add_include_words(&r, out);
		if (r.has_input && r.links)
			add_link_words(&r, out);
		is_good = !out->has_failed && !r.args.has_failed;
	}
	tools_words_fini(&r.args);
	tools_words_fini(&r.libraries);
	return is_good;
}
