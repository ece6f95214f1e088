/*
 * Locks of open file descriptions, which both ends of a pipe share by its inode.
 */
#include "common/talk/toldonce.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/talk/log.h"

#define PATIENCE 100 /* ms that a reader may take to begin */

/* The byte of the terminal; false: it is none, or not for people. */
static bool
make_lock(int fd, short type, struct flock *lock)
{
	struct stat pipe, err;

	if (fd < 0 || fstat(fd, &pipe) != 0 || !S_ISFIFO(pipe.st_mode) ||
	    !isatty(STDERR_FILENO) || fstat(STDERR_FILENO, &err) != 0 || log_is_json())
		return false;
	*lock = (struct flock){.l_type = type,
			       .l_whence = SEEK_SET,
			       .l_start = (off_t)(err.st_rdev & 0x7fffffff),
			       .l_len = 1};
	return true;
}

void
toldonce_promise(int fd)
{
	struct flock lock;

	if (make_lock(fd, F_RDLCK, &lock))
		fcntl(fd, F_OFD_SETLK, &lock); /* refused: then both say it */
}

bool
toldonce_promised(int fd)
{
	struct flock lock;

	int i;

	for (i = 0; make_lock(fd, F_WRLCK, &lock); i++) {
		if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_RDLCK)
			return true;
		if (i == PATIENCE)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return false;
}
