/*
 * relfile: names of files and of relations are one to one.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/relfile.h"
#include "common/base/relname.h"
#include "tests/unit/tap.h"

static void
check_pair(const char *schema, const char *name, const char *file)
{
	struct relname r = RELNAME_INIT, back = RELNAME_INIT;
	char *text;

	relname_set(&r, schema, name);
	text = relfile_name(&r, ".csv");
	is_str(text, file, "the name of the file");
	ok(relfile_parse(file, ".csv", &back) && relname_equal(&r, &back), "and back");
	free(text);
}

static void
check_refused(const char *file)
{
	struct relname r = RELNAME_INIT;

	ok(!relfile_parse(file, ".csv", &r), "\"%s\" is no relation's", file);
}

int
main(void)
{
	check_pair("sales", "orders", "sales.orders.csv");
	check_pair(NULL, "orders", "orders.csv");
	check_pair("My Schema", "Übergröße", "My Schema.Übergröße.csv");
	check_pair("a.b", "c/d", "a%2Eb.c%2Fd.csv");
	check_pair("..", "100%", "%2E%2E.100%25.csv");
	check_pair("s", "x.csv", "s.x%2Ecsv.csv");
	check_pair("s", "line\nbreak\x7f", "s.line%0Abreak%7F.csv");
	check_refused("orders.txt");
	check_refused(".csv");
	check_refused("a..csv");
	check_refused(".a.csv");
	check_refused("a.b.c.csv");
	check_refused("100%.csv");
	check_refused("%2e.csv");
	check_refused("%41.csv");
	check_refused("%00.csv");
	check_refused("a/b.csv");
	return tap_done();
}
