/*
 * ident: names as people type them.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/ident.h"
#include "tests/unit/tap.h"

static void
check_qualified(const char *text, const char *schema, const char *name)
{
	struct err e = ERR_INIT;
	char *s, *n;

	is_int(ident_parse_qualified(text, &s, &n, &e), 0, "%s is a name", text);
	is_str(s, schema, "%s: schema", text);
	is_str(n, name, "%s: name", text);
	free(s);
	free(n);
	err_release(&e);
}

static void
check_refused(const char *text)
{
	struct err e = ERR_INIT;
	char *s, *n;

	is_int(ident_parse_qualified(text, &s, &n, &e), -1, "[%.20s] is refused", text);
	ok(e.code == EXIT_USAGE && s == NULL && n == NULL, "[%.20s]: as a usage error", text);
	err_release(&e);
}

static void
test_qualified(void)
{
	char longest[80], quoted[80];

	check_qualified("orders", NULL, "orders");
	check_qualified("Orders", NULL, "orders");
	check_qualified("\"Orders\"", NULL, "Orders");
	check_qualified("Shop.Orders", "shop", "orders");
	check_qualified("\"a.b\".\"c\"\"d\"", "a.b", "c\"d");
	check_qualified(" a . b ", "a", "b");
	check_qualified("a b", NULL, "a b");
	check_qualified("'; drop table t; --", NULL, "'; drop table t; --");
	check_qualified("%s", NULL, "%s");
	check_qualified("Таблица", NULL, "Таблица");
	check_refused("");
	check_refused(" ");
	check_refused("a.");
	check_refused(".a");
	check_refused("a.b.c");
	check_refused("a,b");
	check_refused("\"a");
	check_refused("\"\"");
	check_refused("a\"b\"");
	memset(longest, 'x', sizeof(longest));
	longest[63] = '\0';
	check_qualified(longest, NULL, longest);
	longest[63] = 'x';
	longest[64] = '\0';
	check_refused(longest);
	snprintf(quoted, sizeof(quoted), "\"%.64s\"", longest);
	check_refused(quoted);
}

static void
test_list(void)
{
	struct ident_list l = {.names = NULL};
	struct err e = ERR_INIT;

	is_int(ident_parse_list("a, \"B,c\" ,D", &l, &e), 0, "a list parses");
	is_int(l.n, 3, "into three");
	is_str(l.names[0], "a", "plain");
	is_str(l.names[1], "B,c", "quoted, with a comma inside");
	is_str(l.names[2], "d", "folded");
	is_int(ident_parse_list("e", &l, &e), 0, "a second list is appended");
	is_int(l.n, 4, "to the first");
	ok(ident_list_has(&l, "B,c") && !ident_list_has(&l, "b,c"), "look-ups are exact");
	is_int(ident_parse_list("a,,b", &l, &e), -1, "an empty name is refused");
	err_release(&e);
	is_int(ident_parse_list("a.b", &l, &e), -1, "a qualified name is no column");
	err_release(&e);
	ident_list_release(&l);
	is_int(l.n, 0, "released, it is empty");
}

int
main(void)
{
	test_qualified();
	test_list();
	return tap_done();
}
