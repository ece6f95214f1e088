/*
 * A bad machine, for LD_PRELOAD: system calls that are interrupted, that do a part
 * of what was asked or fail, and memory that is gone.  The environment's SHIM says
 * which, in words parted by blanks:
 *
 *   seed=N            of the random numbers
 *   eintr=P, short=P  of 1000 calls so many fail with EINTR, move fewer bytes
 *   fail=CALL:N:E     the N-th call of CALL fails with errno E
 *   kill=CALL:N:S     signal S comes before the N-th call of CALL
 *   malloc=N[+]       the N-th allocation fails, with + all behind it too
 *   of=PROGRAM        only in the program that has this name
 *   told=FILE         a line for what was done: each failure, the first EINTR and short
 *   tally=FILE        at exit a line "CALL N" for each kind of call
 *
 * What libc calls inside itself (stdio's reads and writes) passes us by; its calls
 * of malloc do not.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FRAMES 12 /* of the stack, in a line of told */

enum call {
	READ,
	WRITE,
	SEND,
	RECV,
	POLL,
	FSYNC,
	RENAME,
	CLOSE,
	FTRUNCATE,
	LINK,
	ALLOC,
	NCALLS
};

static const char *const names[NCALLS] = {"read",      "write", "send",   "recv",
					  "poll",      "fsync", "rename", "close",
					  "ftruncate", "link",  "malloc"};

static atomic_long counts[NCALLS];
static unsigned eintr, shorter; /* of 1000 */
static enum call fail_call = NCALLS;
static long fail_at, alloc_at;
static int fail_errno, fail_signal; /* one of them is 0 */
static bool alloc_on;               /* all behind alloc_at */
static atomic_bool told_eintr, told_short;
static char told[256], tally[256];
static uint64_t state = 1;
static bool other; /* it is not the program that is meant */
static bool ready; /* before that, nothing fails */

void shim_rest(void);

/* glibc's own names of what we stand in front of. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

/* xorshift64*, by Marsaglia and Vigna: one thread does nearly all calls. */
static unsigned
random_below(unsigned n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned)((state * 0x2545f4914f6cdd1d) >> 33) % n;
}

/* "library(function+0x12)" of whoever called, outermost last; no memory is asked for. */
static size_t
add_stack(char *line, size_t size)
{
	void *frames[FRAMES];
	int n = backtrace(frames, FRAMES), i;
	size_t len = 0;

	for (i = 2; i < n && len < size; i++) {
		Dl_info info;
		const char *base;

		if (dladdr(frames[i], &info) == 0)
			continue;
		base = strrchr(info.dli_fname, '/');
		len += (size_t)snprintf(line + len, size - len, " %s(%s+0x%tx)",
					base != NULL ? base + 1 : info.dli_fname,
					info.dli_sname != NULL ? info.dli_sname : "",
					(char *)frames[i] - (char *)(info.dli_sname != NULL
									     ? info.dli_saddr
									     : info.dli_fbase));
	}
	return len < size ? len : size - 1;
}

/* One system call a line, past our own wrappers. */
static void
tell(const char *what, enum call call, bool stack)
{
	char line[2048];
	size_t len = (size_t)snprintf(line, sizeof(line), "%s %s %ld", what, names[call],
				      atomic_load(&counts[call]));
	int saved = errno, fd;

	if (told[0] == '\0')
		return;
	if (stack)
		len += add_stack(line + len, sizeof(line) - len - 1);
	line[len++] = '\n';
	fd = (int)syscall(SYS_openat, AT_FDCWD, told, O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (fd >= 0) {
		(void)syscall(SYS_write, fd, line, len);
		(void)syscall(SYS_close, fd);
	}
	errno = saved;
}

/* Is it this call that fails?  errno is set. */
static bool
fails(enum call call)
{
	long n = atomic_fetch_add(&counts[call], 1) + 1;

	if (!ready)
		return false;
	if (call == fail_call && n == fail_at) {
		tell(fail_signal != 0 ? "signalled" : "failed", call, true);
		if (fail_signal != 0)
			(void)kill(getpid(), fail_signal);
		errno = fail_errno;
		return fail_signal == 0;
	}
	if (eintr == 0 || call > POLL || random_below(1000) >= eintr)
		return false;
	if (!atomic_exchange(&told_eintr, true))
		tell("interrupted", call, false);
	errno = EINTR;
	return true;
}

/*
 * A connection that is reset is so both ways.  libpq counts on that: after a failed
 * send it waits for the server's last words, and would wait forever if it lived.
 */
static int
gone(int fd)
{
	int saved = errno;

	if (saved != EINTR)
		(void)syscall(SYS_shutdown, fd, SHUT_RDWR);
	errno = saved;
	return -1;
}

static size_t
shorten(enum call call, size_t len)
{
	if (!ready || shorter == 0 || len < 2 || random_below(1000) >= shorter)
		return len;
	if (!atomic_exchange(&told_short, true))
		tell("shortened", call, false);
	return 1 + random_below(len < 4096 ? (unsigned)len : 4096);
}

/* The C library's own names of parameters are not for us. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

ssize_t
read(int fd, void *buf, size_t len)
{
	return fails(READ) ? -1 : syscall(SYS_read, fd, buf, shorten(READ, len));
}

ssize_t
write(int fd, const void *buf, size_t len)
{
	return fails(WRITE) ? -1 : syscall(SYS_write, fd, buf, shorten(WRITE, len));
}

ssize_t
send(int fd, const void *buf, size_t len, int flags)
{
	if (fails(SEND))
		return gone(fd);
	return syscall(SYS_sendto, fd, buf, shorten(SEND, len), flags, NULL, 0);
}

ssize_t
recv(int fd, void *buf, size_t len, int flags)
{
	if (fails(RECV))
		return gone(fd);
	return syscall(SYS_recvfrom, fd, buf, shorten(RECV, len), flags, NULL, NULL);
}

int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	return fails(POLL) ? -1 : (int)syscall(SYS_poll, fds, n, timeout);
}

int
fsync(int fd)
{
	return fails(FSYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int
rename(const char *from, const char *to)
{
	return fails(RENAME) ? -1 : (int)syscall(SYS_rename, from, to);
}

int
link(const char *from, const char *to)
{
	return fails(LINK) ? -1 : (int)syscall(SYS_link, from, to);
}

int
ftruncate(int fd, off_t len)
{
	return fails(FTRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

/* Linux has closed it, whatever it says. */
int
close(int fd)
{
	int rc = (int)syscall(SYS_close, fd);

	return fails(CLOSE) ? -1 : rc;
}

static bool
no_memory(void)
{
	long n = atomic_fetch_add(&counts[ALLOC], 1) + 1;

	if (!ready || alloc_at == 0 || n < alloc_at || (n > alloc_at && !alloc_on))
		return false;
	if (n == alloc_at)
		tell("failed", ALLOC, true);
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return no_memory() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return no_memory() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	return no_memory() ? NULL : __libc_realloc(p, size);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/*
 * A program of `make coverage` is about to write its counters: nothing fails any more,
 * for that would be libgcov's.
 */
void
shim_rest(void)
{
	ready = false;
}

static void
set_fail(const char *value, int *number)
{
	char name[16];
	int i;

	if (sscanf(value, "%15[a-z]:%ld:%d", name, &fail_at, number) != 3)
		abort();
	for (i = 0; i < ALLOC; i++)
		if (strcmp(name, names[i]) == 0)
			fail_call = (enum call)i;
	if (fail_call == NCALLS)
		abort();
}

static void
set_word(const char *word)
{
	const char *value = strchr(word, '=');

	if (value == NULL)
		abort();
	value++;
	if (strncmp(word, "seed=", 5) == 0)
		state = strtoull(value, NULL, 10) * 2 + 1;
	else if (strncmp(word, "eintr=", 6) == 0)
		eintr = (unsigned)strtoul(value, NULL, 10);
	else if (strncmp(word, "short=", 6) == 0)
		shorter = (unsigned)strtoul(value, NULL, 10);
	else if (strncmp(word, "fail=", 5) == 0)
		set_fail(value, &fail_errno);
	else if (strncmp(word, "kill=", 5) == 0)
		set_fail(value, &fail_signal);
	else if (strncmp(word, "of=", 3) == 0)
		other = strcmp(program_invocation_short_name, value) != 0;
	else if (strncmp(word, "told=", 5) == 0)
		snprintf(told, sizeof(told), "%s", value);
	else if (strncmp(word, "tally=", 6) == 0)
		snprintf(tally, sizeof(tally), "%s", value);
	else if (strncmp(word, "malloc=", 7) == 0) {
		alloc_at = strtol(value, NULL, 10);
		alloc_on = strchr(value, '+') != NULL;
	} else
		abort();
}

/* backtrace() loads a library when it is first called: now, while there is memory. */
__attribute__((constructor)) static void
set_up(void)
{
	char words[1024], *word, *rest = words;
	const char *shim = getenv("SHIM");
	void *frame;
	int i;

	if (shim == NULL || strlen(shim) >= sizeof(words))
		abort();
	memcpy(words, shim, strlen(shim) + 1);
	while ((word = strsep(&rest, " ")) != NULL)
		if (word[0] != '\0')
			set_word(word);
	(void)backtrace(&frame, 1);
	for (i = 0; i < NCALLS; i++)
		atomic_store(&counts[i], 0);
	ready = !other;
}

__attribute__((destructor)) static void
write_tally(void)
{
	int i, fd;

	if (tally[0] == '\0' || other)
		return;
	fd = (int)syscall(SYS_openat, AT_FDCWD, tally, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	for (i = 0; fd >= 0 && i < NCALLS; i++) {
		char line[64];
		int len = snprintf(line, sizeof(line), "%s %ld\n", names[i],
				   atomic_load(&counts[i]));

		(void)syscall(SYS_write, fd, line, (size_t)len);
	}
}
