/*
 * Writing CSV fields, and the rules that COPY has for its CSV options.
 */
#include "common/rows/csvfile.h"

#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/jsontext.h"
#include "common/base/xalloc.h"
#include "common/talk/log.h"

int
csvfile_byte(const char *option, const char *text, char *byte, struct err *e)
{
	if (text == NULL)
		return 0;
	if (strlen(text) != 1 || (text[0] & 0x80) != 0 || strchr("\r\n", text[0]) != NULL)
		return err_usage(e, option, "--%s takes a single one-byte character", option);
	*byte = text[0];
	return 0;
}

int
csvfile_settle(struct csvfile_format *f, const char *delimiter, const char *quote,
	       const char *null, struct err *e)
{
	*f = (struct csvfile_format){',', '"', null != NULL ? null : "", false};
	if (delimiter != NULL && strcmp(delimiter, "\\t") == 0)
		delimiter = "\t";
	if (csvfile_byte("delimiter", delimiter, &f->delimiter, e) != 0 ||
	    csvfile_byte("quote", quote, &f->quote, e) != 0)
		return -1;
	if (f->delimiter == f->quote)
		return err_usage(e, "delimiter", "--delimiter and --quote must be different");
	if (strpbrk(f->null, "\r\n") != NULL || strchr(f->null, f->delimiter) != NULL ||
	    strchr(f->null, f->quote) != NULL)
		return err_usage(e, "null",
				 "--null must hold neither the delimiter, nor the quote, nor "
				 "line ends");
	return 0;
}

/* Could the bytes be taken for structure? */
static bool
has_structure(const struct csvfile_format *f, const char *value, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (value[i] == f->delimiter || value[i] == f->quote || value[i] == '\n' ||
		    value[i] == '\r')
			return true;
	return false;
}

/* A lone \. would end the data for servers before 18. */
static bool
is_end_mark(const char *value, size_t len)
{
	return len == 2 && value[0] == '\\' && value[1] == '.';
}

static void
put_quoted(const struct csvfile_format *f, struct buf *out, const char *value, size_t len)
{
	const char *end = value + len;

	buf_addc(out, f->quote);
	while (value < end) {
		const char *at = memchr(value, f->quote, (size_t)(end - value));
		const char *stop = at != NULL ? at + 1 : end;

		buf_add(out, value, (size_t)(stop - value));
		if (at != NULL)
			buf_addc(out, f->quote);
		value = stop;
	}
	buf_addc(out, f->quote);
}

void
csvfile_put(const struct csvfile_format *f, struct buf *out, const char *value, size_t len,
	    bool alone)
{
	size_t nulllen = strlen(f->null);

	if (value == NULL)
		buf_add(out, f->null, nulllen);
	else if (f->quote_all || (len == nulllen && memcmp(value, f->null, len) == 0) ||
		 (alone && is_end_mark(value, len)) || has_structure(f, value, len))
		put_quoted(f, out, value, len);
	else
		buf_add(out, value, len);
}

void
csvfile_put_first(const struct csvfile_format *f, struct buf *out, const char *name, bool alone)
{
	size_t len = strlen(name);

	if (strncmp(name, "\xef\xbb\xbf", 3) == 0)
		put_quoted(f, out, name, len);
	else
		csvfile_put(f, out, name, len, alone);
}

void
csvfile_log(const char *path, const char *doing)
{
	const struct passwd *user = getpwuid(geteuid());
	char *here = path[0] != '/' && strcmp(path, "-") != 0 ? getcwd(NULL, 0) : NULL;
	char *whole = xasprintf("%s%s%s", here != NULL ? here : "", here != NULL ? "/" : "",
				path);

	log_event("file",
		  json_pack("{s:o, s:o, s:s}", "path", jsontext(whole), "user",
			    jsontext(user != NULL ? user->pw_name : NULL), "use", doing),
		  "%s CSV file %s", doing, whole);
	free(whole);
	free(here);
}
