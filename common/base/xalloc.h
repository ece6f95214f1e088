/*
 * Allocation that cannot fail: out of memory ends the program with status 1
 * (atexit handlers run, so a half-written output file goes away).
 */
#ifndef COMMON_XALLOC_H
#define COMMON_XALLOC_H

#include <stdarg.h>
#include <stddef.h>

/*
 * xmalloc(size), xcalloc(n, size), xrealloc(p, size), xstrdup(s), xstrndup(s, n):
 * As the C library's, without the NULL.  The caller frees with free().
 * xstrdup_null(s) copies what may be NULL, and is then NULL.
 */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrdup_null(const char *s) __attribute__((malloc));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));

/*
 * xasprintf(fmt, ...), xvasprintf(fmt, ap):
 * Return formatted text; the caller frees it.
 */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));
char *xvasprintf(const char *fmt, va_list ap)
	__attribute__((format(printf, 1, 0), returns_nonnull));

/*
 * xalloc_last_words(text):
 * Have ${text} said, too, when memory is gone from now on; it has to stay valid.
 */
void xalloc_last_words(const char *text);

/*
 * xalloc_failed():
 * End the program as these do; for whoever was given NULL by a library.
 */
_Noreturn void xalloc_failed(void);

#endif /* COMMON_XALLOC_H */
