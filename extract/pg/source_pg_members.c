/*
 * The members that are found out about: what the catalog says of them, their statements, what
 * their headers say.  All of it is under the snapshot but for the names.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/relname.h"
#include "common/base/xalloc.h"
#include "common/parts/partplan.h"
#include "common/pg/relation.h"
#include "common/schema/header.h"
#include "extract/options/options.h"
#include "extract/pg/seqread.h"
#include "extract/pg/since.h"
#include "extract/pg/source_pg_parts.h"

void
source_pg_members_drop(struct source_pg *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (!s->base.options->is_set)        /* a part of a set's plan, too */
			s->members[i].header = NULL; /* the source's */
		member_release(&s->members[i]);
	}
	free(s->members);
	free(s->sent);
	s->members = NULL;
	s->sent = NULL;
	s->n = s->nsent = 0;
}

void
source_pg_members_make(struct source_pg *s, struct relation *const *rels, size_t n)
{
	size_t i;

	source_pg_members_drop(s);
	s->members = xcalloc(n, sizeof(*s->members));
	s->n = n;
	for (i = 0; i < n; i++)
		s->members[i] = (struct member){
			.rel = rels[i],
			.query = s->query,
			.rows = rels[i] != NULL
					? extract_options_rows(s->base.options, &rels[i]->id)
					: &s->base.options->rows,
			.only = keylist_find(&s->base.options->keys,
					     rels[i] != NULL ? &rels[i]->id : NULL),
			.in_set = s->base.options->is_set,
			.planned = -1,
		};
}

enum reads_reach
source_pg_members_reach(const struct source_pg *s)
{
	return s->base.options->snapshot != NULL ? READS_NOTHING : s->reach;
}

bool
source_pg_members_is_whole(const struct source_pg *s, const struct member *m)
{
	enum reads_reach reach = source_pg_members_reach(s);

	return member_is_plain(m) && reads_is_locked(&s->reads, m->rel->oid, reach) &&
	       (m->leaf == NULL || reads_is_locked(&s->reads, m->leaf->oid, reach));
}

static void
send(struct source_pg *s, struct member *m)
{
	s->sent[s->nsent++] = m;
	m->header = s->base.options->is_set ? header_new() : s->base.header;
}

/* The headers that the members fill: the source's, or those that a manifest takes. */
static void
give_headers(struct source_pg *s, size_t from)
{
	size_t i;

	free(s->sent);
	s->sent = xcalloc(2 * s->n, sizeof(void *));
	s->nsent = 0;
	for (i = 0; i < s->n; i++) {
		struct member *m = &s->members[i];

		send(s, m);
		if (m->keys == NULL)
			continue;
		send(s, m->keys);
		m->keys->header->keys_of = from + s->nsent - 1;
	}
}

/* Partitions of one relation are many, and what is asked of it is the same for all of them. */
static int
tell_position(struct source_pg *s, struct member *m, struct err *e)
{
	bool known = s->facts_of == m->rel->oid;
	int rc;

	if (!known)
		sincefacts_release(&s->facts);
	rc = since_apply_known(&s->db, &s->path, m, s->base.options, &s->facts, known, &s->wal,
			       e);
	s->facts_of = rc == 0 ? m->rel->oid : 0;
	return rc;
}

/* A plan may have been made for a snapshot that was held, and is gone. */
static int
check_own(const struct source_pg *s, const struct member *m, struct err *e)
{
	const struct extract_options *o = s->base.options;
	char *name;

	if (o->the_part == NULL || o->plan.snapshot != PARTPLAN_OWN || member_is_sequence(m) ||
	    m->header->no_position == NULL)
		return 0;
	name = relname_text(&m->rel->id);
	err_set(e, EXIT_DATA,
		"parts of %s by snapshots of their own would not fit together: %s", name,
		m->header->no_position);
	free(name);
	return err_hint(e, "Make another plan, and have one snapshot held for all parts.");
}

int
source_pg_members_describe(struct source_pg *s, size_t from, struct err *e)
{
	size_t i;
	int rc = 0;

	give_headers(s, from);
	for (i = 0; rc == 0 && i < s->nsent; i++)
		if (!member_is_sequence(s->sent[i]))
			rc = member_describe(s->sent[i], s->base.options, &s->db, &s->path,
					     &s->types, e);
	if (rc == 0 && s->base.options->the_part != NULL)
		rc = source_pg_part_take(s, s->members, e);
	if (rc == 0)
		rc = seqread_values(&s->db, s->members, s->n, e);
	if (rc == 0 && s->base.options->the_part != NULL && s->base.options->snapshot != NULL)
		rc = tell_position(s, &s->members[0], e);
	else if (rc == 0)
		rc = since_apply(&s->db, &s->path, s->members, s->n, s->base.options, &s->wal,
				 e);
	return rc == 0 ? check_own(s, &s->members[0], e) : rc;
}

/* Planning locks what parsing and LOCK have not. */
int
source_pg_members_plan(struct source_pg *s, struct err *e)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!source_pg_members_is_whole(s, &s->members[i]) &&
		    !member_is_sequence(&s->members[i]) &&
		    member_plan(&s->members[i], &s->db, &s->path, e) != 0)
			return -1;
	return 0;
}

/* What has changed belongs to the run, behind all of its parts. */
static void
tell_catch_up(const struct extract_options *o, struct header *header)
{
	if (o->catch_up)
		header->part = (struct header_part){
			.run = xstrdup(o->plan.id), .number = 0, .of = o->plan.nparts};
}

void
source_pg_members_finish(struct source_pg *s, struct member *m)
{
	member_finish(m, s->base.options->row_security, &s->db);
	tell_catch_up(s->base.options, m->header);
}
