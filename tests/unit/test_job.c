/*
 * job: what a file says, as a program's options.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/cli/cli.h"
#include "common/cli/job.h"
#include "common/cli/options.h"
#include "common/pg/conninfo.h"
#include "tests/unit/tap.h"

struct opts {
	struct options common;
	const char *query;
	struct cli_list columns;
	int64_t limit;
	int extra;
	bool create;
	struct cli_list map;
};

#define AT(member) .offset = offsetof(struct opts, member)

static const struct cli_choice extras[] = {{"error", 1}, {"ignore", 2}, {NULL, 0}};
static const struct cli_option table[] = {
	{"table", 't', CLI_TABLE, "TABLE", "", AT(common.table), .part = CLI_WHAT,
	 .replaces = CLI_WHAT},
	{"query", 'c', CLI_STRING, "SQL", "", AT(query), .part = CLI_WHAT,
	 .replaces = CLI_WHAT | CLI_FILE},
	{"columns", 0, CLI_NAMES, "LIST", "", AT(columns)},
	{"limit", 0, CLI_NUMBER, "N", "", AT(limit)},
	{"extra-columns", 0, CLI_CHOICE, "error|ignore", "", AT(extra), .choices = extras},
	{"create", 0, CLI_FLAG, NULL, "", AT(create)},
	{"map", 'm', CLI_LIST, "A=B", "", AT(map)},
	{.help = NULL},
};

struct file_opts {
	const char *path;
	bool infer;
};
static const struct cli_option file_table[] = {
	{"csv", 0, CLI_STRING, "FILE", "", .offset = offsetof(struct file_opts, path),
	 .part = CLI_FILE, .replaces = CLI_WHAT | CLI_SERVER | CLI_REACH},
	{"infer", 0, CLI_FLAG, NULL, "", .offset = offsetof(struct file_opts, infer),
	 .part = CLI_FILE},
	{.help = NULL},
};
static const struct cli_kind server = {.name = "postgres", .tables = {options_connection}};
static const struct cli_kind csv = {.name = "csv",
				    .option = "csv",
				    .key = "path",
				    .what = "a CSV file",
				    .tables = {file_table},
				    .size = sizeof(struct file_opts)};
static const struct cli_kind *const kinds[] = {&server, &csv, NULL};
static const struct cli_spec spec = {.program = "test",
				     .is_secret = conninfo_is_secret,
				     .tables = {table, options_messages},
				     .kinds = kinds};

static struct opts o;
static struct job *job;
static struct err e;

static void
forget(void)
{
	job_free(job);
	job = NULL;
	cli_release(&o.common.line);
	err_release(&e);
}

/* Read ${text} as the job of a program, whose command line is one word or none. */
static int
apply(unsigned side, const char *text, const char *arg)
{
	static char word[64];
	char path[] = "/tmp/portl.test.XXXXXX";
	char *argv[] = {(char[]){"test"}, word, NULL};
	int fd = mkstemp(path), rc = -1;

	forget();
	o = (struct opts){.limit = -1};
	e = ERR_INIT;
	snprintf(word, sizeof(word), "%s", arg != NULL ? arg : "");
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -2;
	close(fd);
	if (cli_parse(&o.common.line, &spec, arg != NULL ? 2 : 1, argv, &o, NULL, &e) == 0)
		job = job_read(path, side, &o.common.line, &e);
	if (job != NULL)
		rc = job_apply(job, &o.common.line, &o.common.db, &e);
	unlink(path);
	return rc;
}

static const char both[] = "source:\n"
			   "  host: db1\n"
			   "  port: 5433\n"
			   "  database: shop\n"
			   "  username: reader\n"
			   "  password: secret one\n"
			   "  table: Sales.\"a.b\"\n"
			   "  columns: [Id, 'x, \"y\"']\n"
			   "destination:\n"
			   "  service: dw\n"
			   "  table: orders\n"
			   "  columns: Id, total\n"
			   "schema_mapping:\n"
			   "  Id: order id\n"
			   "  email:\n"
			   "  a=b: 'c\"d'\n"
			   "limit: 5\n"
			   "create: yes\n"
			   "extra_columns: ignore\n";

static void
test_sides(void)
{
	is_int(apply(JOB_EXTRACT, both, NULL), 0, "the source's side");
	is_str(o.common.db.host, "db1", "host");
	is_str(o.common.db.port, "5433", "port");
	is_str(o.common.db.database, "shop", "database");
	is_str(o.common.db.user, "reader", "username");
	is_str(o.common.db.password, "secret one", "password");
	is_str(o.common.table, "\"Sales\".\"a.b\"", "the table's case is kept");
	is_str(o.columns.items[0], "\"Id\",\"x, \"\"y\"\"\"",
	       "a list holds names as they stand");
	is_int(o.limit, 5, "keys of the top level");
	ok(!o.create && o.map.n == 0 && o.extra == 0, "but not the other program's");
	ok(job_connects(job), "it says where to connect");
	ok(!o.common.ask_password, "a password in the file is no -W");

	is_int(apply(JOB_LOAD, both, NULL), 0, "the destination's side");
	is_str(o.common.db.service, "dw", "service");
	ok(o.common.db.host == NULL && o.common.db.password == NULL, "nothing of the source's");
	is_str(o.common.table, "\"orders\"", "table");
	is_str(o.columns.items[0], "\"Id\",\"total\"",
	       "one text holds names with commas between");
	ok(o.create && o.extra == 2 && o.limit == -1, "its keys of the top level");
	if (ok(o.map.n == 3, "every pair of the mapping")) {
		is_str(o.map.items[0], "\"Id\"=\"order id\"", "is one of --map");
		is_str(o.map.items[1], "email=", "nothing drops the column");
		is_str(o.map.items[2], "\"a=b\"=\"c\"\"d\"", "names are what they are");
	}
}

static void
test_flags_win(void)
{
	apply(JOB_EXTRACT, both, "--limit=7");
	is_int(o.limit, 7, "a flag wins over its key");
	apply(JOB_EXTRACT, both, "-hdb2");
	ok(o.common.db.host != NULL && strcmp(o.common.db.host, "db2") == 0 &&
		   o.common.db.password != NULL,
	   "-h takes the place of host alone");
	apply(JOB_EXTRACT, both, "-dother");
	ok(o.common.db.host == NULL && o.common.db.port == NULL && o.common.db.user == NULL &&
		   o.common.db.password == NULL && o.common.db.database == NULL,
	   "-d takes the place of the whole connection");
	apply(JOB_EXTRACT, both, "--query=SELECT 1");
	ok(o.common.table == NULL, "-c takes the place of the table");
	apply(JOB_EXTRACT, both, "--columns=z");
	ok(o.columns.n == 1 && strcmp(o.columns.items[0], "z") == 0,
	   "--columns takes the place of the job's columns");
	apply(JOB_LOAD, both, "--map=x=y");
	ok(o.map.n == 1 && strcmp(o.map.items[0], "x=y") == 0,
	   "--map takes the place of the mapping");
	apply(JOB_EXTRACT, "source: {table: t}\nverbose: true\n", "-q");
	ok(!o.common.verbose && o.common.quiet, "-q takes the place of verbose");
	apply(JOB_EXTRACT, "source: {table: t, lock_wait_timeout: 1}\nlock_wait_timeout: 2\n",
	      NULL);
	is_int(o.common.lock_timeout, 1, "a block's key wins over the top level's");
}

static void
refused(unsigned side, const char *text, const char *msg, const char *hint)
{
	is_int(apply(side, text, NULL), -1, "refused: %s", msg);
	is_int(e.code, EXIT_JOBFILE, "as a bad job file");
	ok(e.msg != NULL && strstr(e.msg, msg) != NULL, "%s", e.msg);
	ok(hint == NULL ? e.hint == NULL : e.hint != NULL && strstr(e.hint, hint) != NULL,
	   "hint: %s", e.hint != NULL ? e.hint : "none");
}

static void
test_refused(void)
{
	unsigned x = JOB_EXTRACT;

	unsetenv("PORTL_TEST_NOT");
	refused(x, "soruce: 1\n", ":1: soruce: unknown key", "\"source\"");
	refused(x, "source:\n  tabel: x\n", ":2: source.tabel: unknown key", "\"table\"");
	refused(x, "source:\n  schema_mapping:\n    a: b\n",
		":2: source.schema_mapping: a value", "stand at the top level");
	refused(x, "{\"portl_plan\": 1, \"relations\": [{\"number\": 1}]}",
		" is a plan of parts, and no job", "--resume");
	refused(x, "source:\n  a: b\n c: d\n", ":3: not YAML", "Indent with blanks");
	refused(x, "something:\n  a: 1\n", ":1: something: unknown key", NULL);
	refused(x, "batch-size: 1\n", ":1: batch-size: unknown key", "batch_size");
	refused(x, "extra-columns: x\n", ":1: extra-columns: unknown key", "extra_columns");
	refused(x, "map: a=b\n", ":1: map: unknown key", "schema_mapping");
	refused(x, "source:\n  csv: f\n", ":2: source.csv: unknown key", "\"path\"");
	refused(x, "source:\n  dbname: d\n", ":2: source.dbname: unknown key", "\"database\"");
	refused(x, "host: x\n", ":1: host: this key belongs into source or", NULL);
	refused(x, "source:\n  create: yes\n", ":2: source.create: this key is not", "dest");
	refused(JOB_LOAD, "destination:\n  limit: 1\n", ":2: destination.limit: this key is",
		"source");
	refused(x, "source: 1\n", ":1: source: keys and values are expected", NULL);
	refused(x, "source:\n", ":1: source: keys and values are expected", NULL);
	refused(x, "limit: {a: b}\n", ":1: limit: a value is expected", NULL);
	refused(x, "limit: [1]\n", ":1: limit: one value is expected here, not a list", NULL);
	refused(x, "limit:\n", ":1: limit: its value is missing", NULL);
	refused(x, "source:\n  columns: []\n", ":2: source.columns: the list is empty", NULL);
	refused(x, "schema_mapping:\n  a: [b]\n", ":2: schema_mapping.a: one name", NULL);
	refused(x, "schema_mapping:\n  '': b\n", ":2: schema_mapping.: a name is miss", NULL);
	refused(x, "limit: many\nsource: {table: t}\n", ":1: limit takes a whole number", NULL);
	refused(JOB_LOAD, "create: maybe\n", ":1: create: takes true or false", NULL);
	refused(JOB_LOAD, "extra_columns: ignroe\n", ":1: extra_columns takes error|ignore",
		"\"ignore\"");
	refused(x, "source:\n  table: a.b.c\n", ":2: source.table: \"a.b.c\" is not", "SCHEMA");
	refused(x, "source:\n  columns: a,,b\n", ":2: source.columns: a name is missing", NULL);
	refused(x, "source:\n  columns: [a, '']\n", ":2: source.columns: a name is", NULL);
	refused(x, "source:\n  table: ${PORTL_TEST_NOT}\n",
		":2: source.table: the environment variable PORTL_TEST_NOT is not set",
		"${PORTL_TEST_NOT:-default}");
	refused(x, "source:\n  uri: postgres://u:p@ss@h/d\n", ":2: source.uri: the connection",
		"Quote");
	refused(x, "limit: 1\nsource:\n  database: x\n", ":2: source: it does not say what",
		"table");
	refused(x, "limit: 1\n", ": there is no source", "table");
	refused(x, "source:\n  type: cvs\n", ":2: source.type: takes postgres or csv",
		"\"csv\"");
	refused(x, "source:\n  type: csv\n", ":2: source.type: csv needs a path", NULL);
	refused(x, "source:\n  type: postgres\n  path: f\n", ":3: source.path: only type",
		NULL);
	is_int(apply(JOB_LOAD, "source: {database: '${PORTL_TEST_NOT}'}\n", NULL), 0,
	       "the other side's values are its own business");
}

static void
test_secrets(void)
{
	setenv("PORTL_TEST_A", "s3cret", 1);
	apply(JOB_EXTRACT, "source: {table: t, uri: 'postgres://u:${PORTL_TEST_A}@h/d'}\n",
	      NULL);
	is_str(o.common.db.conninfo, "postgres://u:s3cret@h/d", "a secret in a URI");
	apply(JOB_EXTRACT, "source: {table: t, password: '${PORTL_TEST_A}'}\n", NULL);
	is_str(o.common.db.password, "s3cret", "or by itself");
	ok(job_exposed(job) == NULL, "a file of mode 600 exposes nothing");
}

int
main(void)
{
	test_sides();
	test_flags_win();
	test_refused();
	test_secrets();
	forget();
	return tap_done();
}
