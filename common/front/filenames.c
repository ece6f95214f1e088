/*
 * Each program looks at its own files; only here those of both are known, and the plan.
 */
#include "common/front/filenames.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/xalloc.h"
#include "common/cli/files.h"
#include "common/front/front.h"

/* Options of the programs that are passed on and name a file. */
static const struct {
	const char *option;
	bool extract; /* or load */
	bool written;
} passed[] = {
	{"--csv", true, false},     {"--query-file", true, false}, {"--since", true, false},
	{"--log-file", true, true}, {"--log-file", false, true},   {"--csv", false, true},
	{"--rejects", false, true},
};

struct names {
	struct files_one *list; /* owned */
	size_t n;
};

static void
add(struct names *names, const char *what, const char *path, bool written)
{
	names->list = xrealloc(names->list, (names->n + 1) * sizeof(*names->list));
	names->list[names->n++] = (struct files_one){what, path, written, false};
}

static void
add_words(struct names *names, size_t which, const struct arglist *words)
{
	const char *option = passed[which].option;
	size_t i, len = strlen(option);

	for (i = 0; i < words->n; i++) {
		const char *word = words->words[i], *value = word + len + 1;

		if (strncmp(word, option, len) != 0 || word[len] != '=')
			continue;
		if (strcmp(option, "--since") == 0 && *value++ != '@')
			continue;
		add(names, option, value, passed[which].written);
	}
}

int
filenames_check(const struct front *f, struct err *e)
{
	struct names names = {.n = 0};
	size_t i;
	int rc;

	add(&names, "the job", f->job, false);
	add(&names, "the plan", f->noperands > 0 ? f->operands[0] : NULL, false);
	add(&names, "--resume", f->resume, false);
	add(&names, "--keep", f->keep, true);
	add(&names, "--output", f->output, true);
	add(&names, "--summary", f->summary, true);
	add(&names, "--differences", f->differences, true);
	for (i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		if (passed[i].extract || f->via == NULL) /* there, the names are others' */
			add_words(&names, i,
				  passed[i].extract ? &f->for_extract : &f->for_load);
	rc = files_check(names.list, names.n, e);
	free(names.list);
	return rc;
}
