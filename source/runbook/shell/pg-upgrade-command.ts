import { type ClusterFacts, type HostFacts, isNode } from '../../cluster/facts.ts';
import { constant, type Fragment, quoted, sh } from '../../cluster/fragment.ts';
import type { FailureLogParts } from '../language/make-step.ts';
import { ownHbaOptions } from './isolated-server.ts';
import { command, inBin, option, privateSocket } from './shell.ts';

/**
 * On the monitor always both options: without the library pg_upgrade calls it missing; without the second one the
 * monitor's background workers hold connections to template1 and pg_upgrade hangs after "Restoring database schemas
 * in the new cluster". Source: https://github.com/hapostgres/pg_auto_failover/issues/506 and pull/1092; each case
 * seen with 15.20 and 17.12 on the lab (fixtures/lab).
 */
const monitorOptions = '-c shared_preload_libraries=pgautofailover -c max_worker_processes=0';

/**
 * pg_upgrade asks its servers large questions about the catalogs, once each; compiling them takes longer than answering.
 * With 5,000 tables 0.4 s of 12.5 s, measured on the lab with 15.20 and 17.12.
 */
const noJit = '-c jit=off';

/** Where the new cluster is, a word of the shell; and the option that says where its servers listen, which is not where it works: that path may be too long. */
interface UpgradePlaces {
  readonly newData?: Fragment;
  readonly sockets?: Fragment;
}

export const upgradeCommand = (
  facts: ClusterFacts,
  host: HostFacts,
  check: boolean,
  { newData = sh`${host.newData}`, sockets = option('--socketdir', privateSocket(host)) }: UpgradePlaces = {},
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
    option('--new-options', quoted(isNode(host) ? noJit : `${monitorOptions} ${noJit}`)),
    isNode(host) && facts.mode !== 'copy' && sh`--${constant(facts.mode)}`,
    isNode(host) && facts.jobs > 1 && sh`--jobs=${facts.jobs}`,
    check ? sh`--check` : sh`--retain`,
  );

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
