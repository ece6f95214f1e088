/*
 * A signal may interrupt any write, and a pipe take a part of it.
 */
#include "common/os/writeall.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "common/base/err.h"

int
writeall(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* A full buffer was written before, and what failed then is not tried again. */
int
writeall_finish(FILE *out, struct err *e)
{
	bool failed = ferror(out) != 0;

	if (fflush(out) == 0 && !failed)
		return 0;
	return err_errno(e, "could not write to standard %s",
			 out == stdout ? "output" : "error");
}
