/*
 * What does not go with --state is refused before anything is read: rows that would not come
 * again, and would be missing for good.
 */
#include "load/options/options_parts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/cli/cli.h"
#include "common/stream/stream_chunk.h"

#define LEDGER_DEFAULT "portl_ledger"

static int
parse_ledger(struct load_options *o, struct err *e)
{
	if (o->ledger_text == NULL) {
		o->ledger = LEDGER_DEFAULT;
		return 0;
	}
	if (ident_parse_list(o->ledger_text, &o->ledger_list, e) != 0)
		return err_prefix(e, "--ledger: ");
	if (o->ledger_list.n != 1)
		return err_usage(e, "ledger", "--ledger takes one schema, not \"%s\"",
				 o->ledger_text);
	o->ledger = o->ledger_list.names[0];
	o->ledger_meant = cli_has(&o->common.line, "ledger");
	return 0;
}

/* What would leave a state without the truth about its rows. */
static int
check_state(const struct load_options *o, struct err *e)
{
	if (o->state == NULL && o->reset_state)
		return err_usage(e, "reset-state", "--reset-state needs --state=NAME");
	if (o->state == NULL && o->print_state && getenv("PORTL_RUN") == NULL)
		return err_usage(e, "print-state", "--print-state needs --state=NAME");
	if (o->state == NULL)
		return 0;
	if (o->state[0] == '\0')
		return err_usage(e, "state", "--state needs a name");
	if (o->rejects != NULL) {
		err_usage(e, "state", "--state and --rejects exclude each other");
		return err_hint(e, "A row that is rejected would not come again.");
	}
	if (o->streams > 1)
		return err_usage(e, "state", "--state is for one stream, not for several");
	if (o->edited == STREAM_EDITED_ROWS)
		return err_usage(e, "state",
				 "--state and --edited=rows exclude each other: rows that were "
				 "taken out would not come again");
	return 0;
}

/* What lists or removes all that there is of a kind, as an option; or NULL. */
static const char *
listing(const struct load_options *o)
{
	if (o->list_states)
		return "list-states";
	if (o->parts == LOAD_LIST_RUNS)
		return "list-runs";
	if (o->parts == LOAD_DROP_RUNS)
		return o->drop_run != NULL ? "drop-run" : "drop-stale";
	return NULL;
}

/* It takes what says where that is, and how it is told of. */
static int
check_listing(const struct load_options *o, struct err *e)
{
	static const char *const takes[] = {"ledger", "job",      "check",
					    "json",   "log-file", "log-format"};
	const char *what = listing(o);
	size_t i, j;

	for (i = 0; what != NULL && i < o->common.line.n; i++) {
		const struct cli_slot *slot = &o->common.line.slots[i];
		bool taken = (slot->option->part & (CLI_SERVER | CLI_REACH | CLI_TALK)) != 0 ||
			     strcmp(slot->option->name, what) == 0;

		for (j = 0; j < sizeof(takes) / sizeof(takes[0]); j++)
			taken = taken || strcmp(slot->option->name, takes[j]) == 0;
		if (slot->given && !taken)
			return err_usage(e, slot->option->name, "--%s does not go with --%s",
					 slot->option->name, what);
	}
	return 0;
}

int
options_state_settle(struct load_options *o, struct err *e)
{
	if (parse_ledger(o, e) != 0 || check_listing(o, e) != 0)
		return -1;
	return check_state(o, e);
}
