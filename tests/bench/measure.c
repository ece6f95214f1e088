/*
 * measure OUT COMMAND [ARG...] ['|' COMMAND [ARG...]]...: run a pipe and append
 * what it took to the file OUT as one line of numbers: the wall time in seconds
 * from the first start to the last end, the CPU time of all its processes in
 * seconds, and from left to right each one's CPU time and its peak memory in kB.
 *
 * The shell's `time` cannot tell the processes of a pipe apart.  Exits 0 if
 * every command did, else says which did not and writes nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STAGES_MAX 8

struct stage {
	char **argv; /* NULL-terminated */
	pid_t pid;
	int status;
	struct rusage used;
};

static _Noreturn void
die(const char *what)
{
	perror(what);
	exit(2);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
cpu(const struct rusage *used)
{
	return (double)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) +
	       (double)(used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1e6;
}

/* Cut the arguments at each '|'. */
static int
split(char **argv, struct stage *stages)
{
	int n = 0;

	stages[n++].argv = argv;
	for (; *argv != NULL; argv++) {
		if (strcmp(*argv, "|") != 0)
			continue;
		if (n == STAGES_MAX)
			return -1;
		*argv = NULL;
		stages[n++].argv = argv + 1;
	}
	while (n-- > 0)
		if (stages[n].argv[0] == NULL)
			return -1;
	return 0;
}

/* Start one stage; returns the reading end of its output, -1 for the last. */
static int
start(struct stage *s, int in, int last)
{
	int fds[2] = {-1, -1};

	if (!last && pipe2(fds, O_CLOEXEC) != 0)
		die("pipe2");
	s->pid = fork();
	if (s->pid < 0)
		die("fork");
	if (s->pid == 0) {
		if (in >= 0)
			dup2(in, STDIN_FILENO);
		if (!last)
			dup2(fds[1], STDOUT_FILENO);
		execvp(s->argv[0], s->argv);
		perror(s->argv[0]);
		_exit(127);
	}
	if (in >= 0)
		close(in);
	if (!last)
		close(fds[1]);
	return fds[0];
}

static int
failed(const struct stage *s)
{
	if (WIFEXITED(s->status) && WEXITSTATUS(s->status) == 0)
		return 0;
	fprintf(stderr, "measure: %s ended with %s %d\n", s->argv[0],
		WIFEXITED(s->status) ? "status" : "signal",
		WIFEXITED(s->status) ? WEXITSTATUS(s->status) : WTERMSIG(s->status));
	return 1;
}

int
main(int argc, char **argv)
{
	struct stage stages[STAGES_MAX] = {{.argv = NULL}};
	double began, wall, total = 0;
	int n, i, in = -1, bad = 0;
	FILE *out;

	if (argc < 3 || split(argv + 2, stages) != 0) {
		fprintf(stderr, "usage: measure OUT COMMAND [ARG...] ['|' COMMAND...]...\n");
		return 2;
	}
	for (n = 0; n < STAGES_MAX && stages[n].argv != NULL; n++)
		continue;
	began = now();
	for (i = 0; i < n; i++)
		in = start(&stages[i], in, i == n - 1);
	for (i = 0; i < n; i++)
		if (wait4(stages[i].pid, &stages[i].status, 0, &stages[i].used) < 0)
			die("wait4");
	wall = now() - began;
	for (i = 0; i < n; i++) {
		bad += failed(&stages[i]);
		total += cpu(&stages[i].used);
	}
	if (bad > 0)
		return 1;
	out = fopen(argv[1], "a");
	if (out == NULL)
		die(argv[1]);
	fprintf(out, "%.6f %.6f", wall, total);
	for (i = 0; i < n; i++)
		fprintf(out, " %.6f %ld", cpu(&stages[i].used), stages[i].used.ru_maxrss);
	fprintf(out, "\n");
	return fclose(out) != 0;
}
