/*
 * Linked into `make coverage`'s programs only (--wrap=raise): who dies of a signal
 * that it sends to itself, as the programs do when they have cleaned up, runs no
 * exit handlers, and its counters would be lost.
 */
#include <signal.h>

void __gcov_dump(void);
int __real_raise(int signo);
int __wrap_raise(int signo);

int
__wrap_raise(int signo)
{
	__gcov_dump();
	return __real_raise(signo);
}
