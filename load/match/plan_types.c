/*
 * Binary values must be read at the target as the type that they had at the source, or be
 * cast.  Text is read by the input function of the target's type, so that it needs no cast;
 * what that function would cut or misread is refused.  Columns of a bare NDJSON stream have no
 * types; they get the target's.
 */
#include "load/match/plan_types.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/intern.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/pg/db.h"
#include "common/pg/relation.h"
#include "common/pg/typeread.h"
#include "common/schema/header.h"
#include "common/schema/typedocs.h"
#include "load/match/plan.h"
#include "load/match/plan_cast.h"
#include "load/match/plan_exttype.h"
#include "load/match/plan_loss.h"
#include "load/match/reasons.h"
#include "load/rules/rules.h"

#define TABLE_COLUMNS_MAX 1600 /* the server's limit */
#define OID_FREE_CONTAINERS \
	140000                   /* arrays and composites may carry foreign OIDs from here on */
#define ESCAPED_CHAR 150000      /* "char" writes and reads \351 from here on */
#define TYPE_MODIFIERS 170000    /* the server reads a type's modifiers from here on */
#define INFINITE_INTERVAL 170000 /* and some bytes of intervals mean infinity */

/* What the cast or the input function may lose; it is warned of before the first row. */
static void
note_loss(struct plan *p, size_t i, const json_t *here)
{
	const struct schema_column *from = &p->schema->columns[i];
	const struct relation_column *to = &p->rel->columns[p->columns[i].position];
	const json_t *there = p->schema->types;
	struct plan_loss_type a = {typedocs_unwrap(there, from->base),
				   typedocs_modified(there, from->base, from->type)};
	struct plan_loss_type b = {typedocs_unwrap(here, to->base),
				   typedocs_modified(here, to->base, to->type)};

	if (!p->columns[i].refused && p->columns[i].loss == NULL && from->base[0] != '\0') {
		char *loss = plan_loss(&a, &b, p->text);

		p->columns[i].loss = intern_null(loss);
		free(loss);
	}
	if (p->text && (from->base[0] == '\0' || plan_loss_is_string(a.base)))
		p->columns[i].keeps = digits_of(b.base, b.type);
}

static const char *
text_like(const char *base)
{
	return strchr(base, '[') != NULL ? "text[]" : "text";
}

/* Which values are too long for ${base}, or for an array of it, shows when they are there. */
static void
stage_as_text(struct plan *p, size_t i, const char *base)
{
	struct plan_column *c = &p->columns[i];

	c->way = PLAN_TEXT;
	c->stage_type = intern(text_like(base));
	c->cast_type = intern(base);
	c->may_be_cut = true;
}

/*
 * Text is read by the target's input function, which cuts in two types only
 * and takes the fields of a composite value in their order.
 * Returns why the types are not the same, for the caller to free, or NULL.
 */
static char *
check_text(struct plan *p, size_t i, const json_t *here, struct reasons *why)
{
	const struct schema_column *from = &p->schema->columns[i];
	const struct relation_column *to = &p->rel->columns[p->columns[i].position];
	const char *base = typedocs_unwrap(p->schema->types, from->base), *cut;
	const char *target = typedocs_unwrap(here, to->base);
	char *differs;

	if (from->base[0] == '\0')
		base = text_like(target);
	if (strcmp(typedocs_kind(p->schema->types, base), "enum") == 0)
		base = "name"; /* no label is longer */
	cut = plan_loss_cut(base, target);
	if (from->base[0] == '\0') { /* bare NDJSON, perhaps from a column that fits */
		if (cut != NULL)
			stage_as_text(p, i, target);
		return NULL;
	}
	differs = typedocs_same_fields(p->schema->types, from->base, here, to->base);
	if (differs != NULL)
		plan_refuse(p, i, why, NULL, "means something else: %s", differs);
	else if (cut != NULL)
		plan_refuse(p, i, why, NULL, "has type %s, which silently keeps only %s of %s",
			    to->type, cut, from->type);
	free(differs);
	return typedocs_same_bytes(p->schema->types, from->base, here, to->base);
}

/* Returns why the bytes of binary values cannot stay as they are, for the caller to free. */
static char *
check_bytes(struct plan *p, const struct db *db, size_t i, const json_t *here,
	    struct reasons *why)
{
	const struct schema_column *from = &p->schema->columns[i];
	const struct relation_column *to = &p->rel->columns[p->columns[i].position];

	if (PQserverVersion(db->conn) < OID_FREE_CONTAINERS &&
	    typedocs_is_container(p->schema->types, from->base)) {
		plan_refuse(p, i, why, PLAN_SEND_TEXT,
			    "has type %s, whose binary form servers before 14 cannot read from "
			    "another database",
			    from->type);
		return NULL;
	}
	return typedocs_same_bytes(p->schema->types, from->base, here, to->base);
}

/* Is ${base} this type or an array of it? */
static bool
is_type_or_array(const char *base, const char *type)
{
	size_t len = strlen(type);

	return strncmp(base, type, len) == 0 &&
	       (base[len] == '\0' || strcmp(base + len, "[]") == 0);
}

/*
 * What a server older than the stream's would take for another value in silence, in a
 * column of type ${to}.
 */
static void
check_older(struct plan *p, const struct db *db, size_t i, const char *to, struct reasons *why)
{
	const char *from = typedocs_unwrap(p->schema->types, p->schema->columns[i].base);
	int sent = p->header->server_version, version = PQserverVersion(db->conn);

	if (p->text && is_type_or_array(from, "\"char\"") && is_type_or_array(to, "\"char\"") &&
	    sent >= ESCAPED_CHAR && version < ESCAPED_CHAR)
		plan_refuse(p, i, why, "have portl-extract send -F binary --values=binary",
			    "has type %s, of whose text servers before 15 keep one byte", to);
	if (!p->text && is_type_or_array(from, "interval") && sent >= INFINITE_INTERVAL &&
	    version < INFINITE_INTERVAL && p->columns[i].loss == NULL)
		p->columns[i].loss = "becomes finite where it is infinite: servers "
				     "before 17 have no infinite intervals "
				     "(--values=text refuses them)";
}

static int
compare(struct plan *p, struct db *db, const json_t *here, struct reasons *why, struct err *e)
{
	char **differs = xcalloc(p->ncolumns, sizeof(*differs));
	size_t i;
	int rc;

	for (i = 0; i < p->ncolumns; i++) {
		if (p->columns[i].position < 0)
			continue;
		differs[i] = p->text ? check_text(p, i, here, why)
				     : check_bytes(p, db, i, here, why);
		check_older(p, db, i,
			    typedocs_unwrap(here, p->rel->columns[p->columns[i].position].base),
			    why);
	}
	rc = plan_cast(p, db, here, differs, why, e);
	for (i = 0; i < p->ncolumns; i++) {
		if (rc == 0 && p->columns[i].position >= 0)
			note_loss(p, i, here);
		free(differs[i]);
	}
	free(differs);
	return rc;
}

/* A bare NDJSON stream says nothing of types: it is read as what the table has. */
static void
adopt_types(struct plan *p, json_t *here)
{
	size_t i;

	if (p->adopted == NULL)
		return;
	for (i = 0; i < p->ncolumns; i++) {
		struct schema_column *c = &p->adopted->columns[i];

		if (c->base[0] != '\0' || p->columns[i].position < 0)
			continue;
		c->type = intern(p->rel->columns[p->columns[i].position].type);
		c->base = intern(p->rel->columns[p->columns[i].position].base);
		json_object_update(p->adopted->types, here);
	}
}

static int
check_existing(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	unsigned *oids = xcalloc(p->ncolumns, sizeof(*oids));
	struct typedocs here;
	size_t i, n = 0;
	int rc;

	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].position >= 0)
			oids[n++] = p->rel->columns[p->columns[i].position].type_oid;
	rc = typeread_docs(db, oids, n, &here, e);
	free(oids);
	if (rc == 0 && p->schema != NULL)
		rc = compare(p, db, here.types, why, e);
	if (rc == 0)
		adopt_types(p, here.types);
	typedocs_release(&here);
	return rc;
}

enum what { NAMES, TYPES, COLLATIONS };

/* "'a', 'b'" for the columns to be created, NULL where there is no text. */
static char *
literals(const struct plan *p, enum what what)
{
	struct buf b = BUF_INIT;
	const char *comma = "";
	size_t i;

	for (i = 0; i < p->ncolumns; i++) {
		const struct schema_column *c = &p->schema->columns[i];
		const char *text = p->columns[i].unread ? NULL : c->collation;

		if (plan_new_name(p, i) == NULL)
			continue;
		if (what != COLLATIONS)
			text = what == TYPES ? p->columns[i].new_type : plan_new_name(p, i);
		buf_adds(&b, comma);
		if (text != NULL)
			ident_add_literal(&b, text);
		else
			buf_adds(&b, "NULL");
		comma = ", ";
	}
	return buf_detach(&b);
}

/*
 * Nothing that a stream says becomes SQL but as a quoted identifier, a constant, or a
 * name that this server has read: "base" and collation as it writes them itself, and a
 * type with its modifiers too, or, before 17, where it cannot, in the very words that
 * to_regtype() has taken for one type and header_from_json() for words, quoted names and
 * brackets.
 */
static PGresult *
look_up_types(const struct plan *p, struct db *db, struct err *e)
{
	char *types = literals(p, TYPES), *collations = literals(p, COLLATIONS);
	char *names = literals(p, NAMES);
	char *sql = xasprintf(
		"SELECT to_regtype(t)::oid,"
		" (SELECT format('%%I.%%I', n.nspname, l.collname) FROM pg_collation l"
		" JOIN pg_namespace n ON n.oid = l.collnamespace"
		" WHERE l.oid = to_regcollation(c)), format_type(to_regtype(t), NULL),"
		" octet_length(name) > current_setting('max_identifier_length')::int, %s,"
		" EXISTS (SELECT FROM pg_type WHERE oid = to_regtype(t) AND typtype = 'p'),"
		" EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'pg_class'::regclass"
		" AND attnum < 0 AND attname = name)"
		" FROM ROWS FROM (unnest(ARRAY[%s]::text[]), unnest(ARRAY[%s]::text[]),"
		" unnest(ARRAY[%s]::text[])) WITH ORDINALITY AS x(t, c, name, n) ORDER BY n",
		PQserverVersion(db->conn) >= TYPE_MODIFIERS
			? "format_type(to_regtype(t), to_regtypemod(t))"
			: "t",
		types, collations, names);
	PGresult *res = db_query(db, e, sql, 0, NULL);

	free(sql);
	free(types);
	free(collations);
	free(names);
	return res;
}

/* A text that is no name at all is an error of the whole query, so each is asked for by itself.
 */
static int
find_unread(struct plan *p, struct db *db, struct err *e)
{
	struct err ignored = ERR_INIT;
	size_t i;

	for (i = 0; i < p->ncolumns; i++) {
		const struct schema_column *c = &p->schema->columns[i];
		const char *params[] = {c->type, c->collation};
		PGresult *res;

		if (plan_new_name(p, i) == NULL)
			continue;
		res = db_query(db, &ignored,
			       PQserverVersion(db->conn) >= TYPE_MODIFIERS
				       ? "SELECT to_regtype($1), to_regcollation($2),"
					 " to_regtypemod($1)"
				       : "SELECT to_regtype($1), to_regcollation($2)",
			       2, params);
		if (res == NULL) {
			p->columns[i].unread = true;
			p->columns[i].new_type = NULL;
		}
		PQclear(res);
		err_release(&ignored);
		if (db_exec(db, e, "ROLLBACK TO SAVEPOINT portl_types") != 0)
			return -1;
	}
	return 0;
}

/* The types' names are the stream's, so the server may refuse to read them. */
static PGresult *
read_types(struct plan *p, struct db *db, struct err *e)
{
	PGresult *res;

	if (db_exec(db, e, "SAVEPOINT portl_types") != 0)
		return NULL;
	res = plan_exttype(p, db, e) == 0 ? look_up_types(p, db, e) : NULL;
	if (res == NULL && e->sqlstate[0] != '\0' && !db_is_lost(db)) {
		err_release(e);
		if (db_exec(db, e, "ROLLBACK TO SAVEPOINT portl_types") != 0 ||
		    find_unread(p, db, e) != 0 || plan_exttype(p, db, e) != 0)
			return NULL;
		res = look_up_types(p, db, e);
	}
	if (res != NULL && db_exec(db, e, "RELEASE SAVEPOINT portl_types") != 0) {
		PQclear(res);
		return NULL;
	}
	return res;
}

/* Row ${row} of look_up_types() is about stream column ${i}. */
static unsigned
check_new_column(struct plan *p, size_t i, const PGresult *res, int row, struct reasons *why)
{
	const struct schema_column *c = &p->schema->columns[i];
	struct plan_column *column = &p->columns[i];

	if (PQgetvalue(res, row, 3)[0] == 't')
		reasons_add(
			why,
			"column \"%s\": the name is longer than PostgreSQL keeps names; give "
			"it another with --map",
			plan_new_name(p, i));
	if (db_is_true(res, row, 6))
		reasons_add(why,
			    "column \"%s\": every table has a system column of that name; give "
			    "it another with --map",
			    plan_new_name(p, i));
	if (db_is_true(res, row, 5))
		reasons_add(why, "column \"%s\": type %s is not one for columns", c->name,
			    c->type);
	if (PQgetisnull(res, row, 0)) {
		reasons_add(why, "column \"%s\": type %s does not exist in this database",
			    c->name, c->type);
		return 0;
	}
	column->new_type = intern(PQgetvalue(res, row, 4));
	column->new_base = intern(PQgetvalue(res, row, 2));
	if (!PQgetisnull(res, row, 1))
		column->new_collation = intern(PQgetvalue(res, row, 1));
	else if (c->collation != NULL)
		reasons_add(why, "column \"%s\": collation %s does not exist in this database",
			    c->name, c->collation);
	column->new_oid = (unsigned)strtoul(PQgetvalue(res, row, 0), NULL, 10);
	return column->new_oid;
}

static int
check_new(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	PGresult *res = read_types(p, db, e);
	unsigned *oids = xcalloc(p->ncolumns, sizeof(*oids));
	struct typedocs here = {.types = NULL};
	size_t i, n = 0;
	int row = 0, rc = res != NULL ? 0 : -1;

	for (i = 0; rc == 0 && i < p->ncolumns; i++)
		if (plan_new_name(p, i) != NULL) {
			oids[n] = check_new_column(p, i, res, row++, why);
			n += oids[n] != 0;
		}
	if (rc == 0)
		rc = typeread_docs(db, oids, n, &here, e);
	for (i = 0, row = 0; rc == 0 && i < p->ncolumns; i++) {
		const struct schema_column *c = &p->schema->columns[i];
		char *differs = NULL;

		if (plan_new_name(p, i) == NULL)
			continue;
		if (!PQgetisnull(res, row, 0))
			differs = (p->text ? typedocs_same_fields : typedocs_same_bytes)(
				p->schema->types, c->base, here.types, PQgetvalue(res, row, 2));
		if (differs != NULL)
			reasons_add(why, "column \"%s\": %s", c->name, differs);
		free(differs);
		check_older(p, db, i, typedocs_unwrap(p->schema->types, c->base), why);
		row++;
	}
	typedocs_release(&here);
	free(oids);
	PQclear(res);
	return rc;
}

/* What ALTER TABLE cannot add columns to, or not ${n} of them. */
static int
check_addable(const struct plan *p, struct db *db, size_t n, struct reasons *why, struct err *e)
{
	PGresult *res = db_query_oid(
		db, e,
		"SELECT relkind IN ('r', 'p', 'f'), relispartition, reloftype <> 0,"
		" pg_has_role(relowner, 'USAGE'), relnatts FROM pg_class WHERE oid = $1",
		p->rel->oid);

	if (res == NULL)
		return -1;
	if (PQntuples(res) == 0)
		reasons_add(why, "--add-columns: it has just been dropped");
	else if (!db_is_true(res, 0, 0))
		reasons_add(why, "--add-columns: a %s cannot get columns",
			    relation_kind_name(p->rel->kind));
	else if (db_is_true(res, 0, 1))
		reasons_add(why,
			    "--add-columns: a partition cannot get columns; the table that "
			    "it is a partition of can");
	else if (db_is_true(res, 0, 2))
		reasons_add(why,
			    "--add-columns: a table of a type cannot get columns; the type "
			    "can get attributes");
	else if (n + strtoul(PQgetvalue(res, 0, 4), NULL, 10) > TABLE_COLUMNS_MAX)
		reasons_add(why,
			    "--add-columns: a table has at most %d columns, with those "
			    "that were dropped",
			    TABLE_COLUMNS_MAX);
	else if (p->rules->add_columns && !db_is_true(res, 0, 3))
		reasons_add(why, "--add-columns: only the owner of a table can add some");
	PQclear(res);
	return 0;
}

static char *
add_sql(const struct plan *p)
{
	const char *comma = " ADD COLUMN ";
	struct buf sql = BUF_INIT;
	size_t i;

	buf_adds(&sql, "ALTER TABLE ");
	relname_add_quoted(&p->target, &sql);
	for (i = 0; i < p->ncolumns; i++) {
		const struct plan_column *c = &p->columns[i];

		if (!c->missing)
			continue;
		buf_adds(&sql, comma);
		ident_add_quoted(&sql, c->source);
		buf_addc(&sql, ' ');
		ident_add_type(&sql, c->new_type);
		if (c->new_collation != NULL)
			buf_addf(&sql, " COLLATE %s", c->new_collation);
		comma = ", ADD COLUMN ";
	}
	return buf_detach(&sql);
}

/* From here on the plan is what it will be when the table has the columns. */
static void
take_added(struct plan *p)
{
	struct relation *rel = p->rel;
	size_t i;

	for (i = 0; i < p->ncolumns; i++) {
		struct plan_column *c = &p->columns[i];

		if (!c->missing)
			continue;
		rel->columns = xrealloc(rel->columns,
					(rel->ncolumns + 1) * sizeof(*rel->columns));
		rel->columns[rel->ncolumns] =
			(struct relation_column){.name = intern(c->source),
						 .type_oid = c->new_oid,
						 .type = intern(c->new_type),
						 .base = intern(c->new_base),
						 .plain = intern(c->new_type),
						 .collation = intern_null(c->new_collation),
						 .may_insert = true};
		c->missing = false;
		c->target = c->source;
		c->position = (int)rel->ncolumns++;
		p->keep[i] = true;
	}
}

/* Can they be added?  ${faults} are the reasons why not. */
static int
check_missing(struct plan *p, struct db *db, size_t n, struct reasons *faults, struct err *e)
{
	size_t i, before = faults->n;

	if (check_addable(p, db, n, faults, e) != 0)
		return -1;
	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].missing && p->schema->columns[i].type[0] == '\0')
			reasons_add(faults,
				    "column \"%s\": the stream does not say its type; --infer "
				    "guesses it from the first rows",
				    p->columns[i].source);
	return faults->n == before ? check_new(p, db, faults, e) : 0;
}

/*
 * The columns that the table lacks, as --create would make them, but without NOT NULL, for
 * there may be rows: --add-columns adds them, else it is said what would.  A column that
 * stays missing is never without a reason.
 */
static int
add_missing(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	struct reasons unsaid = {.n = 0}, *faults = p->rules->add_columns ? why : &unsaid;
	size_t i, n = 0, before = faults->n;
	char *sql;
	int rc;

	for (i = 0; i < p->ncolumns; i++)
		n += p->columns[i].missing;
	if (n == 0)
		return 0;
	rc = check_missing(p, db, n, faults, e);
	if (rc == 0 && faults->n == before) {
		sql = add_sql(p);
		if (p->rules->add_columns) {
			p->sql[SQL_ADD] = sql;
			take_added(p);
		} else {
			if (!p->rules->verify)
				buf_addf(&why->sql, " --add-columns, or %s;", sql);
			free(sql);
		}
	}
	reasons_release(&unsaid);
	for (i = 0; rc == 0 && i < p->ncolumns; i++) {
		p->columns[i].refused = p->columns[i].refused || p->columns[i].missing;
		if (p->columns[i].missing && why->n == 0)
			reasons_add(why, "column \"%s\" is not in the table",
				    p->columns[i].source);
	}
	return rc;
}

int
plan_types(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	if (p->rel != NULL && p->schema != NULL && add_missing(p, db, why, e) != 0)
		return -1;
	if (p->rel != NULL)
		return check_existing(p, db, why, e);
	if (why->n > 0)
		return 0; /* nothing to create anyway */
	return check_new(p, db, why, e);
}
