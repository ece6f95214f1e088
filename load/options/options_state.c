/*
 * What does not go with --state is refused before anything is read: rows that would not come
 * again, and would be missing for good.
 */
#include "load/options/options_parts.h"

#include <stdlib.h>

#include "common/base/err.h"
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

int
options_state_settle(struct load_options *o, struct err *e)
{
	return parse_ledger(o, e) != 0 ? -1 : check_state(o, e);
}
