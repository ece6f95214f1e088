/*
 * sqltail: where a statement ends.
 */
#include <stdlib.h>

#include "extract/pg/sqltail.h"
#include "tests/unit/tap.h"

static void
check(const char *text, const char *want)
{
	char *got = sqltail_trim(text);

	is_str(got, want, "[%s]", text);
	free(got);
}

int
main(void)
{
	check("SELECT 1", "SELECT 1");
	check("SELECT 1;", "SELECT 1");
	check("SELECT 1 ; ;; \n", "SELECT 1 ");
	check("SELECT 1; -- c", "SELECT 1");
	check("SELECT 1; /* a ; /* b */ ; */ -- c\n;", "SELECT 1");
	check("SELECT 1 -- c;", "SELECT 1 -- c;");
	check("SELECT 1 /* ; */", "SELECT 1 /* ; */");
	check("SELECT 1; SELECT 2;", "SELECT 1; SELECT 2");
	check("SELECT ';'", "SELECT ';'");
	check("SELECT 'a'';'", "SELECT 'a'';'");
	check("SELECT 'a\\';", "SELECT 'a\\'");
	check("SELECT E'\\';' ;--';", "SELECT E'\\';' ");
	check("SELECT nameE'\\'; ", "SELECT nameE'\\'");
	check("SELECT \"a;\"\";--\"; --", "SELECT \"a;\"\";--\"");
	check("SELECT $$;$$;", "SELECT $$;$$");
	check("SELECT $a$;$b$;$a$; -- $a$", "SELECT $a$;$b$;$a$");
	check("SELECT a$b$;", "SELECT a$b$");
	check("SELECT $1;", "SELECT $1");
	check("SELECT 'never closed;", "SELECT 'never closed;");
	check("SELECT /* never closed;", "SELECT /* never closed;");
	check("SELECT $x$ never closed;", "SELECT $x$ never closed;");
	check("", "");
	check(";", "");
	return tap_done();
}
