import { type ClusterFacts, type NodeFacts, primaryOf, secondariesOf } from '../../../cluster/facts.ts';
import { quoted, sh } from '../../../cluster/fragment.ts';
import { hostIn, nodeIn, type Observations } from '../../../cluster/observations.ts';
import { sqlLiteral } from '../../../cluster/quote.ts';
import {
  everyNodeSettled,
  no,
  nodeSettled,
  onHost,
  streaming,
  verdictOf,
} from '../../language/conditions.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld } from '../../language/old-version.ts';
import type { StepOf, StepsOf } from '../../language/outline.ts';
import type { Condition } from '../../language/step.ts';
import { undoText } from '../../language/undo.ts';
import { inBin, psql, script } from '../../shell/shell.ts';

/**
 * wal_level = logical, once and days before: on the secondaries by a restart each, on the primary by making one of them the primary. pg_auto_failover's own file says
 * replica, and its include is the first line of postgresql.conf, so ALTER SYSTEM wins, and pg_autoctl leaves that alone. A standby with logical follows a primary with replica.
 * A stopped server is started again by its pg_autoctl, as its child. Sources: PostgreSQL, wal_level; pg_auto_failover, pgsetup.c and service_postgres_ctl.c. By hand on the lab with
 * 15.20 and 2.0: 3 to 5 s a secondary, in which a client of ten writes a second waited 0.33 s at most; the promotion 4.3 s.
 */

const levelOn = (node: NodeFacts, world: Observations): string | null =>
  hostIn(world, node.alias)?.online?.server?.walLevel ?? null;

/** Nodes that say another wal_level. */
export const withoutLogical = (facts: ClusterFacts, world: Observations): readonly NodeFacts[] =>
  facts.nodes.filter((node) => ![null, 'logical'].includes(levelOn(node, world)));

const isLogical = (node: NodeFacts): Condition =>
  onHost(node.alias, `wal_level is logical on ${node.alias}`, (_, world) => {
    const level = levelOn(node, world);
    return level === null ? no('its server does not say') : verdictOf(level === 'logical', `it is ${level}`);
  });

const setLine = (node: NodeFacts) =>
  sh`${psql(node, node.oldBindir, 'postgres')} -qc ${quoted('alter system set wal_level = logical')}`;

const undo = undoText('alter system reset wal_level, and restart the server when there is time');

const restartLines = (node: NodeFacts) => sh`
  ${setLine(node)}
  if [ "$(${psql(node, node.oldBindir, 'postgres')} -Atc ${quoted('show wal_level')})" = logical ]; then echo 'it has it already'; exit 0; fi
  ${inBin(node.oldBindir, 'pg_ctl')} --pgdata ${node.data} --wait --timeout=600 --mode=fast stop
  # pg_autoctl starts it again, with the new setting
  tries=0
  until [ "$(${psql(node, node.oldBindir, 'postgres')} -Atc ${quoted('show wal_level')} 2>/dev/null)" = logical ]; do
    tries=$((tries + 1)); [ $tries -le 600 ] || { echo 'pg_autoctl does not start it again' >&2; exit 1; }
    sleep 0.2
  done
  echo 'it runs again, with wal_level = logical'
`;

/** One secondary after the other: the others acknowledge the writes meanwhile. */
export const setWalLevelOnSecondary =
  (node: NodeFacts): StepOf =>
  (facts, phase) => {
    const primary = primaryOf(facts);
    const alone = secondariesOf(facts).length === 1;
    return makeStep(facts, {
      id: 'wal-level',
      phase,
      host: node,
      as: 'postgres',
      title: 'Set wal_level, restart secondary',
      reason: `pg_autoctl starts it again within seconds, with wal_level = logical.${alone ? ' It is the only secondary: synchronous writes wait for it meanwhile.' : ''}`,
      guide: null,
      danger: 'changes',
      writes: alone ? 'pause' : 'unchanged',
      script: script(restartLines(node)),
      probe: (world) => {
        const level = levelOn(node, world);
        return level === 'logical'
          ? done('it is logical')
          : pending(level === null ? 'not seen' : `it is ${level}`);
      },
      before: [
        acceptsWritesOnOld(facts, primary),
        everyNodeSettled,
        ...secondariesOf(facts).map((one) => streaming(primary, one)),
      ],
      after: [isLogical(node), streaming(primary, node), everyNodeSettled],
      settleSeconds: 180,
      undo,
    });
  };

/** The file of ALTER SYSTEM alone: it counts from the primary's next start on, which is as a secondary. */
export const setWalLevelOnPrimary: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const alone = secondariesOf(facts).length === 0;
  const isSet = (world: Observations): boolean =>
    !alone && hostIn(world, primary.alias)?.online?.server?.nextWalLevel === 'logical';
  return makeStep(facts, {
    id: 'wal-level',
    phase,
    host: primary,
    as: 'postgres',
    title: alone ? 'Set wal_level, restart primary' : 'Set wal_level for the next start',
    reason: alone
      ? 'There is no secondary to hand the writes to: pg_autoctl starts it again within seconds, and writes wait.'
      : 'The next step makes a secondary the primary; this server then starts anew, as a secondary, with wal_level = logical.',
    guide: null,
    danger: 'changes',
    writes: alone ? 'pause' : 'unchanged',
    script: script(alone ? restartLines(primary) : setLine(primary)),
    probe: (world) => {
      const level = levelOn(primary, world);
      if (level === 'logical') return done('it is logical');
      return isSet(world)
        ? done('it is set, and counts from the next start on')
        : pending(level === null ? 'not seen' : `it is ${level}`);
    },
    before: [acceptsWritesOnOld(facts, primary)],
    after: alone
      ? [isLogical(primary)]
      : [
          onHost(primary.alias, 'its files say logical', (_, world) =>
            verdictOf(isSet(world), 'they do not'),
          ),
        ],
    settleSeconds: 120,
    undo,
  });
};

/** Which secondary takes the writes: of those that may be primary, the one with the highest candidate priority. */
const successorOf = (facts: ClusterFacts): NodeFacts | undefined =>
  [...secondariesOf(facts)]
    .filter((node) => node.priority > 0)
    .sort((one, other) => other.priority - one.priority)[0];

/** Behind it another node is the primary: what is prepared is prepared there, by a run that begins anew. */
export const promoteForWalLevel: StepsOf = (facts, phase) => {
  const to = successorOf(facts);
  const { monitor } = facts;
  const primary = primaryOf(facts);
  if (to === undefined) return [];
  return [
    makeStep(facts, {
      id: 'wal-level-promotion',
      phase,
      host: monitor,
      as: 'postgres',
      title: `Make ${to.alias.slice(0, 16)} the primary`,
      reason: `pg_auto_failover’s own switchover, by which wal_level = logical counts on the primary: writes pause for some seconds. The copy is made on ${to.alias} then: it must have room for it.`,
      guide: null,
      danger: 'changes',
      writes: 'pause',
      script: script(sh`
        ${psql(monitor, monitor.newBindir, monitor.database)} -Atc ${quoted(`select pgautofailover.perform_promotion(${sqlLiteral(facts.formation)}, ${sqlLiteral(to.alias)})`)}
      `),
      probe: (world) => {
        const row = nodeIn(world, to.alias);
        if (row?.reported === 'primary' && row.assigned === 'primary')
          return done(`${to.alias} is the primary`);
        return row !== null && row.reported !== row.assigned
          ? half(`${row.reported} → ${row.assigned}`)
          : pending(`${primary.alias} is the primary`);
      },
      before: [everyNodeSettled, isLogical(to), streaming(primary, to)],
      after: [
        nodeSettled(to.alias, ['primary']),
        nodeSettled(primary.alias, ['secondary']),
        isLogical(to),
        isLogical(primary),
        everyNodeSettled,
      ],
      settleSeconds: 180,
      undo: undoText(`promote ${primary.alias} again: pg_autoctl perform promotion --name ${primary.alias}`),
    }),
  ];
};
