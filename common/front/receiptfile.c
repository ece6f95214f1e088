/*
 * Whoever waits for a receipt sees all of it, or the one before.
 */
#include "common/front/receiptfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"
#include "common/os/livefile.h"
#include "common/os/writeall.h"

static int
write_text(FILE *out, const char *text)
{
	int rc = fputs(text, out) < 0;

	rc |= fclose(out) != 0;
	return rc;
}

/* What fails leaves the receipt of before. */
static int
write_file(const char *path, const char *text, struct err *e)
{
	char *real = livefile_behind(path);
	char *part = real != NULL ? xasprintf("%s.part", real) : NULL;
	FILE *out = NULL;
	sigset_t before;
	int rc = 0;

	intr_mask(&before);
	if (part != NULL)
		out = fopen(part, "we");
	if (out == NULL) {
		rc = err_errno(e, "could not create \"%s\"", path);
	} else if (write_text(out, text) != 0 || rename(part, real) != 0) {
		rc = err_errno(e, "could not write \"%s\"", path);
		unlink(part);
	}
	intr_unmask(&before);
	free(part);
	free(real);
	return rc;
}

static int
write_live(const char *path, const char *text, struct err *e)
{
	int fd = livefile_open(path);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (out == NULL)
		return err_errno(e, "could not create \"%s\"", path);
	return write_text(out, text) == 0 ? 0 : err_errno(e, "could not write \"%s\"", path);
}

int
receiptfile_write(const char *path, const char *text, struct err *e)
{
	if (strcmp(path, "-") == 0) {
		fputs(text, stdout);
		return writeall_finish(stdout, e);
	}
	return livefile_is(path) ? write_live(path, text, e) : write_file(path, text, e);
}
