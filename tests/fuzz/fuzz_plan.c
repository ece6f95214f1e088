/*
 * Any bytes as a plan: a plan or one error; what has been read is written, and what was
 * written is read as the same.  Memory takes the place of common/stream/output.c.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"
#include "common/parts/planframe.h"
#include "tests/fuzz/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct output written;

struct output *
output_open(const char *path, struct err *e)
{
	(void)path;
	(void)e;
	buf_drop(&written.bytes, written.bytes.len);
	return &written;
}

int
output_finish(struct output *o, struct err *e)
{
	(void)o;
	(void)e;
	return 0;
}

void
output_free(struct output *o)
{
	(void)o;
}

/* Returns 0 if these bytes are a plan; else there is an error, of the one kind. */
static int
read_plan(struct partplan *plan, const void *data, size_t size)
{
	const char *path = memory_path(data, size);
	struct err e = ERR_INIT;
	int rc = partplan_read(plan, path, &e);

	if (rc != (e.code == EXIT_DONE ? 0 : -1) || (rc != 0 && e.code != EXIT_JOBFILE) ||
	    (rc != 0 && strncmp(e.msg, path, strlen(path)) != 0))
		abort();
	err_release(&e);
	return rc;
}

static void
write_plan(const struct partplan *plan, struct buf *text)
{
	struct err e = ERR_INIT;

	if (partplan_write(plan, "plan", &e) != 0)
		abort();
	buf_drop(text, text->len);
	buf_add(text, written.bytes.data, written.bytes.len);
	err_release(&e);
}

/* Read ${text} in a frame or without it: is it the plan that it was made of? */
static void
check_again(const struct buf *text, int in_frame)
{
	struct buf framed = BUF_INIT, again = BUF_INIT;
	struct partplan plan;

	if (in_frame)
		planframe_add(&framed, text->data, text->len);
	else
		buf_add(&framed, text->data, text->len);
	if (read_plan(&plan, framed.data, framed.len) != 0)
		abort();
	write_plan(&plan, &again);
	if (again.len != text->len || memcmp(again.data, text->data, again.len) != 0)
		abort();
	partplan_release(&plan);
	buf_release(&again);
	buf_release(&framed);
}

/* Each part is of a relation, by its number. */
static void
check_parts(const struct partplan *plan)
{
	size_t i;

	if (plan->nrelations == 0 || plan->nparts < plan->nrelations)
		abort();
	for (i = 0; i < plan->nparts; i++) {
		struct err e = ERR_INIT;
		const struct partplan_part *p = partplan_part(plan, "plan", (int64_t)i + 1, &e);
		char *name;

		if (p == NULL || p->relation < 1 || p->relation > plan->nrelations)
			abort();
		name = partplan_part_name(plan, p);
		free(name);
		err_release(&e);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT;
	struct partplan plan;

	if (read_plan(&plan, data, size) == 0) {
		check_parts(&plan);
		write_plan(&plan, &text);
		check_again(&text, 0);
		check_again(&text, 1);
	}
	partplan_release(&plan);
	buf_release(&text);
	return 0;
}
