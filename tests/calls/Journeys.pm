# Journeys for calls.pl: NAME => {
#   once => [COMMAND...], each => [COMMAND...]   before the first run, before each
#   target => [SQL...]      in the target, before each
#   run => COMMAND, of => PROGRAM                what is tried, and in which program calls fail
#   status => N             when nothing fails; default: 0
#   look => 'stream', 'text', 'file'             what its output is
#   part => 1               it may do a part, and goes on with the rest when it is run again
#   still => 1, files => 1  it changes nothing; it may leave files
# }
# In commands {src} and {dst} are how to connect, {w} a folder that stays, {o} one that is made
# anew with the file {out}, {plan} a file of this journey.
package Journeys;
use strict;
use warnings;

our %all;

my @some = ('CALL fill(20, 30, 100)', "UPDATE s.a SET x = x || ' old'", "UPDATE s.b SET v = 'old' WHERE id % 2 = 0");

sub case { my ($name, %case) = @_; $all{$name} = \%case }

# extract NAME, WORDS: a stream into a file
sub extract {
	my ($name, $words, %more) = @_;

	case("extract-$name", run => "portl-extract $words -o {out}", look => 'stream', %more);
}

# load NAME, EXTRACT'S WORDS, LOAD'S: the stream of the one into the target
sub load {
	my ($name, $from, $into, %more) = @_;

	case("load-$name", once => ["portl-extract -q {src} $from -o {w}/$name"], target => \@some,
		run => "portl-load -q {dst} $into {w}/$name", %more);
}

extract('set', '{src} --schema=s -F binary');
extract('set-ndjson', '{src} --schema=s -F ndjson -Z zstd:1,threads=2 --order=key --with-keys');
extract('limit', '{src} -t s.a --where "id > 3" --limit=5 --order=key --columns=x,id');
extract('view', '{src} -t s.v --summary={o}/summary -L {o}/log');
extract('query', '{src} -c "SELECT * FROM s.b WHERE a > 3" --values=text');
extract('since', '{src} -t s.a --since=none');
extract('cursor', '{src} -t s.p --cursor=at --since=none --overlap=1h');
extract('digest', '{src} --schema=s --digest-only', look => 'text');
extract('bare', '{src} -t s.b --bare -F ndjson', look => 'text');
extract('keys', '{src} -t s.a --only-keys={w}/keys', target => \@some, once => ['portl-extract -q {src} -t s.a --order=key -o {w}/for-keys'],
	each => ['sh -c "$PORTL/portl-load -q {dst} --verify --differing-keys={w}/keys {w}/for-keys || test $? = 6"']);
extract('plan', '{src} -t s.p --make-plan=own --parts=3', look => 'file');
extract('part', '--plan={plan} --part=2 {src}', look => 'stream',
	once => ['portl-extract -q {src} -t s.p --make-plan=own --parts=3 -o {plan}']);
extract('catch-up', '--plan={plan} --catch-up --since=none {src}',
	once => ['portl-extract -q {src} -t s.p --make-plan=own --parts=3 -o {plan}']);
case('extract-check', run => 'portl-extract {src} --schema=s --check=plan', still => 1);
case('extract-dry', run => 'portl-extract {src} --schema=s -n', still => 1);

load('set', '--schema=s', '--conflict=overwrite');
load('set-create', '--schema=s', '--create --into-schema=t', target => ['CREATE SCHEMA t']);
load('set-delete', '--schema=s --with-keys', '--conflict=overwrite --delete --max-delete=100%',
	target => [@some, "INSERT INTO s.a VALUES (1000, 1, 'gone')"]);
load('set-truncate', '-t s.[ab]', '--truncate --foreign-keys=recheck --min-rows=3');
load('state', '-t s.a --since=none', '--conflict=merge --state=x');
load('state-set', '--schema=s --since=none --with-keys', '--conflict=overwrite --delete --max-delete=100% --state=x');
load('replace', '-t s.p', '--replace');
load('rebuild', '-t s.b', '--truncate --indexes=rebuild', target => ['CALL fill(40, 20, 0)']);
load('newer', '-t s.p', '--conflict=overwrite --newer=at --duplicates=first',
	target => ['CALL fill(20, 30, 100)', "UPDATE s.p SET at = at - interval '1 day', x = 'old'"]);
load('add-columns', '-t s.a', '-t s.narrow --add-columns', target => ['CREATE TABLE s.narrow (id int PRIMARY KEY)']);
load('rounding', '-t s.a --columns=id,n', '-t s.loose --rounding=warn',
	target => ['CREATE TABLE s.loose (id int PRIMARY KEY, n numeric(6, 1))']);
load('rounding-rejects', '-t s.a --columns=id,n -F ndjson --bare', '-t s.loose --bare --rounding=warn --rejects={o}/rejects',
	target => ['CREATE TABLE s.loose (id int PRIMARY KEY CHECK (id % 7 <> 0), n numeric(6, 1))'], status => 3);
load('foreign-rejects', '-t s.b', '--rejects={o}/rejects', status => 3,
	target => ['CALL fill(20, 0, 0)']);
load('casts', '-t s.b --columns=id,v,a', '-t s.strict --rejects={o}/rejects', status => 3,
	target => ['CREATE TABLE s.strict (id int PRIMARY KEY, v varchar(2), a int CHECK (a > 3))']);
load('batch', '-t s.p', '--conflict=overwrite --commit=batch --batch-size=50 --rejects={o}/rejects', part => 1);
load('dry', '--schema=s', '--conflict=overwrite -n', still => 1);
load('check', '--schema=s', '--conflict=overwrite --check=plan', still => 1);
load('verify', '-t s.a', '--verify --differences={o}/differences --differing-keys={o}/keys', status => 6, still => 1);
load('verify-order', '--schema=s --order=key', '--verify --differences={o}/differences', status => 6, still => 1);
load('verify-equal', '--schema=s', '--verify', target => ['CALL fill(40, 60, 400)'], still => 1);
load('json', '-t s.a -F ndjson', '--conflict=skip --summary={o}/summary -L {o}/log');
load('infer', '-t s.a -F ndjson --bare', '-t s.new --create --infer --bare', target => []);
case('load-csv', once => ['portl-extract -q {src} -t s.a -o {w}/csv'], run => 'portl-load -q --csv={out} --bom {w}/csv', look => 'text');
case('load-csvdir', once => ['portl-extract -q {src} --schema=s -o {w}/csvdir'], run => 'portl-load -q --csv={o}/dir/ {w}/csvdir',
	still => 1, files => 1);
case('load-states', target => \@some, once => ['portl-extract -q {src} -t s.a --since=none -o {w}/states'],
	each => ['portl-load -q {dst} --conflict=merge --state=x {w}/states'], run => 'portl-load {dst} --list-states', still => 1);
case('load-print-state', target => \@some, once => ['portl-extract -q {src} -t s.a --since=none -o {w}/states'],
	each => ['portl-load -q {dst} --conflict=merge --state=x {w}/states'], run => 'portl-load {dst} --print-state --state=x', still => 1);

# Runs in parts, which go on where they were; the second part publishes.
for my $way (['overwrite', '-t s.p', '--conflict=overwrite'], ['create', '-t s.p', '--create -t s.new'],
	['set', '-t s.a -t s.b -t s.p', '--conflict=overwrite']) {
	my ($name, $from, $into) = @$way;
	my %parts = (target => \@some, part => 1,
		once => ["portl plan -q --own -o {plan} {src} $from --parts=2 -- {dst} $into"]);
	my $run = "portl run -q -j 2 --resume={plan}";

	case("parts-$name", %parts, run => $run);
	case("parts-$name-load", %parts, run => "$run --retries=0", of => 'portl-load');
	next if $name eq 'set';
	case("parts-$name-one", %parts, each => ["portl part -q {plan} 1"], still => 1,
		run => "portl part -q {plan} 2", of => 'portl-load');
	case("parts-$name-drop", %parts, each => ["portl part -q {plan} 1"], still => 1,
		run => "portl drop -q {plan}", of => 'portl-load');
	case("parts-$name-list", %parts, still => 1, run => "portl parts -q {plan}");
}
case('publish', target => \@some, part => 1, each => ['portl part -q {plan} 1,2'],
	once => ['portl plan -q --own -o {plan} {src} -t s.p --parts=2 -- {dst} --conflict=overwrite'],
	run => 'portl publish -q {plan}', of => 'portl-load');
case('run-jobs-part', target => \@some, part => 1,
	run => 'portl run -q -j 2 {src} -t s.p --parts=3 -- {dst} --conflict=overwrite --commit=part --retries=0', of => 'portl-load');
case('plan', run => 'portl plan -q -o {out} {src} -t s.p --parts=2 --own -- {dst} --conflict=overwrite', look => 'file');
case('run-jobs', target => \@some, part => 1, run => 'portl run -q -j 2 {src} -t s.p --parts=3 -- {dst} --conflict=overwrite');
case('run', target => \@some, run => 'portl run -q {src} --schema=s -- {dst} --conflict=overwrite');
case('run-state', target => \@some, run => 'portl run -q {src} -t s.p -- {dst} --conflict=overwrite --state=x --summary={o}/summary');
case('portl-check', target => \@some, run => 'portl check {src} --schema=s -- {dst} --conflict=overwrite', still => 1);
case('portl-verify', target => \@some, run => 'portl verify -q {src} --schema=s -- {dst}', status => 6, still => 1);

1;
