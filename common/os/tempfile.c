/*
 * Files that go when whoever has them open does.  tmpfile() would do but for TMPDIR.
 */
#include "common/os/tempfile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/xalloc.h"
#include "common/os/intr.h"

int
tempfile_open(struct err *e)
{
	const char *dir = getenv("TMPDIR");
	sigset_t before;
	char *path;
	int fd;

	if (dir == NULL || dir[0] == '\0')
		dir = "/tmp";
	path = xasprintf("%s/portl.XXXXXX", dir);
	intr_mask(&before);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	intr_unmask(&before);
	if (fd < 0)
		err_errno(e, "could not create a temporary file in \"%s\"", dir);
	free(path);
	return fd;
}

FILE *
tempfile_stream(struct err *e)
{
	int fd = tempfile_open(e);
	FILE *f = fd >= 0 ? fdopen(fd, "w+") : NULL;

	if (fd >= 0 && f == NULL) {
		err_errno(e, "could not open a temporary file");
		close(fd);
	}
	return f;
}
