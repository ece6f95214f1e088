/*
 * One fault, one report, where two programs of a pipe print to one terminal: the reader of
 * the pipe promises to print why the writer fails, which then need not do so itself.  The
 * promise is a lock on the pipe at a byte that stands for the terminal, and is gone with
 * the reader.
 */
#ifndef COMMON_TOLDONCE_H
#define COMMON_TOLDONCE_H

#include <stdbool.h>

/*
 * toldonce_promise(fd):
 * Promise the writer of ${fd}, if it is a pipe and standard error a terminal.
 */
void toldonce_promise(int fd);

/*
 * toldonce_promised(fd):
 * Tell whether the reader of ${fd} has promised for the terminal at standard error.
 */
bool toldonce_promised(int fd);

#endif /* COMMON_TOLDONCE_H */
