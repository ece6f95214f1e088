/*
 * What the files of load/replace share.  Nobody else includes this.
 */
#ifndef LOAD_REPLACE_PARTS_H
#define LOAD_REPLACE_PARTS_H

/*
 * Tells a trigger "g" that somebody has made, be it on the partitioned table, from those that
 * do the work of constraints.  Before 15 those of a partitioned table are internal, too.
 */
#define REPLACE_OWN_TRIGGER \
	"(g.tgconstraint = 0 OR EXISTS (SELECT FROM pg_constraint o" \
	" WHERE o.oid = g.tgconstraint AND o.contype = 't'))"

/* $1 is the target's OID; a row is a reason. */
extern const char replace_against_sql[];

/* The same for its indexes alone, which are dropped and built again. */
extern const char replace_against_indexes[];

/* $1 is the target's OID, $2 the name aside; rows of phase (1, 2, 3) and statement. */
extern const char replace_statements_sql[];

/*
 * $1 is the target's OID, $2 is NULL; rows of 1 and a statement that drops an index or what has
 * it, of 2 and one that makes them again as they are, and of 0 and a reason for them to stay.
 */
extern const char replace_statements_indexes[];

/*
 * $1 is the target's OID; a row of what is locked besides it: a partition's parent; tables that
 * foreign keys refer to; the OIDs of all, an array.
 */
extern const char replace_statements_locks[];

/* $1 is the relation's OID: the names of its indexes, in the order in which they are numbered.
 */
extern const char replace_statements_names[];

/* $1 is the relation's OID, $2 whether expressions of indexes are in it; one text. */
extern const char replace_likeness_sql[];

#endif /* LOAD_REPLACE_PARTS_H */
