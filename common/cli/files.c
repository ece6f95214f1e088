/*
 * All that is written against all that is read, and against each other.
 */
#include "common/cli/files.h"

#include <string.h>

#include "common/base/err.h"
#include "common/os/samefile.h"

static bool
is_named(const struct files_one *f)
{
	return f->path != NULL && f->path[0] != '\0' && strcmp(f->path, "-") != 0;
}

static bool
may_be_one(const struct files_one *a, const struct files_one *b)
{
	static const char log[] = "--log-file";

	return (!a->written && !b->written) || (a->others && b->others) ||
	       (strcmp(a->what, log) == 0 && strcmp(b->what, log) == 0);
}

static int
refuse(const struct files_one *written, const struct files_one *other, struct err *e)
{
	const char *option = strncmp(written->what, "--", 2) == 0 ? written->what + 2 : NULL;

	if (option == NULL)
		return err_set(e, EXIT_USAGE, "%s and %s are the same file, \"%s\"",
			       written->what, other->what, written->path);
	return err_usage(e, option, "%s and %s are the same file, \"%s\"", written->what,
			 other->what, written->path);
}

int
files_check(const struct files_one *list, size_t n, struct err *e)
{
	size_t i, j;

	for (i = 0; i < n; i++)
		for (j = 0; is_named(&list[i]) && j < i; j++) {
			const struct files_one *a = &list[i], *b = &list[j];

			if (!is_named(b) || may_be_one(a, b) || !samefile_is(a->path, b->path))
				continue;
			return a->written && !a->others ? refuse(a, b, e) : refuse(b, a, e);
		}
	return 0;
}
