/* Connection strings by their looks; whether libpq can read them is conninfo's matter. */
#include "common/base/connword.h"

#include <string.h>

bool
connword_is_uri(const char *word)
{
	return strncmp(word, "postgresql://", 13) == 0 || strncmp(word, "postgres://", 11) == 0;
}

bool
connword_holds_uri(const char *word)
{
	return strstr(word, "postgresql://") != NULL || strstr(word, "postgres://") != NULL;
}

bool
connword_lacks_scheme(const char *word)
{
	const char *colon = strchr(word, ':');

	return !connword_is_uri(word) && colon != NULL && strchr(colon, '@') != NULL &&
	       strcspn(word, "= ") > (size_t)(colon - word);
}

static bool
holds_password(const char *word)
{
	while ((word = strcasestr(word, "password")) != NULL) {
		word += strlen("password");
		if (word[strspn(word, " \t")] == '=')
			return true;
	}
	return false;
}

bool
connword_is(const char *word)
{
	static const char *const keywords[] = {
		"dbname=", "host=", "hostaddr=", "service=", "user="};
	size_t i;

	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strncmp(word, keywords[i], strlen(keywords[i])) == 0)
			return true;
	return connword_holds_uri(word) || connword_lacks_scheme(word) || holds_password(word);
}

bool
connword_is_no_name(const char *word)
{
	return connword_is(word) && !(strchr(word, '"') != NULL && connword_lacks_scheme(word));
}

const char *
connword_shown(const char *word)
{
	return connword_is(word) ? "(not shown)" : word;
}
