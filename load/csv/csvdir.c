/*
 * rename() puts one folder in the place of another that is empty, and of no other: what was
 * there before is never mixed with what comes.
 */
#include "load/csv/csvdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/relfile.h"
#include "common/base/xalloc.h"
#include "common/os/livefile.h"

struct csvdir {
	char *path; /* without the slash behind it */
	char *part; /* the folder until it is complete */
	bool finished;
};

bool
csvdir_is_meant(const char *path)
{
	size_t len = strlen(path);

	return len > 0 && path[len - 1] == '/';
}

/* The entries of a folder but for itself and its parent; removed with ${clear}. */
static size_t
count_entries(const char *path, bool clear)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t n = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		n++;
		if (clear)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
	return n;
}

static int
check_free(const char *path, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : err_errno(e, "could not look at \"%s\"", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, EXIT_DATA, "\"%s\" is there, and no folder", path);
	if (count_entries(path, false) == 0)
		return 0;
	err_set(e, EXIT_DATA, "folder \"%s\" is not empty", path);
	return err_hint(e, "Files of an older run would stand beside the new ones; name a "
			   "folder that is empty, or is not there.");
}

struct csvdir *
csvdir_open(const char *path, struct err *e)
{
	struct csvdir *d;
	size_t len = strlen(path);
	char *real;

	while (len > 1 && path[len - 1] == '/')
		len--;
	d = xcalloc(1, sizeof(*d));
	d->path = xstrndup(path, len);
	real = livefile_behind(d->path); /* "." cannot be put in another's place by its name */
	if (real != NULL) {
		free(d->path);
		d->path = real;
	}
	d->part = xasprintf("%s.%ld.part", d->path, (long)getpid());
	if (check_free(d->path, e) == 0) {
		if (mkdir(d->part, 0777) == 0)
			return d;
		err_errno(e, "could not make folder \"%s\"", d->part);
	}
	d->finished = true; /* nothing is to be removed */
	csvdir_free(d);
	return NULL;
}

char *
csvdir_file(struct csvdir *d, const struct relname *relation)
{
	char *name = relfile_name(relation, ".csv");
	char *path = xasprintf("%s/%s", d->part, name);

	free(name);
	return path;
}

static int
sync_folder(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd >= 0 ? fsync(fd) : -1;

	if (rc != 0)
		err_errno(e, "could not bring folder \"%s\" to disk", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int
csvdir_finish(struct csvdir *d, struct err *e)
{
	char *slash, *parent;
	int rc;

	if (sync_folder(d->part, e) != 0)
		return -1;
	if (rename(d->part, d->path) != 0)
		return err_errno(e, "could not give folder \"%s\" its name \"%s\"", d->part,
				 d->path);
	d->finished = true;
	slash = strrchr(d->path, '/');
	parent = slash == NULL      ? xstrdup(".")
		 : slash == d->path ? xstrdup("/")
				    : xstrndup(d->path, (size_t)(slash - d->path));
	rc = sync_folder(parent, e);
	free(parent);
	return rc;
}

void
csvdir_free(struct csvdir *d)
{
	if (d == NULL)
		return;
	if (!d->finished) {
		count_entries(d->part, true);
		rmdir(d->part);
	}
	free(d->path);
	free(d->part);
	free(d);
}
