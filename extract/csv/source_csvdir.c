/*
 * Each file is read by a source of its own, one after the other.  Since the manifest has all
 * headers, the beginning of each is read before the first row, and once more when it is its
 * turn.
 */
#include "extract/csv/source_csvdir.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/relfile.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/cli/job.h"
#include "common/os/runid.h"
#include "common/schema/header.h"
#include "common/schema/manifest.h"
#include "extract/csv/csvopts.h"
#include "extract/csv/source_csv.h"
#include "extract/options/options.h"
#include "extract/source/source.h"

struct source_csvdir {
	struct source base;
	int watch_fd;
	struct relname *files; /* by name */
	size_t n, current;
	struct source *file; /* that is read, or NULL */
	struct csvopts own;  /* its options */
	struct extract_options options;
	char *path;
};

static struct source_csvdir *
csvdir(struct source *s)
{
	return (struct source_csvdir *)s;
}

bool
source_csvdir_is_meant(const char *path)
{
	size_t len = path != NULL ? strlen(path) : 0;

	return len > 0 && path[len - 1] == '/';
}

static int
by_name(const void *a, const void *b)
{
	const struct relname *x = a, *y = b;
	const char *s = x->schema != NULL ? x->schema : "",
		   *t = y->schema != NULL ? y->schema : "";
	int rc = strcmp(s, t);

	return rc != 0 ? rc : strcmp(x->name, y->name);
}

/* An entry of the folder; hidden files and those that are no CSV are others' business. */
static int
take_entry(struct source_csvdir *s, const char *name, struct err *e)
{
	size_t len = strlen(name);
	struct relname relation = RELNAME_INIT;

	if (name[0] == '.' || len < 4 || strcmp(name + len - 4, ".csv") != 0)
		return 0;
	if (!relfile_parse(name, ".csv", &relation)) {
		err_set(e, EXIT_DATA, "%s%s: the file's name is not that of a relation",
			s->base.options->path, name);
		return err_hint(e,
				"Files are called SCHEMA.TABLE.csv or TABLE.csv, with %%2E for "
				"a dot in a name, %%2F for a slash and %%25 for a percent "
				"sign.");
	}
	s->files = xrealloc(s->files, (s->n + 1) * sizeof(*s->files));
	s->files[s->n++] = relation;
	return 0;
}

static int
list_files(struct source_csvdir *s, struct err *e)
{
	const char *path = s->base.options->path;
	DIR *dir = opendir(path);
	struct dirent *entry = NULL;
	int rc = 0;

	if (dir == NULL)
		return err_errno(e, "could not open folder \"%s\"", path);
	do {
		errno = 0;
		entry = readdir(dir);
		if (entry != NULL)
			rc = take_entry(s, entry->d_name, e);
		else if (errno != 0)
			rc = err_errno(e, "could not read folder \"%s\"", path);
	} while (rc == 0 && entry != NULL);
	closedir(dir);
	if (rc == 0 && s->n == 0)
		return err_set(e, EXIT_DATA, "there is no file *.csv in folder \"%s\"", path);
	if (rc == 0)
		qsort(s->files, s->n, sizeof(*s->files), by_name);
	return rc;
}

static int
check_each(const struct source_csvdir *s, struct err *e)
{
	const struct extract_options *o = s->base.options;
	const struct relname **names = xcalloc(s->n, sizeof(struct relname *));
	size_t i;
	int rc;

	for (i = 0; i < s->n; i++)
		names[i] = &s->files[i];
	rc = extract_options_check_each(o, names, s->n, e);
	free(names);
	for (i = 0; rc == 0 && i < o->neach; i++)
		if (o->each[i].rows.where != NULL)
			rc = job_apply_refuse(o->common.job, i,
					      "where needs a database, and this is a CSV file",
					      e);
	return rc;
}

static void
close_file(struct source_csvdir *s)
{
	source_free(s->file);
	s->file = NULL;
	s->options.rel = RELNAME_INIT;
	free(s->path);
	s->path = NULL;
}

/* Its options are those of all files but for its name. */
static int
open_file(struct source_csvdir *s, size_t i, struct err *e)
{
	const struct extract_options *all = s->base.options;
	char *name = relfile_name(&s->files[i], ".csv");

	close_file(s);
	s->path = xasprintf("%s%s", all->path, name);
	free(name);
	s->own = *(const struct csvopts *)all->own;
	s->own.path = s->path;
	s->options = *all;
	s->options.own = &s->own;
	s->options.path = s->path;
	s->options.rows = *extract_options_rows(all, &s->files[i]);
	s->options.rel = RELNAME_INIT;
	relname_set(&s->options.rel, s->files[i].schema, s->files[i].name);
	s->file = source_csv_new();
	s->file->options = &s->options;
	s->file->header = header_new();
	s->file->share = -1;
	return source_open(s->file, s->watch_fd, e);
}

static int
source_csvdir_open(struct source *base, int watch_fd, struct err *e)
{
	struct source_csvdir *s = csvdir(base);
	char id[RUNID_LEN + 1];
	size_t i;

	s->watch_fd = watch_fd;
	base->where = xasprintf("CSV files in %s", base->options->path);
	header_free(base->header);
	base->header = NULL;
	runid_make(id);
	base->set = manifest_new(id);
	if (list_files(s, e) != 0 || check_each(s, e) != 0)
		return -1;
	for (i = 0; i < s->n; i++) {
		if (open_file(s, i, e) != 0)
			return -1;
		manifest_add(base->set, s->file->header);
		s->file->header = NULL; /* the set's */
		close_file(s);
	}
	return 0;
}

/* Are its columns what the manifest says? */
static bool
is_as_before(const struct schema *a, const struct schema *b)
{
	size_t i;

	if (a->ncolumns != b->ncolumns)
		return false;
	for (i = 0; i < a->ncolumns; i++)
		if (strcmp(a->columns[i].name, b->columns[i].name) != 0 ||
		    strcmp(a->columns[i].type, b->columns[i].type) != 0)
			return false;
	return true;
}

static int
source_csvdir_member(struct source *base, size_t i, struct err *e)
{
	struct source_csvdir *s = csvdir(base);

	s->current = i;
	if (open_file(s, i, e) != 0)
		return -1;
	if (!is_as_before(&s->file->header->schema, &manifest_header(base->set, i)->schema))
		return err_set(e, EXIT_DATA, "%s was altered while files before it were read",
			       s->path);
	return 0;
}

static enum source_event
source_csvdir_next(struct source *base, int timeout, struct source_chunk *chunk, struct err *e)
{
	struct source_csvdir *s = csvdir(base);
	enum source_event event = source_next(s->file, timeout, chunk, e);

	if (s->file->share >= 0)
		base->share = ((double)s->current + s->file->share) / (double)s->n;
	return event;
}

static void
source_csvdir_close(struct source *base)
{
	struct source_csvdir *s = csvdir(base);

	close_file(s);
	free(s->files);
}

static const struct source_ops source_csvdir_ops = {
	.open = source_csvdir_open,
	.member = source_csvdir_member,
	.next = source_csvdir_next,
	.close = source_csvdir_close,
};

struct source *
source_csvdir_new(void)
{
	struct source_csvdir *s = xcalloc(1, sizeof(*s));

	s->base.ops = &source_csvdir_ops;
	return &s->base;
}
