/*
 * log: what goes to standard error, what to the log, and how each is written.
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/talk/log.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/portl-test-log.XXXXXX";
static char *err_path, *log_path;
static int real_stderr;

/* Standard error goes to a file from here until captured(). */
static void
capture(void)
{
	int fd = open(err_path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	dup2(fd, STDERR_FILENO);
	close(fd);
}

static char *
contents(const char *path)
{
	static char text[8192];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static char *
captured(void)
{
	dup2(real_stderr, STDERR_FILENO);
	return contents(err_path);
}

static void
set_colours(const char *when, const char *which, const char *no)
{
	unsetenv("PG_COLOR");
	unsetenv("PG_COLORS");
	unsetenv("NO_COLOR");
	if (when != NULL)
		setenv("PG_COLOR", when, 1);
	if (which != NULL)
		setenv("PG_COLORS", which, 1);
	if (no != NULL)
		setenv("NO_COLOR", no, 1);
	log_init("test");
}

static void
test_colours(void)
{
	struct err e = ERR_INIT;

	err_set(&e, EXIT_DATA, "bad");
	err_hint(&e, "good");
	capture();
	set_colours("auto", NULL, NULL);
	log_warning("w");
	is_str(captured(), "test: warning: w\n", "auto: a file has no colours");
	capture();
	set_colours("always", NULL, NULL);
	log_report(&e);
	log_warning("w");
	is_str(captured(),
	       "\33[01mtest:\33[0m \33[01;31merror:\33[0m bad\n"
	       "\33[01mtest:\33[0m \33[01;36mhint:\33[0m good\n"
	       "\33[01mtest:\33[0m \33[01;35mwarning:\33[0m w\n",
	       "always: PostgreSQL's");
	capture();
	set_colours("always", "warning=4:error=0;3\33c:other=1", NULL);
	log_warning("w");
	log_report(&e);
	is_str(captured(), "test: \33[4mwarning:\33[0m w\ntest: error: bad\ntest: hint: good\n",
	       "PG_COLORS chooses, and cannot do more than that");
	capture();
	set_colours("always", NULL, "1");
	log_warning("w");
	is_str(captured(), "test: warning: w\n", "NO_COLOR wins");
	capture();
	set_colours("always", "warning=4", "");
	log_warning("w");
	is_str(captured(), "test: \33[4mwarning:\33[0m w\n", "unless it is empty");
	set_colours(NULL, NULL, NULL);
	err_release(&e);
}

static void
test_levels(void)
{
	capture();
	log_set_level(LOG_NORMAL);
	log_info("i");
	log_sql("SELECT");
	log_event("e", NULL, "e");
	log_record("r", NULL, "r");
	log_server("NOTICE", "n");
	is_str(captured(), "test: server NOTICE: n\n", "usually: what one should know");
	capture();
	log_set_level(LOG_VERBOSE);
	log_info("i");
	log_sql("SELECT");
	log_event("e", json_object(), "e%d", 1);
	log_record("r", json_object(), "r");
	is_str(captured(), "test: i\ntest: e1\n", "-v: what is done");
	capture();
	log_set_level(LOG_SQL);
	log_info("i");
	log_sql("SELECT");
	is_str(captured(), "test: i\ntest: SQL: SELECT\n", "-vv: with the SQL");
	capture();
	log_set_level(LOG_QUIET);
	log_warning("w");
	log_server("NOTICE", "n");
	log_line("l");
	is_str(captured(), "test: l\n", "-q: neither warnings nor notices");
	log_set_level(LOG_NORMAL);
}

static void
test_status(void)
{
	capture();
	log_status("1%");
	log_status("2%");
	log_warning("w");
	log_status(NULL);
	log_status("3%");
	log_hold(true);
	log_status("4%");
	log_hold(false);
	log_status("5%");
	log_status(NULL);
	is_str(captured(),
	       "\r1%\33[K\r2%\33[K\r\33[Ktest: warning: w\n\r3%\33[K\r\33[K\r5%\33[K\r\33[K",
	       "the status line makes room for messages, and for others while held");
}

/* The ${n}th line of the log, as JSON. */
static json_t *
line(int n)
{
	char *p = contents(log_path);

	for (; n > 0; n--)
		p = strchr(p, '\n') + 1;
	*strchr(p, '\n') = '\0';
	return json_loads(p, 0, NULL);
}

static const char *
member(json_t *doc, const char *key)
{
	return json_string_value(json_object_get(doc, key));
}

static void
test_json(void)
{
	struct err e = ERR_INIT, fault = ERR_INIT;
	struct stat st;
	json_t *doc;
	const char *t;

	umask(0);
	is_int(log_open(log_path, LOG_JSON, &e), 0, "a log in JSON");
	stat(log_path, &st);
	is_int(st.st_mode & 0777, 0600, "is for its owner");
	log_set_level(LOG_QUIET);
	log_event("connect", json_pack("{s:s, s:s}", "host", "db1", "pid", "mine"), "to %s",
		  "db1");
	is_str(contents(log_path), "", "events wait for the run");
	log_set_run("00ff");
	log_sql("SELECT '\"\xff\n'");
	err_set(&fault, EXIT_CONN, "lost");
	snprintf(fault.sqlstate, sizeof(fault.sqlstate), "57P01");
	err_detail(&fault, "d");
	capture();
	log_report(&fault);
	is_str(captured(), "test: error: lost\ntest: detail: d\n", "people are told as well");
	doc = line(0);
	t = member(doc, "time");
	ok(t != NULL && strlen(t) == 24 && t[10] == 'T' && t[19] == '.' && t[23] == 'Z',
	   "time: %s", t);
	is_str(member(doc, "event"), "connect", "event");
	is_str(member(doc, "severity"), "info", "severity");
	is_str(member(doc, "message"), "to db1", "message");
	is_str(member(doc, "program"), "test", "program");
	is_str(member(doc, "run"), "00ff", "run");
	is_str(member(doc, "host"), "db1", "a field of its own");
	is_int(json_integer_value(json_object_get(doc, "pid")), getpid(),
	       "which cannot take the place of one that all have");
	json_decref(doc);
	doc = line(1);
	is_str(member(doc, "message"), "SQL: SELECT '\"?\n'", "one line, whatever the text");
	is_str(member(doc, "severity"), "debug", "SQL is of the least severity");
	json_decref(doc);
	doc = line(2);
	is_str(member(doc, "sqlstate"), "57P01", "an error's sqlstate");
	is_str(member(doc, "detail"), "d", "and detail");
	is_int(json_integer_value(json_object_get(doc, "code")), EXIT_CONN, "and exit code");
	json_decref(doc);
	is_int(log_check(&e), 0, "all is written");
	log_close();
	err_release(&fault);
	log_set_level(LOG_NORMAL);
	unlink(log_path);
}

static void
test_text(void)
{
	struct err e = ERR_INIT;
	char *p;

	log_set_run("00ff");
	is_int(log_open(log_path, LOG_TEXT, &e), 0, "a log in text");
	log_record("plan", json_pack("{s:s, s:[i,i], s:n}", "to", "x\ny", "rows", 1, 2, "no"),
		   "two\nlines");
	log_close();
	p = strchr(contents(log_path), ' ');
	ok(p != NULL && strncmp(p, " test[", 6) == 0, "begins with time, program and pid");
	is_str(p != NULL ? strchr(p, ']') : NULL,
	       "] 00ff info plan: two\n\tlines\n\tto: x\n\ty\n\trows: [1,2]\n",
	       "then run, severity, event and facts; other lines are indented");
	log_set_run("00ff");
	is_int(log_open(log_path, LOG_TEXT, &e), 0, "a second time");
	log_record("plan", NULL, "again");
	log_close();
	ok(strstr(contents(log_path), "two\n") != NULL &&
		   strstr(contents(log_path), "again\n") != NULL,
	   "adds to what is there");
}

static void
test_stderr(void)
{
	struct err e = ERR_INIT, fault = ERR_INIT;
	char *text;

	err_set(&fault, EXIT_DATA, "f");
	log_set_run("00ff");
	is_int(log_open(NULL, LOG_JSON, &e), 0, "standard error as the log");
	ok(log_is_json(), "is no place for plain text");
	capture();
	log_line("l");
	log_event("e", NULL, "e");
	log_sql("SELECT");
	text = captured();
	ok(text[0] == '{' && strchr(text, '\n')[1] == '\0' && strstr(text, "\"e\"") != NULL,
	   "usually all but SQL");
	capture();
	log_set_level(LOG_QUIET);
	log_event("e", NULL, "e");
	log_warning("w");
	is_str(captured(), "", "-q: no events, no warnings");
	capture();
	log_report(&fault);
	ok(strstr(captured(), "\"message\":\"f\"") != NULL, "but errors");
	capture();
	log_set_level(LOG_SQL);
	log_sql("SELECT");
	ok(strstr(captured(), "SQL: SELECT") != NULL, "-vv: SQL, too");
	log_close();
	err_release(&fault);
}

static void
test_trouble(void)
{
	struct err e = ERR_INIT;

	is_int(log_open("/nonexistent/x", LOG_TEXT, &e), -1, "a bad place is known at once");
	err_release(&e);
	log_close();
	log_set_run("00ff");
	is_int(log_open("/dev/full", LOG_TEXT, &e), 0, "a full disk is not");
	log_record("e", NULL, "e");
	is_int(log_check(&e), -1, "but before COMMIT: %s", e.msg);
	err_release(&e);
	log_close();
}

int
main(void)
{
	real_stderr = dup(STDERR_FILENO);
	if (mkdtemp(dir) == NULL)
		return 1;
	err_path = xasprintf("%s/err", dir);
	log_path = xasprintf("%s/log", dir);
	test_colours();
	test_levels();
	test_status();
	test_json();
	test_text();
	test_stderr();
	test_trouble();
	unlink(err_path);
	unlink(log_path);
	rmdir(dir);
	free(err_path);
	free(log_path);
	close(real_stderr);
	return tap_done();
}
