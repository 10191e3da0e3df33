#!/bin/bash
# Every check of the project; what failed does not keep the next from running.
#   bash test/run.sh [PART...]     lint types shellcheck build terminal unit sandbox package demo kills posix lab; without any,
#                                  all of them; where no lab can be made without the last three, and says so
# Some go side by side: posix beside kills; outside CI types beside lint and shellcheck, package and demo beside unit and sandbox.
# The flood of the terminal's tests measures how soon a key is answered: nothing goes beside it.
# The last line is `N passed, N failed`: the tests, and each other check that failed as one.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
PATH=$PWD/node_modules/.bin:$PATH
results=$(mktemp -d)
failures=()
lab=fixtures/lab/lab
lab_used=
making=
second=
second_name=

destroy_labs() {
  [ -n "$lab_used" ] || return 0
  local status=0
  "$lab" destroy || status=1
  [ ! -e "${LAB:-/var/lib/pgaf-lab}-2/.pgaf-upgrade-lab" ] || on_second_lab "$lab" destroy || status=1
  return $status
}

# shellcheck disable=SC2317  # by trap
finish() {
  local status=$?
  trap - EXIT INT TERM HUP
  for group in $making $second; do
    kill -TERM -- "-$group" 2>/dev/null || true
    wait "$group" || true
  done
  destroy_labs >&2 || true
  rm -rf "$results"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

title() { printf '\n== %s\n' "$*"; }
in_ci() { [ "${CI:-}" = true ]; }

failed() {
  failures+=("$1")
  printf 'FAILED: %s\n' "$1" >&2
}

check() { # name command...
  local name=$1 began=$SECONDS
  shift
  title "$name"
  "$@" || failed "$name"
  echo "($name: $((SECONDS - began)) s)"
}

tests() { # project
  local began=$SECONDS
  title "tests: $1"
  if ! vitest run --project "$1" --reporter=default --reporter=json --outputFile.json="$results/$1.json" &&
    ! node .ci/tally.mjs --has-failure "$results/$1.json"; then
    failed "vitest --project $1, beyond its tests"
  fi
  echo "($1: $((SECONDS - began)) s)"
}

lab_obstacle() { # why the lab cannot be made here; nothing when it can
  local tool missing=()
  [ "$(uname -s)" = Linux ] || { echo "it needs Linux" && return; }
  [ "$(id -u)" = 0 ] || { echo "it needs root, for containers and a network bridge" && return; }
  for tool in debootstrap systemd-nspawn ssh ssh-keygen ip nsenter dpkg-deb flock; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  [ ${#missing[@]} = 0 ] || echo "missing: ${missing[*]}. apt-get install debootstrap systemd-container openssh-client iproute2"
}

prepare_lab() {
  "$lab" build || return
  local kept
  kept=$("$lab" snaps | awk '{print $1}')
  grep -qx pg15 <<<"$kept" || "$lab" create pg15 || return
  grep -qx was-standby <<<"$kept" || "$lab" was-standby || return
  grep -qx small <<<"$kept" || SCALE=1 "$lab" create small || return
  grep -qx pg15-1 <<<"$kept" || SCALE=1 SECONDARIES=1 "$lab" create pg15-1 || return
  grep -qx nounits <<<"$kept" || SCALE=1 SECONDARIES=1 SYSTEMD_UNITS=0 "$lab" create nounits
}

# A second lab beside the first: a lab waits about as long as it works.
on_second_lab() { # command...
  LAB=${LAB:-/var/lib/pgaf-lab}-2 NET=${SECOND_NET:-10.79.0} BR=${SECOND_BR:-pgaf1} "$@"
}

prepare_second_lab() {
  BASE_FROM=${LAB:-/var/lib/pgaf-lab} on_second_lab "$lab" build || return
  on_second_lab "$lab" snaps | awk '{print $1}' | grep -qx small || SCALE=1 on_second_lab "$lab" create small
}

# The labs wait for the network and the disk while they are made: the parts before them run meanwhile.
begin_lab() {
  [ -z "$making" ] && [ -z "$lab_used" ] && [ -z "$(lab_obstacle)" ] || return 0
  lab_used=1
  set -m # a process group of its own, so that all of it can be ended
  (
    began=$SECONDS
    prepare_lab && prepare_second_lab || exit
    echo "(the labs were made in $((SECONDS - began)) s)"
  ) >"$results/making-the-lab.log" 2>&1 &
  making=$!
  set +m
}

# Tests wait about as long as they work: a second row beside what is run next, which is shown once it is joined.
begin_second() { # name command...
  second_name=$1
  shift
  set -m # a process group of its own, so that all of it can be ended
  (keeping_failures "$@") >"$results/$second_name.log" 2>&1 &
  second=$!
  set +m
}

keeping_failures() { # command...
  failures=()
  "$@"
  if [ ${#failures[@]} -gt 0 ]; then printf '%s\n' "${failures[@]}" >"$results/$second_name.failures"; fi
}

join_second() {
  wait "$second" || failed "the $second_name"
  second=
  cat "$results/$second_name.log"
  if [ -e "$results/$second_name.failures" ]; then
    while read -r one; do failures+=("$one"); done <"$results/$second_name.failures"
  fi
}

# What needs but the small snapshot.
second_lab_tests() {
  tests durability
  tests hard-link
  tests tablespaces
  tests safety
}

lab_tests() {
  local obstacle began=$SECONDS made=0
  obstacle=$(lab_obstacle)
  if [ -n "$obstacle" ]; then
    printf '\n%s\n' "########################################################################" \
      "# NOT RUN: the tests on a real cluster. $obstacle" \
      "########################################################################" >&2
    if in_ci; then failed "lab: $obstacle"; fi
    return
  fi
  title "the labs"
  begin_lab
  wait "$making" || made=$?
  making=
  cat "$results/making-the-lab.log"
  if [ "$made" != 0 ]; then
    failed "making the labs"
    return
  fi
  echo "(the labs, waited for: $((SECONDS - began)) s)"
  begin_second 'tests on the second lab' on_second_lab second_lab_tests
  tests lab
  tests check
  tests configurations
  tests rollback
  tests parity
  tests online
  join_second
  echo "(all tests on the labs: $((SECONDS - began)) s)"
}

# What the tests of the terminal and of the lab start is the compiled console.
built=
needs_build() {
  [ -z "$built" ] || [ "$built" = no ] || return 0
  if [ -z "$built" ]; then
    built=no
    title build
    if npm run --silent build; then built=yes; else failed build; fi
  fi
  [ "$built" = yes ] || {
    failed "$1: there is no build to test"
    return 1
  }
}

shell_check() {
  if command -v shellcheck >/dev/null; then
    # the lab's parts are followed from the script that sources them
    check shellcheck bash -c 'cd fixtures/lab && shellcheck -x lab && shellcheck lib/*.sh citus-by-hand online-journeys && cd ../.. && shellcheck test/run.sh .ci/run && find source -name "*.sh" -exec shellcheck {} +'
  elif in_ci; then
    failed 'shellcheck is not installed'
  else
    echo 'NOT RUN: shellcheck is not installed' >&2
  fi
}

# The rows go side by side when both have parts; in CI, where the labs are made beside the first of them, but the last.
rows=
one_row=()
other_row=()

run_row() { # part...
  local part # the caller's loop has one of its own
  for part in "$@"; do run_part "$part"; done
}

run_rows() {
  local began=$SECONDS
  if { in_ci && [ "$rows" != thorough ]; } || [ ${#one_row[@]} = 0 ] || [ ${#other_row[@]} = 0 ]; then
    run_row ${one_row[@]+"${one_row[@]}"} ${other_row[@]+"${other_row[@]}"}
  else
    begin_second "${other_row[*]}" run_row "${other_row[@]}"
    run_row "${one_row[@]}"
    join_second
    echo "(${one_row[*]}, beside them ${other_row[*]}: $((SECONDS - began)) s)"
  fi
  one_row=()
  other_row=()
}

run_part() {
  case $1 in
    lint) check lint npm run --silent lint ;;
    types) check types npm run --silent types ;;
    shellcheck) shell_check ;;
    build) needs_build build ;;
    unit | sandbox | kills) tests "$1" ;;
    demo | posix) if needs_build "$1"; then tests "$1"; fi ;;
    terminal) if needs_build terminal; then tests terminal && tests flood; fi ;;
    package) tests package ;; # builds what it tests itself
    lab) if needs_build lab; then lab_tests; fi ;;
  esac
}

if [ $# = 0 ]; then
  set -- lint types shellcheck build terminal unit sandbox package demo
  if in_ci || [ -z "$(lab_obstacle)" ]; then set -- "$@" kills posix; else echo 'NOT RUN: npm run test:kills, npm run test:posix' >&2; fi
  set -- "$@" lab
fi
for part in "$@"; do
  case $part in
    lint | types | shellcheck | build | terminal | unit | sandbox | package | demo | kills | posix) ;;
    lab) begin_lab ;;
    *)
      echo "there is no part '$part'" >&2
      exit 2
      ;;
  esac
done
in_rows() { # rows: the rows before it come to their end first
  [ "$rows" = "$1" ] || run_rows
  rows=$1
}

for part in "$@"; do
  case $part in
    lint | shellcheck) in_rows checks && one_row+=("$part") ;;
    types) in_rows checks && other_row+=("$part") ;;
    unit | sandbox) in_rows tests && one_row+=("$part") ;;
    package | demo) in_rows tests && other_row+=("$part") ;;
    kills) in_rows thorough && one_row+=("$part") ;;
    posix) in_rows thorough && other_row+=("$part") ;;
    *)
      run_rows
      run_part "$part"
      ;;
  esac
done
run_rows

# A part that was asked for and has no result was left out: no pass.
if in_ci; then
  for part in "$@"; do
    case $part in
      terminal | unit | sandbox | package | demo | kills | posix | lab)
        [ -e "$results/$part.json" ] || failed "$part: it has no result"
        [ "$part" != terminal ] || [ -e "$results/flood.json" ] || failed 'flood: it has no result'
        ;;
    esac
  done
fi

destroy_labs >&2 || failed 'removing the labs'
lab_used=
title result
if [ ${#failures[@]} -gt 0 ]; then printf 'failed: %s\n' "${failures[@]}"; fi
node .ci/tally.mjs "${#failures[@]}" "$results"/*.json
