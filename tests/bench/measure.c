/*
 * measure OUT COMMAND [ARG...] ['|' COMMAND [ARG...]]...: run a pipe and append
 * what it took to the file OUT as one line of numbers: the wall time in seconds
 * from the first start to the last end, the CPU time of all its processes in
 * seconds, and from left to right each one's CPU time and its peak memory in kB.
 * With the process id of a server's postmaster in MEASURE_SERVER one more number
 * follows: the CPU seconds of that server meanwhile.
 *
 * The shell's `time` cannot tell the processes of a pipe apart, and a server's are
 * nobody's.  Exits 0 if every command did, else says which did not and writes nothing.
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

/*
 * The CPU ticks of process ${pid}; with ${children} of those, too, that it had and that have
 * ended; -1 if it is gone.  proc(5): 14 utime, 15 stime, 16 cutime, 17 cstime, counted from
 * behind the name, which may hold anything.
 */
static long
ticks_of(long pid, int children)
{
	char path[64], line[1024], *p;
	long user, sys, cuser, csys;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	f = fopen(path, "r");
	if (f == NULL)
		return -1;
	p = fgets(line, sizeof line, f);
	fclose(f);
	p = p == NULL ? NULL : strrchr(line, ')');
	if (p == NULL ||
	    sscanf(p, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld %ld %ld", &user,
		   &sys, &cuser, &csys) != 4)
		return -1;
	return user + sys + (children ? cuser + csys : 0);
}

/* Those of the postmaster and its children, and how many children there are. */
static long
server_ticks(long server, int *n)
{
	char path[64];
	long sum = 0, child, ticks;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", server, server);
	f = fopen(path, "r");
	if (f == NULL)
		die(path);
	for (*n = 0; fscanf(f, "%ld", &child) == 1; ++*n) {
		ticks = ticks_of(child, 0);
		sum += ticks > 0 ? ticks : 0;
	}
	fclose(f);
	return sum + ticks_of(server, 1);
}

/*
 * The same when no more than ${most} children are left, and none ends between two looks: a
 * backend has things to do when its client has gone.  Waits for two seconds at most.
 */
static double
server_cpu(long server, int *most)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	long before = -1, ticks = -2;
	int i, n = 0;

	for (i = 0; i < 400 && (ticks != before || (*most > 0 && n > *most)); i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		before = ticks;
		ticks = server_ticks(server, &n);
	}
	*most = n;
	return (double)ticks / (double)sysconf(_SC_CLK_TCK);
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
	const char *const server = getenv("MEASURE_SERVER");
	double began, wall, total = 0, served = 0;
	int n, i, in = -1, bad = 0, backends = 0;
	FILE *out;

	if (argc < 3 || split(argv + 2, stages) != 0) {
		fprintf(stderr, "usage: measure OUT COMMAND [ARG...] ['|' COMMAND...]...\n");
		return 2;
	}
	for (n = 0; n < STAGES_MAX && stages[n].argv != NULL; n++)
		continue;
	if (server != NULL && *server != '\0')
		served = -server_cpu(atol(server), &backends);
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
	if (server != NULL && *server != '\0')
		served += server_cpu(atol(server), &backends);
	out = fopen(argv[1], "a");
	if (out == NULL)
		die(argv[1]);
	fprintf(out, "%.6f %.6f", wall, total);
	for (i = 0; i < n; i++)
		fprintf(out, " %.6f %ld", cpu(&stages[i].used), stages[i].used.ru_maxrss);
	if (server != NULL && *server != '\0')
		fprintf(out, " %.6f", served);
	fprintf(out, "\n");
	return fclose(out) != 0;
}
