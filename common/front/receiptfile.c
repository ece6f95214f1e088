/*
 * Whoever waits for a receipt sees all of it, or the one before.
 */
#include "common/front/receiptfile.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/livefile.h"
#include "common/os/writeall.h"

int
receiptfile_write(const char *path, const char *text, struct err *e)
{
	bool live = livefile_is(path);
	char *real, *part = NULL;
	FILE *out;
	int rc = 0, fd = -1;

	if (strcmp(path, "-") == 0) {
		fputs(text, stdout);
		return writeall_finish(stdout, e);
	}
	real = live ? NULL : livefile_behind(path);
	if (real != NULL)
		part = xasprintf("%s.part", real);
	if (live)
		fd = livefile_open(path);
	else if (part != NULL)
		fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (out == NULL) {
		rc = err_errno(e, "could not create \"%s\"", path);
	} else {
		fputs(text, out);
		rc = ferror(out) != 0;
		rc |= fclose(out) != 0;
		if (rc != 0 || (!live && rename(part, real) != 0))
			rc = err_errno(e, "could not write \"%s\"", path);
	}
	free(part);
	free(real);
	return rc;
}
