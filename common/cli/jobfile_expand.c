/*
 * The environment in values.  It comes in after YAML has been read, so that no
 * content of a variable is ever taken for YAML.
 */
#include "common/cli/jobfile_expand.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/xalloc.h"

/* The length of the variable's name that ${text} begins with. */
static size_t
name_length(const char *text)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

	return *text >= '0' && *text <= '9' ? 0 : strspn(text, letters);
}

/* ${p} is behind "${"; returns what is behind "}", or NULL with ${e} filled. */
static const char *
add_variable(struct buf *out, const char *p, struct err *e)
{
	size_t len = name_length(p);
	const char *end = strchr(p, '}'), *rest = p + len, *value, *inner = strstr(p, "${");
	bool has_default = strncmp(rest, ":-", 2) == 0;
	char *name;

	if (end == NULL || len == 0 || (rest != end && !has_default) ||
	    (inner != NULL && inner < end)) {
		err_set(e, EXIT_JOBFILE,
			"a variable is written ${NAME} or ${NAME:-default}, and $$ is a dollar");
		return NULL;
	}
	name = xstrndup(p, len);
	value = getenv(name);
	if (value == NULL && !has_default) {
		err_set(e, EXIT_JOBFILE, "the environment variable %s is not set", name);
		err_hint(e, "Set it, or give a default: ${%s:-default}.", name);
		end = NULL;
	} else if (has_default && (value == NULL || *value == '\0')) {
		buf_add(out, rest + 2, (size_t)(end - rest - 2));
	} else {
		buf_adds(out, value);
	}
	free(name);
	return end != NULL ? end + 1 : NULL;
}

char *
jobfile_expand(const char *value, bool *expanded, struct err *e)
{
	struct buf out = BUF_INIT;
	const char *p = value;

	*expanded = false;
	while (*p != '\0') {
		if (*p != '$') {
			buf_addc(&out, *p++);
		} else if (p[1] == '{') {
			*expanded = true;
			p = add_variable(&out, p + 2, e);
			if (p == NULL) {
				buf_release(&out);
				return NULL;
			}
		} else {
			buf_addc(&out, '$');
			p += p[1] == '$' ? 2 : 1;
		}
	}
	return buf_detach(&out);
}
