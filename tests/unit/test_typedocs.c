/*
 * typedocs: when a binary value means the same in two databases.
 */
#include <stdlib.h>
#include <string.h>

#include "common/schema/typedocs.h"
#include "tests/unit/tap.h"

static json_t *
types(const char *text)
{
	json_error_t why;
	json_t *doc = json_loads(text, 0, &why);

	if (doc == NULL)
		printf("# %s: %s\n", why.text, text);
	return doc;
}

static void
check(const char *a_types, const char *a, const char *b_types, const char *b,
      const char *needle, const char *name)
{
	json_t *ta = types(a_types), *tb = types(b_types);
	char *why = typedocs_same_bytes(ta, a, tb, b);

	if (needle == NULL)
		is_str(why, NULL, "%s: the same bytes", name);
	else
		ok(why != NULL && strstr(why, needle) != NULL, "%s: differs (%s)", name,
		   why != NULL ? why : "not noticed");
	free(why);
	json_decref(ta);
	json_decref(tb);
}

static void
test_plain(void)
{
	check("{}", "integer", "{}", "integer", NULL, "the same built-in type");
	check("{}", "integer", "{}", "bigint", "bigint", "two built-in types");
	check("{}", "character varying", "{}", "text", NULL, "varchar and text");
	check("{}", "character", "{}", "text", "character", "char(n) is padded");
}

static void
test_domains(void)
{
	static const char over_int[] = "{\"p.d\":{\"kind\":\"domain\",\"base\":\"integer\"}}";
	static const char over_real[] = "{\"p.d\":{\"kind\":\"domain\",\"base\":\"real\"}}";
	static const char twice[] = "{\"p.e\":{\"kind\":\"domain\",\"base\":\"p.d\"},"
				    "\"p.d\":{\"kind\":\"domain\",\"base\":\"integer\"}}";
	static const char circle[] = "{\"p.d\":{\"kind\":\"domain\",\"base\":\"p.d\"}}";
	json_t *t;

	check(over_int, "p.d", over_int, "p.d", NULL, "a domain and itself");
	check(over_int, "p.d", over_real, "p.d", "over", "a domain over another type");
	check(over_int, "p.d", "{}", "integer", NULL, "a domain and its base");
	check(twice, "p.e", "{}", "integer", NULL, "a domain over a domain");
	check(circle, "p.d", circle, "p.d", "extension", "a circle comes to an end");
	t = types(twice);
	is_str(typedocs_unwrap(t, "p.e"), "integer", "unwrapping goes all the way down");
	is_str(typedocs_unwrap(t, "text"), "text", "what is no domain stays");
	json_decref(t);
}

static void
test_enums(void)
{
	static const char ab[] = "{\"p.e\":{\"kind\":\"enum\",\"labels\":[\"a\",\"b\"]}}";
	static const char ba[] = "{\"p.e\":{\"kind\":\"enum\",\"labels\":[\"b\",\"a\"]}}";
	static const char abc[] =
		"{\"p.e\":{\"kind\":\"enum\",\"labels\":[\"a\",\"b\",\"c\"]}}";

	check(ab, "p.e", ba, "p.e", NULL, "labels travel by name, their order does not matter");
	check(ab, "p.e", abc, "p.e", "labels", "another set of labels");
	check(ab, "p.e", "{}", "p.e", "not described", "a type that only one side describes");
}

static void
test_composites(void)
{
	static const char xy[] = "{\"p.c\":{\"kind\":\"composite\",\"attributes\":"
				 "[[\"x\",\"integer\"],[\"y\",\"integer\"]]}}";
	static const char yx[] = "{\"p.c\":{\"kind\":\"composite\",\"attributes\":"
				 "[[\"y\",\"integer\"],[\"x\",\"integer\"]]}}";
	static const char x[] = "{\"p.c\":{\"kind\":\"composite\",\"attributes\":"
				"[[\"x\",\"integer\"]]}}";
	static const char wide[] = "{\"p.c\":{\"kind\":\"composite\",\"attributes\":"
				   "[[\"x\",\"integer\"],[\"y\",\"bigint\"]]}}";
	static const char self[] = "{\"p.c\":{\"kind\":\"composite\",\"attributes\":"
				   "[[\"x\",\"p.c\"]]}}";
	static const char text[] = "{\"p.c\":{\"kind\":\"composite\",\"attributes\":"
				   "[[\"x\",\"text\"]]}}";
	static const char varchar[] =
		"{\"p.c\":{\"kind\":\"composite\",\"attributes\":"
		"[[\"x\",\"character varying\",\"character varying(3)\"]]}}";
	static const char domain[] = "{\"p.c\":{\"kind\":\"composite\",\"attributes\":"
				     "[[\"x\",\"p.d\"]]},"
				     "\"p.d\":{\"kind\":\"domain\",\"base\":\"text\"}}";
	static const char other[] = "{\"p.c\":{\"kind\":\"composite\",\"attributes\":"
				    "[[\"x\",\"p.e\"]]},"
				    "\"p.e\":{\"kind\":\"domain\",\"base\":\"text\"}}";
	json_t *a;
	char *why;

	check(varchar, "p.c", text, "p.c", "character varying of the stream is not type text",
	      "an attribute's bytes name its type");
	check(varchar, "p.c", varchar, "p.c", NULL, "an attribute with modifiers");
	check(text, "p.c", domain, "p.c", "is not type p.d", "an attribute and a domain");
	check(domain, "p.c", other, "p.c", NULL, "attributes of two domains");
	check(xy, "p.c", xy, "p.c", NULL, "a composite and itself");
	check(xy, "p.c", yx, "p.c", "attributes", "attributes in another order");
	check(xy, "p.c", x, "p.c", "attributes", "fewer attributes");
	check(xy, "p.c", wide, "p.c", "bigint", "an attribute of another type");
	check(self, "p.c", self, "p.c", "too deeply", "a circle comes to an end");
	a = types(self);
	why = typedocs_same_fields(a, "p.c", a, "p.c");
	ok(why != NULL && strstr(why, "too deeply") != NULL,
	   "also where only names are compared");
	free(why);
	json_decref(a);
}

static void
test_parts(void)
{
	static const char arr[] = "{\"p.d[]\":{\"kind\":\"array\",\"element\":\"p.d\"},"
				  "\"p.d\":{\"kind\":\"domain\",\"base\":\"integer\"}}";
	static const char brr[] = "{\"p.d[]\":{\"kind\":\"array\",\"element\":\"p.d\"},"
				  "\"p.d\":{\"kind\":\"domain\",\"base\":\"real\"}}";
	static const char within[] =
		"{\"p.r\":{\"kind\":\"range\",\"subtype\":\"p.c\"},"
		"\"p.c\":{\"kind\":\"composite\",\"attributes\":[[\"a\",\"p.d\"]]},"
		"\"p.d\":{\"kind\":\"domain\",\"base\":\"real\"},"
		"\"p.plain\":{\"kind\":\"composite\",\"attributes\":[[\"a\",\"real\"]]}}";
	static const char r4[] = "{\"p.r\":{\"kind\":\"range\",\"subtype\":\"real\"}}";
	static const char r8[] =
		"{\"p.r\":{\"kind\":\"range\",\"subtype\":\"double precision\"}}";
	static const char e1[] = "{\"p.h\":{\"kind\":\"base\",\"extension\":\"hstore\"}}";
	static const char e2[] = "{\"p.h\":{\"kind\":\"base\",\"extension\":null}}";
	static const char e3[] = "{\"q.h\":{\"kind\":\"base\",\"extension\":\"hstore\"},"
				 "\"q.k\":{\"kind\":\"base\",\"extension\":\"hstore\"},"
				 "\"q.h[]\":{\"kind\":\"array\",\"element\":\"q.h\"}}";
	static const char e4[] = "{\"p.h\":{\"kind\":\"base\",\"extension\":\"hstore\"},"
				 "\"p.h[]\":{\"kind\":\"array\",\"element\":\"p.h\"}}";
	json_t *t;

	check(arr, "p.d[]", arr, "p.d[]", NULL, "an array and itself");
	check(arr, "p.d[]", brr, "p.d[]", "over", "its element is another domain");
	check(r4, "p.r", r8, "p.r", "double", "a range over another type");
	check(e1, "p.h", e1, "p.h", NULL, "an extension's type");
	check(e1, "p.h", e2, "p.h", "extension", "the same name from elsewhere");
	check(e1, "p.h", e3, "q.h", NULL, "an extension in another schema");
	check(e1, "p.h", e3, "q.k", "is not type q.k", "another type of an extension");
	check(e3, "q.h[]", e4, "p.h[]", NULL, "arrays of an extension's type");
	check(e3, "q.h[]", e3, "q.h", "is not type q.h", "an array is not its element");
	check(arr, "p.d[]", r4, "p.d[]", "not described", "an undescribed array");
	t = types(arr);
	ok(typedocs_holds_oids(t, "p.d[]"), "an array of user types holds OIDs");
	ok(!typedocs_holds_oids(t, "p.d"), "a domain over a built-in does not");
	ok(!typedocs_holds_oids(t, "integer[]"), "nor does a built-in array");
	json_decref(t);
	t = types(within);
	ok(typedocs_holds_oids(t, "p.r"), "a range holds those of what it is over");
	ok(!typedocs_holds_oids(t, "p.plain"), "a composite of built-in types holds none");
	json_decref(t);
}

int
main(void)
{
	test_plain();
	test_domains();
	test_enums();
	test_composites();
	test_parts();
	return tap_done();
}
