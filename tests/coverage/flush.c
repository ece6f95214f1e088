/*
 * Linked into `make coverage`'s programs only (--wrap=raise): who dies of a signal
 * that it sends to itself, as the programs do when they have cleaned up, runs no
 * exit handlers, and its counters would be lost.  Before they are written, the
 * faults' shim, where it is loaded, lets everything succeed.
 */
#include <signal.h>
#include <stdlib.h>

void __gcov_dump(void);
int __real_raise(int signo);
int __wrap_raise(int signo);
void shim_rest(void) __attribute__((weak));

static void
rest(void)
{
	if (shim_rest != NULL)
		shim_rest();
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
	rest();
	__gcov_dump();
	return __real_raise(signo);
}
