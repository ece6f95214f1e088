/*
 * Linked into `make coverage`'s programs only (--wrap): who dies of a signal that it sends to
 * itself, becomes another program, or ends as a child does, runs no exit handlers, and its
 * counters would be lost.  Before they are written, the faults' shim, where it is loaded, lets
 * everything succeed.
 */
#include <signal.h>
#include <stdlib.h>

void __gcov_dump(void);
int __real_raise(int signo);
int __wrap_raise(int signo);
int __real_execv(const char *path, char *const argv[]);
int __wrap_execv(const char *path, char *const argv[]);
int __real_execvp(const char *file, char *const argv[]);
int __wrap_execvp(const char *file, char *const argv[]);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));
void shim_rest(void) __attribute__((weak));

static void
rest(void)
{
	if (shim_rest != NULL)
		shim_rest();
}

static void
dump(void)
{
	rest();
	__gcov_dump();
}

/* Behind main() and its exit handlers, before libgcov's destructor. */
__attribute__((constructor)) static void
set_up(void)
{
	(void)atexit(rest);
}

int
__wrap_raise(int signo)
{
	dump();
	return __real_raise(signo);
}

int
__wrap_execv(const char *path, char *const argv[])
{
	dump();
	return __real_execv(path, argv);
}

int
__wrap_execvp(const char *file, char *const argv[])
{
	dump();
	return __real_execvp(file, argv);
}

void
__wrap__exit(int status)
{
	dump();
	__real__exit(status);
}
