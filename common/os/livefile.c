/*
 * The links are followed one by one, for the last of them, in /proc, leads to the file that
 * is open and no longer says so: a rename() there would take the file's name from whoever
 * opened it, or, where it has none any more, the name of /dev/stdout itself.
 */
#include "common/os/livefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel's */

static bool
begins(const char *path, const char *prefix)
{
	return strncmp(path, prefix, strlen(prefix)) == 0;
}

/* A number and nothing else, or -1. */
static int
number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && n <= INT_MAX ? (int)n : -1;
}

/* The descriptor of ours that a name stands for; -1: none; -2: perhaps another process's. */
static int
named(const char *path)
{
	char own[32];
	const char *fd;

	if (begins(path, "/dev/fd/"))
		return number(path + strlen("/dev/fd/"));
	if (!begins(path, "/proc/") || (fd = strstr(path, "/fd/")) == NULL)
		return -1;
	snprintf(own, sizeof(own), "/proc/%ld/fd/", (long)getpid());
	if (begins(path, "/proc/self/fd/") || begins(path, "/proc/thread-self/fd/") ||
	    begins(path, own))
		return number(fd + strlen("/fd/"));
	return -2;
}

/* Replace ${path} by what it links to, if it does. */
static bool
follow(char path[PATH_MAX])
{
	char target[PATH_MAX], *slash = strrchr(path, '/');
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	size_t dir = slash != NULL ? (size_t)(slash + 1 - path) : 0;

	if (n <= 0)
		return false;
	target[n] = '\0';
	if (target[0] == '/')
		dir = 0;
	if (dir + (size_t)n >= PATH_MAX)
		return false;
	memcpy(path + dir, target, (size_t)n + 1);
	return true;
}

static int
descriptor(const char *path)
{
	char at[PATH_MAX];
	int links, fd = -1;

	if (strlen(path) >= sizeof(at))
		return -1;
	memcpy(at, path, strlen(path) + 1);
	for (links = 0; links < LINKS_MAX; links++) {
		fd = named(at);
		if (fd != -1 || !follow(at))
			break;
	}
	return fd;
}

bool
livefile_is(const char *path)
{
	struct stat st;

	return descriptor(path) != -1 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

int
livefile_open(const char *path)
{
	int fd = descriptor(path);

	if (fd < 0)
		return open(path, O_WRONLY | O_CLOEXEC);
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

char *
livefile_behind(const char *path)
{
	char at[PATH_MAX], *real = realpath(path, NULL);
	int links;

	if (real != NULL || errno != ENOENT || path[0] == '\0')
		return real;
	if (strlen(path) >= sizeof(at)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	memcpy(at, path, strlen(path) + 1);
	for (links = 0; links < LINKS_MAX && follow(at); links++)
		continue;
	return strdup(at);
}
