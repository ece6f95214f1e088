/*
 * Which row and column COPY means, in the languages that PostgreSQL speaks.
 */
#include <stdlib.h>

#include "common/base/err.h"
#include "common/base/intern.h"
#include "common/base/xalloc.h"
#include "load/match/plan.h"
#include "load/route/route_direct.h"
#include "load/route/staged.h"
#include "load/rules/rules.h"
#include "load/stage/plan_stage.h"
#include "tests/unit/tap.h"

#define TABLE "portl_stage_0123456789abcdef"

static void
check(const char *context, bool want, uint64_t row, const char *name)
{
	struct plan_column columns[] = {{.target = NULL}, {.target = intern("amount")}};
	struct plan_stage stage = {.id = "0123456789abcdef"};
	const struct load_rules rules = {.parts = {.what = PARTS_NONE}};
	struct plan plan = {
		.columns = columns, .ncolumns = 2, .stage = &stage, .rules = &rules};
	struct route r = {.plan = &plan};
	struct err e = ERR_INIT;
	uint64_t line = 0;
	char *column = NULL;

	err_set(&e, EXIT_DATA, "invalid input");
	err_context(&e, "%s", context);
	ok(staged_where(&r, &e, &line, &column) == want, "%s: is%s a place", context,
	   want ? "" : " not");
	is_int(line, row, "row");
	is_str(column, name, "column");
	ok((e.context == NULL) == want, "and the context is%s used up", want ? "" : " not");
	err_release(&e);
	free(column);
}

/* The same of the direct route, whose names are the table's own. */
static void
check_direct(const char *context, const char *want)
{
	struct plan_column columns[] = {{.target = intern("amount")},
					{.target = intern("Spalte")},
					{.target = intern("net amount")}};
	struct plan plan = {.columns = columns, .ncolumns = 3};
	struct route *r;
	struct err e = ERR_INIT;

	relname_set(&plan.target, "public", "orders");
	r = route_direct_new(NULL, &plan, "in");
	err_set(&e, EXIT_DATA, "x");
	err_context(&e, "%s", context);
	is_int(route_locate(r, &e), -1, "%s", context);
	is_str(e.msg, want, "the place is in front");
	err_release(&e);
	route_free(r);
}

int
main(void)
{
	check_direct("COPY orders, line 7, column amount: \"x\"", "in:7: column \"amount\": x");
	check_direct("COPY orders, line 7, column net amount: \"x, amount\"",
		     "in:7: column \"net amount\": x");
	check_direct("COPY orders, line 7", "in:7: x");
	check_direct("COPY orders, Zeile 7, Spalte net amount: »x«",
		     "in:7: column \"net amount\": x");
	check_direct("COPY orders, ligne 7, colonne amount : « x »",
		     "in:7: column \"amount\": x");
	check_direct("ordersのCOPY、行 7、列 amount: \"x\"", "in:7: column \"amount\": x");
	check_direct("COPY orders, строка 7, столбец amount: \"x\"",
		     "in:7: column \"amount\": x");
	check_direct("COPY orders, строка 7: \"amount\"", "in:7: x");
	check_direct("PL/pgSQL-Funktion f(), Zeile 9\nCOPY orders, Zeile 7: »1«", "in:7: x");
	check_direct("SQL statement \"INSERT INTO orders VALUES (1)\"", "x");
	check_direct("COPY orders_2, line 7", "x");

	check("COPY " TABLE ", line 1042, column c2: \"x, c1\"", true, 1042, "amount");
	check("COPY " TABLE ", line 3, column c2: null input", true, 3, "amount");
	check("COPY " TABLE ", line 3, column c2", true, 3, "amount");
	check("COPY " TABLE ", line 3, column c1: \"dropped\"", true, 3, NULL);
	check("COPY " TABLE ", line 3: \"c2 in the row\"", true, 3, NULL);
	check("COPY " TABLE ", line 3", true, 3, NULL);
	check("PL/pgSQL function f(), line 9\nCOPY " TABLE ", line 3, column c2: \"x\"\nmore",
	      true, 3, "amount");
	check("COPY " TABLE ", Zeile 1042, Spalte c2: »x«", true, 1042, "amount");
	check("COPY " TABLE ", línea 1042, columna c2: entrada nula", true, 1042, "amount");
	check("COPY " TABLE ", ligne 1042, colonne c2 : « x »", true, 1042, "amount");
	check(TABLE "のCOPY、行 1042、列 c2: \"x\"", true, 1042, "amount");
	check("COPY " TABLE ", 1042행, c2 열: null 입력", true, 1042, "amount");
	check(TABLE " 복사, 1042번째 줄, c2 열: \"x\"", true, 1042, "amount");
	check("COPY " TABLE ", строка 1042, столбец c2", true, 1042, "amount");
	check("COPY " TABLE ", 第 1042 行, 列 c2: \"x\"", true, 1042, "amount");
	check("COPY orders, line 1042, column c2: \"x\"", false, 0, NULL);
	check("SQL statement \"ANALYZE " TABLE "\"\nline 7", false, 0, NULL);
	return tap_done();
}
