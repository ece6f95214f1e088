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
	check("host=db sslpassword=sesame", 1);
	check("postgresql://db/shop?sslpassword=sesame", 1);
	check("host=db password='open ''sesame'", -1);
	check("host=db password='open \\'sesame'", 1);
	check("postgresql://me:%73esame@db/shop", 1);
	check("dbname=postgresql://me:sesame@db/shop", -1);
	check("dbname='postgresql://me:sesame@db/shop' host=x", -1);
	check("dbname='host=db password=sesame'", -1);
	check("host=me:sesame@db", -1);
	check(" postgresql://me:sesame@db/shop", -1);
	check("\tpostgres://me:sesame@db/shop?sslmode=require", -1);
	check("'postgresql://me:sesame@db/shop'", -1);
	check("dbname=shop options='-c search_path=a'", 0);
	ok(conninfo_is_secret("postgresql://me:a@sesame@db/x"), "what is misread is secret");
	is_str(conninfo_shown("shop"), "shop", "a name is shown");
	is_str(conninfo_shown("/run/postgresql"), "/run/postgresql", "a directory, too");
	is_str(conninfo_shown("postgresql://me:sesame@db/x"), "(not shown)", "a URI is not");
	return tap_done();
}
