/* A kind of source that is no part of Portl: --generate=N, N rows.  See kinds.bats. */
#include "common/base/xalloc.h"
#include "common/schema/header.h"
#include "extract/options/options.h"
#include "extract/source/source.h"
#include "extract/source/source_kind.h"

static const struct cli_option options[] = {
	{.type = CLI_HEADING, .help = "Rows out of thin air"},
	{"generate", 0, CLI_NUMBER, "N", "N rows", .part = CLI_FILE,
	 .replaces = CLI_WHAT | CLI_SERVER | CLI_REACH},
	{.help = NULL},
};

static int
generate_open(struct source *s, int watch_fd, struct err *e)
{
	(void)watch_fd, (void)e;
	s->where = xstrdup("thin air");
	s->header->values = HEADER_TEXT;
	schema_add_column(&s->header->schema, "n", "integer", "integer");
	return 0;
}

static enum source_event
generate_next(struct source *s, int timeout, struct source_chunk *chunk, struct err *e)
{
	static const char row[] = "7\n";
	int64_t *left = s->options->own;

	(void)timeout, (void)e;
	*chunk = (struct source_chunk){.data = row, .len = 2, .rows = 1};
	return (*left)-- > 0 ? SOURCE_ROWS : SOURCE_END;
}

static void
generate_close(struct source *s)
{
	(void)s;
}

static int
check(struct extract_options *o, struct err *e)
{
	(void)o, (void)e;
	return 0;
}

static struct source *
make(const struct extract_options *o)
{
	static const struct source_ops ops = {
		.open = generate_open, .next = generate_next, .close = generate_close};
	struct source *s = xcalloc(1, sizeof(*s));

	(void)o;
	s->ops = &ops;
	return s;
}

const struct source_kind generate = {
	.cli = {"generate", "generate", "rows", "thin air", "It makes rows up.", {options}, 8},
	.check = check,
	.make = make,
};
