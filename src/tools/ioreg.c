// SPDX-License-Identifier: MIT
/* The command `ioreg`: options and defaults of macOS's. */
#include "tools/ioreg.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/silence.h"
#include "tools/text.h"

enum { USAGE = 64 };

static int usage(FILE *out)
{
	fputs("usage: ioreg [-abfilrtxy] [-c class] [-d depth] [-k key] [-n name] [-p plane] [-w "
	      "width]\n"
	      "where options are:\n"
	      "\t-a archive output\n"
	      "\t-b show object name in bold\n"
	      "\t-c list properties of objects with the given class\n"
	      "\t-d limit tree to the given depth\n"
	      "\t-f enable smart formatting\n"
	      "\t-i show object inheritance\n"
	      "\t-k list properties of objects with the given key\n"
	      "\t-l list properties of all objects\n"
	      "\t-n list properties of objects with the given name\n"
	      "\t-p traverse registry over the given plane (IOService is default)\n"
	      "\t-r show subtrees rooted by the given criteria\n"
	      "\t-t show location of each subtree\n"
	      "\t-w clip output to the given line width (0 is unlimited)\n"
	      "\t-x show data and numbers as hexadecimal\n"
	      "\t-y do not consider DriverKit classes with -c\n",
	      out);
	return out == stderr ? USAGE : 0;
}

static bool read_number(const char *text, unsigned *ret_number)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || number > INT_MAX)
		return false;
	*ret_number = (unsigned)number;
	return true;
}

/* 0, or an exit status plus one. */
static int read_options(struct ioreg_options *o, int argc, char **argv)
{
	int letter;

	opterr = 0;
	while ((letter = getopt(argc, argv, ":abc:d:fhik:ln:p:rsStw:xy")) != -1) {
		bool is_number = true;

		switch (letter) {
		case 'a':
			o->archive = true;
			break;
		case 'b':
			o->bold = true;
			break;
		case 'c':
			o->class_name = optarg;
			break;
		case 'd':
			is_number = read_number(optarg, &o->depth);
			break;
		case 'f':
			o->smart = true;
			break;
		case 'h':
			return usage(stdout) + 1;
		case 'i':
			o->inheritance = true;
			break;
		case 'k':
			o->key = optarg;
			break;
		case 'l':
			o->list = true;
			break;
		case 'n':
			o->name = optarg;
			break;
		case 'p':
			o->plane = optarg;
			break;
		case 'r':
			o->root = true;
			break;
		case 's': /* both were given up long ago and are accepted */
		case 'S':
			break;
		case 't':
			o->tree = true;
			break;
		case 'w':
			is_number = read_number(optarg, &o->width);
			break;
		case 'x':
			o->hex = true;
			break;
		case 'y':
			o->no_user_classes = true;
			break;
		case ':':
			fprintf(stderr, "ioreg: option -%c needs a value\n", optopt);
			return usage(stderr) + 1;
		default:
			if (optopt == '-')
				fputs("ioreg: its options have one letter each\n", stderr);
			else
				tools_text_complain("ioreg: unknown option -%c", optopt);
			return usage(stderr) + 1;
		}
		if (!is_number) {
			tools_text_complain("ioreg: -%c wants a number, not '%s'", letter, optarg);
			return USAGE + 1;
		}
	}
	if (optind < argc) {
		tools_text_complain("ioreg: unexpected argument '%s'", argv[optind]);
		return usage(stderr) + 1;
	}
	return 0;
}

/* An unknown plane is an error here: silence would look like an empty machine. */
static bool plane_exists(io_registry_entry_t root, const char *plane)
{
	CFTypeRef planes = IORegistryEntryCreateCFProperty(root, CFSTR("IORegistryPlanes"),
							   kCFAllocatorDefault, 0);
	CFStringRef name =
		CFStringCreateWithCString(kCFAllocatorDefault, plane, kCFStringEncodingUTF8);
	bool exists = true;

	if (planes && name && CFGetTypeID(planes) == CFDictionaryGetTypeID())
		exists = CFDictionaryContainsKey(planes, name);
	if (planes)
		CFRelease(planes);
	if (name)
		CFRelease(name);
	return exists;
}

static unsigned screen_width(void)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		return size.ws_col;
	return 0;
}

int main(int argc, char **argv)
{
	struct ioreg_options options = { .plane = kIOServicePlane, .width = screen_width() };
	struct tools_line line = { .out = stdout };
	io_registry_entry_t root;
	const char *terminal = getenv("TERM");
	int status = read_options(&options, argc, argv);
	bool is_good;

	if (status)
		return status - 1;
	line.width = options.width;
	if (options.bold && terminal && strcmp(terminal, "dumb") != 0) {
		line.bold = "\033[1m";
		line.plain = "\033[0m";
	}
	tools_silence_watch("ioreg");
	root = IORegistryGetRootEntry(kIOMainPortDefault);
	if (!root) {
		fprintf(stderr,
			"ioreg: the registry cannot be reached: `portico status` says more, "
			"`portico run -- ioreg` makes a session of its own\n");
		return 1;
	}
	if (!plane_exists(root, options.plane)) {
		tools_text_complain(
			"ioreg: there is no plane '%s'; `ioreg -d 1 -k IORegistryPlanes` shows "
			"them",
			options.plane);
		IOObjectRelease(root);
		return 1;
	}
	is_good = options.archive ? ioreg_archive_print(root, &options, stdout)
				  : ioreg_tree_print(root, &options, &line);
	IOObjectRelease(root);
	if (fflush(stdout) || ferror(stdout) || !is_good) {
		fprintf(stderr, "ioreg: %s\n",
			is_good ? "the output could not be written" : "out of memory");
		return 1;
	}
	return 0;
}
