import { type ClusterFacts, type HostFacts, isNode, preloadsCitus } from '../../cluster/facts.ts';
import { constant, type Fragment, quoted, sh } from '../../cluster/fragment.ts';
import type { FailureLogParts } from '../language/make-step.ts';
import { ownHbaOptions } from './isolated-server.ts';
import { command, inBin, option, privateSocket } from './shell.ts';

/**
 * The libraries that the source preloads, those of a monitor included: pg_upgrade calls one missing that insists on it (pgaudit). And no
 * background workers beside them: a monitor's hold connections to template1, and pg_upgrade hangs after "Restoring database
 * schemas in the new cluster". Sources: https://github.com/hapostgres/pg_auto_failover/issues/506 and pull/1092,
 * https://github.com/pgaudit/pgaudit/issues/153; each case seen with 15.20 and 17.12 on the lab (fixtures/lab).
 */
const preloadedBy = (host: HostFacts): readonly string[] =>
  isNode(host) ? host.preload : [...new Set(['pgautofailover', ...host.preload])];

const preloadOptions = (names: readonly string[]): string =>
  names.length === 0 ? '' : `-c shared_preload_libraries=${names.join(',')} -c max_worker_processes=0 `;

/**
 * pg_upgrade asks its servers large questions about the catalogs, once each; compiling them takes longer than answering.
 * With 5,000 tables 0.4 s of 12.5 s, measured on the lab with 15.20 and 17.12.
 */
const noJit = '-c jit=off';

/**
 * Logical slots are carried from 17 on, into a server that decodes and trusts their plugins. initdb's configuration does neither, and the
 * source's is carried behind pg_upgrade. Sources: PostgreSQL, pg_upgrade, “Prepare for publisher upgrades”; seen 17.11 → 18.6 with wal2json and
 * pgoutput: “"wal_level" must be "logical" but is set to "replica"” without them.
 */
const decodingOptions = (host: HostFacts): string => {
  const decoding = isNode(host) ? host.decoding : null;
  if (decoding === null) return '';
  const plugins =
    decoding.plugins.length === 0 ? '' : `-c output_plugin_libraries=${decoding.plugins.join(',')} `;
  return `-c wal_level=logical -c max_replication_slots=${decoding.slots} ${plugins}`;
};

/** Where the new cluster is, a word of the shell; the option that says where its servers listen, which is not where it works: that path may be too long. */
interface UpgradePlaces {
  readonly newData?: Fragment;
  readonly sockets?: Fragment;
  /** The libraries to preload, a word of the shell, where they are not those of the facts. */
  readonly preloaded?: Fragment;
}

export const upgradeCommand = (
  facts: ClusterFacts,
  host: HostFacts,
  check: boolean,
  {
    newData = sh`${host.newData}`,
    sockets = option('--socketdir', privateSocket(host)),
    preloaded,
  }: UpgradePlaces = {},
): Fragment =>
  command(
    inBin(host.newBindir, 'pg_upgrade'),
    option('--old-bindir', host.oldBindir),
    option('--new-bindir', host.newBindir),
    option('--old-datadir', host.data),
    option('--new-datadir', newData),
    option('--username', host.superuser),
    sockets,
    // a live server is not started: only the run itself starts the old one
    option('--old-options', quoted(check ? noJit : `${ownHbaOptions(host).text} ${noJit}`)),
    option(
      '--new-options',
      preloaded === undefined
        ? quoted(`${preloadOptions(preloadedBy(host))}${decodingOptions(host)}${noJit}`)
        : sh`${quoted(`-c max_worker_processes=0 ${decodingOptions(host)}${noJit} -c shared_preload_libraries=`)}${preloaded}`,
    ),
    isNode(host) && facts.mode !== 'copy' && sh`--${constant(facts.mode)}`,
    isNode(host) && facts.jobs > 1 && sh`--jobs=${facts.jobs}`,
    check ? sh`--check` : sh`--retain`,
  );

/**
 * Citus prepares on every other node what it commits on several, so where applications write there is mostly one, and `pg_upgrade --check` takes it for one that is
 * left: it is asked again, some times. A function `patiently` for that, which keeps what a try has said in a file; false: this host has no such.
 * Source: Citus 13.2, citus.multi_shard_commit_protocol; seen with four clients on each node: a check of three refused.
 */
export const patientlyFunction = (host: HostFacts): Fragment | false =>
  isNode(host) &&
  preloadsCitus(host) &&
  sh`
  patiently() { # FILE COMMAND...
    said=$1 tries=0; shift
    while :; do
      code=0; "$@" >"$said" 2>&1 || code=$?
      cat "$said"
      if [ $code -eq 0 ] || [ $tries -ge 10 ] || ! grep -q 'contains prepared transactions' "$said"; then return $code; fi
      tries=$((tries + 1)); echo 'one may have been on its way to its commit: asked again'
    done
  }
`;

/** `pg_upgrade --check`, which is not put off by a transaction on its way. `said`: a file for what it says. */
export const patientCheck = (
  facts: ClusterFacts,
  host: HostFacts,
  said: Fragment,
  places: UpgradePlaces = {},
): Fragment => {
  const check = upgradeCommand(facts, host, true, places);
  return patientlyFunction(host) === false ? check : sh`patiently ${said} ${check}`;
};

/** pg_upgrade keeps its logs in the new directory; the newest lines of each that holds an error, and its lists. */
export const upgradeCauses = (newData: Fragment): Fragment => sh`
  cd ${newData}/pg_upgrade_output.d 2>/dev/null || exit 0
  last=$(ls | tail -n 1); cd "$last" || exit 0
  for f in *.txt log/*.txt; do [ -s "$f" ] && { echo "$last/$f:"; tail -n 20 "$f"; }; done
  for f in $(grep -lEi "error|fatal|could not" log/*.log 2>/dev/null); do echo "$last/$f:"; grep -Ei -B2 -A4 "error|fatal|could not" "$f" | tail -n 20; done
  true
`;

export const upgradeLogs = (host: HostFacts): readonly FailureLogParts[] => [
  {
    title: `${host.newData}/pg_upgrade_output.d`,
    script: upgradeCauses(sh`${host.newData}`),
  },
];
