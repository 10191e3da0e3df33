import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { isNode } from '../../cluster/facts.ts';
import { type Fragment, joined, lines, sh, word } from '../../cluster/fragment.ts';
import { below } from '../../cluster/words.ts';
import { carryLines, readConfigurationLines } from '../shell/configuration.ts';
import { initdbCommand, newClusterCommands } from '../shell/new-cluster.ts';
import { ownershipFunctions } from '../shell/ownership.ts';
import { upgradeCommand, upgradeLogs } from '../shell/pg-upgrade.ts';
import { libraryLines } from './library-script.ts';
import { schemaLines } from './schema-script.ts';
import { socketOf, throwawayOf } from './throwaway.ts';

export interface RehearsalOptions {
  /** The new directory is made and kept, as step A.*.initdb would. */
  readonly keepNewDirectory: boolean;
}

/** What every rehearsal begins with: sections, the lock, and what takes everything away again. */
const frame = (facts: ClusterFacts, host: HostFacts): Fragment => sh`set -u
export LC_ALL=C PGCONNECT_TIMEOUT=10 PGOPTIONS='-c lock_timeout=5s'
umask 077
t=${throwawayOf(host)} sock=${socketOf(host)}
new_bin=${host.newBindir} old_bin=${host.oldBindir}
ms() { date +%s%3N; }
${ownershipFunctions(facts)}
# NAME COMMAND...: what it prints, indented, then its exit code and how long it took
section() {
  name=$1; shift; began=$(ms); rc=0
  "$@" >"$t/said" 2>&1 </dev/null || rc=$?
  tail -c 200000 "$t/said" | tr '\r' ' ' | sed 's/^/   /'
  printf '\n== %s: exit %s, %s ms\n' "$name" "$rc" "$(($(ms) - began))"
  return $rc
}
# the processes that work in a directory, this shell and its parents aside
inside() {
  for p in /proc/[0-9]*; do
    [ "\${p#/proc/}" = $$ ] && continue
    d=$(readlink "$p/cwd" 2>/dev/null) || continue
    case $d in "$1" | "$1"/* | "$1 (deleted)") printf '%s\n' "\${p#/proc/}" ;; esac
  done
}
# a server that pg_upgrade has started in the new directory that was made for this cluster, and was kept from stopping
stray() {
  kin ${host.newData} || return 0
  pid=$(head -n 1 ${word`${host.newData}/postmaster.pid`} 2>/dev/null) || return 0
  [ "$(sed -n 4p ${word`${host.newData}/postmaster.pid`})" = 50432 ] || return 0 # a person's own has another port
  [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = ${host.newData} ] && printf '%s\n' "$pid"
  return 0
}
take_away() {
  cd /
  for tries in 1 2 3 4 5 6 7 8 9 10; do
    found=$(inside "$t"; stray)
    [ -n "$found" ] || break
    kill -QUIT $found 2>/dev/null; sleep 0.1
    [ "$tries" -lt 5 ] || kill -KILL $found 2>/dev/null
  done
  # what tells that it is a check's goes last
  for one in "$t"/*; do [ "$one" = "$t/owner" ] || rm -rf "$one"; done
  rm -rf "$t" "$sock"
}
owner_lives() { # the check that made the directory: its process is there, and is the same
  read -r pid start <"$t/owner" 2>/dev/null || return 1
  [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" = "$start" ]
}
waits=0
while [ -e "$t" ] && { owner_lives || { [ ! -e "$t/owner" ] && [ -z "$(find "$t" -maxdepth 0 -mmin +1)" ] && [ $waits -lt 5 ]; }; }; do
  [ $waits -gt 0 ] || echo '   another check is at work here: waiting for its end'
  waits=$((waits + 1)); sleep 1
done
began=$(ms)
begin() { # CODE WORDS
  [ -z "$2" ] || printf '%s\n' "$2" | sed 's/^/   /'
  printf '== begin: exit %s, %s ms\n' "$1" "$(($(ms) - began))"
  [ "$1" = 0 ] || exit 1
}
if [ -e "$t" ]; then
  # a check that was killed before it had written whose it is has left it empty
  [ -e "$t/owner" ] || rmdir "$t" 2>/dev/null || begin 1 "$t was not made by a check (no file owner in it): look at it first, then move it away"
  echo "   $t was left behind by an interrupted check: taken away"; take_away
fi
error=$(mkdir "$t" 2>&1) || begin 1 "$error"
trap take_away EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
error=$( { printf '%s %s\n' $$ "$(sed 's/.*) //' /proc/$$/stat | cut -d' ' -f20)" >"$t/owner" && mkdir "$sock"; } 2>&1) || begin 1 "$error"
[ "$(df -Pk "$t" | awk 'END {print $4}')" -ge 307200 ] || begin 1 'less than 300 MB are free: nothing can be tried'
begin 0 ''
cd "$t" || exit 1`;

const initdbLines = (facts: ClusterFacts, host: HostFacts): Fragment => {
  const throwaway: HostFacts = { ...host, newData: below(throwawayOf(host), 'new') };
  return sh`throwaway_initdb() {
  ${initdbCommand(throwaway, facts.newMajor)} --no-sync
}
section initdb throwaway_initdb || exit 1`;
};

const keepLines = (facts: ClusterFacts, host: HostFacts): Fragment => sh`keep_new_directory() {
  if [ -L ${host.newData} ] || { [ -e ${host.newData} ] && [ -n "$(ls -A ${host.newData})" ]; }; then echo ${word`${host.newData} is there already`}; return 0; fi
  ${joined(newClusterCommands(facts, host), ' &&\n')}
}
section prepare keep_new_directory`;

/**
 * pg_upgrade --check against the running server: with the new directory where one was made for this cluster, so that what was
 * made for the window is what is checked; else with the throwaway. Somebody else's is not given to it: it starts the new server,
 * with fsync=off. Source: PostgreSQL, pg_upgrade, server.c, start_postmaster.
 */
const upgradeLines = (facts: ClusterFacts, host: HostFacts): Fragment => {
  const kept = host;
  const configuration = below(throwawayOf(host), 'configuration');
  const throwaway: HostFacts = { ...host, newData: below(throwawayOf(host), 'new') };
  const commandFor = (one: HostFacts): Fragment => upgradeCommand(facts, one, true, sh`--socketdir="$sock"`);
  const causesOf = (one: HostFacts): Fragment =>
    joined([sh`    ( `, upgradeLogs(one)[0]?.script ?? sh`true`, sh` )`], '');
  return sh`pg_upgrade_check() {
  if kin ${host.newData} && [ -e ${word`${host.newData}/PG_VERSION`} ]; then
    ${commandFor(kept)} && return 0
${causesOf(kept)}
  else
    ${commandFor(throwaway)} && return 0
${causesOf(throwaway)}
  fi
  return 1
}
section 'pg upgrade' pg_upgrade_check
cat >"$t/configuration.sh" <<'END-OF-CONFIGURATION'
set -eu
umask 077
mkdir configuration
${carryLines(host, host.data, configuration)}
${readConfigurationLines(host, throwaway.newData, configuration)}
END-OF-CONFIGURATION
section configuration sh "$t/configuration.sh"
rm -rf "$t/configuration"`;
};

const diskLines = sh`disk() { dd if=/dev/zero of="$t/speed" bs=1M count=64 conv=fsync 2>&1; rc=$?; rm -f "$t/speed"; return $rc; }
section disk disk`;

/**
 * A rehearsal on one host: a throwaway cluster of the new version, made with the old one's settings; every library
 * loaded by it; on the primary and the monitor also pg_upgrade --check, the configuration read, and the whole schema
 * restored. Reads the running cluster only (pg_dump's ACCESS SHARE, given up after 5 s), and takes everything away at
 * its end, however it ends; what a kill -9 leaves is taken away by the next one.
 */
export const rehearsalScript = (
  facts: ClusterFacts,
  host: HostFacts,
  options: RehearsalOptions = { keepNewDirectory: false },
): Fragment => {
  const upgraded = !isNode(host) || host.role === 'primary';
  return lines(
    frame(facts, host),
    initdbLines(facts, host),
    upgraded && options.keepNewDirectory && keepLines(facts, host),
    libraryLines(host),
    upgraded && upgradeLines(facts, host),
    upgraded && schemaLines(host),
    diskLines,
    sh`section end true`,
    sh``,
  );
};
