#!/bin/sh
# The code that the text shows: every file of content/code runs by itself and checks itself.
# usage: code.sh [FOLDER]; PYTHON and CXX name other programs.
set -eu

folder=${1:-$(dirname "$0")/../content/code}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cxx=${CXX:-}
for one in c++ g++ clang++; do
  [ -n "$cxx" ] || ! command -v $one > /dev/null || cxx=$one
done
[ -n "$cxx" ] || { echo 'code.sh: no C++ compiler; CXX names one' >&2; exit 1; }

status=0
check() { # NAME COMMAND...
  name=$1
  shift
  if "$@" > "$work/said" 2>&1; then
    echo "ok $name"
  else
    echo "not ok $name"
    cat "$work/said"
    status=1
  fi
}

for file in "$folder"/*.py; do
  check "${file##*/}" "${PYTHON:-python3}" -B -W error "$file"
done
for file in "$folder"/*.cpp; do
  check "${file##*/}" sh -c '"$1" -std=c++20 -Wall -Wextra -Werror -UNDEBUG "$2" -o "$3" && "$3"' \
    sh "$cxx" "$file" "$work/program"
done
exit $status
