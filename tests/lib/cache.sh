# shellcheck shell=bash
# What the longer campaigns download is kept outside the repository, so that neither
# `make clean` nor another clone fetches it again.  Source this file.

# cache_dir: print where, and make it.
cache_dir()
{
	local dir=${XDG_CACHE_HOME:-$HOME/.cache}/portl

	mkdir -p "$dir" && echo "$dir"
}
