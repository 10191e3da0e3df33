import { bytes } from '../../../cluster/amounts.ts';
import { type ClusterFacts, primaryOf, secondariesOf } from '../../../cluster/facts.ts';
import { hereDocument, quoted, sh, word } from '../../../cluster/fragment.ts';
import { hostIn, nodeIn, type Observations, type OnlineView } from '../../../cluster/observations.ts';
import { isWritable } from '../../../cluster/states.ts';
import type { Path } from '../../../cluster/words.ts';
import { timelineSql } from '../../checks/inspection/online-sql.ts';
import {
  acceptsWrites,
  isMajor,
  no,
  nodeSettled,
  onHost,
  verdictOf,
  yes,
} from '../../language/conditions.ts';
import { isSwapped, newSystemIdentifier } from '../../language/evidence.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import type { Condition, ConditionJudgment } from '../../language/step.ts';
import { nothingToUndo, undoText } from '../../language/undo.ts';
import { markFile } from '../../shell/ownership.ts';
import { rootScriptAfter } from '../../shell/root-verbs.ts';
import { serviceLogs } from '../../shell/service.ts';
import { script } from '../../shell/shell.ts';
import { identifierIs } from '../system-identifier.ts';
import { askServer, eachDatabase, listLines } from './databases.ts';
import { backSlotOf, onlineIn, replicatedIn, sameHistory, walGone } from './evidence.ts';
import { closeBytes, noReader, quotedSql, readerLasts, subscribeSql } from './follow.ts';
import { onlineDirectory, privateSocketOf, serveFile } from './names.ts';

/** The state file of pg_autoctl names the system of the server that serves. */
const isHanded = (facts: ClusterFacts, to: 'new' | 'old'): Condition => {
  const primary = primaryOf(facts);
  return onHost(
    primary.alias,
    `the state file of pg_autoctl has the system identifier of ${to === 'new' ? facts.newMajor : facts.oldMajor}`,
    (seen, world) =>
      verdictOf(
        seen.stateIdentifier !== null &&
          seen.stateIdentifier ===
            (to === 'new' ? newSystemIdentifier(facts, primary, world) : facts.systemIdentifier),
        `it is ${seen.stateIdentifier ?? 'unknown'}`,
      ),
  );
};

/** The server runs already, and serves: pg_autoctl takes it over as it is, and whoever writes notices nothing. */
export const adoptServer =
  (to: 'new' | 'old'): StepOf =>
  (facts, phase) => {
    const primary = primaryOf(facts);
    const serves = to === 'new' ? acceptsWrites(facts, primary) : acceptsWritesOnOld(facts, primary);
    return makeStep(facts, {
      id: 'adopt',
      phase,
      host: primary,
      as: 'root',
      title: 'Return the server to pg_autoctl',
      reason: `${to === 'new' ? facts.newMajor : facts.oldMajor} serves already; pg_autoctl takes over the server that it finds running, and the monitor hears of it. From here on a crash of the server is seen to.`,
      guide: 'Step 11',
      danger: 'changes',
      script: rootScriptAfter(
        facts,
        primary,
        // the unit that has started it starts nothing any more; what it runs stays
        script(
          sh`rm -f ${serveFile(primary, to)} ${serveFile(primary, to)}.was ${word`${primary.data}/${markFile}`} # a base backup would take the marker file along`,
        ),
        'start',
        ...(primary.service.kind === 'systemd' && primary.service.enabled ? (['enable'] as const) : []),
      ),
      probe: (world) => {
        const seen = hostIn(world, primary.alias);
        const row = nodeIn(world, primary.alias);
        if (seen?.pgAutoctl !== 'runs') return pending('pg_autoctl does not run');
        return row !== null && isWritable(row.reported) && serves.holds(world).holds
          ? done(`it is ${row.reported}`)
          : half('pg_autoctl runs, the node does not have its state yet');
      },
      before: [serves, isHanded(facts, to), identifierIs(facts, to)],
      after: [
        nodeSettled(
          primary.alias,
          secondariesOf(facts).length === 0 ? ['single'] : ['wait_primary', 'primary'],
        ),
        serves,
      ],
      settleSeconds: 120,
      failureLogs: serviceLogs(facts, primary),
      undo: undoText('stop the unit: that stops the server too'),
    });
  };

/** The new version serves, and nothing of the method is left in it: nobody follows any more. */
const isAccepted = (seen: OnlineView): boolean =>
  seen.server?.slots.length === 0 &&
  seen.back === undefined &&
  seen.databases.length > 0 &&
  seen.databases.every((one) => one.run === null && !one.frozen && !one.forward);

/** Why the old version can never have what the new one writes any more, whatever is waited for; null: it has, or may have yet, or nobody can tell. */
export const whyLost = (facts: ClusterFacts, world: Observations): string | null => {
  const primary = primaryOf(facts);
  const host = hostIn(world, primary.alias);
  const seen = onlineIn(facts, world);
  if (host === null || seen === null || seen.server === null || !isMajor(host.data, facts.newMajor))
    return null;
  const { server, databases } = seen;
  if (isAccepted(seen)) return 'the upgrade is accepted';
  if (host.server?.inRecovery === true) return `${primary.alias} is not the primary any more`;
  // until following back has begun, the comment has the old version’s timeline
  const begun = databases.every((one) => !one.forward);
  const moved = databases.find((one) => !sameHistory(one, server));
  if (begun && moved !== undefined) return `a failover came, timeline ${moved.timeline} → ${server.timeline}`;
  const thawed = databases.find((one) => !one.frozen);
  if (thawed !== undefined) return `the freeze is gone in ${thawed.name}`;
  for (const one of replicatedIn(seen)) {
    const slot = backSlotOf(seen, one);
    if (slot === undefined) return `${one.name} has no slot`;
    if (slot.status !== 'reserved' && slot.status !== 'extended')
      return `slot ${slot.name} is ${slot.status ?? 'lost'}${slot.status === 'lost' ? `: ${walGone(facts)}` : ''}`;
  }
  return null;
};

/**
 * Whether the old version follows the new one so that it could take its place without a loss, and if not, why not. All of it has to hold: what is behind at a stop is waited
 * for, but never promised; without the freeze, or behind a failover, what follows is another database.
 */
export const followsBack = (facts: ClusterFacts, world: Observations): ConditionJudgment => {
  const primary = primaryOf(facts);
  const host = hostIn(world, primary.alias);
  const seen = onlineIn(facts, world);
  if (host === null || seen === null || seen.server === null) return no(`${primary.alias} does not answer`);
  if (!isMajor(host.data, facts.newMajor)) return no(`${facts.newMajor} does not serve`);
  const lost = whyLost(facts, world);
  if (lost !== null) return no(lost);
  const wanted = replicatedIn(seen);
  if (wanted.length === 0) return no('no database has answered');
  if (wanted.some((one) => one.forward)) return no('following back has not begun');
  for (const one of wanted) {
    const slot = backSlotOf(seen, one);
    if (slot?.active !== true) return no(`nobody reads slot ${slot?.name ?? ''} of ${one.name}`);
    if (!readerLasts(seen.back, slot.name)) return no(noReader(slot.name, one.name));
    if (slot.behind === null || slot.behind > closeBytes)
      return no(`${one.name} is ${slot.behind === null ? '?' : bytes(slot.behind)} behind`);
  }
  return yes;
};

/**
 * Which of its secondaries cannot stream on from the old version in a rollback, for the WAL that they would need is gone: they will be built anew, and no data is lost by it. Null: each
 * can, or nobody can tell.
 */
export const keepersLost = (facts: ClusterFacts, world: Observations): string | null => {
  const lost = (onlineIn(facts, world)?.back?.keepers ?? []).filter((one) => one.status === 'lost');
  if (lost.length === 0) return null;
  return `${lost.length === 1 ? 'a secondary' : `${lost.length} secondaries`} will need a base backup then: on ${facts.oldMajor} ${lost.map(({ name }) => `slot ${name}`).join(', ')} is lost`;
};

/** Nobody has begun to follow back, and everything is there for it: a rollback begins with that, and loses nothing. */
export const mayFollowBack = (facts: ClusterFacts, world: Observations): boolean => {
  const seen = onlineIn(facts, world);
  if (seen === null || seen.server === null || seen.back === undefined) return false;
  return replicatedIn(seen).some((one) => one.forward) && whyLost(facts, world) === null;
};

/** O. The old version, as it was stopped, follows the new one, until the upgrade is accepted: then a rollback after hours loses nothing. */
export const followBack: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const sql: Path = word`${onlineDirectory(primary)}/follow-back.sql`;
  const database = { variable: 'database' } as const;
  return makeStep(facts, {
    id: 'follow-back',
    phase,
    host: primary,
    as: 'postgres',
    title: `Let ${facts.oldMajor} follow ${facts.newMajor}`,
    reason: `The old version, on its own socket, receives what ${facts.newMajor} writes from its first transaction on: until the upgrade is accepted, a rollback loses nothing.`,
    guide: null,
    danger: 'changes',
    script: script(sh`
      umask 077
      ${listLines(primary)}
      ${hereDocument(sh`cat > ${sql}`, 'END-OF-SQL', `set pgaf_upgrade.pass = on;\n${quotedSql}\n${subscribeSql(facts.oldMajor, 'slot')}`)}
      # a failover from here on is another timeline than this one
      timeline=$(${askServer(primary, 'postgres', 'serving')} -Atc ${quoted(`select ${timelineSql}`)})
      ${eachDatabase(
        primary,
        'open',
        sh`
          ${askServer(primary, database, 'serving')} -Atq -c 'set pgaf_upgrade.pass = on' -c "do \$body\$ begin execute format('comment on schema pgaf_upgrade is %L', regexp_replace(obj_description('pgaf_upgrade'::regnamespace, 'pg_namespace'), 'timeline=[0-9]+', 'timeline=$timeline')); end \$body\$" </dev/null
        `,
      )}
      ${eachDatabase(
        primary,
        'with tables',
        sh`
          if [ -n "$(${askServer(primary, database, 'serving')} -Atc "select 1 from pg_subscription where subname = 'pgaf_up_$oid'" </dev/null)" ]; then
            ${askServer(primary, database, 'serving')} -q -c 'set pgaf_upgrade.pass = on' -c "alter subscription \"pgaf_up_$oid\" disable" -c "alter subscription \"pgaf_up_$oid\" set (slot_name = none)" -c "drop subscription \"pgaf_up_$oid\"" </dev/null
          fi
          ${askServer(primary, database, 'old')} -Atqc "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = 'pgaf_up_$oid' and not active" </dev/null
          [ "$(${askServer(primary, 'postgres', 'serving')} -Atc "select wal_status in ('reserved', 'extended') from pg_replication_slots where slot_name = 'pgaf_back_$oid'" </dev/null)" = t ] || { printf '%s: its slot for the way back is not there, or is lost\n' "$database" >&2; exit 1; }
          ${askServer(primary, database, 'old')} -Atq -v name="pgaf_back_$oid" -v serving=${primary.socketDirectory} -v private=${privateSocketOf(primary, 'new')} -v port=${primary.port} -f ${sql} </dev/null
          printf '%s follows back\n' "$database"
        `,
      )}
      rm -f ${sql}
    `),
    probe: (world) => {
      const seen = onlineIn(facts, world);
      if (seen === null) return pending('not seen');
      if (isSwapped(facts, primary, world) && isAccepted(seen)) return done('the upgrade is accepted');
      const wanted = replicatedIn(seen);
      const there = wanted.filter(
        (one) =>
          !one.forward &&
          seen.back?.subscriptions.some((it) => it.name === `pgaf_back_${one.oid}` && it.enabled),
      ).length;
      if (wanted.length > 0 && there === wanted.length) return done(`${there} subscriptions`);
      return there === 0
        ? pending(`${facts.oldMajor} does not follow`)
        : half(`${there} of ${wanted.length} databases follow`);
    },
    before: [
      acceptsWrites(facts, primary),
      {
        text: `${facts.oldMajor} runs, local socket only`,
        holds: (world) => verdictOf(onlineIn(facts, world)?.back !== undefined, 'it does not answer'),
      },
    ],
    after: [
      {
        text: `${facts.oldMajor} follows closely`,
        holds: (world) => followsBack(facts, world),
      },
    ],
    settleSeconds: 300,
    undo: nothingToUndo,
  });
};
