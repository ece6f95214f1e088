/*
 * Any command line for both programs, with a job file behind it: taken, or refused with a
 * message, the same twice; and what is taken keeps what the headers of options.h promise.
 *
 * The input's first byte chooses the program.  Up to the first 0xff come the arguments,
 * each ended by a NUL, then the job file's text.  0xfe and one byte more stand for a
 * word of that program's help, so that options are found sooner than letter by letter.
 *
 * Nothing but the job file is read or written: open() is the one below.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/talk/log.h"
#include "extract/options/options.h"
#include "extract/source/source_kind.h"
#include "extract/sources.h"
#include "load/options/options.h"
#include "load/sinks.h"
#include "load/sink/sink_kind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define ARGS_MAX 24
#define WORDS_MAX 256 /* what one byte can name */

#define MUST(condition) \
	do { \
		if (!(condition)) { \
			fprintf(report, "%s:%d: not so: %s\n", __FILE__, __LINE__, \
				#condition); \
			abort(); \
		} \
	} while (0)

/* The words of one program. */
struct words {
	char *word[WORDS_MAX];
	size_t n;
};

static FILE *report; /* standard error, which the programs do not get */
static struct words of_extract, of_load;
static char job_path[32];
static int job_fd;

/* A log may be written; a query file, or any other, is not there. */
int
open(const char *path, int flags, ...)
{
	(void)path;
	if ((flags & O_ACCMODE) == O_WRONLY)
		return memfd_create("log", MFD_CLOEXEC);
	errno = ENOENT;
	return -1;
}

/* ---- the words, as --help shows them ---- */

static void
add_word(struct words *words, const char *text, size_t len)
{
	MUST(words->n < WORDS_MAX);
	words->word[words->n++] = xstrndup(text, len);
}

/* From a line like "  -F, --format=binary|ndjson  what for" take option and words. */
static void
add_words(struct words *words, char *line)
{
	char *name = strstr(line, " --"), *value, *save = NULL, *w;

	if (name == NULL)
		return;
	name[1 + strcspn(name + 1, " \n")] = '\0';
	value = strchr(name, '=');
	if (value == NULL) {
		add_word(words, name + 1, strlen(name + 1));
		return;
	}
	add_word(words, name + 1, (size_t)(value - name));
	for (w = strtok_r(value + 1, "|", &save); w != NULL; w = strtok_r(NULL, "|", &save))
		add_word(words, w, strlen(w));
}

static int
parse(bool load, int argc, char **argv, struct load_options *l, struct extract_options *x,
      struct err *e)
{
	return load ? load_options_parse(l, sinks_kinds, argc, argv, e)
		    : extract_options_parse(x, sources_kinds, argc, argv, e);
}

static void
read_help(bool load, struct words *words)
{
	char *text = NULL, *save = NULL, *line;
	char *argv[] = {(char[]){"portl"}, (char[]){"--help"}, NULL};
	size_t len = 0;
	FILE *real = stdout;
	struct load_options l;
	struct extract_options x;
	struct err e = ERR_INIT;

	stdout = open_memstream(&text, &len);
	MUST(stdout != NULL && parse(load, 2, argv, &l, &x, &e) == 1);
	if (load)
		load_options_release(&l);
	else
		extract_options_release(&x);
	fclose(stdout);
	stdout = real;
	for (line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		add_words(words, line);
	free(text);
}

static void
read_words(bool load, struct words *words)
{
	static const char *const more[] = {"a,\"B c\"",
					   "s.t",
					   "zstd:19",
					   "a=b,c=",
					   "select 1;",
					   "-1",
					   "9223372036854775807",
					   "host=h password='it''s'",
					   "postgresql://u:p%40w@h:5/d",
					   "UTF8",
					   ";"};
	size_t i;

	add_word(words, job_path, strlen(job_path)); /* the first: corpora name it */
	read_help(load, words);
	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		add_word(words, more[i], strlen(more[i]));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	report = stderr;
	job_fd = memfd_create("job", MFD_CLOEXEC);
	snprintf(job_path, sizeof(job_path), "/proc/self/fd/%d", job_fd);
	read_words(false, &of_extract);
	read_words(true, &of_load);
	MUST(freopen("/dev/null", "r", stdin) != NULL);
	stdout = fopen("/dev/null", "w");
	stderr = fopen("/dev/null", "w");
	MUST(stdout != NULL && stderr != NULL);
	return 0;
}

/* ---- the input ---- */

struct input_parts {
	struct buf args; /* each ended by a NUL */
	struct buf job;
};

static void
split(const uint8_t *p, const uint8_t *end, const struct words *words,
      struct input_parts *parts)
{
	struct buf *out = &parts->args;

	for (; p < end; p++) {
		if (*p == 0xff && out == &parts->args)
			out = &parts->job;
		else if (*p == 0xfe && p + 1 < end)
			buf_adds(out, words->word[*++p % words->n]);
		else
			buf_addc(out, (char)*p);
	}
	buf_addc(&parts->args, '\0');
}

static int
list(struct buf *args, char **argv)
{
	static char name[] = "portl";
	char *p = args->data;
	int argc = 1;

	argv[0] = name;
	for (; p < args->data + args->len && argc < ARGS_MAX; p += strlen(p) + 1)
		argv[argc++] = p;
	argv[argc] = NULL;
	return argc;
}

/* ---- what must hold ---- */

static void
check_error(int rc, const struct err *e)
{
	MUST((rc < 0) == (e->code != EXIT_DONE));
	MUST((rc < 0) == (e->msg != NULL && e->msg[0] != '\0'));
	MUST(rc >= 0 || e->code == EXIT_USAGE || e->code == EXIT_JOBFILE ||
	     e->code == EXIT_DATA);
	MUST(rc <= 1);
}

static void
check_names(const struct ident_list *names)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		MUST(names->names[i][0] != '\0');
}

static void
check_extract(const struct extract_options *o)
{
	MUST(o->is_set ||
	     (o->rel.name != NULL || o->path != NULL) + (o->query_text != NULL) == 1);
	MUST((o->kind->cli.what != NULL) == (o->path != NULL));
	MUST(o->format == EXTRACT_BINARY || o->format == EXTRACT_NDJSON);
	MUST(o->rows.limit >= -1 && o->zstd_level >= 0 && o->zstd_level <= 19);
	MUST(o->zstd_threads >= 0 && o->zstd_threads <= 64);
	MUST((o->zstd_level > 0) == (o->compress != NULL));
	MUST(o->query_text == NULL || o->query_text[0] != '\0');
	MUST(!o->quote_numbers || o->format == EXTRACT_NDJSON);
	MUST(o->rows.column_list.n == 0 || o->rows.exclude_list.n == 0);
	check_names(&o->rows.column_list);
	check_names(&o->rows.exclude_list);
}

static void
check_load(const struct load_options *o)
{
	MUST((o->kind->cli.what != NULL) == (o->path != NULL));
	MUST(o->streams >= 1 && o->batch_size >= 1 && o->min_rows >= 0 && o->max_rejects >= -1);
	MUST(o->map_sources.n == o->map_targets.n);
	MUST(o->newer.n <= 1 && (o->newer.n == 0 || o->conflict != CONFLICT_FAIL));
	MUST(o->key.n == 0 || o->conflict != CONFLICT_FAIL || o->verify);
	MUST(!o->truncate || (o->commit == COMMIT_END && o->min_rows >= 0));
	MUST(o->max_rejects < 0 || o->rejects != NULL);
	MUST(o->duplicates >= 0);
	check_names(&o->column_list);
	check_names(&o->map_sources);
	check_names(&o->key);
}

/*
 * A program has one command line, and ends with the first fault in it.  For the next one
 * glibc keeps that fault's optopt, which an unknown word puts back to 0.
 */
static void
forget_fault(void)
{
	static const struct option none[] = {{NULL, 0, NULL, 0}};
	char *argv[] = {(char[]){"portl"}, (char[]){"--fault"}, NULL};

	optind = 0;
	MUST(getopt_long(2, argv, "", none, NULL) == '?' && optopt == 0);
}

/* Parse a fresh copy of the arguments, for passwords in them are overwritten. */
static int
run(bool load, const struct buf *given, struct err *e)
{
	struct load_options l;
	struct extract_options x;
	struct buf args = BUF_INIT;
	char *argv[ARGS_MAX + 1];
	int argc, rc;

	buf_add(&args, given->data, given->len);
	argc = list(&args, argv);
	forget_fault();
	rc = parse(load, argc, argv, &l, &x, e);
	check_error(rc, e);
	if (rc == 0 && load)
		check_load(&l);
	else if (rc == 0)
		check_extract(&x);
	if (load)
		load_options_release(&l);
	else
		extract_options_release(&x);
	log_close();
	log_set_level(LOG_NORMAL);
	buf_release(&args);
	return rc;
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input_parts parts = {BUF_INIT, BUF_INIT};
	struct err e = ERR_INIT, again = ERR_INIT;
	bool load = size > 0 && data[0] % 2 == 1;
	int rc;

	if (size == 0)
		return 0;
	split(data + 1, data + size, load ? &of_load : &of_extract, &parts);
	MUST(ftruncate(job_fd, 0) == 0);
	MUST(pwrite(job_fd, parts.job.data, parts.job.len, 0) == (ssize_t)parts.job.len);
	rc = run(load, &parts.args, &e);
	MUST(run(load, &parts.args, &again) == rc);
	MUST(e.code == again.code && same(e.msg, again.msg) && same(e.hint, again.hint));
	err_release(&e);
	err_release(&again);
	buf_release(&parts.args);
	buf_release(&parts.job);
	return 0;
}
