/*
 * The ends of transactions that nobody has waited for are written within three times
 * wal_writer_delay (PostgreSQL manual, "Asynchronous Commit").  What a running one has written
 * behind them may stay for longer: a transaction of our own, which changes nothing, ends there.
 */
#include "extract/pg/durable.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/err.h"
#include "common/pg/db.h"

#define MOST ((int64_t)60000) /* ms that a server's disk may take */

static int
look(struct db *db, const char *wal, bool *is, struct err *e)
{
	char *text = db_query_text(db, e,
				   "SELECT pg_catalog.pg_current_wal_flush_lsn()"
				   " OPERATOR(pg_catalog.>=) $1::pg_catalog.pg_lsn",
				   1, &wal);

	*is = text != NULL && text[0] == 't';
	free(text);
	return text != NULL ? 0 : -1;
}

int
durable_wait(struct db *db, const char *wal, struct err *e)
{
	/* not on the server: the role may have a statement_timeout that is shorter */
	const struct timespec pause = {.tv_nsec = 20000000};
	int64_t since = db_clock();
	bool is;

	if (look(db, wal, &is, e) != 0)
		return -1;
	if (!is && db_exec(db, e, "SELECT pg_catalog.pg_current_xact_id()") != 0)
		return -1;
	while (!is && db_clock() - since < MOST) {
		nanosleep(&pause, NULL);
		if (look(db, wal, &is, e) != 0)
			return -1;
	}
	if (is)
		return 0;
	err_set(e, EXIT_DATA,
		"what was read is not on the server's disk after %" PRId64
		" seconds, and would be lost with it",
		MOST / 1000);
	return err_hint(e, "Look at the server's log and its wal_writer_delay.");
}
