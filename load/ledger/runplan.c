/*
 * A digest tells plans apart of one id, of which only one is the run's.
 */
#include "load/ledger/runplan.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"

#define ID_MAX 40 /* bytes, so that a table's name has room for more */

/* With its length, so that no two lists of fields come to one text. */
static void
add(struct buf *b, const char *field)
{
	if (field == NULL)
		buf_addc(b, '-');
	else
		buf_addf(b, "%zu:%s", strlen(field), field);
}

static void
add_name(struct buf *b, const struct relname *name)
{
	add(b, name->schema);
	add(b, name->name);
}

static void
add_relation(struct buf *b, const struct partplan_relation *r)
{
	char *header = json_dumps(r->header, JSON_COMPACT | JSON_SORT_KEYS);

	add_name(b, &r->id);
	add_name(b, &r->target);
	buf_addc(b, r->only ? 'o' : 'a');
	add(b, r->way);
	add(b, header);
	free(header);
}

static void
add_part(struct buf *b, const struct partplan_part *p)
{
	buf_addf(b, "%zu %" PRId64 " %" PRId64 " ", p->relation, p->from_block, p->to_block);
	add_name(b, &p->leaf);
	add(b, p->column);
	add(b, p->from);
	add(b, p->to);
}

static void
add_words(struct buf *b, const struct ident_list *words)
{
	size_t i;

	buf_addf(b, "%zu ", words->n);
	for (i = 0; i < words->n; i++)
		add(b, words->names[i]);
}

void
runplan_mark(const char *text, char mark[RUNPLAN_MARK + 1])
{
	snprintf(mark, RUNPLAN_MARK + 1, "%016" PRIx64,
		 (uint64_t)XXH3_64bits(text, strlen(text)));
}

int
runplan_make(struct run *r, const struct partplan *plan, const char *ledger,
	     char mark[RUNPLAN_MARK + 1], struct err *e)
{
	struct buf text = BUF_INIT;
	size_t i;

	if (strlen(plan->id) > ID_MAX ||
	    plan->id[strspn(plan->id, "0123456789abcdefghijklmnopqrstuvwxyz_-")] != '\0')
		return err_set(
			e, EXIT_JOBFILE,
			"the plan's id is not made of at most %d small letters and digits",
			ID_MAX);
	for (i = 0; i < plan->nrelations; i++)
		add_relation(&text, &plan->relations[i]);
	for (i = 0; i < plan->nparts; i++)
		add_part(&text, &plan->parts[i]);
	add_words(&text, &plan->extract);
	add_words(&text, &plan->load);
	runplan_mark(buf_cstr(&text), mark);
	buf_release(&text);
	*r = (struct run){
		.ledger = ledger, .id = plan->id, .plan = mark, .parts = plan->nparts};
	return 0;
}
