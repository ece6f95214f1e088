/*
 * The files of a command line of the front end, its own and those of both programs.
 */
#ifndef COMMON_FRONT_FILENAMES_H
#define COMMON_FRONT_FILENAMES_H

struct err;
struct front;

/*
 * filenames_check(f, e):
 * Refuse what files_check() refuses of all that the command line names; what a job names, the
 * programs know.
 */
int filenames_check(const struct front *f, struct err *e) __attribute__((warn_unused_result));

#endif /* COMMON_FRONT_FILENAMES_H */
