/*
 * A signal may interrupt any write, and a pipe take a part of it.
 */
#include "common/os/writeall.h"

#include <errno.h>
#include <unistd.h>

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
