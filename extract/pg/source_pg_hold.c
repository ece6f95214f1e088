/*
 * A snapshot that others read by: the transaction that has exported it stays open, with all
 * that the plan names locked in ACCESS SHARE, until nobody needs it.  Who starts this process
 * holds its standard input: when that end is gone, so is the snapshot.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/os/intr.h"
#include "common/os/writeall.h"
#include "extract/options/options.h"
#include "extract/pg/source_pg.h"
#include "extract/pg/source_pg_parts.h"

#define LOOK 1000        /* ms between looks at signals that came before poll() */
#define KEEP_ALIVE 30000 /* ms after which the way to the server is used */

/* 0: it has ended, 1: it has not. */
static int
read_input(struct err *e)
{
	char rest[512];
	ssize_t n = read(STDIN_FILENO, rest, sizeof(rest));

	if (n < 0 && errno != EINTR && errno != EAGAIN)
		return err_errno(e, "stdin");
	return n != 0;
}

/* The server has nothing to say of itself but that it ends. */
static int
ask_server(struct source_pg *s, struct err *e)
{
	char *answer = db_query_text(&s->db, e, "SELECT 1", 0, NULL);

	free(answer);
	return answer != NULL ? 0 : err_prefix(e, "the snapshot is gone: ");
}

static int
wait_for_end(struct source_pg *s, struct err *e)
{
	int64_t asked = db_clock();
	int rc;

	for (;;) {
		struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
					{.fd = PQsocket(s->db.conn), .events = POLLIN}};

		if (intr_pending() != 0)
			return err_signal(e, intr_pending());
		rc = poll(fds, 2, LOOK);
		if (rc < 0 && errno != EINTR)
			return err_errno(e, "could not wait");
		if (rc > 0 && fds[0].revents != 0 && (rc = read_input(e)) <= 0)
			return rc;
		if ((rc > 0 && fds[1].revents != 0) || db_clock() - asked >= KEEP_ALIVE) {
			if (ask_server(s, e) != 0)
				return -1;
			asked = db_clock();
		}
	}
}

int
source_pg_hold(struct source *base, struct err *e)
{
	struct source_pg *s = (struct source_pg *)base;
	char *id = NULL;
	int rc = source_pg_connect(s, -1, e);

	if (rc == 0)
		rc = source_pg_snapshot(s, e);
	if (rc == 0)
		rc = source_pg_origin_check(s, e);
	if (rc == 0)
		rc = source_pg_import_refuse_standby(s, "--hold", e);
	if (rc == 0) {
		id = db_query_text(&s->db, e, "SELECT pg_catalog.pg_export_snapshot()", 0,
				   NULL);
		rc = id != NULL ? 0 : -1;
	}
	if (rc == 0) {
		printf("%s\n", id);
		rc = writeall_finish(stdout, e);
	}
	free(id);
	return rc == 0 ? wait_for_end(s, e) : rc;
}
