// SPDX-License-Identifier: MIT
#include "tools/limits.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/text.h"

static CFTypeRef get(CFTypeRef dictionary, CFStringRef key, CFTypeID type)
{
	CFTypeRef value = NULL;

	if (dictionary && CFGetTypeID(dictionary) == CFDictionaryGetTypeID())
		value = CFDictionaryGetValue(dictionary, key);
	return value && CFGetTypeID(value) == type ? value : NULL;
}

/* False: there is none. */
static bool get_number(CFTypeRef dictionary, CFStringRef key, long long *ret_number)
{
	CFTypeRef value = get(dictionary, key, CFNumberGetTypeID());

	return value && CFNumberGetValue(value, kCFNumberLongLongType, ret_number);
}

static void print_number(FILE *out, CFTypeRef dictionary, CFStringRef key, int width,
			 const char *otherwise)
{
	long long n;

	if (get_number(dictionary, key, &n))
		fprintf(out, " %*lld", width, n);
	else
		fprintf(out, " %*s", width, otherwise);
}

static void print_text(FILE *out, CFTypeRef text, int width)
{
	char *copy = text ? tools_text_copy(text) : NULL;
	int n = copy ? width - (int)strlen(copy) : width;

	if (copy)
		tools_text_put_escaped(out, copy, strlen(copy));
	fprintf(out, "%*s", n > 0 ? n : 0, "");
	free(copy);
}

/* Which rows of the limits are printed, and what stands in them. */
struct choice {
	CFStringRef own; /* the limit that must be there, or (users) one of a connection */
	const char *title;
	bool is_session;
	CFTypeRef hosts; /* of users; may be NULL */
	long long uid;
};

static bool is_chosen(const struct choice *choice, CFTypeRef row)
{
	long long n;

	return get_number(row, choice->own, &n) ||
	       (!choice->is_session && get_number(row, CFSTR("Per Connection"), &n));
}

struct figures {
	long long now, highest, refused;
};

static void add_figures(struct figures *figures, CFTypeRef use, CFStringRef name)
{
	CFTypeRef of_row = get(use, name, CFDictionaryGetTypeID());
	long long n = 0;

	if (!of_row)
		return;
	if (get_number(of_row, CFSTR("Now"), &n))
		figures->now += n;
	if (get_number(of_row, CFSTR("Refused"), &n))
		figures->refused += n;
	if (get_number(of_row, CFSTR("Highest"), &n) && n > figures->highest)
		figures->highest = n;
}

/* What all hosts keep for the user. */
static void add_hosts(struct figures *figures, const struct choice *choice, CFStringRef name)
{
	CFIndex n = choice->hosts ? CFArrayGetCount(choice->hosts) : 0;

	for (CFIndex i = 0; i < n; i++) {
		CFTypeRef users = get(CFArrayGetValueAtIndex(choice->hosts, i), CFSTR("Users"),
				      CFArrayGetTypeID());

		for (CFIndex u = 0; users && u < CFArrayGetCount(users); u++) {
			CFTypeRef user = CFArrayGetValueAtIndex(users, u);
			long long uid = -1;

			if (get_number(user, CFSTR("UID"), &uid) && uid == choice->uid)
				add_figures(figures,
					    get(user, CFSTR("Use"), CFDictionaryGetTypeID()), name);
		}
	}
}

static void print_row(FILE *out, CFTypeRef row, CFStringRef name, CFTypeRef use,
		      const struct choice *choice)
{
	bool in_hosts = get(row, CFSTR("In Hosts"), CFBooleanGetTypeID()) == kCFBooleanTrue;
	struct figures figures = { 0 };

	if (in_hosts)
		add_hosts(&figures, choice, name);
	else
		add_figures(&figures, use, name);
	fprintf(out, "  ");
	print_text(out, name, 16);
	fprintf(out, " %10lld %10lld %8lld", figures.now, figures.highest, figures.refused);
	print_number(out, choice->is_session ? NULL : row, CFSTR("Per Connection"), 14, "-");
	print_number(out, row, choice->own, 14, "-");
	fprintf(out, "  ");
	print_text(out, get(row, CFSTR("When Exceeded"), CFStringGetTypeID()), 0);
	fprintf(out, " (");
	print_text(out, get(row, CFSTR("Unit"), CFStringGetTypeID()), 0);
	fprintf(out, in_hosts ? "; in each host)\n" : ")\n");
}

/* ROWS are the limits, USE what there is of each. */
static void print_table(FILE *out, CFArrayRef rows, CFTypeRef use, const struct choice *choice)
{
	fprintf(out, "  %-16s %10s %10s %8s %14s %14s  %s\n", "NAME", "NOW", "HIGHEST", "REFUSED",
		"PER CONNECTION", choice->title, "WHEN EXCEEDED (UNIT)");
	for (CFIndex i = 0; i < CFArrayGetCount(rows); i++) {
		CFTypeRef row = CFArrayGetValueAtIndex(rows, i);
		CFTypeRef name = get(row, CFSTR("Name"), CFStringGetTypeID());

		if (name && is_chosen(choice, row))
			print_row(out, row, name, use, choice);
	}
}

void tools_limits_show(FILE *out, CFDictionaryRef status)
{
	const struct choice session = { CFSTR("Per Session"), "PER SESSION", true, NULL, -1 };
	CFArrayRef rows = get(status, CFSTR("Limits"), CFArrayGetTypeID());
	CFArrayRef users = get(status, CFSTR("Users"), CFArrayGetTypeID());

	for (CFIndex i = 0; rows && users && i < CFArrayGetCount(users); i++) {
		CFTypeRef user = CFArrayGetValueAtIndex(users, i);
		struct choice choice = { CFSTR("Per User"), "PER USER", false,
					 get(status, CFSTR("Hosts"), CFArrayGetTypeID()), -1 };
		long long n = 0;

		get_number(user, CFSTR("UID"), &choice.uid);
		get_number(user, CFSTR("Connections"), &n);
		fprintf(out, "Limits of user %lld, who has %lld connection%s:\n", choice.uid, n,
			n == 1 ? "" : "s");
		print_table(out, rows, get(user, CFSTR("Use"), CFDictionaryGetTypeID()), &choice);
	}
	if (!rows)
		return;
	fprintf(out, "Limits of the session:\n");
	print_table(out, rows, get(status, CFSTR("Session"), CFDictionaryGetTypeID()), &session);
}
