/*
 * An event is a JSON object with time, severity, program, pid, run, event,
 * message, and then its own fields; text is made from the same object.  Events
 * wait until the run's id is known, which portl-load learns from the stream.
 */
#include "common/talk/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/jsontext.h"
#include "common/base/shown.h"
#include "common/base/xalloc.h"
#include "common/os/writeall.h"

#define TIME_LEN 32 /* bytes; room for a date of RFC 3339 with ms, and NUL */

int
logfile_open(struct logfile *f, const char *path, bool json, struct err *e)
{
	f->json = json;
	f->held = json_array();
	if (path == NULL) {
		f->fd = STDERR_FILENO;
		f->borrowed = true;
		return 0;
	}
	/* What servers say quotes values, so a new file is for its owner, as theirs are. */
	f->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
	if (f->fd < 0)
		return err_errno(e, "could not open the log file \"%s\"", path);
	f->path = xstrdup(path);
	return 0;
}

static void
format_time(char text[TIME_LEN])
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(text, TIME_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, TIME_LEN - n, ".%03ldZ", now.tv_nsec / 1000000);
}

static json_t *
make_event(const char *program, const char *severity, const char *event, const char *message)
{
	char when[TIME_LEN];
	json_t *doc = json_object();

	format_time(when);
	json_object_set_new(doc, "time", json_string(when));
	json_object_set_new(doc, "severity", json_string(severity));
	json_object_set_new(doc, "program", json_string(program));
	json_object_set_new(doc, "pid", json_integer(getpid()));
	json_object_set_new(doc, "run", json_null());
	json_object_set_new(doc, "event", json_string(event));
	json_object_set_new(doc, "message", jsontext(message));
	return doc;
}

static void
add_field(struct buf *line, const char *key, const json_t *value)
{
	char *dump;

	if (json_is_null(value))
		return;
	buf_addf(line, "\n\t%s: ", key);
	if (json_is_string(value)) {
		shown_add(line, json_string_value(value));
		return;
	}
	dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
	shown_add(line, dump != NULL ? dump : "");
	free(dump);
}

static const char *
word(const json_t *doc, const char *key)
{
	const char *s = json_string_value(json_object_get(doc, key));

	return s != NULL ? s : "-";
}

static void
add_as_text(struct buf *line, json_t *doc)
{
	const char *key;
	json_t *value;
	bool own = false;

	buf_addf(line, "%s %s[%lld] %s %s %s: ", word(doc, "time"), word(doc, "program"),
		 (long long)json_integer_value(json_object_get(doc, "pid")), word(doc, "run"),
		 word(doc, "severity"), word(doc, "event"));
	shown_add(line, word(doc, "message"));
	json_object_foreach(doc, key, value)
	{
		if (own)
			add_field(line, key, value);
		own = own || strcmp(key, "message") == 0;
	}
}

static void
write_all(struct logfile *f, const char *data, size_t len)
{
	if (writeall(f->fd, data, len) != 0 && f->errnum == 0)
		f->errnum = errno;
}

static void
write_event(struct logfile *f, json_t *doc)
{
	struct buf line = BUF_INIT;
	char *dump;

	json_object_set_new(doc, "run", jsontext(f->run));
	if (f->json) {
		dump = json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(6));
		shown_add(&line, dump != NULL ? dump : "{}");
		free(dump);
	} else {
		add_as_text(&line, doc);
	}
	buf_addc(&line, '\n');
	write_all(f, line.data, line.len);
	buf_release(&line);
}

void
logfile_event(struct logfile *f, const char *program, const char *severity, const char *event,
	      json_t *fields, const char *message)
{
	json_t *doc = make_event(program, severity, event, message);

	if (fields != NULL)
		json_object_update_missing(doc, fields);
	json_decref(fields);
	if (f->knows_run)
		write_event(f, doc);
	else
		json_array_append(f->held, doc);
	json_decref(doc);
}

void
logfile_set_run(struct logfile *f, const char *id)
{
	size_t i;
	json_t *doc;

	free(f->run);
	f->run = xstrdup_null(id);
	f->knows_run = true;
	json_array_foreach(f->held, i, doc)
	{
		write_event(f, doc);
	}
	json_array_clear(f->held);
}

void
logfile_close(struct logfile *f)
{
	if (f->fd >= 0 && !f->knows_run)
		logfile_set_run(f, NULL);
	if (f->fd >= 0 && !f->borrowed)
		close(f->fd);
	json_decref(f->held);
	free(f->path);
	free(f->run);
	*f = LOGFILE_INIT;
}
