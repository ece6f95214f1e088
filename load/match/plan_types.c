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
#include "load/match/loosename.h"
#include "load/match/plan.h"
#include "load/match/plan_cast.h"
#include "load/match/plan_leaves.h"
#include "load/match/plan_loss.h"
#include "load/match/plan_newtypes.h"
#include "load/match/reasons.h"
#include "load/rules/rules.h"

#define TABLE_COLUMNS_MAX 1600 /* the server's limit */
#define OID_FREE_CONTAINERS \
	140000                   /* arrays and composites may carry foreign OIDs from here on */
#define ESCAPED_CHAR 150000      /* "char" writes and reads \351 from here on */
#define INFINITE_INTERVAL 170000 /* and some bytes of intervals mean infinity */

/* The types of stream column ${i} and of its column, which is there or is to be created. */
static struct plan_leaves
leaves_of(const struct plan *p, size_t i, const json_t *here)
{
	const struct schema_column *from = &p->schema->columns[i];
	const struct plan_column *c = &p->columns[i];
	struct plan_leaves of = {{p->schema->types, from->base, from->type},
				 {here, c->new_base, c->new_type}};

	if (p->rel != NULL && c->position >= 0) {
		of.to.base = p->rel->columns[c->position].base;
		of.to.type = p->rel->columns[c->position].type;
	}
	return of;
}

/* What the cast or the input function may lose; it is warned of before the first row. */
static void
note_loss(struct plan *p, size_t i, const json_t *here)
{
	struct plan_leaves of = leaves_of(p, i, here);
	struct plan_column *c = &p->columns[i];
	const char *base = typedocs_unwrap(here, of.to.base);
	bool unknown = of.from.base[0] == '\0';

	if (!c->refused && c->loss == NULL && (p->text || !unknown)) {
		char *loss = plan_leaves_loss(&of, p->text, p->text || c->way == PLAN_TEXT);

		c->loss = intern_null(loss);
		free(loss);
	}
	if (p->text &&
	    (unknown || plan_loss_is_string(typedocs_unwrap(of.from.types, of.from.base))))
		c->keeps = digits_of(base, typedocs_modified(here, of.to.base, of.to.type));
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
 * Of a bare NDJSON stream's values, which may be from a column that fits, those are refused
 * that are cut; where that does not show, all are.
 */
static void
check_unknown(struct plan *p, size_t i, const json_t *here, struct reasons *why)
{
	struct plan_leaves of = leaves_of(p, i, here);
	const char *target = typedocs_unwrap(here, of.to.base), *cut;

	of.from.base = of.from.type = text_like(target);
	cut = plan_leaves_cut(&of);
	if (cut == NULL)
		return;
	if (plan_leaves_is_row_by_row(here, target))
		stage_as_text(p, i, target);
	else
		plan_refuse(p, i, why, NULL,
			    "has type %s, which silently keeps only %s of longer values",
			    of.to.type, cut);
}

/*
 * Text is read by the target's input function, which cuts in two types only
 * and takes the fields of a composite value in their order.
 * Returns why the types are not the same, for the caller to free, or NULL.
 */
static char *
check_text(struct plan *p, size_t i, const json_t *here, struct reasons *why)
{
	struct plan_leaves of = leaves_of(p, i, here);
	const char *cut;
	char *differs;

	if (of.from.base[0] == '\0') {
		check_unknown(p, i, here, why);
		return NULL;
	}
	cut = plan_leaves_cut(&of);
	differs = typedocs_same_fields(of.from.types, of.from.base, here, of.to.base);
	if (differs != NULL)
		plan_refuse(p, i, why, NULL, "means something else: %s", differs);
	else if (cut != NULL)
		plan_refuse(p, i, why, NULL, PLAN_CUTS, of.to.type, cut, of.from.type);
	free(differs);
	return typedocs_same_bytes(of.from.types, of.from.base, here, of.to.base);
}

static void
refuse_container(struct plan *p, size_t i, struct reasons *why)
{
	plan_refuse(p, i, why, PLAN_SEND_TEXT,
		    "has type %s, whose binary form servers before 14 cannot read from another "
		    "database",
		    p->schema->columns[i].type);
}

/* Returns why the bytes of binary values cannot stay as they are, for the caller to free. */
static char *
check_bytes(struct plan *p, const struct db *db, size_t i, const json_t *here,
	    struct reasons *why)
{
	const struct schema_column *from = &p->schema->columns[i];
	const struct relation_column *to = &p->rel->columns[p->columns[i].position];

	if (PQserverVersion(db->conn) < OID_FREE_CONTAINERS &&
	    typedocs_holds_oids(p->schema->types, from->base)) {
		refuse_container(p, i, why);
		return NULL;
	}
	return typedocs_same_bytes(p->schema->types, from->base, here, to->base);
}

/* What a server older than the stream's would take for another value in silence. */
static void
check_older(struct plan *p, const struct db *db, size_t i, const struct plan_leaves *of,
	    struct reasons *why)
{
	int sent = p->header->server_version, version = PQserverVersion(db->conn);

	if (p->text && sent >= ESCAPED_CHAR && version < ESCAPED_CHAR &&
	    plan_leaves_have(of, "\"char\""))
		plan_refuse(p, i, why, "have portl-extract send -F binary --values=binary",
			    "has type %s, of whose text servers before 15 keep one byte",
			    of->to.type);
	if (p->text || sent < INFINITE_INTERVAL || version >= INFINITE_INTERVAL)
		return;
	p->columns[i].finite = strcmp(typedocs_unwrap(of->from.types, of->from.base),
				      "interval") == 0;
	if (!p->columns[i].finite && typedocs_holds(of->from.types, of->from.base, "interval"))
		plan_refuse(
			p, i, why, PLAN_SEND_TEXT,
			"has type %s, and servers before 17 take an infinite interval inside "
			"for a finite one",
			of->from.type);
}

static int
compare(struct plan *p, struct db *db, const json_t *here, struct reasons *why, struct err *e)
{
	char **differs = xcalloc(p->ncolumns, sizeof(*differs));
	size_t i;
	int rc;

	for (i = 0; i < p->ncolumns; i++) {
		struct plan_leaves of;

		if (p->columns[i].position < 0)
			continue;
		differs[i] = p->text ? check_text(p, i, here, why)
				     : check_bytes(p, db, i, here, why);
		of = leaves_of(p, i, here);
		check_older(p, db, i, &of, why);
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

/* Row ${row} of plan_newtypes() is about stream column ${i}. */
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

/* A type that is to be created is there already, and may be made of other things. */
static void
check_new_type(struct plan *p, const struct db *db, size_t i, const json_t *here,
	       struct reasons *why)
{
	struct plan_leaves of = leaves_of(p, i, here);
	char *differs = (p->text ? typedocs_same_fields : typedocs_same_bytes)(
		of.from.types, of.from.base, here, of.to.base);
	const char *name = p->schema->columns[i].name, *cut = plan_leaves_cut(&of);

	if (differs != NULL)
		reasons_add(why, "column \"%s\": %s", name, differs);
	else if (cut != NULL)
		plan_refuse(p, i, why, NULL, PLAN_CUTS, of.to.type, cut, of.from.type);
	else if (!p->text && PQserverVersion(db->conn) < OID_FREE_CONTAINERS &&
		 typedocs_holds_oids(of.from.types, of.from.base))
		refuse_container(p, i, why);
	free(differs);
	check_older(p, db, i, &of, why);
	if (p->rel == NULL)
		note_loss(p, i, here);
}

static int
check_new(struct plan *p, struct db *db, struct reasons *why, struct err *e)
{
	PGresult *res = plan_newtypes(p, db, e);
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
	for (i = 0; rc == 0 && i < p->ncolumns; i++)
		if (plan_new_name(p, i) != NULL && p->columns[i].new_oid != 0)
			check_new_type(p, db, i, here.types, why);
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

/* The header of a CSV file that was read with another delimiter. */
static bool
is_undivided(const struct plan *p)
{
	return p->ncolumns == 1 && strpbrk(p->columns[0].source, ";\t|") != NULL;
}

/* Is one of the columns that the table lacks there under nearly the same name? */
static bool
is_alike(const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->ncolumns; i++)
		if (p->columns[i].missing && loosename_look(p->rel, p->columns[i].source) >= 0)
			return true;
	return false;
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
			if (is_undivided(p))
				why->instead = "If it is several columns, say so to "
					       "portl-extract: --delimiter=';', or '\\t'.";
			else if (is_alike(p))
				why->instead =
					"With --names=loose columns match without regard "
					"to case, blanks, _ and -.";
			else if (!p->rules->verify)
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
