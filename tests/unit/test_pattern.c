/*
 * pattern: what is a name, what a regular expression, and which.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/pattern.h"
#include "tests/unit/tap.h"

static void
check(const char *text, const char *schema, const char *name, bool exact)
{
	struct pattern_list list = {.n = 0};
	struct err e = ERR_INIT;

	ok(pattern_add(&list, text, &e) == 0, "%s is a pattern", text);
	is_str(list.list[0].schema.name != NULL ? list.list[0].schema.name : "-", schema,
	       "its schema");
	is_str(list.list[0].name.name, name, "its name");
	ok(pattern_is_exact(&list.list[0]) == exact, "exact: %d", exact);
	pattern_list_release(&list);
	err_release(&e);
}

static void
check_bad(const char *text, const char *needle)
{
	struct pattern_list list = {.n = 0};
	struct err e = ERR_INIT;

	ok(pattern_add(&list, text, &e) != 0 && e.code == EXIT_USAGE, "%s is none", text);
	ok(e.msg != NULL && strstr(e.msg, needle) != NULL, "%s", e.msg);
	pattern_list_release(&list);
	err_release(&e);
}

static void
check_case(const char *text, const char *want)
{
	char *kept = pattern_keep_case(text);

	is_str(kept, want, "%s keeps its case", text);
	free(kept);
}

int
main(void)
{
	check("orders", "-", "orders", true);
	check(" Sales . Orders ", "sales", "orders", true);
	check("\"Sales\".\"a.b\"", "Sales", "a.b", true);
	check("fo\"O\"o", "-", "foOo", true);
	check("a\"\"\"\"b", "-", "a\"b", true);
	check("*", "-", "^(.*)$", false);
	check("sales.*", "sales", "^(.*)$", false);
	check("*.orders", "^(.*)$", "orders", false);
	check("Order?_\"*X\"", "-", "^(order._\\*X)$", false);
	check("t[0-9]|u$", "-", "^(t[0-9]|u\\$)$", false);
	check("price$", "-", "price$", true);
	check("a+ ", "-", "^(a+)$", false);
	check("\"a+ \"", "-", "a+ ", true);
	check_bad("", "missing");
	check_bad("a.", "missing");
	check_bad("\"\"", "missing");
	check_bad("a.b.c", "not a table name");
	check_bad("\"a", "not closed");
	check_bad("a123456789012345678901234567890123456789012345678901234567890123", "63");
	check_case("Sales.Or*", "\"S\"ales.\"O\"r*");
	check_case("\"Sales\".x", "\"Sales\".x");
	return tap_done();
}
