/*
 * "Beside ours" means beside the file that a link to us leads to.
 */
#include "common/front/programs.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static char *
beside_us(const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	slash = strrchr(self, '/');
	return slash != NULL ? xasprintf("%.*s/%s", (int)(slash - self), self, name) : NULL;
}

static char *
on_path(const char *name)
{
	const char *p = getenv("PATH");

	while (p != NULL && *p != '\0') {
		int len = (int)strcspn(p, ":");
		char *path = len > 0 ? xasprintf("%.*s/%s", len, p, name) : xstrdup(name);

		if (is_program(path))
			return path;
		free(path);
		p += len + (p[len] == ':');
	}
	return NULL;
}

char *
programs_find(const char *name, struct err *e)
{
	char *path = beside_us(name);

	if (path != NULL && is_program(path))
		return path;
	free(path);
	path = on_path(name);
	if (path == NULL)
		err_set(e, (enum exit_code)PROGRAMS_MISSING,
			"%s is neither beside portl nor on PATH", name);
	return path;
}

static int
ask(struct front *f, const char *program, struct optlist *list, struct err *e)
{
	char flag[] = "--completion=list", name[] = "portl";
	char *const argv[] = {name, flag, NULL};
	struct buf text = BUF_INIT;
	int status = 0;
	int rc = crew_call(&f->crew, CREW_WORK(program, argv), &text, &status, e);

	if (rc == 0 && status != 0) {
		err_set(e, EXIT_DATA, "%s does not say which options it has", program);
		rc = err_hint(e, "It may be of another version.");
	}
	if (rc == 0)
		return optlist_read(list, buf_detach(&text), program, e);
	buf_release(&text);
	return -1;
}

int
programs_ask_options(struct front *f, struct err *e)
{
	if (f->extract_options.n > 0)
		return 0;
	return ask(f, f->extract, &f->extract_options, e) != 0
		       ? -1
		       : ask(f, f->load, &f->load_options, e);
}

int
programs_become(const char *name, const struct arglist *words, struct err *e)
{
	struct arglist all = {.n = 0};
	char *path = programs_find(name, e);

	if (path == NULL)
		return -1;
	arglist_add(&all, name);
	arglist_join(&all, words);
	execv(path, all.words);
	err_errno(e, "could not run %s", path);
	arglist_release(&all);
	free(path);
	return -1;
}
