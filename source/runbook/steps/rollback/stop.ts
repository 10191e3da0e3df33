import { type ClusterFacts, type HostFacts, isNode, primaryOf } from '../../../cluster/facts.ts';
import { sh, word } from '../../../cluster/fragment.ts';
import type { Observations } from '../../../cluster/observations.ts';
import { hostIn } from '../../../cluster/observations.ts';
import { allStopped, autoctlStopped, onHost, verdictOf } from '../../language/conditions.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf, StepsOf } from '../../language/outline.ts';
import type { Loss } from '../../language/step.ts';
import { nothingToUndo, undoText } from '../../language/undo.ts';
import { unlessStopped } from '../../shell/liveness.ts';
import { ownershipFunctions } from '../../shell/ownership.ts';
import { serviceUser, stopScript } from '../../shell/service.ts';
import { inBin, script } from '../../shell/shell.ts';
import type { Route } from '../../verdict/route.ts';
import { noteFormationsLines } from './other-formations.ts';
import { isStray, mayRun, serverRuns, serves } from './still-running.ts';

/** What the stop of the server that has taken writes on the new version gives up. */
const writesGivenUp = (facts: ClusterFacts): Loss => ({
  kind: 'writes',
  text: `what the application has written on PostgreSQL ${facts.newMajor}`,
});

/** `serves`: somebody has started it without pg_autoctl, and the application has written on it. */
export const stopStrayServer =
  (host: HostFacts, serves: boolean): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'stop-stray',
      phase,
      host,
      as: 'postgres',
      title: serves ? 'Stop stray server, losing writes' : 'Stop stray server',
      reason: serves
        ? `The application’s writes end here, and those since ${facts.newMajor} took over will not be on ${facts.oldMajor}.`
        : 'The isolated server of the verification, or one that an interrupted pg_upgrade left running.',
      guide: null,
      danger: serves ? 'point-of-no-return' : 'changes',
      forfeits: () => (serves ? writesGivenUp(facts) : null),
      writes: serves ? 'stop' : 'unchanged',
      script: script(sh`
        ${unlessStopped(host, word`stop a server that pg_autoctl keeps`)}
        # the new cluster of a pg_upgrade that failed is thrown away; and after a crash (a full disk) it obeys no fast stop
        ${ownershipFunctions(facts)}
        if ours ${host.newData} && [ -e ${word`${host.newData}/postmaster.pid`} ]; then
          ${inBin(host.newBindir, 'pg_ctl')} --pgdata ${host.newData} --wait --timeout=60 --mode=immediate stop
        fi
        data=${host.data}
        if [ -e "$data/postmaster.pid" ]; then
          bin=${host.oldBindir}; [ "$(cat "$data/PG_VERSION")" = ${facts.oldMajor} ] || bin=${host.newBindir}
          "$bin/pg_ctl" --pgdata "$data" --wait --timeout=3600 --mode=fast stop
        fi
      `),
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
      undo: nothingToUndo,
    });

export const stopAutoctl =
  (host: HostFacts, route: Route, loses: boolean): StepOf =>
  (facts, phase) => {
    const primary = isNode(host) && host.role === 'primary';
    return makeStep(facts, {
      id: 'stop',
      phase,
      host,
      as: serviceUser(host),
      title: primary && loses ? 'Stop primary, losing new writes' : 'Stop pg_autoctl',
      reason:
        primary && loses
          ? `The application’s writes end here, and those since ${facts.newMajor} took over will not be on ${facts.oldMajor}.`
          : 'Directories change only under servers that do not run.',
      guide: null,
      danger: primary && loses ? 'point-of-no-return' : 'changes',
      forfeits: () => (primary && loses ? writesGivenUp(facts) : null),
      writes: primary ? 'stop' : 'unchanged',
      ...(isNode(host) ? {} : { milestone: 'monitor-stops' as const }),
      script: stopScript(facts, host, host.newAutoctl, !isNode(host) && noteFormationsLines(facts)),
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
      undo: undoText('start pg_autoctl again'),
    });
  };

/** Where a server runs that no pg_autoctl keeps, or that an interrupted pg_upgrade has left. `loses`: writes are given up with it. */
export const stopStray =
  (host: HostFacts, route: Route, loses: boolean, world: Observations): StepsOf =>
  (facts, phase) => {
    const seen = hostIn(world, host.alias);
    if (seen === null || !isStray(seen)) return [];
    const stray = !mayRun(facts, host, seen, route, world);
    return stray || seen.upgradePortBusy
      ? [stopStrayServer(host, host === primaryOf(facts) && loses && serves(host, seen))(facts, phase)]
      : [];
  };
