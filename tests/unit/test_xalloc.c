/*
 * Memory that is not to be had: each function ends the program with status 1 and
 * one line on standard error, as do rows that libpq had no room for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "tests/unit/tap.h"

/* More than there can be, and nothing a compiler could know of. */
static volatile size_t huge = SIZE_MAX / 4;

/* ASan would end the program itself; it reads this before main. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* Where it writes; NULL in programs that do without. */
void __sanitizer_set_report_fd(void *fd) __attribute__((weak));

static void
ask_malloc(void)
{
	free(xmalloc(huge));
}

static void
ask_calloc(void)
{
	free(xcalloc(huge, 8));
}

static void
ask_realloc(void)
{
	free(xrealloc(NULL, huge));
}

/* In the place of libpq's, whose buffer could not grow. */
int
PQputCopyData(PGconn *conn, const char *buffer, int nbytes)
{
	(void)conn;
	(void)buffer;
	(void)nbytes;
	return 0;
}

static void
ask_copy(void)
{
	struct db db = DB_INIT;
	struct err e = ERR_INIT;

	if (db_copy_in_put(&db, "1\n", 2, &e) != 0)
		_exit(2);
}

/* What ${ask} says on standard error in a process of its own; returns its status. */
static int
run(void (*ask)(void), char *said, size_t size)
{
	union {
		intptr_t number;
		void *pointer; /* as ASan takes it */
	} fd = {STDERR_FILENO};
	int fds[2], status = -1;
	ssize_t n;
	size_t len = 0;
	pid_t pid;

	if (pipe(fds) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		/* not into a report, which is a finding */
		if (__sanitizer_set_report_fd != NULL)
			__sanitizer_set_report_fd(fd.pointer);
		ask();
		_exit(0);
	}
	close(fds[1]);
	while (len < size - 1 && (n = read(fds[0], said + len, size - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = '\0';
	close(fds[0]);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
check(const char *name, void (*ask)(void))
{
	char said[4096]; /* ASan may have said something before */
	int status = run(ask, said, sizeof(said));

	is_int(status, 1, "%s: status", name);
	ok(strstr(said, "out of memory") != NULL, "%s: says so: %s", name, said);
}

int
main(void)
{
	check("xmalloc", ask_malloc);
	check("xcalloc", ask_calloc);
	check("xrealloc", ask_realloc);
	check("COPY", ask_copy);
	return tap_done();
}
