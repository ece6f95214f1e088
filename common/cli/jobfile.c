/*
 * From YAML events to entries.  libyaml resolves nothing here: it reports
 * anchors, aliases and tags as they stand, and does not notice keys that come
 * twice; both are refused in this file.
 */
#include "common/cli/jobfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"

#define FILE_MAX 1048576 /* bytes */
#define NO_STREAM \
	"A job says in YAML what is read and written. portl-extract writes a stream with -o " \
	"FILE; portl-load reads it as FILE, without -f."

struct reading {
	yaml_parser_t parser;
	yaml_event_t event; /* the current one */
	bool has_event;
	struct jobfile *file;
	struct err *e;
};

static int next(struct reading *r) __attribute__((warn_unused_result));

static int
refuse(struct reading *r, size_t line, const char *what)
{
	return err_set(r->e, EXIT_JOBFILE, "%s:%zu: %s", r->file->path, line, what);
}

static size_t
line_of(const struct reading *r)
{
	return r->event.start_mark.line + 1;
}

static int
not_yaml(struct reading *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *why = p->problem != NULL ? p->problem : "unknown problem";

	if (p->error == YAML_READER_ERROR || p->error == YAML_MEMORY_ERROR) {
		err_set(r->e, EXIT_JOBFILE, "%s: not YAML: %s", r->file->path, why);
		return err_hint(r->e, NO_STREAM);
	}
	err_set(r->e, EXIT_JOBFILE, "%s:%zu: not YAML: %s", r->file->path,
		p->problem_mark.line + 1, why);
	if (p->error == YAML_SCANNER_ERROR || p->error == YAML_PARSER_ERROR)
		err_hint(r->e, "Indent with blanks, not with tabs; put values with : # or "
			       "quotes into quotes, and queries behind \"query: |\".");
	return -1;
}

/* Things that make a file mean something other than it seems to. */
static int
check_event(struct reading *r)
{
	const yaml_event_t *ev = &r->event;
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (ev->type == YAML_ALIAS_EVENT)
		return refuse(r, line_of(r), "aliases (*name) are not allowed in a job file");
	if (ev->type == YAML_SCALAR_EVENT) {
		anchor = ev->data.scalar.anchor;
		tag = ev->data.scalar.tag;
		if (strlen((const char *)ev->data.scalar.value) != ev->data.scalar.length)
			return refuse(r, line_of(r), "a text holds a NUL byte");
	} else if (ev->type == YAML_SEQUENCE_START_EVENT) {
		anchor = ev->data.sequence_start.anchor;
		tag = ev->data.sequence_start.tag;
	} else if (ev->type == YAML_MAPPING_START_EVENT) {
		anchor = ev->data.mapping_start.anchor;
		tag = ev->data.mapping_start.tag;
	}
	if (anchor != NULL)
		return refuse(r, line_of(r), "anchors (&name) are not allowed in a job file");
	if (tag != NULL)
		return refuse(r, line_of(r), "tags (!name) are not allowed in a job file");
	return 0;
}

static int
next(struct reading *r)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = false;
	if (!yaml_parser_parse(&r->parser, &r->event))
		return not_yaml(r);
	r->has_event = true;
	return check_event(r);
}

static bool
is_null(const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;

	if (ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	return *text == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ||
	       strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

static int
refuse_key(struct reading *r, const struct jobfile_entry *entry, size_t line, const char *what)
{
	return err_set(r->e, EXIT_JOBFILE, "%s:%zu: %s%s%s%s%s: %s", r->file->path, line,
		       entry->block != NULL ? entry->block : "",
		       entry->block != NULL ? "." : "",
		       entry->relation != NULL ? entry->relation : "",
		       entry->relation != NULL ? "." : "", entry->key, what);
}

static void
add_value(struct jobfile_entry *entry, const yaml_event_t *ev)
{
	entry->values = xrealloc(entry->values, (entry->n + 1) * sizeof(*entry->values));
	entry->values[entry->n++] = xstrdup((const char *)ev->data.scalar.value);
}

static int
read_list(struct reading *r, size_t place)
{
	struct jobfile_entry *entry = &r->file->entries[place];

	entry->kind = JOBFILE_LIST;
	for (;;) {
		if (next(r) != 0)
			return -1;
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (r->event.type != YAML_SCALAR_EVENT)
			return refuse_key(r, entry, line_of(r),
					  "a list may hold plain values only");
		if (is_null(&r->event))
			return refuse_key(r, entry, line_of(r), "a value is missing");
		add_value(entry, &r->event);
	}
}

static int read_block(struct reading *r, const char *block, const char *relation);

static int
block_within(struct reading *r, const struct jobfile_entry *entry)
{
	refuse_key(r, entry, entry->line, "a value is expected here, not keys and values");
	return err_hint(r->e,
			"Blocks, such as schema_mapping and tables, stand at the top level, "
			"beside source and destination.");
}

static int
read_value(struct reading *r, size_t place)
{
	struct jobfile_entry *entry = &r->file->entries[place];

	if (next(r) != 0)
		return -1;
	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		entry->kind = is_null(&r->event) ? JOBFILE_NULL : JOBFILE_SCALAR;
		add_value(entry, &r->event);
		return 0;
	case YAML_SEQUENCE_START_EVENT:
		return read_list(r, place);
	default: /* the one thing that is left */
		if (entry->relation != NULL ||
		    (entry->block != NULL && strcmp(entry->block, JOBFILE_TABLES) != 0))
			return block_within(r, entry);
		entry->kind = JOBFILE_BLOCK;
		return entry->block == NULL ? read_block(r, entry->key, NULL)
					    : read_block(r, entry->block, entry->key);
	}
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const struct jobfile_entry *
find(const struct jobfile *f, const char *block, const char *relation, const char *key)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (strcmp(f->entries[i].key, key) == 0 && same(f->entries[i].block, block) &&
		    same(f->entries[i].relation, relation))
			return &f->entries[i];
	return NULL;
}

static int
check_duplicate(struct reading *r, const char *block, const char *relation)
{
	const char *key = (const char *)r->event.data.scalar.value;
	const struct jobfile_entry *first = find(r->file, block, relation, key);

	if (first == NULL)
		return 0;
	return err_set(r->e, EXIT_JOBFILE,
		       "%s:%zu: %s%s%s%s%s is given twice, first in line %zu", r->file->path,
		       line_of(r), block != NULL ? block : "", block != NULL ? "." : "",
		       relation != NULL ? relation : "", relation != NULL ? "." : "", key,
		       first->line);
}

/* A plan of parts, which is JSON and so YAML, in the place of a job. */
static int
check_plan(struct reading *r)
{
	if (strcmp((const char *)r->event.data.scalar.value, "portl_plan") != 0)
		return 0;
	err_set(r->e, EXIT_JOBFILE, "%s is a plan of parts, and no job", r->file->path);
	return err_hint(r->e,
			"portl run --resume=%s brings what is missing of it; see also "
			"portl part, parts, publish and drop.",
			r->file->path);
}

/* The keys of a mapping whose start is the current event. */
static int
read_block(struct reading *r, const char *block, const char *relation)
{
	struct jobfile *f = r->file;
	char *name = xstrdup_null(block), *below = xstrdup_null(relation); /* entries move */
	int rc = 0;

	while (rc == 0) {
		rc = next(r);
		if (rc != 0 || r->event.type == YAML_MAPPING_END_EVENT)
			break;
		if (r->event.type != YAML_SCALAR_EVENT) {
			rc = refuse(r, line_of(r), "a key has to be a plain name");
			break;
		}
		rc = check_duplicate(r, name, below);
		if (rc == 0 && name == NULL)
			rc = check_plan(r);
		if (rc != 0)
			break;
		f->entries = xrealloc(f->entries, (f->n + 1) * sizeof(*f->entries));
		f->entries[f->n] = (struct jobfile_entry){
			.block = xstrdup_null(name),
			.relation = xstrdup_null(below),
			.key = xstrdup((const char *)r->event.data.scalar.value),
			.line = line_of(r)};
		rc = read_value(r, f->n++);
	}
	free(name);
	free(below);
	return rc;
}

static int
skip(struct reading *r, int events)
{
	while (events-- > 0)
		if (next(r) != 0)
			return -1;
	return 0;
}

static int
read_document(struct reading *r)
{
	if (skip(r, 2) != 0) /* the stream's start, and the document's */
		return -1;
	if (r->event.type == YAML_STREAM_END_EVENT)
		return err_set(r->e, EXIT_JOBFILE, "%s: the file is empty", r->file->path);
	if (next(r) != 0)
		return -1;
	if (r->event.type != YAML_MAPPING_START_EVENT)
		return refuse(r, line_of(r),
			      "a job file has keys and values, such as \"conflict: skip\"");
	if (read_block(r, NULL, NULL) != 0 || skip(r, 2) != 0)
		return -1;
	if (r->file->n == 0)
		return err_set(r->e, EXIT_JOBFILE, "%s: the file has no keys", r->file->path);
	if (r->event.type != YAML_STREAM_END_EVENT)
		return refuse(r, line_of(r), "a second document begins; a file holds one job");
	return 0;
}

struct jobfile *
jobfile_parse(const char *path, const char *text, size_t len, struct err *e)
{
	struct reading r = {.file = xcalloc(1, sizeof(*r.file)), .e = e};
	int rc;

	r.file->path = xstrdup(path);
	if (!yaml_parser_initialize(&r.parser)) {
		err_set(e, EXIT_JOBFILE, "%s: out of memory", path);
		jobfile_free(r.file);
		return NULL;
	}
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	rc = read_document(&r);
	if (r.has_event)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	if (rc == 0)
		return r.file;
	jobfile_free(r.file);
	return NULL;
}

static int
cannot_read(const char *path, struct err *e)
{
	bool missing = errno == ENOENT;

	err_set(e, EXIT_JOBFILE, "could not read the job file \"%s\": %s", path,
		strerror(errno));
	return missing ? err_hint(e, NO_STREAM) : -1;
}

static int
read_all(FILE *in, const char *path, struct buf *text, struct err *e)
{
	size_t n;

	do {
		n = fread(buf_reserve(text, 65536), 1, 65536, in);
		text->len += n;
	} while (n > 0 && text->len <= FILE_MAX);
	if (ferror(in))
		return cannot_read(path, e);
	if (text->len > FILE_MAX)
		return err_set(e, EXIT_JOBFILE, "%s: longer than a job file may be (1 MiB)",
			       path);
	return 0;
}

struct jobfile *
jobfile_read(const char *path, struct err *e)
{
	FILE *in = fopen(path, "re");
	struct jobfile *file = NULL;
	struct buf text = BUF_INIT;
	struct stat st = {.st_mode = 0};

	if (in == NULL || fstat(fileno(in), &st) != 0)
		cannot_read(path, e);
	else if (read_all(in, path, &text, e) == 0)
		file = jobfile_parse(path, buf_cstr(&text), text.len, e);
	if (file != NULL)
		file->exposed = S_ISREG(st.st_mode) && (st.st_mode & (S_IRGRP | S_IROTH)) != 0;
	if (text.len > 0)
		explicit_bzero(text.data, text.len);
	buf_release(&text);
	if (in != NULL)
		fclose(in);
	return file;
}

const struct jobfile_entry *
jobfile_find(const struct jobfile *f, const char *block, const char *key)
{
	return find(f, block, NULL, key);
}

void
jobfile_free(struct jobfile *f)
{
	size_t i, j;

	if (f == NULL)
		return;
	for (i = 0; i < f->n; i++) {
		for (j = 0; j < f->entries[i].n; j++) {
			explicit_bzero(f->entries[i].values[j],
				       strlen(f->entries[i].values[j]));
			free(f->entries[i].values[j]);
		}
		free(f->entries[i].values);
		free(f->entries[i].block);
		free(f->entries[i].relation);
		free(f->entries[i].key);
	}
	free(f->entries);
	free(f->path);
	free(f);
}
