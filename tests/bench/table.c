// SPDX-License-Identifier: MIT
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct bench_row *find(const struct bench_row *rows, size_t n_rows, const char *name)
{
	for (size_t i = 0; name && i < n_rows; i++)
		if (!strcmp(rows[i].name, name) && rows[i].series.count)
			return &rows[i];
	return NULL;
}

/* Median over rounds of the quotients of the same round; 0: not known. */
static double ratio(const struct bench_row *rows, size_t n_rows, const struct bench_row *row)
{
	const struct bench_row *against = find(rows, n_rows, row->against);
	struct bench_series quotients = { .count = 0 };

	for (size_t i = 0; against && i < row->series.count && i < against->series.count; i++)
		if (against->series.values[i] > 0)
			bench_series_add(&quotients,
					 row->series.values[i] / against->series.values[i]);
	return bench_series_median(&quotients);
}

/* "yes", "no", or "" when no limit was set. */
static const char *verdict(const struct bench_row *row, double quotient)
{
	double median = bench_series_median(&row->series);

	if (!row->series.count || (!row->limit && !row->ratio_limit))
		return "";
	if (row->ratio_limit && (!quotient || quotient > row->ratio_limit))
		return "no";
	if (row->limit && (row->at_least ? median < row->limit : median > row->limit))
		return "no";
	return "yes";
}

static void print_limit(const struct bench_row *row, char *text, size_t size)
{
	text[0] = '\0';
	if (row->ratio_limit)
		snprintf(text, size, "%.1fx", row->ratio_limit);
	else if (row->limit)
		snprintf(text, size, "%s %.4g", row->at_least ? ">=" : "<=", row->limit);
}

void bench_table_print(const struct bench_row *rows, size_t n_rows)
{
	printf("%-38s %10s %10s %10s  %-11s %7s  %-8s %s\n", "what", "median", "lowest", "highest",
	       "unit", "ratio", "limit", "within");
	for (size_t i = 0; i < n_rows; i++) {
		const struct bench_row *row = &rows[i];
		double quotient = ratio(rows, n_rows, row);
		char ratio_text[32] = "", limit[32];

		if (row->problem[0]) {
			printf("%-38s not measured: %s\n", row->name, row->problem);
			continue;
		}
		if (quotient)
			snprintf(ratio_text, sizeof(ratio_text), "%.2fx", quotient);
		print_limit(row, limit, sizeof(limit));
		printf("%-38s %10.2f %10.2f %10.2f  %-11s %7s  %-8s %s\n", row->name,
		       bench_series_median(&row->series), bench_series_lowest(&row->series),
		       bench_series_highest(&row->series), row->unit, ratio_text, limit,
		       verdict(row, quotient));
	}
}

static void put_text(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', f);
		if ((unsigned char)*text >= 0x20)
			fputc(*text, f);
	}
	fputc('"', f);
}

static void put_row(FILE *f, const struct bench_row *rows, size_t n_rows,
		    const struct bench_row *row)
{
	double quotient = ratio(rows, n_rows, row);

	fprintf(f, "  {\"name\": ");
	put_text(f, row->name);
	fprintf(f, ", \"unit\": ");
	put_text(f, row->unit);
	if (row->problem[0]) {
		fprintf(f, ", \"problem\": ");
		put_text(f, row->problem);
	} else {
		fprintf(f,
			", \"rounds\": %zu, \"median\": %.3f, \"lowest\": %.3f, \"highest\": %.3f",
			row->series.count, bench_series_median(&row->series),
			bench_series_lowest(&row->series), bench_series_highest(&row->series));
	}
	if (quotient)
		fprintf(f, ", \"against\": \"%s\", \"ratio\": %.3f", row->against, quotient);
	if (row->ratio_limit)
		fprintf(f, ", \"ratio_limit\": %.3f", row->ratio_limit);
	if (row->limit)
		fprintf(f, ", \"%s\": %.3f", row->at_least ? "at_least" : "at_most", row->limit);
	fprintf(f, "}");
}

bool bench_table_write_json(const struct bench_row *rows, size_t n_rows,
			    const struct bench_curve_point *points, size_t n_points,
			    const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f) {
		bench_complain("%s: %s", path, strerror(errno));
		return false;
	}
	fprintf(f, "[\n");
	for (size_t i = 0; i < n_rows; i++) {
		put_row(f, rows, n_rows, &rows[i]);
		fprintf(f, i + 1 < n_rows || n_points ? ",\n" : "\n");
	}
	for (size_t i = 0; i < n_points; i++) {
		bench_scale_write_point(f, &points[i]);
		fprintf(f, i + 1 < n_points ? ",\n" : "\n");
	}
	fprintf(f, "]\n");
	if (fclose(f)) {
		bench_complain("%s: %s", path, strerror(errno));
		return false;
	}
	return true;
}
