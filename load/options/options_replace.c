/*
 * What does not go with --replace is refused before anything is read.
 */
#include "load/options/options_parts.h"

#include "common/base/err.h"

int
options_replace_check(const struct load_options *o, struct err *e)
{
	const struct {
		const char *option;
		bool given;
		const char *why;
	} against[] = {
		{"truncate", o->truncate,
		 "--replace and --truncate exclude each other: both remove all rows"},
		{"conflict", o->conflict != CONFLICT_FAIL,
		 "--replace and --conflict exclude each other: in a new table no row is "
		 "there already"},
		{"delete", o->absent != ABSENT_STAY,
		 "--replace and --delete exclude each other: no old row stays"},
		{"commit", o->commit == COMMIT_BATCH,
		 "--replace needs --commit=end: the tables are exchanged when all rows are here"},
		{"rejects", o->rejects != NULL, "--replace and --rejects exclude each other"},
		{"add-columns", o->add_columns,
		 "--replace and --add-columns exclude each other"},
		{"foreign-keys", o->foreign_keys != 0,
		 "--foreign-keys=recheck is what --replace does by itself"},
		{"indexes", o->indexes != 0,
		 "--indexes=rebuild is what --replace does by itself"},
		{"streams", o->streams > 1, "--replace is for one stream, not for several"},
		{"state", o->state != NULL,
		 "--replace and --state exclude each other: a state goes with rows that are "
		 "changed"},
	};
	size_t i;

	for (i = 0; o->replace && i < sizeof(against) / sizeof(against[0]); i++)
		if (against[i].given)
			return err_usage(e, against[i].option, "%s", against[i].why);
	return 0;
}
