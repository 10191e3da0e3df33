import { type ClusterFacts, type HostFacts, hostsOf, isNode, primaryOf } from '../../cluster/facts.ts';
import { sh, word } from '../../cluster/fragment.ts';
import {
  type HostObservation,
  hostIn,
  isDataDirectory,
  type Observations,
} from '../../cluster/observations.ts';
import { allStopped, autoctlStopped, isMajor, onHost, verdictOf } from '../conditions.ts';
import { isPrivate } from '../isolated-server.ts';
import { unlessStopped } from '../liveness.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { isMarked, ownershipFunctions } from '../ownership.ts';
import { dropInFile, serviceUser, stopScript } from '../phases/service.ts';
import { rootScript } from '../root-verbs.ts';
import { inBin, script } from '../shell.ts';
import type { Loss, Step } from '../step.ts';
import { noteFormationsLines } from './other-formations.ts';
import { isRegisteredAnew } from './registered.ts';
import type { Route } from './route.ts';
import { isServed } from './serve.ts';

/** What somebody else runs in the new directory's place is none of ours. */
const serverRuns = (seen: HostObservation): boolean =>
  [seen.data, seen.backupData, ...(isMarked(seen.newData) ? [seen.newData] : [])].some(
    (one) => isDataDirectory(one) && one.running,
  );

/** It is not the private one: whoever has started it, the application may have written on it. */
const serves = (host: HostFacts, seen: HostObservation): boolean =>
  isDataDirectory(seen.data) && seen.data.running && !isPrivate(host, seen);

/** A server that no pg_autoctl keeps: the private one of the verification, or one that pg_upgrade left running. */
const isStray = (seen: HostObservation): boolean => serverRuns(seen) && autoctlStopped(seen).holds;

/** What may go on running: the old version in its place; of an image's group, only what has been registered anew. */
const mayRun = (
  facts: ClusterFacts,
  host: HostFacts,
  seen: HostObservation,
  route: Route,
  world: Observations,
): boolean =>
  isDataDirectory(seen.data) &&
  isMajor(seen.data, facts.oldMajor) &&
  !seen.data.controlRenamed &&
  (route.kind === 'own' || !isNode(host) || isRegisteredAnew(facts, host, world) || isServed(seen));

/** What the stop of the server that has taken writes on the new version gives up. */
const writesGivenUp = (facts: ClusterFacts): Loss => ({
  kind: 'writes',
  text: `what the application has written on PostgreSQL ${facts.newMajor}`,
});

/** `serves`: somebody has started it without pg_autoctl, and the application has written on it. */
const strayStep = (facts: ClusterFacts, host: HostFacts, serves: boolean): Step =>
  makeStep(facts, {
    id: 'stop-stray',
    phase: 'R',
    host,
    as: 'postgres',
    title: serves
      ? `Stop ${host.alias}, which serves without pg_autoctl: what ${facts.newMajor} has written is given up`
      : 'Stop the server that no pg_autoctl keeps',
    reason: serves
      ? `The application’s writes end here, and those since ${facts.newMajor} took over will not be on ${facts.oldMajor}.`
      : 'The private server of the verification, or one that an interrupted pg_upgrade left running.',
    guide: null,
    danger: serves ? 'point-of-no-return' : 'changes',
    forfeits: () => (serves ? writesGivenUp(facts) : null),
    writes: serves ? 'stop' : 'unchanged',
    script: script(
      ...unlessStopped(host, word`stop a server that pg_autoctl keeps`),
      sh`# the new cluster of a pg_upgrade that failed is thrown away; and after a crash (a full disk) it obeys no fast stop`,
      ...ownershipFunctions(facts),
      sh`if ours ${host.newData} && [ -e ${word`${host.newData}/postmaster.pid`} ]; then`,
      sh`  ${inBin(host.newBindir, 'pg_ctl')} --pgdata ${host.newData} --wait --timeout=60 --mode=immediate stop`,
      sh`fi`,
      sh`data=${host.data}`,
      sh`if [ -e "$data/postmaster.pid" ]; then`,
      sh`  bin=${host.oldBindir}; [ "$(cat "$data/PG_VERSION")" = ${facts.oldMajor} ] || bin=${host.newBindir}`,
      sh`  "$bin/pg_ctl" --pgdata "$data" --wait --timeout=3600 --mode=fast stop`,
      sh`fi`,
    ),
    probe: (world) => {
      const seen = hostIn(world, host.alias);
      if (seen === null) return pending('not seen');
      return isStray(seen) ? pending('it runs') : done('none runs');
    },
    after: [
      onHost(host.alias, `no such server runs on ${host.alias}`, (seen) =>
        verdictOf(!isStray(seen), 'one runs'),
      ),
    ],
    settleSeconds: 60,
    undo: 'nothing to undo',
  });

const stopStep = (facts: ClusterFacts, host: HostFacts, route: Route, loses: boolean): Step => {
  const primary = isNode(host) && host.role === 'primary';
  return makeStep(facts, {
    id: 'stop',
    phase: 'R',
    host,
    as: serviceUser(host),
    title:
      primary && loses
        ? `Stop ${host.alias}: what ${facts.newMajor} has written is given up`
        : `Stop pg_autoctl on ${host.alias}`,
    reason:
      primary && loses
        ? `The application’s writes end here, and those since ${facts.newMajor} took over will not be on ${facts.oldMajor}.`
        : 'Directories change only under servers that do not run.',
    guide: null,
    danger: primary && loses ? 'point-of-no-return' : 'changes',
    forfeits: () => (primary && loses ? writesGivenUp(facts) : null),
    writes: primary ? 'stop' : 'unchanged',
    ...(isNode(host) ? {} : { milestone: 'monitor-stops' as const }),
    script: stopScript(facts, host, host.newAutoctl, isNode(host) ? [] : noteFormationsLines(facts)),
    probe: (world) => {
      const seen = hostIn(world, host.alias);
      if (seen === null) return pending('not seen');
      if (mayRun(facts, host, seen, route, world))
        return done(`PostgreSQL ${facts.oldMajor} is in its place`);
      const autoctl = autoctlStopped(seen);
      if (!autoctl.holds) return pending(autoctl.found);
      return serverRuns(seen) ? half('pg_autoctl is gone, a server still runs') : done('nothing runs');
    },
    after: [allStopped(host)],
    settleSeconds: 300,
    quietSeconds: 30,
    undo: 'start it again',
  });
};

/** What is half moved must not be started by a reboot, nor by anybody: the unit is enabled again with its start. */
const guardStep = (facts: ClusterFacts, host: HostFacts, route: Route): Step[] => {
  const { service } = host;
  if (service.kind === 'none') return [];
  const { unit } = service;
  return [
    makeStep(facts, {
      id: 'guard',
      phase: 'R',
      host,
      as: 'root',
      title: 'No start at boot or by anybody else, while directories are moved',
      reason:
        'Neither a host that restarts during the rollback nor somebody’s “systemctl start” shall start a server on what is half moved.',
      guide: null,
      danger: 'changes',
      script: rootScript(facts, host, 'guard', ...(service.enabled ? (['disable'] as const) : [])),
      probe: (world) => {
        const seen = hostIn(world, host.alias);
        if (seen?.unit == null) return pending('not seen');
        if (mayRun(facts, host, seen, route, world))
          return done(`PostgreSQL ${facts.oldMajor} is in its place`);
        if (!seen.unit.dropIns.includes(dropInFile(unit))) return pending('anybody may start it');
        return seen.unit.enabled ? pending('it starts at boot') : done('it does not start at boot');
      },
      after: [
        onHost(host.alias, `${unit} does not start at boot`, (seen) =>
          verdictOf(seen.unit?.enabled === false, 'it is enabled'),
        ),
      ],
      undo: `rm ${dropInFile(unit)}; systemctl daemon-reload${service.enabled ? `; systemctl enable ${unit}` : ''}`,
    }),
  ];
};

/**
 * R. Nothing of the new version runs any more. The monitor first, so that stopping the primary starts no failover to a
 * secondary that would take writes; then the primary, because it is the one that writes.
 */
export const stopAllSteps = (
  facts: ClusterFacts,
  world: Observations,
  route: Route,
  loses: boolean,
): Step[] => {
  const primary = primaryOf(facts);
  const hosts = [
    facts.monitor,
    primary,
    ...hostsOf(facts).filter((host) => host !== primary && isNode(host)),
  ];
  return hosts.flatMap((host) => {
    const seen = hostIn(world, host.alias);
    const stray = seen !== null && isStray(seen) && !mayRun(facts, host, seen, route, world);
    const interrupted = seen !== null && isStray(seen) && seen.upgradePortBusy;
    return [
      ...guardStep(facts, host, route),
      ...(stray || interrupted
        ? [strayStep(facts, host, host === primary && loses && serves(host, seen))]
        : []),
      stopStep(facts, host, route, loses),
    ];
  });
};
