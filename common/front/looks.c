/*
 * A row is known by what a line of --differences says between its kind and its columns:
 * relation and key.
 */
#include "common/front/looks.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/utctime.h"
#include "common/front/keyset.h"
#include "common/front/pair.h"
#include "common/front/receiptfile.h"
#include "common/os/livefile.h"
#include "common/os/tempfile.h"
#include "common/os/writeall.h"
#include "common/talk/log.h"

static const char kind[] = "{\"kind\":\"", columns[] = ",\"columns\":[";

/*
 * A receipt on standard output, which the job may ask for as well, is held back after the
 * first comparison, or a second one would follow it; so is one for a pipe or the like.
 */
static bool
is_live(const struct front *f)
{
	return f->summary != NULL && livefile_is(f->summary);
}

/* The first comparison was the last one: its receipt is the one, whatever became of it. */
static int
tell_held(const struct front *f, FILE *held, struct err *e)
{
	struct buf text = BUF_INIT;
	char piece[4096];
	size_t n;
	int rc = 0;

	rewind(held);
	while ((n = fread(piece, 1, sizeof(piece), held)) > 0)
		buf_add(&text, piece, n);
	if (ferror(held))
		rc = err_errno(e, "could not read a temporary file");
	else if (text.len > 0)
		rc = receiptfile_write(is_live(f) ? f->summary : "-", buf_cstr(&text), e);
	buf_release(&text);
	return rc;
}

/*
 * One comparison; ${*found} gets a line for each row that differs.  The first one writes down
 * the keys of these, by which both sides are asked in the second one; if there is none, for
 * there are too many, or none that both sides have, all rows are read again.  What would go
 * to standard output goes to ${held}, unless that is NULL.
 */
static int
look(struct front *f, bool again, FILE *held, FILE **found, char when[UTCTIME_LEN + 1],
     struct err *e)
{
	struct pair_words words = {.load = {.n = 0}};
	struct stat st = {.st_size = 0};
	int rc;

	*found = tempfile_stream(e);
	if (*found == NULL)
		return -1;
	utctime_text(time(NULL), when);
	f->found = fileno(*found);
	arglist_addf(&words.load, "--differences=/dev/fd/%d", f->found);
	if (f->summary != NULL)
		arglist_addf(&words.load, "--summary=%s",
			     held != NULL && is_live(f) ? "-" : f->summary);
	words.out = held != NULL ? fileno(held) : 0;
	if (!again)
		arglist_addf(&words.load, "--differing-keys=/dev/fd/%d", f->keys);
	if (again && fstat(f->keys, &st) == 0 && st.st_size > 0) {
		arglist_addf(&words.load, "--only-keys=/dev/fd/%d", f->keys);
		arglist_addf(&words.extract, "--only-keys=/dev/fd/%d", f->keys);
	}
	if (!f->ordered)
		arglist_add(&words.extract, "--order=auto");
	rc = pair_run(f, &words, &f->status, e);
	pair_words_release(&words);
	rewind(*found);
	return rc;
}

/* What the line says of which row it is: its beginning, and its length. */
static const char *
row_of(const char *line, size_t *len)
{
	const char *row = line, *end = line + strlen(line), *p;

	if (strncmp(line, kind, sizeof(kind) - 1) == 0) {
		p = strchr(line + sizeof(kind) - 1, ',');
		row = p != NULL ? p : line;
	}
	/* the last one: a key may hold the same words, but it stands before */
	for (p = row; (p = strstr(p, columns)) != NULL; p++)
		end = p;
	*len = (size_t)(end - row);
	if (end == line + strlen(line) && *len > 0 && row[*len - 1] == '}')
		--*len;
	return row;
}

static int
read_keys(FILE *found, struct keyset *set, struct err *e)
{
	char *line = NULL;
	size_t size = 0, len;
	ssize_t n;

	while ((n = getline(&line, &size, found)) > 0) {
		const char *row;

		line[n - 1] = '\0'; /* its newline */
		row = row_of(line, &len);
		keyset_add(set, row, len);
	}
	free(line);
	if (ferror(found))
		return err_errno(e, "could not read a temporary file");
	return keyset_close(set, e);
}

/* Write down and count what was found before as well. */
static int
report_again(FILE *found, const struct keyset *before, FILE *out, uint64_t *rows, struct err *e)
{
	char *line = NULL;
	size_t size = 0, len;
	ssize_t n;

	while ((n = getline(&line, &size, found)) > 0) {
		const char *row;

		line[n - 1] = '\0';
		row = row_of(line, &len);
		if (!keyset_has(before, row, len))
			continue;
		++*rows;
		if (out != NULL)
			fprintf(out, "%s\n", line);
	}
	free(line);
	return ferror(found) ? err_errno(e, "could not read a temporary file") : 0;
}

static int
open_report(const struct front *f, FILE **out, struct err *e)
{
	*out = NULL;
	if (f->differences == NULL)
		return 0;
	*out = strcmp(f->differences, "-") == 0 ? stdout : fopen(f->differences, "we");
	return *out != NULL ? 0 : err_errno(e, "could not write \"%s\"", f->differences);
}

static int
close_report(const struct front *f, FILE *out, struct err *e)
{
	int rc;

	if (out == NULL)
		return 0;
	if (out == stdout)
		return writeall_finish(stdout, e);
	rc = ferror(out);
	rc = fclose(out) != 0 || rc != 0 ? -1 : 0;
	return rc == 0 ? 0 : err_errno(e, "could not write \"%s\"", f->differences);
}

static int
say(const struct front *f, uint64_t rows, const char *first, const char *second, struct err *e)
{
	if (f->status != 0 && f->status != EXIT_DIFFERENT)
		return 0; /* that was said */
	if (rows > 0)
		return err_set(e, EXIT_DIFFERENT,
			       "%" PRIu64 " rows differ at %s and again at %s", rows, first,
			       second);
	log_line("no row differs both at %s and at %s", first, second);
	return 0;
}

static int
look_again(struct front *f, FILE *found, const char *first, struct err *e)
{
	struct keyset *before = keyset_new(e);
	char second[UTCTIME_LEN + 1];
	FILE *again = NULL, *out = NULL;
	uint64_t rows = 0;
	int rc = before != NULL ? read_keys(found, before, e) : -1;

	if (rc == 0) {
		log_line("looking once more at what differs");
		rc = look(f, true, NULL, &again, second, e);
	}
	if (rc == 0 && (f->status == 0 || f->status == EXIT_DIFFERENT)) {
		rc = open_report(f, &out, e);
		if (rc == 0)
			rc = report_again(again, before, out, &rows, e);
		if (close_report(f, out, e) != 0)
			rc = -1;
	}
	if (rc == 0)
		rc = say(f, rows, first, second, e);
	if (rc == 0 && f->status == EXIT_DIFFERENT)
		f->status = 0;
	if (again != NULL)
		fclose(again);
	keyset_free(before);
	return rc;
}

static int
look_twice(struct front *f, struct err *e)
{
	char first[UTCTIME_LEN + 1];
	FILE *found = NULL, *out = NULL, *held = NULL;
	struct err late = ERR_INIT;
	int rc;

	held = tempfile_stream(e);
	if (held == NULL)
		return -1;
	rc = look(f, false, held, &found, first, e);
	if ((rc != 0 || f->status != EXIT_DIFFERENT) && tell_held(f, held, &late) != 0 &&
	    rc == 0) {
		err_take(e, &late);
		rc = -1;
	}
	err_release(&late);
	if (rc == 0 && f->status == 0) {
		rc = open_report(f, &out, e); /* nothing differs, which an older file may */
		if (rc == 0)
			rc = close_report(f, out, e);
	} else if (rc == 0 && f->status == EXIT_DIFFERENT) {
		rc = look_again(f, found, first, e);
	}
	if (found != NULL)
		fclose(found);
	fclose(held);
	return rc;
}

int
looks_run(struct front *f, struct err *e)
{
	size_t typed;
	int rc;

	arglist_add(&f->for_load, "--verify");
	typed = f->for_load.n;
	if (f->summary != NULL)
		arglist_addf(&f->for_load, "--summary=%s", f->summary);
	rc = pair_check_job(f, e);
	arglist_cut(&f->for_load, typed);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	f->keys = tempfile_open(e);
	if (f->keys < 0)
		return -1;
	rc = look_twice(f, e);
	close(f->keys);
	f->keys = -1;
	return rc;
}
