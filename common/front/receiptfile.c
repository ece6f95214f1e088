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
	bool live = strcmp(path, "-") == 0 || livefile_is(path);
	char *part = live ? xstrdup(path) : xasprintf("%s.part", path);
	FILE *out;
	int rc = 0, fd;

	if (strcmp(path, "-") == 0) {
		free(part);
		fputs(text, stdout);
		return writeall_finish(stdout, e);
	}
	fd = live ? livefile_open(path)
		  : open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (out == NULL) {
		rc = err_errno(e, "could not create \"%s\"", part);
	} else {
		fputs(text, out);
		rc = ferror(out) != 0;
		rc |= fclose(out) != 0;
		if (rc != 0 || (!live && rename(part, path) != 0))
			rc = err_errno(e, "could not write \"%s\"", path);
	}
	free(part);
	return rc;
}
