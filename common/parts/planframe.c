/*
 * The frame is a line "PORTL-PLAN LENGTH".
 */
#include "common/parts/planframe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"

#define READ_BYTES 65536
#define LINE_MAX_BYTES 32
#define PLAN_MAX_BYTES 1000000000 /* as much as a million parts may take, and more */

static const char word[] = "PORTL-PLAN ";

void
planframe_add(struct buf *out, const char *text, size_t len)
{
	buf_addf(out, "%s%zu\n", word, len);
	buf_add(out, text, len);
}

/* Returns how many have come, 0 at the end of the input. */
static ssize_t
read_some(int fd, struct buf *text, size_t most, struct err *e)
{
	ssize_t n;

	do
		n = read(fd, buf_reserve(text, most), most);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(e, "could not read the plan");
	text->len += (size_t)n;
	return n;
}

/* One byte after the other, until it is a whole line or no frame. */
static int
read_frame(int fd, struct buf *line, struct err *e)
{
	ssize_t n = 1;

	while (n > 0 && line->len < LINE_MAX_BYTES &&
	       (line->len == 0 || line->data[line->len - 1] != '\n') &&
	       strncmp(word, buf_cstr(line),
		       line->len < sizeof(word) - 1 ? line->len : sizeof(word) - 1) == 0) {
		n = read_some(fd, line, 1, e);
		if (n < 0)
			return -1;
	}
	return 0;
}

/* What the line says of the length, or -1: it is no frame. */
static long long
length(const char *line)
{
	const char *digits = line + sizeof(word) - 1;
	char *end;
	long long n;

	if (strncmp(line, word, sizeof(word) - 1) != 0 || *digits < '0' || *digits > '9')
		return -1;
	n = strtoll(digits, &end, 10);
	return *end == '\n' && end[1] == '\0' && n <= PLAN_MAX_BYTES ? n : -1;
}

int
planframe_read(int fd, struct buf *text, struct err *e)
{
	struct buf line = BUF_INIT;
	long long left;
	int rc = read_frame(fd, &line, e);
	ssize_t n = 1;

	left = length(buf_cstr(&line));
	if (left < 0) /* what was read is of the plan */
		buf_add(text, line.data, line.len);
	while (rc == 0 && n > 0 && left != 0) {
		size_t most = left > 0 && left < READ_BYTES ? (size_t)left : READ_BYTES;

		n = read_some(fd, text, most, e);
		if (n < 0)
			rc = -1;
		else if (left > 0)
			left -= n;
	}
	if (rc == 0 && left > 0)
		rc = err_set(e, EXIT_JOBFILE, "the plan is cut");
	if (rc != 0)
		e->code = EXIT_JOBFILE;
	buf_release(&line);
	return rc;
}
