/*
 * How this process gets a processor.
 */
#ifndef COMMON_GIVEWAY_H
#define COMMON_GIVEWAY_H

/*
 * giveway_begin():
 * Be woken only where a processor is free or comes free, for this process and the threads
 * that it starts.  A policy that somebody has chosen for us stays; where the system knows
 * no such thing, nothing changes.  Needs no privilege, and cannot fail in a way that matters.
 */
void giveway_begin(void);

#endif /* COMMON_GIVEWAY_H */
