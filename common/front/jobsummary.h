/*
 * The receipt that a job asks for, where the front end is to write it.
 */
#ifndef COMMON_FRONT_JOBSUMMARY_H
#define COMMON_FRONT_JOBSUMMARY_H

struct err;
struct front;

/*
 * jobsummary_take(f, e):
 * Where the command line names no summary, f->summary becomes the job's, if it has one; it
 * lives as long as ${f}.  Refuses (EXIT_JOBFILE) one that is another file of the run.  What
 * else is wrong with the job is left to the programs to say.
 */
int jobsummary_take(struct front *f, struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_FRONT_JOBSUMMARY_H */
