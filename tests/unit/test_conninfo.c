/*
 * conninfo: what is refused lest libpq repeat a part of a password.
 */
#include <string.h>

#include "common/base/err.h"
#include "common/pg/conninfo.h"
#include "tests/unit/tap.h"

static void
check(const char *conninfo, int want)
{
	struct err e = ERR_INIT;
	int got = conninfo_check(conninfo, &e);

	ok(got == want && (got >= 0) == (e.code == EXIT_DONE), "%s gives %d", conninfo, want);
	if (got < 0) {
		is_int(e.code, EXIT_USAGE, "that is a mistake in usage");
		ok(strstr(e.msg, "sesame") == NULL &&
			   (e.detail == NULL || strstr(e.detail, "sesame") == NULL),
		   "and nothing of the password is repeated");
	}
	err_release(&e);
}

int
main(void)
{
	check("shop", 0);
	check("host=db dbname=shop", 0);
	check("host=db password=sesame", 1);
	check("postgresql://db/shop", 0);
	check("postgres://me:sesame@db/shop", 1);
	check("postgresql://db/shop?password=sesame", 1);
	check("postgresql://me:open%40sesame@db/shop", 1);
	check("postgresql://me:open@sesame@db/shop", -1);
	check("postgresql://me:open@sesame/x@db/shop", -1);
	check("postgresql://me:sesame/shop", -1);
	check("postgresql://me:12/sesame@db/shop", -1);
	check("postgresql://db/shop?user=me@db&password=se/same@db", 1);
	check("postgresql:///shop?host=/tmp", 0);
	check("postgresql://", 0);
	check("postgresql://me@db/", 0);
	check("me:sesame@db/shop", -1);
	check("host=db password=open sesame", -1);
	check("host=db shop", -1);
	return tap_done();
}
