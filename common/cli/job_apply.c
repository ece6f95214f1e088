/*
 * From a job's entries to a program's options.  A secret goes into struct
 * db_params and nowhere else; no message repeats a value of a key that may hold
 * one.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/ident.h"
#include "common/base/nearest.h"
#include "common/base/pattern.h"
#include "common/base/xalloc.h"
#include "common/cli/cli.h"
#include "common/cli/cli_value.h"
#include "common/cli/files.h"
#include "common/cli/job.h"
#include "common/cli/job_parts.h"
#include "common/cli/jobfile.h"
#include "common/cli/jobfile_expand.h"
#include "common/pg/conninfo.h"
#include "common/pg/db.h"

/* A key of the job comes after all flags, and a later line after an earlier one. */
#define ORDER_IN_FILE ((size_t)1 << 24)

/* What job_apply() works with. */
struct applying {
	struct job *job;
	struct cli_line *line;
	struct db_params *db;
	struct err *e;
};

/* Returns a text that lives as long as the job. */
static char *
keep(struct job *job, char *text)
{
	job->texts = xrealloc(job->texts, (job->ntexts + 1) * sizeof(*job->texts));
	job->texts[job->ntexts++] = text;
	return text;
}

static char *
expand(struct applying *a, const struct jobfile_entry *entry, size_t i, bool *expanded)
{
	char *text = jobfile_expand(entry->values[i], expanded, a->e);

	if (text == NULL) {
		job_accuse(a->job, entry, ": ", a->e);
		return NULL;
	}
	return keep(a->job, text);
}

static int
check_names(const char *text, bool is_table, struct err *e)
{
	struct ident_list list = {.names = NULL};
	char *schema = NULL, *name = NULL;
	int rc;

	if (is_table)
		rc = ident_parse_qualified(text, &schema, &name, e);
	else
		rc = ident_parse_list(text, &list, e);
	ident_list_release(&list);
	free(schema);
	free(name);
	return rc;
}

/* An item of a list is one name as it stands; one text has commas between names. */
static const char *
expand_names(struct applying *a, const struct jobfile_entry *entry)
{
	bool is_list = entry->kind == JOBFILE_LIST, expanded;
	struct buf names = BUF_INIT;
	const char *text = "";
	size_t i;

	for (i = 0; text != NULL && i < entry->n; i++) {
		char *quoted;

		text = expand(a, entry, i, &expanded);
		if (text == NULL)
			break;
		quoted = is_list ? ident_typed(text) : ident_keep_case(text);
		buf_addf(&names, "%s%s", i > 0 ? "," : "", quoted);
		if (check_names(is_list ? quoted : text, false, a->e) != 0) {
			job_accuse(a->job, entry, ": ", a->e);
			text = NULL;
		}
		free(quoted);
	}
	keep(a->job, buf_detach(&names));
	return text != NULL ? a->job->texts[a->job->ntexts - 1] : NULL;
}

/* YAML 1.1 has all of these; -1: none of them. */
static int
truth_of(const char *text)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return i & 1;
	return -1;
}

/* Options of a choice between yes and no take true and false as well. */
static const char *
as_choice(const struct cli_option *option, const char *text)
{
	const char *word = truth_of(text) == 1 ? "yes" : "no";
	const struct cli_choice *c;

	for (c = option->choices; c->word != NULL; c++)
		if (truth_of(text) >= 0 && strcmp(c->word, word) == 0)
			return word;
	return text;
}

static void
note_setting(struct job *job, const struct cli_slot *slot, const struct jobfile_entry *entry)
{
	job->settings = xrealloc(job->settings, (job->nsettings + 1) * sizeof(*job->settings));
	job->settings[job->nsettings++] = (struct job_setting){slot, entry};
}

static int
set_value(struct applying *a, const struct jobfile_entry *entry, struct cli_slot *slot,
	  const char *text)
{
	enum cli_type type = slot->option->type;
	int truth = truth_of(text);

	if ((type == CLI_FLAG || type == CLI_COUNT) && truth < 0)
		return job_refuse(a->job, entry, "takes true or false", a->e);
	if ((type == CLI_FLAG || type == CLI_COUNT || type == CLI_DEGREE) && truth == 0) {
		/* a block takes back what the top says */
		if (type == CLI_FLAG)
			*(bool *)slot->value = false;
		else
			*(int *)slot->value = 0;
		return 0;
	}
	if (type == CLI_DEGREE && truth > 0)
		text = NULL;
	if (type == CLI_CHOICE || (type == CLI_DEGREE && text != NULL))
		text = as_choice(slot->option, text);
	if (type == CLI_NAMES)
		((struct cli_list *)slot->value)->n = 0; /* a block's instead of the top's */
	if (cli_value_set(slot, text, ORDER_IN_FILE + entry->line, a->e) != 0)
		return job_accuse(a->job, entry, " ", a->e);
	return 0;
}

static int
set_option(struct applying *a, const struct jobfile_entry *entry, struct cli_slot *slot,
	   const char *text)
{
	if (set_value(a, entry, slot, text) != 0)
		return -1;
	note_setting(a->job, slot, entry);
	return 0;
}

/* Of a kind that the command line has not chosen? */
static bool
is_other_kinds(const struct applying *a, const struct cli_slot *slot)
{
	const struct cli_kind *kind = cli_flagged_kind(a->line);

	return kind != NULL && slot->kind != NULL && !cli_is_for(slot, kind);
}

/* The kind that this side's block asks for, or NULL. */
static const struct cli_kind *
kind_in_block(const struct applying *a)
{
	const struct cli_kind *const *k = a->line->spec->kinds;

	for (; k != NULL && *k != NULL; k++)
		if ((*k)->key != NULL &&
		    jobfile_find(a->job->file, job_block(a->job), (*k)->key) != NULL)
			return *k;
	return NULL;
}

/* Does a flag count instead, or is it, at the top level, for the other side? */
static bool
is_moot(const struct applying *a, const struct jobfile_entry *entry, const struct job_key *key)
{
	unsigned part = key->slot != NULL ? key->slot->option->part : (unsigned)CLI_SERVER;
	const struct cli_kind *kind = kind_in_block(a);

	if (cli_replaces(a->line, part))
		return true;
	if (key->slot == NULL)
		return false;
	return key->slot->given || is_other_kinds(a, key->slot) ||
	       (entry->block == NULL && (part & CLI_REACH) != 0 && kind != NULL &&
		!cli_is_for(key->slot, kind));
}

static void
note_exposed(struct applying *a, const struct jobfile_entry *entry)
{
	if (a->job->file->exposed && a->job->exposed == NULL)
		a->job->exposed = xasprintf("%s.%s", entry->block, entry->key);
}

static int
set_special(struct applying *a, const struct jobfile_entry *entry, enum jobkey_special special,
	    const char *text, bool literal)
{
	if (special == JOBKEY_PASSWORD) {
		a->db->password = text;
		a->db->dollars = strstr(entry->values[0], "$$") != NULL;
		if (literal)
			note_exposed(a, entry);
	} else if (special == JOBKEY_DATABASE) {
		if (conninfo_check_name("database", text, a->e) != 0)
			return job_accuse(a->job, entry, ": ", a->e);
		a->db->database = text;
	} else if (special == JOBKEY_SERVICE) {
		a->db->service = text;
	}
	return 0;
}

static int
set_uri(struct applying *a, const struct jobfile_entry *entry, const char *text, bool literal)
{
	int has_password = conninfo_check(text, a->e);

	if (has_password < 0)
		return job_accuse(a->job, entry, ": ", a->e);
	if (has_password > 0 && literal)
		note_exposed(a, entry);
	a->db->conninfo = text;
	return 0;
}

/* The text that the key's option is set to, or NULL. */
static const char *
value_of(struct applying *a, const struct jobfile_entry *entry, const struct job_key *key,
	 bool *expanded)
{
	enum cli_type type = key->slot != NULL ? key->slot->option->type : CLI_STRING;
	const char *text;

	if (type == CLI_NAMES || type == CLI_NAME)
		return expand_names(a, entry);
	text = expand(a, entry, 0, expanded);
	if (text == NULL || type != CLI_TABLE)
		return text;
	if (check_names(text, true, a->e) == 0)
		return keep(a->job, ident_keep_case(text));
	job_accuse(a->job, entry, ": ", a->e);
	return NULL;
}

/* Each is one pattern as it stands. */
static int
apply_patterns(struct applying *a, const struct jobfile_entry *entry, struct cli_slot *slot)
{
	bool expanded;
	size_t i;

	for (i = 0; i < entry->n; i++) {
		const char *text = expand(a, entry, i, &expanded);

		if (text == NULL ||
		    set_option(a, entry, slot, keep(a->job, pattern_keep_case(text))) != 0)
			return -1;
	}
	return 0;
}

static int
apply_key(struct applying *a, const struct jobfile_entry *entry, const struct job_key *key)
{
	bool expanded = false;
	const char *text;

	if (is_moot(a, entry, key))
		return 0;
	if (key->slot != NULL && key->slot->option->type == CLI_PATTERN)
		return apply_patterns(a, entry, key->slot);
	text = value_of(a, entry, key, &expanded);
	if (text == NULL)
		return -1;
	if (key->slot == NULL || (key->slot->option->part & CLI_SERVER) != 0)
		a->job->connects = true;
	if (key->special == JOBKEY_URI)
		return set_uri(a, entry, text, !expanded);
	if (key->slot == NULL)
		return set_special(a, entry, key->special, text, !expanded);
	return set_option(a, entry, key->slot, text);
}

static int
apply_mapping(struct applying *a, const struct jobfile_entry *entry)
{
	struct cli_slot *map = cli_find(a->line, "map");
	const char *text = "";
	char *source, *target, *pair;
	bool expanded;

	if (map == NULL || map->given)
		return 0;
	if (entry->kind == JOBFILE_SCALAR && (text = expand(a, entry, 0, &expanded)) == NULL)
		return -1;
	source = ident_typed(entry->key);
	target = *text != '\0' ? ident_typed(text) : xstrdup("");
	pair = keep(a->job, xasprintf("%s=%s", source, target));
	free(source);
	free(target);
	return set_option(a, entry, map, pair);
}

static int
apply_entry(struct applying *a, const struct jobfile_entry *entry)
{
	struct job_key key = {.slot = NULL};

	if (job_is_mapping(entry))
		return a->job->side == JOB_LOAD ? apply_mapping(a, entry) : 0;
	if (entry->relation != NULL || job_key(a->job, a->line, entry, &key) != 1 ||
	    key.special == JOBKEY_BLOCK || key.special == JOBKEY_TYPE)
		return 0;
	return apply_key(a, entry, &key);
}

/* ---- the kind ---- */

/* What is no server is not connected to. */
static int
check_connection(struct applying *a, const struct cli_kind *kind)
{
	const struct jobfile *f = a->job->file;
	size_t i;

	for (i = 0; i < f->n; i++) {
		const struct jobfile_entry *entry = &f->entries[i];
		struct job_key key = {.slot = NULL};
		char *what;

		if (entry->block == NULL || job_key(a->job, a->line, entry, &key) != 1 ||
		    key.special == JOBKEY_TYPE ||
		    (key.slot != NULL && (key.slot->option->part & CLI_SERVER) == 0))
			continue;
		what = xasprintf("%s has no connection", kind->what);
		job_refuse(a->job, entry, what, a->e);
		free(what);
		return -1;
	}
	return 0;
}

static int
unknown_type(struct applying *a, const struct jobfile_entry *type, const char *text)
{
	const struct cli_kind *const *kinds = a->line->spec->kinds;
	struct buf list = BUF_INIT;
	const char **words, *near;
	size_t n = 0, i;

	while (kinds[n] != NULL)
		n++;
	words = xcalloc(n, sizeof(*words));
	buf_adds(&list, "takes ");
	for (i = 0; i < n; i++) {
		words[i] = kinds[i]->name;
		buf_addf(&list, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", words[i]);
	}
	near = nearest_word(text, words, n);
	job_refuse(a->job, type, buf_cstr(&list), a->e);
	free(words);
	buf_release(&list);
	return near == NULL ? -1 : err_hint(a->e, "Perhaps you meant \"%s\".", near);
}

/* The type is said, and here is what it is; does the key fit that asks for a kind? */
static int
compare_type(struct applying *a, const struct jobfile_entry *type, const struct cli_kind *said,
	     const struct cli_kind *found)
{
	const struct jobfile_entry *entry = type;
	char *what;

	if (found == NULL ? said->key == NULL : found == said)
		return 0;
	if (found == NULL) {
		what = xasprintf("%s needs a %s", said->name, said->key);
	} else {
		entry = jobfile_find(a->job->file, job_block(a->job), found->key);
		what = xasprintf("only type %s has a %s", found->name, found->key);
	}
	job_refuse(a->job, entry, what, a->e);
	free(what);
	return -1;
}

/* `type` has to be one of the kinds, and to fit what else is there. */
static int
check_type(struct applying *a)
{
	const struct jobfile_entry *type = jobfile_find(a->job->file, job_block(a->job),
							"type");
	const struct cli_kind *const *k = a->line->spec->kinds, *found = kind_in_block(a);
	const char *text;
	bool expanded;

	if (found != NULL && found->what != NULL && check_connection(a, found) != 0)
		return -1;
	if (type == NULL)
		return 0;
	text = expand(a, type, 0, &expanded);
	if (text == NULL)
		return -1;
	while (*k != NULL && strcmp((*k)->name, text) != 0)
		k++;
	return *k != NULL ? compare_type(a, type, *k, found) : unknown_type(a, type, text);
}

/* Where to load to is in the stream; what to read is nowhere else. */
static int
check_what(struct applying *a)
{
	const struct jobfile_entry *source = jobfile_find(a->job->file, NULL, "source");

	if (a->job->side != JOB_EXTRACT || cli_last(a->line, CLI_WHAT | CLI_FILE) != NULL)
		return 0;
	if (source != NULL)
		job_refuse(a->job, source, "it does not say what to read", a->e);
	else
		err_set(a->e, EXIT_JOBFILE, "%s: there is no source, so nothing to read",
			a->job->file->path);
	return err_hint(a->e, "Give the source a table, a query or the path of a CSV file.");
}

int
job_apply(struct job *job, struct cli_line *line, struct db_params *db, struct err *e)
{
	struct applying a = {job, line, db, e};
	const struct jobfile *f = job->file;
	int level;
	size_t i;

	if (line->spec->kinds != NULL && check_type(&a) != 0)
		return -1;
	for (level = 0; level < 2; level++) /* what is said for one side counts more */
		for (i = 0; i < f->n; i++)
			if ((f->entries[i].block != NULL) == level &&
			    apply_entry(&a, &f->entries[i]) != 0)
				return -1;
	return check_what(&a);
}

/* ---- the other program's files ---- */

static bool
is_others(const struct job *job, const struct jobfile_entry *entry)
{
	const struct jobkey *known = jobkeys_find(entry->key);

	if (entry->relation != NULL)
		return false;
	if (entry->block != NULL)
		return jobkeys_block(entry->block) != 0 &&
		       jobkeys_block(entry->block) != job->side;
	return known != NULL && known->top != 0 && (known->top & job->side) == 0;
}

/* Is the key that of a file? */
static bool
is_file(const struct job *job, const char *key, bool *written)
{
	static const struct {
		const char *key;
		unsigned reads, writes; /* JOB_* */
	} keys[] = {
		{"path", JOB_EXTRACT, JOB_LOAD}, {"query_file", JOB_EXTRACT, 0},
		{"output", 0, JOB_EXTRACT},      {"rejects", 0, JOB_LOAD},
		{"differences", 0, JOB_LOAD},    {"summary", 0, JOB_BOTH},
		{"log_file", 0, JOB_BOTH},
	};
	unsigned other = JOB_BOTH & ~job->side;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].key, key) == 0) {
			*written = (keys[i].writes & other) != 0;
			return ((keys[i].reads | keys[i].writes) & other) != 0;
		}
	return false;
}

size_t
job_apply_others(struct job *job, struct files_one *files, size_t max)
{
	const struct jobfile *f = job->file;
	size_t i, n = 0;

	for (i = 0; i < f->n && n < max; i++) {
		const struct jobfile_entry *entry = &f->entries[i];
		struct err unset = ERR_INIT; /* it is not for us */
		bool written, expanded;
		char *path;

		if (entry->kind != JOBFILE_SCALAR || !is_others(job, entry) ||
		    !is_file(job, entry->key, &written))
			continue;
		path = jobfile_expand(entry->values[0], &expanded, &unset);
		err_release(&unset);
		if (path == NULL)
			continue;
		files[n++] = (struct files_one){
			.what = strcmp(entry->key, "log_file") == 0
					? "--log-file"
					: keep(job, xasprintf("the job's %s", entry->key)),
			.path = keep(job, path),
			.written = written,
			.others = true,
		};
	}
	return n;
}

/* ---- one relation of several ---- */

static const struct jobfile_entry *
relation_entry(const struct job *job, size_t i)
{
	const struct jobfile *f = job->file;
	size_t at;

	for (at = 0; at < f->n; at++)
		if (job_is_relation(&f->entries[at]) && i-- == 0)
			return &f->entries[at];
	return NULL;
}

const char *
job_apply_name(const struct job *job, size_t i)
{
	const struct jobfile_entry *entry = relation_entry(job, i);

	return entry != NULL ? entry->key : NULL;
}

int
job_apply_refuse(const struct job *job, size_t i, const char *what, struct err *e)
{
	return job_refuse(job, relation_entry(job, i), what, e);
}

int
job_apply_relation(struct job *job, size_t i, struct cli_line *line, void *options,
		   struct err *e)
{
	struct applying a = {job, line, NULL, e};
	const struct jobfile_entry *relation = relation_entry(job, i), *entry;
	const struct jobfile_entry *end = job->file->entries + job->file->n;

	for (entry = relation + 1; entry < end && entry->relation != NULL; entry++) {
		struct job_key key = {.slot = NULL};
		struct cli_slot slot;
		bool expanded;
		const char *text;

		if (job_key(job, line, entry, &key) != 1 || key.slot == NULL)
			continue;
		text = value_of(&a, entry, &key, &expanded);
		slot = *key.slot;
		slot.value = (char *)options + slot.option->offset;
		if (text == NULL || set_value(&a, entry, &slot, text) != 0)
			return -1;
	}
	return 0;
}
