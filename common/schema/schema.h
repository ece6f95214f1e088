/*
 * What a stream says of itself: the header document of portl-stream(5).  Made from
 * the source's catalog by extract, read by load; jansson does the JSON.
 */
#ifndef COMMON_SCHEMA_H
#define COMMON_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define SCHEMA_VERSION 1          /* of the stream's documents */
#define SCHEMA_COLUMNS_MAX 0x7fff /* a tuple of COPY binary counts its fields in 16 bits */

/* The form in which all fields of one binary stream travel. */
enum schema_values {
	SCHEMA_BINARY, /* as the types' send functions write them */
	SCHEMA_TEXT    /* as the types' output functions write them, UTF-8 */
};

/* One column of the stream; strings are owned and UTF-8. */
struct schema_column {
	char *name;
	char *type;      /* as format_type() says, with modifiers: "numeric(10,2)" */
	char *base;      /* the same without modifiers: the type's identity */
	char *collation; /* qualified, or NULL for the type's own */
	bool not_null;
	bool generated; /* GENERATED ALWAYS AS (…) STORED at the source */
};

struct schema {
	char *producer;   /* program and version */
	char *run;        /* the run's id, for logs on both sides */
	char *rel_schema; /* NULL for a query or a file */
	char *rel_name;
	enum schema_values values;
	struct schema_column *columns;
	size_t ncolumns;
	json_t *types;      /* object: type name → what it is made of; never NULL */
	char **primary_key; /* column names */
	size_t nprimary_key;
	int64_t rows_estimate; /* -1: not known */
	int server_version;    /* as PQserverVersion(), 0: not known */
	char *backend;         /* what names the sending server process, or NULL */
	bool dry_run;          /* nothing but header and end: never commit */
	bool bare;             /* no end document follows */
};

/*
 * schema_new():
 * Return an empty schema; free it with schema_free().
 */
struct schema *schema_new(void);

/*
 * schema_add_column(s, name, type, base):
 * Append a column with copies of the strings; ${base} NULL means ${type}.
 * The returned pointer is valid until the next call.
 */
struct schema_column *schema_add_column(struct schema *s, const char *name, const char *type,
					const char *base);

/*
 * schema_add_key(s, name):
 * Append ${name} to the primary key's columns.
 */
void schema_add_key(struct schema *s, const char *name);

/*
 * schema_find(s, name):
 * Return the position of the column called exactly ${name}, or -1.
 */
int schema_find(const struct schema *s, const char *name);

/*
 * schema_to_json(s):
 * Return the header document, for the caller to json_decref(); NULL if a name
 * is not valid UTF-8.
 */
json_t *schema_to_json(const struct schema *s);

/*
 * schema_from_json(doc, e):
 * Read a header document.  Unknown members are ignored; an unknown version, a
 * missing or misshapen member fill ${e} (EXIT_STREAM) and return NULL.  The
 * caller frees the schema; ${doc} stays the caller's.
 */
struct schema *schema_from_json(json_t *doc, struct err *e) __attribute__((warn_unused_result));

/*
 * schema_free(s):
 * Free a schema.  schema_free(NULL) does nothing.
 */
void schema_free(struct schema *s);

#endif /* COMMON_SCHEMA_H */
