/*
 * Any bytes as a value: escaped and read back they are the same.  Any bytes as
 * a field: unescaped they are never longer, and escaping that is stable.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/copytext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_value(const char *value, size_t len)
{
	struct buf escaped = BUF_INIT;
	char *back;

	copytext_escape(&escaped, value, len);
	if (escaped.len > 0 && copytext_field_end(escaped.data, escaped.data + escaped.len) !=
				       escaped.data + escaped.len)
		abort();
	if (copytext_is_null(escaped.data, escaped.len))
		abort();
	back = malloc(escaped.len + 1);
	if (back == NULL || copytext_unescape(back, buf_cstr(&escaped), escaped.len) != len ||
	    memcmp(back, value, len) != 0)
		abort();
	free(back);
	buf_release(&escaped);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *value = malloc(size + 1);
	size_t len;

	if (value == NULL || data == NULL)
		abort();
	check_value((const char *)data, size);
	len = copytext_unescape(value, (const char *)data, size);
	if (len > size)
		abort();
	check_value(value, len);
	free(value);
	return 0;
}
