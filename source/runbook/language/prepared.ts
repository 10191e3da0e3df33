import type { HostFacts } from '../../cluster/facts.ts';
import { isDataDirectory } from '../../cluster/observations.ts';
import { onHost, verdictOf } from './conditions.ts';
import type { Condition } from './step.ts';

/**
 * Transactions that are prepared. pg_upgrade refuses a server that keeps one. Of Citus’ own, of a transaction on several nodes, the node that began it knows
 * alone how it ended: ended by hand it may be committed on one node and rolled back on another.
 * Source: PostgreSQL, src/bin/pg_upgrade/check.c, check_for_prepared_transactions; Citus 13.2, src/backend/distributed/transaction/transaction_recovery.c.
 */

/**
 * Who ends one of Citus’ own, which has the name `citus_<group>_<pid>_<number>_<connection>`; null: it is nobody’s but an application’s.
 * Source: Citus 13.2, remote_transaction.c, PREPARED_TRANSACTION_NAME_FORMAT.
 */
export const citusOwner = (gid: string): string | null => {
  const [, group] = /^citus_(\d+)_\d+_\d+_\d+$/.exec(gid) ?? [];
  if (group === undefined) return null;
  return group === '0' ? 'the coordinator' : `the primary of group ${group}`;
};

/** Citus looks each minute for what it has left prepared. Source: Citus 13.2, citus.recover_2pc_interval. */
export const citusRecoverySeconds = 60;

export const recoverCitus = 'select recover_prepared_transactions()';

/** One that is on its way to its commit is gone after so many seconds. */
const onItsWaySeconds = 5;

const neverByHand = 'never end it by hand: half of a transaction on several nodes could be lost';

const beforeStop = ({ gid, database }: { readonly gid: string; readonly database: string }): string => {
  const owner = citusOwner(gid);
  return owner === null
    ? 'ask whoever prepared it, then commit or roll it back in that database'
    : `it is Citus’ own, and ${owner} ends it within a minute, or by ${recoverCitus} in ${database} there; ${neverByHand}`;
};

/** Before the downtime: what stays prepared now would be there at the stop. */
export const noneStaysPrepared = ({ alias }: HostFacts): Condition =>
  onHost(alias, `no transaction stays prepared on ${alias}`, ({ server }) => {
    const left = server?.prepared.find(({ seconds }) => seconds >= onItsWaySeconds);
    return verdictOf(
      left === undefined,
      left === undefined
        ? ''
        : `${left.gid} in ${left.database} is, for ${Math.round(left.seconds)} s: ${beforeStop(left)}`,
    );
  });

const rollBack =
  'No data is lost: roll back with pgaf-upgrade rollback, see it ended there (pg_prepared_xacts), then start again';

/** On a worker that is still up while the coordinator, whose transactions they mostly are, is stopped. */
export const nonePreparedBehindCoordinator = ({ alias }: HostFacts): Condition =>
  onHost(alias, `no transaction is left prepared on ${alias} by the coordinator’s stop`, ({ server }) => {
    const [left] = server?.prepared ?? [];
    if (left === undefined) return { holds: true };
    const owner = citusOwner(left.gid);
    const what = `${left.gid} in ${left.database} is, and pg_upgrade would refuse it`;
    return verdictOf(
      false,
      owner === null
        ? `${what}: ask whoever prepared it, commit or roll it back in that database, then retry`
        : `${what}. It is Citus’ own, and ${owner} knows alone how it ended; ${neverByHand}. ${rollBack}`,
    );
  });

/** Of a server that was stopped: its shutdown has written them into files. Source: PostgreSQL, src/backend/access/transam/twophase.c. */
export const noneKeptPrepared = ({ alias, data }: HostFacts): Condition =>
  onHost(alias, 'no transaction was prepared when the server stopped', (seen) =>
    verdictOf(
      !(isDataDirectory(seen.data) && seen.data.prepared === true),
      `one was, ${data}/pg_twophase keeps it, and pg_upgrade refuses it. ${rollBack}`,
    ),
  );
