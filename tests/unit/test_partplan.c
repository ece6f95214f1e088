/*
 * partplan: a plan there and back, and what is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/portl-test-partplan.XXXXXX";
static char *path;

static void
add_parts(struct partplan *plan)
{
	struct partplan_part *p = partplan_add_part(plan);

	p->relation = 1;
	p->from_block = 32768;
	p->bytes = 1 << 20;
	p = partplan_add_part(plan);
	p->relation = 1;
	p->from_block = 0;
	p->to_block = 32768;
	p = partplan_add_part(plan);
	p->relation = 2;
	p->column = xstrdup("größe \"x\"");
	p->to = xstrdup("it's");
	p = partplan_add_part(plan);
	p->relation = 2;
	p->column = xstrdup("größe \"x\"");
	p->from = xstrdup("it's");
	p = partplan_add_part(plan);
	p->relation = 3;
	relname_set(&p->leaf, "s", "p1");
	p = partplan_add_part(plan);
	p->relation = 3;
	relname_set(&p->leaf, "s", "p\n2");
}

static void
sample(struct partplan *plan)
{
	struct partplan_relation *r;

	partplan_init(plan, "0123456789abcdef");
	plan->made = xstrdup("2026-11-28T21:00:00Z");
	plan->source = xstrdup("7/5");
	plan->snapshot = PARTPLAN_OWN;
	plan->job = xstrdup("nightly.yaml");
	ident_list_add(&plan->extract, "--table=\"a b\".*");
	ident_list_add(&plan->extract, "--where=x <> '\\'\nAND true");
	ident_list_add(&plan->load, "--conflict=overwrite");
	r = partplan_add_relation(plan);
	relname_set(&r->id, "public", "x\"y'; drop table z; --");
	relname_set(&r->target, "dw", "\\x\t\x01");
	r->bytes = 1;
	r->rows_rough = 0;
	r->only = true;
	r->way = xstrdup("rename");
	r->reason = xstrdup("it is new");
	r->header = json_pack("{s:i, s:[]}", "version", 1, "columns");
	r = partplan_add_relation(plan);
	relname_set(&r->id, "s", "two");
	r = partplan_add_relation(plan);
	relname_set(&r->id, "s", "root");
	add_parts(plan);
}

static char *
contents(void)
{
	static char text[8192];
	FILE *file = fopen(path, "r");
	size_t n = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[n] = '\0';
	if (file != NULL)
		fclose(file);
	return text;
}

static void
check_read(const struct partplan *b)
{
	is_str(b->id, "0123456789abcdef", "id");
	is_str(b->made, "2026-11-28T21:00:00Z", "made");
	is_str(b->source, "7/5", "source");
	is_int(b->snapshot, PARTPLAN_OWN, "snapshot");
	is_str(b->job, "nightly.yaml", "job");
	is_int((long)b->extract.n, 2, "words");
	is_str(b->extract.names[1], "--where=x <> '\\'\nAND true", "a word as it was");
	is_str(b->load.names[0], "--conflict=overwrite", "a word of load");
	is_int((long)b->nrelations, 3, "relations");
	is_str(b->relations[0].id.name, "x\"y'; drop table z; --", "a hostile name");
	is_str(b->relations[0].target.name, "\\x\t\x01", "another one");
	is_str(b->relations[0].way, "rename", "way");
	is_str(b->relations[0].reason, "it is new", "reason");
	ok(b->relations[0].only && !b->relations[1].only, "only");
	ok(json_is_object(b->relations[0].header) && b->relations[1].header == NULL, "header");
	is_int(b->relations[0].bytes, 1, "bytes");
	is_int(b->relations[0].rows_rough, 0, "rows");
	is_int(b->relations[1].rows_rough, -1, "rows that are not known");
	is_int((long)b->nparts, 6, "parts");
	is_int(b->parts[0].from_block, 32768, "from");
	is_int(b->parts[0].to_block, -1, "to the end");
	is_int(b->parts[1].to_block, 32768, "to");
	is_int(b->parts[2].from_block, -1, "no block");
	is_str(b->parts[3].from, "it's", "a value");
	is_str(b->parts[3].column, "größe \"x\"", "a column");
	is_str(b->parts[5].leaf.name, "p\n2", "a leaf");
}

static void
test_round_trip(void)
{
	struct partplan a, b;
	struct err e = ERR_INIT;
	char *first;
	char *name;

	sample(&a);
	is_int(partplan_write(&a, path, &e), 0, "a plan is written");
	first = xstrdup(contents());
	if (!is_int(partplan_read(&b, path, &e), 0, "and read")) {
		printf("# %s\n%s", e.msg, first);
		exit(1);
	}
	check_read(&b);
	is_int(partplan_write(&b, path, &e), 0, "it is written again");
	is_str(contents(), first, "and is the same");
	ok(strstr(first, "\n  {\"number\": 2, \"relation\": 1, \"from_block\": 0, "
			 "\"to_block\": 32768},\n") != NULL,
	   "a part has a line");
	name = partplan_part_name(&b, &b.parts[3]);
	is_str(name, "part 4 of 6, s.two", "how a part is called");
	free(name);
	ok(partplan_part(&b, path, 6, &e) == &b.parts[5], "the last part");
	ok(partplan_part(&b, path, 7, &e) == NULL && e.code == EXIT_USAGE, "and no other");
	err_release(&e);
	ok(partplan_part(&b, path, 0, &e) == NULL, "nor one before the first");
	err_release(&e);
	free(first);
	partplan_release(&a);
	partplan_release(&b);
}

#define HEAD "{\"portl_plan\": 1, \"id\": \"x\", \"snapshot\": \"own\""
#define RELATION "\"relations\": [{\"number\": 1, \"schema\": \"s\", \"name\": \"a\"}]"
#define PLAN(parts) HEAD ", " RELATION ", \"parts\": [" parts "]}"
#define PART(n, more) "{\"number\": " n ", \"relation\": 1" more "}"
#define BLOCKS(n, from, to) PART(n, ", \"from_block\": " from ", \"to_block\": " to)
#define RANGE(n, more) PART(n, ", \"column\": \"c\"" more)

static const struct {
	const char *text, *says; /* NULL: it is read */
} cases[] = {
	{PLAN(PART("1", "")), NULL},
	{PLAN(PART("1", ", \"new\": [1]")), NULL},
	{PLAN(BLOCKS("1", "0", "5") "," PART("2", ", \"from_block\": 5")), NULL},
	{PLAN(RANGE("1", "")), NULL},
	{PLAN(RANGE("1", ", \"from\": \"10\"") "," RANGE("2", ", \"to\": \"9\"") "," RANGE(
		 "3", ", \"from\": \"9\", \"to\": \"10\"")),
	 NULL},
	{"", "line 1: "},
	{"[]", "it is no plan"},
	{"{}", "it is no plan"},
	{"{\"portl_plan\": \"1\"}", "it is no plan"},
	{"{\"portl_plan\": 2}", "version 2, this program reads version 1"},
	{"{\"portl_plan\": 1, \"portl_plan\": 1}", "line 1: "},
	{"{\"portl_plan\": 1, \"id\": \"x\", \"snapshot\": \"mine\"}", "\"snapshot\""},
	{"{\"portl_plan\": 1, \"snapshot\": \"own\"}", "\"id\" is missing"},
	{"{\"portl_plan\": 1, \"id\": 5, \"snapshot\": \"own\"}", "\"id\" is no text"},
	{HEAD "}", "\"relations\" is no list"},
	{HEAD ", \"extract\": \"-d x\"}", "\"extract\" is no list"},
	{HEAD ", \"load\": [1]}", "\"load\" is no list"},
	{HEAD ", " RELATION "}", "\"parts\" is no list"},
	{HEAD ", " RELATION ", \"parts\": [1]}", "\"parts\" is no list"},
	{PLAN(PART("1", "") "x"), "line 1: "},
	{PLAN(PART("2", "")), "part 1: \"number\" is not its place"},
	{PLAN(PART("0", "")), "part 1: \"number\""},
	{PLAN("{\"relation\": 1}"), "part 1: \"number\""},
	{PLAN("{\"number\": 1}"), "part 1: \"relation\" is missing"},
	{PLAN("{\"number\": 1, \"relation\": 2}"), "part 1: \"relation\""},
	{PLAN(PART("1", ", \"from_block\": -1")), "part 1: \"from_block\""},
	{PLAN(PART("1", ", \"from_block\": 4294967296")), "part 1: \"from_block\""},
	{PLAN(PART("1", ", \"from_block\": 1.5")), "part 1: \"from_block\""},
	{PLAN(PART("1", ", \"to_block\": 5")), "part 1: \"from_block\" is missing"},
	{PLAN(BLOCKS("1", "5", "5")), "part 1: \"to_block\""},
	{PLAN(PART("1", ", \"to\": \"5\"")), "part 1: \"column\" is missing"},
	{PLAN(PART("1", ", \"leaf_schema\": \"s\"")), "part 1: \"leaf_name\" is missing"},
	{PLAN(PART("1", ", \"leaf_name\": \"p\"")), "part 1: \"leaf_schema\" is missing"},
	{PLAN(PART("1", "") "," PART("2", "")), "leave rows out or repeat them"},
	{PLAN(PART("1", ", \"from_block\": 1")), "leave rows out or repeat them"},
	{PLAN(BLOCKS("1", "0", "5")), "leave rows out or repeat them"},
	{PLAN(BLOCKS("1", "0", "5") "," PART("2", ", \"from_block\": 6")), "leave rows out"},
	{PLAN(BLOCKS("1", "0", "6") "," PART("2", ", \"from_block\": 5")), "leave rows out"},
	{PLAN(RANGE("1", ", \"to\": \"9\"")), "leave rows out"},
	{PLAN(RANGE("1", ", \"from\": \"9\"")), "leave rows out"},
	{PLAN(RANGE("1", ", \"to\": \"9\"") "," RANGE("2", ", \"from\": \"8\"")), "leave rows"},
	{PLAN(RANGE("1", "") "," RANGE("2", "")), "leave rows out"},
	{PLAN(RANGE("1", "") "," PART("2", "")), "leave rows out"},
	{PLAN(PART("1", "") "," PART("2", ", \"leaf_schema\": \"s\", \"leaf_name\": \"b\"")),
	 "leave rows out"},
	{HEAD ", \"relations\": [{\"number\": 1, \"schema\": \"s\", \"name\": \"a\"},"
	      "{\"number\": 2, \"schema\": \"s\", \"name\": \"b\"}], \"parts\": [" PART(
		      "1", "") "]}",
	 "relation 2 has no part"},
	{HEAD ", \"relations\": [{\"number\": 1, \"schema\": \"s\"}], \"parts\": [" PART(
		 "1", "") "]}",
	 "relation 1: \"name\" is missing"},
	{HEAD
	 ", \"relations\": [{\"number\": 1, \"name\": \"s\"}], \"parts\": [" PART("1", "") "]}",
	 "relation 1: \"schema\" is missing"},
	{HEAD
	 ", \"relations\": [{\"number\": 3, \"schema\": \"s\", \"name\": \"a\"}], \"parts\": [" PART(
		 "1", "") "]}",
	 "relation 1: \"number\""},
	{PLAN(PART("1", ", \"column\": \"a\\u0000b\"")), "line 1: "},
};

static void
write_text(const char *text)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
}

static void
test_damaged(void)
{
	struct partplan plan;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = ERR_INIT;
		int rc;

		write_text(cases[i].text);
		rc = partplan_read(&plan, path, &e);
		if (cases[i].says == NULL)
			ok(rc == 0, "read: %s: %s", cases[i].text, rc != 0 ? e.msg : "");
		else
			ok(rc == -1 && e.code == EXIT_JOBFILE &&
				   strstr(e.msg, cases[i].says) != NULL &&
				   strncmp(e.msg, path, strlen(path)) == 0,
			   "refused: %s: %s", cases[i].text, rc != 0 ? e.msg : "");
		partplan_release(&plan);
		err_release(&e);
	}
}

static void
test_no_file(void)
{
	struct partplan plan;
	struct err e = ERR_INIT;

	unlink(path);
	ok(partplan_read(&plan, path, &e) == -1 && e.code == EXIT_JOBFILE, "no file");
	partplan_release(&plan);
	err_release(&e);
}

/* Whatever is cut off, a plan is never another plan. */
static void
test_cut(void)
{
	struct partplan plan;
	size_t len, i;
	char *text;
	bool all = true;

	sample(&plan);
	struct err e = ERR_INIT;
	ok(partplan_write(&plan, path, &e) == 0, "a plan is written");
	partplan_release(&plan);
	text = xstrdup(contents());
	len = strlen(text) - 1; /* the newline is no part of it */
	for (i = 0; i < len; i++) {
		text[len - 1 - i] = '\0';
		write_text(text);
		all = all && partplan_read(&plan, path, &e) == -1;
		partplan_release(&plan);
		err_release(&e);
	}
	ok(all, "a plan that was cut is none");
	free(text);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	path = xasprintf("%s/plan", dir);
	test_round_trip();
	test_damaged();
	test_no_file();
	test_cut();
	unlink(path);
	rmdir(dir);
	free(path);
	return tap_done();
}
