/*
 * What cannot be looked for once a constraint or an index is gone is refused before anything is
 * read.
 */
#include "load/options/options_parts.h"

#include "common/base/err.h"

static int
check_recheck(const struct load_options *o, struct err *e)
{
	if (o->foreign_keys == 0)
		return 0;
	if (o->commit == COMMIT_BATCH)
		return err_usage(
			e, "foreign-keys",
			"--foreign-keys=recheck needs --commit=end: it checks all rows "
			"behind the last");
	if (o->add_columns)
		return err_usage(e, "foreign-keys",
				 "--foreign-keys=recheck and --add-columns exclude each other");
	if (o->rejects != NULL)
		return err_usage(e, "foreign-keys",
				 "--foreign-keys=recheck refuses all rows or none, not those "
				 "for --rejects");
	return 0;
}

int
options_behind_check(const struct load_options *o, struct err *e)
{
	const struct {
		const char *option;
		bool given;
		const char *why;
	} against[] = {
		{"commit", o->commit == COMMIT_BATCH,
		 "--indexes=rebuild needs --commit=end: indexes are built behind the last row"},
		{"conflict", o->conflict != CONFLICT_FAIL,
		 "--indexes=rebuild and --conflict exclude each other: rows that are there are "
		 "found by an index"},
		{"delete", o->absent != ABSENT_STAY,
		 "--indexes=rebuild and --delete exclude each other: absent rows are found by an "
		 "index"},
		{"add-columns", o->add_columns,
		 "--indexes=rebuild and --add-columns exclude each other"},
		{"rejects", o->rejects != NULL,
		 "--indexes=rebuild refuses all rows or none, not those for --rejects"},
	};
	size_t i;

	for (i = 0; o->indexes != 0 && i < sizeof(against) / sizeof(against[0]); i++)
		if (against[i].given)
			return err_usage(e, against[i].option, "%s", against[i].why);
	return check_recheck(o, e);
}
