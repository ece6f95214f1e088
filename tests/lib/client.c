/*
 * client DIR PID: a psql that stays, for the tests' q.  Makes three named pipes in DIR, goes
 * into the background, and ends when the process PID does.
 *
 *   DIR/sql.token   holds one byte; who reads it may ask, and puts it back afterwards
 *   DIR/sql.in      the request, of fields that end with NUL: `c` (one string, sent whole, as
 *                   psql -c does), `s` (a script: one statement after the other) or `r` (a
 *                   script, the lines sorted), NAME=VALUE of each PG* variable, an empty
 *                   field, the database, the SQL
 *   DIR/sql.out     the answer: "STATUS BYTES BYTES\n", what psql -XAtq would have printed,
 *                   its errors.  BYTES is `-` where it is not for a pipe: it is in DIR/sql.big.
 *                   STATUS is psql's, or `-` for a script that only psql understands
 *
 * Connections stay open from one request to the next and are idle in between: no transaction,
 * nothing that a session remembers.  Where that cannot be had they are closed.
 */
#include <ctype.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/xalloc.h"
#include "common/os/writeall.h"

#define CONNS 6              /* open at a time; a test has two or three databases */
#define PIPE_BYTES_MAX 65536 /* of an answer that goes through the pipe */

struct conn {
	char *key; /* the environment and the database; NULL: a free slot */
	PGconn *pg;
	unsigned long used; /* the request that used it last */
};

struct request {
	char mode;
	char *key; /* all before the SQL, with \n for NUL */
	char **env;
	size_t env_count;
	char *db;
	char *sql;
};

struct answer {
	int status; /* psql's; -1: let psql do it */
	struct buf out;
	struct buf err;
};

static struct conn conns[CONNS];
static unsigned long requests;

static _Noreturn void
die(const char *what)
{
	perror(what);
	exit(2);
}

/* --- connections ------------------------------------------------------------------- */

static void
conn_close(struct conn *c)
{
	PQfinish(c->pg);
	free(c->key);
	*c = (struct conn){.key = NULL};
}

/* The server says something unasked when it, or the database, or the session goes away. */
static bool
is_alive(struct conn *c)
{
	struct pollfd p = {.fd = PQsocket(c->pg), .events = POLLIN};

	return p.fd >= 0 && poll(&p, 1, 0) == 0;
}

static void
set_environment(const struct request *r)
{
	for (char **e = environ; *e != NULL;) {
		char *name = xstrndup(*e, strcspn(*e, "="));

		if (strncmp(name, "PG", 2) == 0) {
			unsetenv(name);
			e = environ;
		} else {
			e++;
		}
		free(name);
	}
	for (size_t i = 0; i < r->env_count; i++) {
		char *name = xstrndup(r->env[i], strcspn(r->env[i], "="));

		setenv(name, r->env[i] + strlen(name) + 1, 1);
		free(name);
	}
}

static void
take_notice(void *err, const char *message)
{
	if (err != NULL)
		buf_adds(err, message);
}

/* The connection for the request, old or new; NULL with the error in ${a}. */
static struct conn *
conn_for(const struct request *r, struct answer *a)
{
	const char *const keywords[] = {"dbname", "fallback_application_name", NULL};
	const char *const values[] = {r->db, "tests", NULL};
	struct conn *c = &conns[0];

	for (size_t i = 0; i < CONNS; i++) {
		if (conns[i].key != NULL && strcmp(conns[i].key, r->key) == 0) {
			c = &conns[i];
			if (is_alive(c))
				return c;
			break;
		}
		if (conns[i].used < c->used)
			c = &conns[i];
	}
	conn_close(c);
	set_environment(r);
	c->pg = PQconnectdbParams(keywords, values, 1);
	if (PQstatus(c->pg) != CONNECTION_OK) {
		buf_addf(&a->err, "tests: error: %s", PQerrorMessage(c->pg));
		a->status = 2;
		conn_close(c);
		return NULL;
	}
	c->key = xstrdup(r->key);
	return c;
}

/* Leave nothing of this request behind. */
static void
conn_clean(struct conn *c)
{
	PGresult *result;

	PQsetNoticeProcessor(c->pg, take_notice, NULL);
	if (PQtransactionStatus(c->pg) != PQTRANS_IDLE) {
		conn_close(c);
		return;
	}
	result = PQexec(c->pg, "DISCARD ALL");
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		conn_close(c);
	PQclear(result);
}

/* Does ${sql} alter what each new connection finds? */
static bool
alters_all(const char *sql)
{
	static const char *const words[] = {"alter database", "alter role", "alter user",
					    "alter system", "reload_conf"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasestr(sql, words[i]) != NULL)
			return true;
	}
	return false;
}

/* Close the others: all, or those to a database that ${sql} names. */
static void
conns_close_but(const struct conn *kept, const char *sql, bool all)
{
	for (struct conn *c = conns; c < conns + CONNS; c++) {
		if (c != kept && c->key != NULL && (all || strstr(sql, PQdb(c->pg)) != NULL))
			conn_close(c);
	}
}

/* --- what psql prints ---------------------------------------------------------------- */

static void
print_tuples(const PGresult *result, struct buf *out)
{
	int columns = PQnfields(result), rows = columns == 0 ? 0 : PQntuples(result);

	for (int i = 0; i < rows; i++) {
		for (int j = 0; j < columns; j++) {
			if (j > 0)
				buf_addc(out, '|');
			buf_add(out, PQgetvalue(result, i, j),
				(size_t)PQgetlength(result, i, j));
		}
		buf_addc(out, '\n');
	}
}

static void
print_copy(PGconn *pg, struct buf *out)
{
	char *data;
	int len;

	while ((len = PQgetCopyData(pg, &data, 0)) > 0) {
		buf_add(out, data, (size_t)len);
		PQfreemem(data);
	}
}

/* Run one string of SQL to its end or its first error; returns whether it succeeded. */
static bool
run(PGconn *pg, const char *sql, struct answer *a)
{
	PGresult *result;
	bool ok = true;

	if (PQsendQuery(pg, sql) == 0) {
		buf_adds(&a->err, PQerrorMessage(pg));
		return false;
	}
	while ((result = PQgetResult(pg)) != NULL) {
		switch (PQresultStatus(result)) {
		case PGRES_TUPLES_OK:
			print_tuples(result, &a->out);
			break;
		case PGRES_COPY_OUT:
			print_copy(pg, &a->out);
			break;
		case PGRES_COPY_IN:
			if (PQputCopyEnd(pg, "there is no input") != 1)
				ok = false;
			break;
		case PGRES_COMMAND_OK:
		case PGRES_EMPTY_QUERY:
			break;
		default:
			buf_adds(&a->err, PQresultErrorMessage(result));
			ok = false;
		}
		PQclear(result);
	}
	return ok;
}

/* --- scripts --------------------------------------------------------------------------- */

/* Behind the text that ${close} ends, with backslashes if ${escapes}. */
static const char *
skip_quoted(const char *s, char close, bool escapes)
{
	for (s++; *s != '\0' && *s != close; s++) {
		if (escapes && *s == '\\' && s[1] != '\0')
			s++;
	}
	return *s == '\0' ? s : s + 1;
}

/* Behind a dollar-quoted text, or behind the dollar if it begins none. */
static const char *
skip_dollar(const char *s)
{
	size_t len = 1;
	char *tag;
	const char *end;

	while (isalnum((unsigned char)s[len]) || s[len] == '_')
		len++;
	if (s[len] != '$' || isdigit((unsigned char)s[1]))
		return s + 1;
	tag = xstrndup(s, len + 1);
	end = strstr(s + len + 1, tag);
	free(tag);
	return end == NULL ? s + strlen(s) : end + len + 1;
}

static const char *
skip_comment(const char *s)
{
	int depth = 0;

	if (*s == '-')
		return s + strcspn(s, "\n");
	do {
		if (s[0] == '/' && s[1] == '*') {
			depth++;
			s++;
		} else if (s[0] == '*' && s[1] == '/') {
			depth--;
			s++;
		}
		s++;
	} while (depth > 0 && *s != '\0');
	return s;
}

/* Behind one token of SQL; a word, a number or a space is one character after the other. */
static const char *
skip_token(const char *start, const char *s)
{
	bool in_word = s > start && (isalnum((unsigned char)s[-1]) || s[-1] == '_');

	switch (*s) {
	case '\'':
		return skip_quoted(s, '\'', s > start && (s[-1] == 'E' || s[-1] == 'e'));
	case '"':
		return skip_quoted(s, '"', false);
	case '$':
		return in_word ? s + 1 : skip_dollar(s);
	case '-':
		return s[1] == '-' ? skip_comment(s) : s + 1;
	case '/':
		return s[1] == '*' ? skip_comment(s) : s + 1;
	default:
		return s + 1;
	}
}

/* The end of the statement at ${s}: its semicolon or NUL; or a backslash, which is psql's. */
static const char *
statement_end(const char *s)
{
	const char *start = s;
	int depth = 0;

	while (*s != '\0' && *s != '\\' && (*s != ';' || depth > 0)) {
		depth += *s == '(' ? 1 : *s == ')' ? -1 : 0;
		s = skip_token(start, s);
	}
	return s;
}

static bool
is_for_psql(const char *script)
{
	if (strcasestr(script, "begin atomic") != NULL)
		return true;
	for (const char *s = script; *s != '\0';) {
		s = statement_end(s);
		if (*s == '\\')
			return true;
		s += *s == ';';
	}
	return false;
}

static bool
run_script(PGconn *pg, const char *script, struct answer *a)
{
	bool ok = true;

	for (const char *s = script; *s != '\0' && ok;) {
		const char *end;
		char *one;

		s += strspn(s, " \t\n");
		end = statement_end(s);
		end += *end == ';';
		one = xstrndup(s, (size_t)(end - s));
		ok = run(pg, one, a);
		free(one);
		s = end;
	}
	return ok;
}

/* --- requests ---------------------------------------------------------------------------- */

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
sort_lines(struct buf *out)
{
	struct buf sorted = BUF_INIT, lines = BUF_INIT;
	size_t n;
	char **line;

	for (char *s = buf_cstr(out), *next; s < out->data + out->len; s = next) {
		next = strchr(s, '\n') + 1;
		next[-1] = '\0';
		buf_add(&lines, &s, sizeof(s));
	}
	n = lines.len / sizeof(*line);
	line = (char **)(void *)lines.data;
	if (n > 0)
		qsort(line, n, sizeof(*line), compare_lines);
	for (size_t i = 0; i < n; i++) {
		buf_adds(&sorted, line[i]);
		buf_addc(&sorted, '\n');
	}
	free(lines.data);
	free(out->data);
	*out = sorted;
}

static void
answer(const struct request *r, struct answer *a)
{
	struct conn *c;
	bool alters = alters_all(r->sql), ok;

	if (r->mode != 'c' && is_for_psql(r->sql)) {
		a->status = -1;
		return;
	}
	if ((c = conn_for(r, a)) == NULL)
		return;
	c->used = ++requests;
	if (alters || strcasestr(r->sql, "database ") != NULL)
		conns_close_but(c, r->sql, alters);
	PQsetNoticeProcessor(c->pg, take_notice, &a->err);
	ok = r->mode != 'c' ? run_script(c->pg, r->sql, a) : run(c->pg, r->sql, a);
	a->status = ok ? 0 : PQstatus(c->pg) == CONNECTION_BAD ? 2 : r->mode != 'c' ? 3 : 1;
	if (r->mode == 'r')
		sort_lines(&a->out);
	if (alters)
		conn_close(c);
	else
		conn_clean(c);
}

static void
write_big(const char *dir, const struct buf *out)
{
	char *path = xasprintf("%s/sql.big", dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || writeall(fd, out->data, out->len) < 0)
		_exit(2);
	close(fd);
	free(path);
}

static void
reply(int fd, const char *dir, struct answer *a)
{
	struct buf b = BUF_INIT;
	bool big = a->out.len > PIPE_BYTES_MAX ||
		   (a->out.len > 0 && memchr(a->out.data, '\0', a->out.len) != NULL);

	if (a->status < 0)
		buf_adds(&b, "- ");
	else
		buf_addf(&b, "%d ", a->status);
	if (big) {
		write_big(dir, &a->out);
		a->out.len = 0;
		buf_adds(&b, "- ");
	} else {
		buf_addf(&b, "%zu ", a->out.len);
	}
	buf_addf(&b, "%zu\n", a->err.len);
	buf_add(&b, a->out.data, a->out.len);
	buf_add(&b, a->err.data, a->err.len);
	if (writeall(fd, b.data, b.len) < 0)
		_exit(2);
	free(b.data);
}

/* Take apart what has come; false if it is not the whole of a request. */
static bool
parse(const struct buf *in, struct request *r, struct buf *fields)
{
	const char *end = in->data + in->len;
	size_t n = 0, env_end = 0;

	fields->len = 0;
	for (char *s = in->data; s < end; n++) {
		char *nul = memchr(s, '\0', (size_t)(end - s));

		if (nul == NULL)
			return false;
		if (nul == s && env_end == 0)
			env_end = n;
		buf_add(fields, &s, sizeof(s));
		s = nul + 1;
	}
	if (env_end == 0 || n != env_end + 3)
		return false;
	r->env = (char **)(void *)fields->data + 1;
	r->mode = r->env[-1][0];
	r->env_count = env_end - 1;
	r->db = r->env[env_end];
	r->sql = r->env[env_end + 1];
	r->key = xstrndup(r->env[0], 0);
	for (size_t i = 0; i <= env_end; i++) {
		char *longer = xasprintf("%s%s\n", r->key, r->env[i]);

		free(r->key);
		r->key = longer;
	}
	return true;
}

static void
serve(const char *dir, int in_fd, int out_fd, int pid_fd)
{
	struct pollfd polled[] = {{.fd = in_fd, .events = POLLIN},
				  {.fd = pid_fd, .events = POLLIN}};
	struct buf in = BUF_INIT, fields = BUF_INIT;

	for (;;) {
		struct request r;
		struct answer a = {.out = BUF_INIT, .err = BUF_INIT};
		ssize_t n;

		if (poll(polled, 2, -1) < 0 || polled[1].revents != 0)
			return;
		n = read(in_fd, buf_reserve(&in, PIPE_BYTES_MAX), PIPE_BYTES_MAX);
		if (n <= 0)
			return;
		in.len += (size_t)n;
		if (!parse(&in, &r, &fields))
			continue;
		answer(&r, &a);
		reply(out_fd, dir, &a);
		free(r.key);
		free(a.out.data);
		free(a.err.data);
		in.len = 0;
	}
}

static int
make_pipe(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);
	int fd;

	if (mkfifo(path, 0600) < 0 || (fd = open(path, O_RDWR | O_CLOEXEC)) < 0)
		die(path);
	free(path);
	return fd;
}

int
main(int argc, char **argv)
{
	int in, out, token, pid_fd, null;

	if (argc != 3)
		return 2;
	pid_fd = (int)syscall(SYS_pidfd_open, (pid_t)atoi(argv[2]), 0);
	null = open("/dev/null", O_RDWR);
	if (pid_fd < 0 || null < 0)
		die("client");
	in = make_pipe(argv[1], "sql.in");
	out = make_pipe(argv[1], "sql.out");
	token = make_pipe(argv[1], "sql.token");
	if (writeall(token, "t", 1) < 0)
		die("token");
	switch (fork()) {
	case -1:
		die("fork");
	case 0:
		break;
	default:
		_exit(0);
	}
	setsid();
	for (int fd = 0; fd < 64; fd++) {
		if (fd < 3)
			dup2(null, fd);
		else if (fd != in && fd != out && fd != token && fd != pid_fd)
			close(fd);
	}
	serve(argv[1], in, out, pid_fd);
	_exit(0);
}
