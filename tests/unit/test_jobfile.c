/*
 * jobfile: YAML as a list of keys and values, and the environment in values.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/cli/jobfile.h"
#include "common/cli/jobfile_expand.h"
#include "tests/unit/tap.h"

static struct jobfile *
parse(const char *text, struct err *e)
{
	return jobfile_parse("job.yaml", text, strlen(text), e);
}

static void
test_entries(void)
{
	static const char text[] = "source:\n"
				   "  query: |\n"
				   "    SELECT 1\n"
				   "    -- $x: [no, yaml]\n"
				   "  columns: [id, 'A, b']\n"
				   "conflict: skip\n"
				   "schema_mapping: {Id: id, email: ~, x: }\n"
				   "limit: '~'\n";
	struct err e = ERR_INIT;
	struct jobfile *f = parse(text, &e);
	const struct jobfile_entry *entry;

	if (!ok(f != NULL, "a job parses: %s", e.msg != NULL ? e.msg : ""))
		return;
	is_int(f->n, 9, "every key is an entry");
	entry = jobfile_find(f, NULL, "source");
	ok(entry != NULL && entry->kind == JOBFILE_BLOCK, "a block is one");
	entry = jobfile_find(f, "source", "query");
	ok(entry != NULL && entry->kind == JOBFILE_SCALAR && entry->line == 2,
	   "a key in it has its line");
	is_str(entry->values[0], "SELECT 1\n-- $x: [no, yaml]\n", "a query keeps its lines");
	entry = jobfile_find(f, "source", "columns");
	ok(entry != NULL && entry->kind == JOBFILE_LIST && entry->n == 2 && entry->line == 5,
	   "a list has its items");
	is_str(entry->values[1], "A, b", "as they are quoted");
	entry = jobfile_find(f, NULL, "conflict");
	ok(entry != NULL && entry->line == 6 && entry->block == NULL, "the top level goes on");
	ok(jobfile_find(f, "schema_mapping", "email")->kind == JOBFILE_NULL, "~ is nothing");
	ok(jobfile_find(f, "schema_mapping", "x")->kind == JOBFILE_NULL, "so is nothing");
	ok(jobfile_find(f, NULL, "limit")->kind == JOBFILE_SCALAR, "'~' is a text");
	ok(jobfile_find(f, "source", "conflict") == NULL, "keys are found in their block only");
	ok(jobfile_find(f, NULL, "query") == NULL, "and not outside of it");
	jobfile_free(f);
}

static void
refused(const char *text, const char *msg)
{
	struct err e = ERR_INIT;
	struct jobfile *f = parse(text, &e);

	ok(f == NULL && e.code == EXIT_JOBFILE, "refused: %s", msg);
	ok(e.msg != NULL && strncmp(e.msg, msg, strlen(msg)) == 0, "%s",
	   e.msg != NULL ? e.msg : "no message");
	jobfile_free(f);
	err_release(&e);
}

static void
test_refused(void)
{
	struct err e = ERR_INIT;

	refused("", "job.yaml: the file is empty");
	refused("# nothing\n", "job.yaml: the file is empty");
	refused("--- x\n", "job.yaml:1: a job file has keys and values");
	refused("- a\n", "job.yaml:1: a job file has keys and values");
	refused("a: 1\n\nb: 2\na: 3\n", "job.yaml:4: a is given twice, first in line 1");
	refused("s:\n  a: 1\n  a: 1\n", "job.yaml:3: s.a is given twice, first in line 2");
	refused("a: 1\n---\nb: 1\n", "job.yaml:2: a second document begins");
	refused("a: &x 1\n", "job.yaml:1: anchors");
	refused("a:\n  &x b: 1\n", "job.yaml:2: anchors");
	refused("a: &x\n  b: 1\n", "job.yaml:1: anchors");
	refused("a: [&x b]\n", "job.yaml:1: anchors");
	refused("a: 1\nb: *a\n", "job.yaml:2: aliases");
	refused("a:\n  <<: *a\n", "job.yaml:2: aliases");
	refused("a: !!int 1\n", "job.yaml:1: tags");
	refused("a: !x [b]\n", "job.yaml:1: tags");
	refused("[a]: 1\n", "job.yaml:1: a key has to be a plain name");
	refused("a:\n  {b: c}: 1\n", "job.yaml:2: a key has to be a plain name");
	refused("a:\n  b:\n    c: 1\n", "job.yaml:2: a.b: a value is expected here");
	refused("a:\n- b\n- [c]\n", "job.yaml:3: a: a list may hold plain values only");
	refused("a: [b, ]\nc: [~]\n", "job.yaml:2: c: a value is missing");
	refused("a: \"x\\0y\"\n", "job.yaml:1: a text holds a NUL byte");
	refused("a: b: c\n", "job.yaml:1: not YAML");
	refused("a:\n\tb: c\n", "job.yaml:2: not YAML");
	refused("a: [b\n", "job.yaml:2: not YAML");
	refused("a: \xff\n", "job.yaml: not YAML");
	ok(jobfile_read("/nonexistent/job", &e) == NULL && e.code == EXIT_JOBFILE,
	   "no file, no job");
	err_release(&e);
	ok(jobfile_read("/", &e) == NULL && strstr(e.msg, "directory") != NULL,
	   "a directory is none either");
	err_release(&e);
}

static void
test_exposed(void)
{
	char path[] = "/tmp/portl.test.XXXXXX";
	int fd = mkstemp(path);
	struct err e = ERR_INIT;
	mode_t mode;

	ok(fd >= 0 && write(fd, "a: 1\n", 5) == 5, "a file");
	for (mode = 0600; mode <= 0644; mode += 044) {
		struct jobfile *f;

		fchmod(fd, mode);
		f = jobfile_read(path, &e);
		ok(f != NULL && f->exposed == (mode == 0644), "mode %o", (unsigned)mode);
		jobfile_free(f);
	}
	close(fd);
	unlink(path);
}

static void
expands(const char *value, const char *want, bool named)
{
	struct err e = ERR_INIT;
	bool expanded;
	char *got = jobfile_expand(value, &expanded, &e);

	is_str(got, want, "%s", value);
	is_int(expanded, named, "%s: %s", value, named ? "from the environment" : "literal");
	free(got);
	err_release(&e);
}

static void
expand_fails(const char *value, const char *msg)
{
	struct err e = ERR_INIT;
	bool expanded;
	char *got = jobfile_expand(value, &expanded, &e);

	ok(got == NULL && e.code == EXIT_JOBFILE, "refused: %s", value);
	ok(e.msg != NULL && strstr(e.msg, msg) != NULL, "%s", e.msg != NULL ? e.msg : "");
	free(got);
	err_release(&e);
}

static void
test_expand(void)
{
	setenv("PORTL_TEST_A", "x: {y} ${B} $$", 1);
	setenv("PORTL_TEST_EMPTY", "", 1);
	unsetenv("PORTL_TEST_NOT");
	expands("plain", "plain", false);
	expands("<${PORTL_TEST_A}>", "<x: {y} ${B} $$>", true);
	expands("${PORTL_TEST_EMPTY}", "", true);
	expands("${PORTL_TEST_EMPTY:-d}", "d", true);
	expands("${PORTL_TEST_NOT:-a:-b c}", "a:-b c", true);
	expands("${PORTL_TEST_NOT:-}", "", true);
	expands("${PORTL_TEST_A:-d}${PORTL_TEST_NOT:-e}", "x: {y} ${B} $$e", true);
	expands("$${PORTL_TEST_A}", "${PORTL_TEST_A}", false);
	expands("$$$$ $1 '^a$' 5$", "$$ $1 '^a$' 5$", false);
	expand_fails("${PORTL_TEST_NOT}", "PORTL_TEST_NOT is not set");
	expand_fails("${PORTL_TEST_A", "written ${NAME}");
	expand_fails("${}", "written ${NAME}");
	expand_fails("${1A}", "written ${NAME}");
	expand_fails("${A B}", "written ${NAME}");
	expand_fails("${PORTL_TEST_A:?no}", "written ${NAME}");
	expand_fails("${PORTL_TEST_NOT:-${PORTL_TEST_A}}", "written ${NAME}");
}

int
main(void)
{
	test_entries();
	test_refused();
	test_exposed();
	test_expand();
	return tap_done();
}
