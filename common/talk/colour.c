/*
 * Colours: SGR sequences around words.
 */
#include "common/talk/colour.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"

#define SGR_MAX 32 /* bytes of one sequence's parameters, with NUL */

static const char *const keys[COLOUR_COUNT] = {"error", "warning", "note", "locus"};
static char sgr[COLOUR_COUNT][SGR_MAX];
static bool on;

static bool
is_on(int fd)
{
	const char *no = getenv("NO_COLOR"), *when = getenv("PG_COLOR");

	if ((no != NULL && no[0] != '\0') || when == NULL)
		return false;
	if (strcmp(when, "always") == 0)
		return true;
	return strcmp(when, "auto") == 0 && isatty(fd);
}

/* Numbers parted by semicolons and nothing else, for a terminal obeys. */
static void
set(enum colour c, const char *value, size_t len)
{
	if (len >= SGR_MAX || strspn(value, "0123456789;") < len)
		return;
	memcpy(sgr[c], value, len);
	sgr[c][len] = '\0';
}

/* Like "error=01;31:locus=01"; as with PostgreSQL, what is not named has no colour. */
static void
parse(const char *list)
{
	size_t len;
	int c;

	memset(sgr, 0, sizeof(sgr));
	for (; *list != '\0'; list += len + (list[len] == ':')) {
		len = strcspn(list, ":");
		for (c = 0; c < COLOUR_COUNT; c++) {
			size_t k = strlen(keys[c]);

			if (len > k && strncmp(list, keys[c], k) == 0 && list[k] == '=')
				set((enum colour)c, list + k + 1, len - k - 1);
		}
	}
}

void
colour_init(int fd)
{
	const char *list = getenv("PG_COLORS");

	on = is_on(fd);
	parse(list != NULL ? list : "error=01;31:warning=01;35:note=01;36:locus=01");
}

void
colour_add(struct buf *b, enum colour colour, const char *text)
{
	if (on && sgr[colour][0] != '\0')
		buf_addf(b, "\33[%sm%s\33[0m", sgr[colour], text);
	else
		buf_adds(b, text);
}
