/*
 * What does not go with --delete is refused before anything is read: a stream that may lack
 * rows for another reason than that they are gone.
 */
#include "load/options/options_parts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/err.h"
#include "common/stream/stream_chunk.h"
#include "load/rules/rules.h"

#define MOST_DEFAULT "50%"

/* "100" rows, or "5%" of them. */
static int
parse_most(struct load_options *o, struct err *e)
{
	const char *text = o->most_text != NULL ? o->most_text : MOST_DEFAULT;
	char *end;

	errno = 0;
	o->most = strtoll(text, &end, 10);
	o->percent = *end == '%';
	if (text[0] < '0' || text[0] > '9' || errno != 0 || end[o->percent] != '\0' ||
	    (o->percent && o->most > 100))
		return err_usage(e, "max-delete",
				 "--max-delete takes a number of rows or a share like 5%%, "
				 "not \"%s\"",
				 text);
	return 0;
}

static bool
in_batches(const struct load_options *o)
{
	return o->commit == COMMIT_BATCH;
}

static bool
truncates(const struct load_options *o)
{
	return o->truncate;
}

static bool
rejects(const struct load_options *o)
{
	return o->rejects != NULL;
}

static bool
drops_rows(const struct load_options *o)
{
	return o->edited == STREAM_EDITED_ROWS;
}

static bool
is_bare(const struct load_options *o)
{
	return o->bare;
}

/* What would make rows look absent that are not, or could not be taken back. */
static const struct {
	const char *option;
	bool (*given)(const struct load_options *o);
	const char *why;
} against_delete[] = {
	{"commit", in_batches,
	 "--delete needs --commit=end: which rows are absent is known when all are here"},
	{"truncate", truncates,
	 "--delete and --truncate exclude each other: an empty table has nothing to delete"},
	{"rejects", rejects,
	 "--delete and --rejects exclude each other: a row that is rejected "
	 "is not absent"},
	{"edited", drops_rows,
	 "--delete and --edited=rows exclude each other: a row that was taken out on the way is "
	 "not absent"},
	{"bare", is_bare,
	 "--delete needs a stream that is proved whole, and a bare one is not"},
};

int
options_delete_settle(struct load_options *o, struct err *e)
{
	size_t i;

	if (o->absent == ABSENT_STAY && o->scope != NULL && !o->verify)
		return err_usage(e, "scope",
				 "--scope says which rows --delete may delete, or "
				 "--verify compares, and needs one of them");
	if (o->absent == ABSENT_STAY && o->most_text != NULL)
		return err_usage(e, "max-delete", "--max-delete needs --delete");
	if (o->absent == ABSENT_STAY)
		return 0;
	if (o->conflict == CONFLICT_FAIL) {
		err_usage(e, "delete", "--delete needs --conflict=skip, overwrite or merge");
		return err_hint(e, "It tells by the key which rows are absent.");
	}
	for (i = 0; i < sizeof(against_delete) / sizeof(against_delete[0]); i++)
		if (against_delete[i].given(o))
			return err_usage(e, against_delete[i].option, "%s",
					 against_delete[i].why);
	return parse_most(o, e);
}
