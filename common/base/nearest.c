/*
 * Levenshtein's distance, or a common beginning.
 */
#include "common/base/nearest.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 64 /* bytes; nobody mistypes longer ones */

static size_t
distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), row[WORD_MAX], i, j;

	if (la >= WORD_MAX || lb >= WORD_MAX)
		return WORD_MAX;
	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (j = 1; j <= lb; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

const char *
nearest_word(const char *word, const char *const *words, size_t n)
{
	size_t len = strlen(word), least = len / 3 + 2 < len ? len / 3 + 2 : len, i;
	const char *best = NULL;

	for (i = 0; i < n; i++) {
		bool begins = len > 1 && strncmp(word, words[i], len) == 0;
		size_t d = begins ? 0 : distance(word, words[i]);

		if (strcasecmp(word, words[i]) == 0)
			return words[i];
		if (d < least) {
			least = d;
			best = words[i];
		}
	}
	return best;
}
