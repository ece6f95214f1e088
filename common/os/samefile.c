/*
 * What exists is known by its device and inode, what does not by the directory that it would
 * be in and its name there, behind all links.
 */
#include "common/os/samefile.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/os/livefile.h"

#define CSV ".csv"

/* The directory that a file is in, and its name there. */
struct place {
	char dir[PATH_MAX];
	char name[PATH_MAX];
};

static bool
find_place(const char *path, struct place *p)
{
	char *at = livefile_behind(path), *slash;
	size_t len = at != NULL ? strlen(at) : 0;

	if (len == 0 || len >= sizeof(p->dir)) {
		free(at);
		return false;
	}
	for (; len > 1 && at[len - 1] == '/'; len--)
		at[len - 1] = '\0';
	slash = strrchr(at, '/');
	snprintf(p->name, sizeof(p->name), "%s", slash != NULL ? slash + 1 : at);
	if (slash != NULL)
		slash[slash == at ? 1 : 0] = '\0';
	snprintf(p->dir, sizeof(p->dir), "%s", slash != NULL ? at : ".");
	free(at);
	return true;
}

static bool
is_one(const struct stat *a, const struct stat *b)
{
	return (S_ISREG(a->st_mode) || S_ISDIR(a->st_mode)) && a->st_dev == b->st_dev &&
	       a->st_ino == b->st_ino;
}

static bool
is_one_place(const struct place *a, const struct place *b)
{
	struct stat sa, sb;

	if (strcmp(a->name, b->name) != 0)
		return false;
	if (stat(a->dir, &sa) != 0 || stat(b->dir, &sb) != 0)
		return strcmp(a->dir, b->dir) == 0;
	return is_one(&sa, &sb);
}

/* Sets in CSV files are read from, and written to, directories. */
static bool
is_inside(const struct stat *dir, const struct place *p)
{
	size_t len = strlen(p->name);
	struct stat in;

	return S_ISDIR(dir->st_mode) && len > strlen(CSV) &&
	       strcmp(p->name + len - strlen(CSV), CSV) == 0 && stat(p->dir, &in) == 0 &&
	       is_one(dir, &in);
}

bool
samefile_is(const char *a, const char *b)
{
	struct place pa, pb;
	struct stat sa, sb;
	bool is_a = stat(a, &sa) == 0, is_b = stat(b, &sb) == 0;

	if (is_a && is_b && is_one(&sa, &sb))
		return true;
	if (!find_place(a, &pa) || !find_place(b, &pb))
		return false;
	if (!is_a && !is_b)
		return is_one_place(&pa, &pb);
	return (is_a && is_inside(&sa, &pb)) || (is_b && is_inside(&sb, &pa));
}
