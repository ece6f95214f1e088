/*
 * Closed standard descriptors are filled the wrong way round: an input that can
 * only be written, an output that can only be read.
 */
#include "common/os/stdfds.h"

#include <fcntl.h>
#include <unistd.h>

void
stdfds_fill(void)
{
	static const int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
	int fd;

	/* open() takes the lowest free number, so this goes upwards */
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			return;
}
