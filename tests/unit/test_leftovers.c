/*
 * A signal that comes while a file is there that has to go leaves nothing, and is not lost.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/front/receiptfile.h"
#include "common/os/tempfile.h"
#include "common/talk/receipt.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/portl-unit.XXXXXX";
static char summary[sizeof(dir) + 16];
static volatile int due; /* of signals, when the next file has to go or to get its name */

/* Ours come before libc's. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
int
unlink(const char *path)
{
	if (due != 0)
		raise(SIGINT);
	due = 0;
	return unlinkat(AT_FDCWD, path, 0);
}

int
rename(const char *from, const char *to)
{
	if (due != 0)
		raise(SIGTERM);
	due = 0;
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* The signal of which a process dies that makes ${call}; else 0. */
static int
dies_of(int (*call)(struct err *))
{
	struct err e = ERR_INIT;
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		signal(SIGINT, SIG_DFL); /* who works in the background ignores it */
		signal(SIGTERM, SIG_DFL);
		due = 1;
		_exit(call(&e) < 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int
begin_receipt(struct err *e)
{
	struct receipt r;

	return receipt_init(&r, summary, e);
}

static int
end_receipt(struct err *e)
{
	struct receipt r;

	due = 0;
	if (receipt_init(&r, summary, e) != 0)
		return -1;
	due = 1;
	return receipt_print(&r, EXIT_DONE, e, e);
}

static int
write_receipt(struct err *e)
{
	return receiptfile_write(summary, "{}\n", e);
}

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

int
main(void)
{
	char part[sizeof(summary) + 8];

	if (mkdtemp(dir) == NULL)
		return 1;
	setenv("TMPDIR", dir, 1);
	snprintf(summary, sizeof(summary), "%s/summary", dir);
	snprintf(part, sizeof(part), "%s.part", summary);

	ok(dies_of(begin_receipt) == SIGINT, "a receipt that is begun: the signal arrives");
	ok(!is_there(part), "and nothing is left");
	ok(dies_of(end_receipt) == SIGTERM, "one that is written: the signal arrives");
	ok(is_there(summary) && !is_there(part), "and the receipt is there");
	ok(unlink(summary) == 0, "it goes");
	ok(dies_of(write_receipt) == SIGTERM, "portl's: the signal arrives");
	ok(is_there(summary) && !is_there(part), "and it is there");
	ok(unlink(summary) == 0, "it goes");
	ok(dies_of(tempfile_open) == SIGINT, "a temporary file: so it does");
	ok(rmdir(dir) == 0, "and nothing is left");
	return tap_done();
}
