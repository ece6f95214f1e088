/*
 * Signals that ask a program to stop.  INT, TERM and HUP are only noted; every
 * wait in the program ends with EINTR and looks here, so that cleaning up
 * (cancel, roll back, unlink) is ordinary code.  PIPE and XFSZ are ignored: a
 * reader that is gone shows as EPIPE, a file that may not grow (ulimit -f) as EFBIG.
 */
#ifndef COMMON_INTR_H
#define COMMON_INTR_H

#include <signal.h>

/*
 * intr_install():
 * Catch INT, TERM and HUP, except those that were ignored at the start (nohup).
 */
void intr_install(void);

/*
 * intr_ignore():
 * Ignore PIPE and XFSZ; to be called first in main().
 */
void intr_ignore(void);

/*
 * intr_pending():
 * Return the number of the signal that asked the program to stop, or 0.
 */
int intr_pending(void);

/*
 * intr_block(), intr_unblock():
 * Hold signals back while the outcome of COMMIT is awaited; nesting is not kept.
 */
void intr_block(void);
void intr_unblock(void);

/*
 * intr_mask(before), intr_unmask(before):
 * Keep INT, TERM and HUP waiting, whether they are caught or not, while there is a file that
 * has to go or to get another name; ${*before} is the mask as it was.  Nothing may wait for
 * another process in between.
 */
void intr_mask(sigset_t *before);
void intr_unmask(const sigset_t *before);

/*
 * intr_die(signo):
 * Die of ${signo} with its default action, so that the parent sees the truth.
 */
_Noreturn void intr_die(int signo);

#endif /* COMMON_INTR_H */
