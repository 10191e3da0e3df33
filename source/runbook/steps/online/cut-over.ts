import { type ClusterFacts, type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { type Fragment, sh, word } from '../../../cluster/fragment.ts';
import { hostIn, type Observations } from '../../../cluster/observations.ts';
import type { Path } from '../../../cluster/words.ts';
import { behindWords } from '../../checks/archiving.ts';
import {
  acceptsWrites,
  dataIsNew,
  describe,
  everySecondaryInMaintenance,
  isMajor,
  noSyncStandbys,
  onHost,
  verdictOf,
  yes,
} from '../../language/conditions.ts';
import { isSwapped, newSystemIdentifier } from '../../language/evidence.ts';
import { monitorAnswers } from '../../language/group-conditions.ts';
import { done, type FailureLogParts, half, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import { noneStaysPrepared } from '../../language/prepared.ts';
import { type Condition, ready, type Script } from '../../language/step.ts';
import { nothingToUndo, undoText } from '../../language/undo.ts';
import { rootScriptAfter } from '../../shell/root-verbs.ts';
import { inBin, script } from '../../shell/shell.ts';
import { identifierLines } from '../../shell/state-file-identifier.ts';
import { arriveSeconds, patienceSeconds } from './changing-places.ts';
import { liesStopped, notVoid, onlineIn, readyIn, staleNotes } from './evidence.ts';
import { follows } from './follow.ts';
import { followsBack } from './follow-back.ts';
import { makeReadyLines, readyLines } from './making-ready.ts';
import { type ChangeOfPlaces, primaryPlaces } from './places.ts';
import { privateLogOf } from './private-server.ts';
import { freshSeconds } from './ready.ts';

const stoppedNew = (primary: NodeFacts): Path => word`${primary.workDir}/stopped-new`;

/** There: the old version leaves, the new one comes, and the old one will follow it. */
export const there = (facts: ClusterFacts, world: Observations): ChangeOfPlaces | null => {
  const primary = primaryOf(facts);
  const identifier = newSystemIdentifier(facts, primary, world);
  if (identifier === null) return null;
  const places = primaryPlaces(facts);
  const pgCtl = (bindir: Path): Fragment =>
    sh`${primary.newAutoctl} config set postgresql.pg_ctl ${inBin(bindir, 'pg_ctl')} --pgdata ${primary.pgdata}`;
  return {
    primary,
    leaves: places.old,
    comes: places.new,
    follows: 'pgaf_up_',
    what: 'cut-over',
    turns: 'pgaf_back_',
    objects: facts.largeObjects ?? 'refuse',
    carries: true,
    stopped: word`${primary.workDir}/stopped`,
    begins: word`${primary.workDir}/handed-over`,
    goesBack: stoppedNew(primary),
    settle: sh`
      ${pgCtl(primary.newBindir)}
      ${identifierLines(primary, facts.systemIdentifier, identifier, word`pg${facts.oldMajor}`)}
    `,
    keptConfiguration: word`${primary.configFile}.pg${facts.oldMajor}`,
    keptState: word`${primary.stateFile}.pg${facts.oldMajor}`,
  };
};

/** And back: nobody follows any more, for the new version is given up. */
export const back = (facts: ClusterFacts, world: Observations): ChangeOfPlaces | null => {
  const way = there(facts, world);
  if (way === null) return null;
  const { primary } = way;
  const identifier = newSystemIdentifier(facts, primary, world);
  const pgCtl = (bindir: Path): Fragment =>
    sh`${primary.newAutoctl} config set postgresql.pg_ctl ${inBin(bindir, 'pg_ctl')} --pgdata ${primary.pgdata}`;
  return identifier === null
    ? null
    : {
        ...way,
        leaves: way.comes,
        comes: way.leaves,
        follows: 'pgaf_back_',
        what: 'way-back',
        turns: null,
        carries: false,
        stopped: stoppedNew(primary),
        begins: word`${primary.workDir}/handed-back`,
        settle: sh`
          ${pgCtl(primary.oldBindir)}
          ${identifierLines(primary, null, facts.systemIdentifier, word`pg${facts.newMajor}`)}
        `,
        keptConfiguration: word`${primary.configFile}.pg${facts.newMajor}`,
        keptState: word`${primary.stateFile}.pg${facts.newMajor}`,
      };
};

const unresolved: Script = { kind: 'unresolved', needs: 'the new system identifier, which initdb chooses' };

const placesScript = (facts: ClusterFacts, way: ChangeOfPlaces | null): Script => {
  if (way === null) return unresolved;
  const verb = way.what === 'cut-over' ? 'cut-over' : 'cut-back';
  return ready(rootScriptAfter(facts, way.primary, readyLines(facts, way), verb));
};

/** Whoever starts the server at the end of it is the new pg_autoctl, which the new monitor hears; the old one, started without its monitor, starts nothing. */
const keeperIsNew = (facts: ClusterFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(primary.alias, `its unit starts ${primary.newAutoctl}`, (seen) =>
    verdictOf(seen.unit?.program === primary.newAutoctl, `it starts ${seen.unit?.program ?? 'nothing'}`),
  );
};

/** Asked of the server while it serves; behind the stop nobody writes. */
const noWriteWaits = (facts: ClusterFacts): Condition => {
  const primary = primaryOf(facts);
  return {
    text: 'no write waits for a secondary',
    holds: (world) => {
      const seen = hostIn(world, primary.alias);
      const stopped = seen?.server === null && seen.pgAutoctl === 'stopped';
      return seen?.data.kind === 'cluster' && !stopped ? noSyncStandbys(primary).holds(world) : yes;
    },
  };
};

/** The stop waits for the archive, for a while: told where that is more than a moment. */
const archiveNotes =
  (facts: ClusterFacts) =>
  (world: Observations): readonly string[] => {
    const behind = behindWords(onlineIn(facts, world)?.server?.archiving);
    return behind === null
      ? []
      : [
          `${behind}. The stop does not wait for it for longer than ${patienceSeconds} s; what is not archived then stays with the version that stops`,
        ];
  };

const privateLogs = (primary: NodeFacts): readonly FailureLogParts[] => [
  { title: 'online/new-log', script: sh`tail -n 20 ${privateLogOf(primary, 'new')}/*.log` },
  { title: 'online/old-log', script: sh`tail -n 20 ${privateLogOf(primary, 'old')}/*.log` },
];

/**
 * In front of either, before anything makes applications wait: what a change of places would do before its stop. Behind that stop, or where another version lies in the place, it is over,
 * however it stands; and the change of places does it by itself where it is not fresh.
 */
export const makeReady =
  (to: 'new' | 'old'): StepOf =>
  (facts, phase) => {
    const primary = primaryOf(facts);
    const [leaves, comes] =
      to === 'new' ? [facts.oldMajor, facts.newMajor] : [facts.newMajor, facts.oldMajor];
    const [what, name, way] =
      to === 'new' ? (['cut-over', 'cut-over', there] as const) : (['way-back', 'cut back', back] as const);
    const minutes = freshSeconds / 60;
    return makeStep(facts, {
      id: 'make-ready',
      phase,
      host: primary,
      as: 'postgres',
      title: `Make the ${name} ready`,
      fades: true,
      reason: `While nobody waits: roles, settings and schemas are compared, every sequence is set on ${comes}, and the verification is tried. It counts for ${minutes} minutes; behind them, or where a server was restarted, the ${name} does it again before its stop.`,
      guide: null,
      danger: 'changes',
      script: (world) => {
        const places = way(facts, world);
        return places === null ? unresolved : ready(script(makeReadyLines(places)));
      },
      probe: (world) => {
        const seen = hostIn(world, primary.alias);
        if (seen === null) return pending('not seen');
        if (isMajor(seen.data, comes)) return done(`${comes} is in its place`);
        if (seen.data.kind === 'absent' || liesStopped(primary, leaves, world))
          return done(`${leaves} does not serve: the ${name} goes on`);
        const age = readyIn(facts, world, what);
        return age === null
          ? pending(`nothing is ready, or not for these servers, or for more than ${minutes} minutes`)
          : done(`it was made ready ${Math.round(age)} s ago`);
      },
      before: [
        to === 'new'
          ? follows(facts)
          : { text: `${comes} follows closely`, holds: (world) => followsBack(facts, world) },
        ...(to === 'new' ? [notVoid(facts)] : []),
      ],
      after: [
        onHost(primary.alias, 'it is ready, and fresh', (_, world) =>
          verdictOf(readyIn(facts, world, what) !== null, 'it is not'),
        ),
      ],
      failureLogs: privateLogs(primary),
      undo: nothingToUndo,
    });
  };

/** N. The old version stops, and the new one serves in its place; the old one is kept, and follows. What is not proven in time is turned back by itself. */
export const cutOver: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'cut-over',
    phase,
    host: primary,
    as: 'root',
    writes: 'pause',
    title: `Cut over to ${facts.newMajor}`,
    reason: `${facts.oldMajor} stops, a row written behind everything else in each database verifies that ${facts.newMajor} has all of it, and ${facts.newMajor} serves in its place. What is not verified within ${arriveSeconds} s is undone at once: ${facts.oldMajor} serves again, no data is lost, and the preparation goes on.`,
    guide: null,
    deviation: 'The guide has no online method.',
    danger: 'changes',
    script: (world) => placesScript(facts, there(facts, world)),
    probe: (world) => {
      const seen = hostIn(world, primary.alias);
      if (seen === null) return pending('not seen');
      if (isSwapped(facts, primary, world))
        return seen.server === null
          ? half(`${facts.newMajor} is in its place, and does not serve`)
          : done(`${seen.server.version} serves`);
      if (seen.data.kind === 'absent' && isMajor(seen.backupData, facts.oldMajor))
        return half(`${facts.oldMajor} is set aside, ${facts.newMajor} is not in its place`);
      return pending(
        `${facts.oldMajor} ${liesStopped(primary, facts.oldMajor, world) ? 'is stopped' : 'serves'}`,
      );
    },
    notes: (world) => [...archiveNotes(facts)(world), ...staleNotes(facts, world, 'cut-over')],
    before: [
      {
        text: `${facts.newMajor} follows closely, or the cut-over was begun`,
        holds: (world) =>
          acceptsWritesOnOld(facts, primary).holds(world).holds
            ? follows(facts).holds(world)
            : verdictOf(
                hostIn(world, primary.alias)?.data.kind === 'absent' ||
                  isSwapped(facts, primary, world) ||
                  liesStopped(primary, facts.oldMajor, world),
                `${primary.alias} does not accept writes`,
              ),
      },
      notVoid(facts),
      everySecondaryInMaintenance(facts),
      noWriteWaits(facts),
      noneStaysPrepared(primary),
      monitorAnswers(facts),
      keeperIsNew(facts),
    ],
    after: [dataIsNew(facts, primary), acceptsWrites(facts, primary)],
    settleSeconds: 30,
    quietSeconds: 30,
    failureLogs: privateLogs(primary),
    undo: undoText(
      `no data is lost: it undoes itself until ${facts.newMajor} lies in its place, and behind that the rollback changes the places again`,
    ),
  });
};

/**
 * Q. The same backwards: the new version stops, a marker proves that the old one has everything, and the old one serves in its place, in its own directory and system. Its
 * secondaries go on from where they stood. Nothing is stopped unless the old version follows closely. Pg_autoctl stays the new one until the monitor goes back.
 */
export const cutBack: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'cut-back',
    phase,
    host: primary,
    as: 'root',
    writes: 'pause',
    title: `Cut back to ${facts.oldMajor}`,
    reason: `${facts.newMajor} stops, a row written behind everything else in each database verifies that ${facts.oldMajor} has all of it, and ${facts.oldMajor} serves in its place. What is not verified within ${arriveSeconds} s is undone at once: ${facts.newMajor} serves on, and ${facts.oldMajor} follows it.`,
    guide: null,
    danger: 'changes',
    script: (world) => placesScript(facts, back(facts, world)),
    probe: (world) => {
      const seen = hostIn(world, primary.alias);
      if (seen === null) return pending('not seen');
      if (isMajor(seen.data, facts.oldMajor))
        return seen.server === null
          ? half(`${facts.oldMajor} is in its place, and does not serve`)
          : done(`${seen.server.version} serves`);
      if (seen.data.kind === 'absent' && isMajor(seen.backupData, facts.oldMajor))
        return half(`${facts.newMajor} is set aside, ${facts.oldMajor} is not in its place`);
      return pending(
        `${facts.newMajor} ${liesStopped(primary, facts.newMajor, world) ? 'is stopped' : 'serves'}`,
      );
    },
    notes: (world) => [...archiveNotes(facts)(world), ...staleNotes(facts, world, 'way-back')],
    before: [
      {
        text: `${facts.oldMajor} follows closely, or the cut back was begun`,
        holds: (world) => {
          const seen = hostIn(world, primary.alias);
          if (liesStopped(primary, facts.newMajor, world)) return yes;
          if (seen === null || isSwapped(facts, primary, world)) return followsBack(facts, world);
          return verdictOf(
            seen.data.kind === 'absent' || isMajor(seen.data, facts.oldMajor),
            `${primary.data} ${describe(seen.data)}`,
          );
        },
      },
      everySecondaryInMaintenance(facts),
      noWriteWaits(facts),
      noneStaysPrepared(primary),
      monitorAnswers(facts),
      keeperIsNew(facts),
    ],
    after: [acceptsWritesOnOld(facts, primary)],
    settleSeconds: 30,
    quietSeconds: 30,
    failureLogs: privateLogs(primary),
    undo: undoText(`no data is lost: it undoes itself until ${facts.oldMajor} lies in its place`),
  });
};
