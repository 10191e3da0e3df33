import type { NodeFacts } from '../../../cluster/facts.ts';
import { type Fragment, quoted, sh, word } from '../../../cluster/fragment.ts';
import {
  type HostObservation,
  hostIn,
  isDataDirectory,
  isLeftOut,
  type Observations,
} from '../../../cluster/observations.ts';
import type { Path } from '../../../cluster/words.ts';
import { allStopped, autoctlStopped, onHost, verdictOf } from '../../language/conditions.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld, dataIsBack, monitorIsOld } from '../../language/old-version.ts';
import type { StepOf, StepsOf } from '../../language/outline.ts';
import { undoText } from '../../language/undo.ts';
import { serviceUser, stopScript } from '../../shell/service.ts';
import { inBin, mark, option, pgCtl, script } from '../../shell/shell.ts';

/**
 * The application’s writes while the monitor cannot start: pg_autoctl without a monitor restarts five times in a second and gives up, with
 * PostgreSQL stopped; so PostgreSQL is started by itself, and handed over when the monitor is back.
 */

const servedMarker = word`rollback-served`;

/** The old version serves the application there, without pg_autoctl. */
export const isServed = (seen: HostObservation): boolean => seen.markers.includes(servedMarker);

const markOf = (node: NodeFacts): Path => word`${node.workDir}/done/${servedMarker}`;
/** A pid file that a crash of the host has left names no server. */
const runs = (node: NodeFacts): Fragment =>
  sh`[ -e ${word`${node.data}/postmaster.pid`} ] && ${inBin(node.oldBindir, 'pg_ctl')} --pgdata ${node.data} status > /dev/null`;

/** A pg_autoctl that looks for its monitor in vain: it gives up five times a minute, and starts no PostgreSQL. */
const haltAutoctl =
  (node: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'stop',
      phase,
      host: node,
      as: serviceUser(node),
      title: 'Stop pg_autoctl without monitor',
      reason: 'It starts PostgreSQL only once it has spoken to the monitor, and would stop it again.',
      guide: null,
      danger: 'changes',
      script: stopScript(facts, node, node.oldAutoctl),
      probe: (world) => {
        const seen = hostIn(world, node.alias);
        if (seen === null) return pending('not seen');
        const autoctl = autoctlStopped(seen);
        return autoctl.holds ? done('it is stopped') : pending(autoctl.found);
      },
      after: [allStopped(node)],
      settleSeconds: 60,
      undo: undoText('start pg_autoctl again'),
    });

/** The node takes the writes without pg_autoctl, which is stopped before where it runs and cannot get PostgreSQL up. */
export const serveWithoutMonitor =
  (node: NodeFacts, world: Observations): StepsOf =>
  (facts, phase) => {
    if (!isLeftOut(world, facts.monitor.alias)) return [];
    const seen = hostIn(world, node.alias);
    const halts =
      seen !== null && !autoctlStopped(seen).holds && !acceptsWritesOnOld(facts, node).holds(world).holds;
    return [...(halts ? [haltAutoctl(node)(facts, phase)] : []), servePostgres(node)(facts, phase)];
  };

const servePostgres =
  (node: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'serve',
      phase,
      host: node,
      as: 'postgres',
      writes: 'resume',
      title: `Start ${facts.oldMajor} without pg_autoctl`,
      reason:
        'The monitor does not start, and pg_autoctl would give up without it. The application can write meanwhile; there is no failover, and a restart of the host does not bring PostgreSQL back.',
      guide: null,
      danger: 'changes',
      failureLogs: [
        { title: `${node.workDir}/serve.log`, script: sh`tail -n 30 ${word`${node.workDir}/serve.log`}` },
      ],
      script: script(sh`
        umask 077
        # before it runs: whoever finds a server without pg_autoctl must know why, or it is never handed back
        ${mark(node, servedMarker)}
        if ${runs(node)}; then echo "it runs already"; else
          # no standby is there that a commit could wait for
          ${pgCtl(
            node.oldBindir,
            node.data,
            option('--log', word`${node.workDir}/serve.log`),
            option('--options', quoted("-c synchronous_standby_names=''")),
            sh`start`,
          )} || { rm -f ${markOf(node)}; exit 1; }
        fi
      `),
      probe: (world) =>
        acceptsWritesOnOld(facts, node).holds(world).holds
          ? done('it accepts writes')
          : pending('it does not run'),
      before: [
        allStopped(node),
        dataIsBack(facts, node),
        onHost(node.alias, `${node.data} is no standby`, (seen) =>
          verdictOf(!(isDataDirectory(seen.data) && seen.data.standby), 'it is'),
        ),
      ],
      after: [acceptsWritesOnOld(facts, node)],
      settleSeconds: 60,
      undo: undoText(`pg_ctl stop on ${node.alias}`),
    });

export const handBack =
  (node: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'hand-back',
      phase,
      host: node,
      as: 'postgres',
      writes: 'stop',
      title: `Stop ${facts.oldMajor} for pg_autoctl`,
      reason: 'The monitor answers again. It was started without pg_autoctl; writes pause for some seconds.',
      guide: null,
      danger: 'changes',
      script: script(sh`
        if ${runs(node)}; then ${inBin(node.oldBindir, 'pg_ctl')} --pgdata ${node.data} --wait --timeout=3600 --mode=fast stop; fi
        rm -f ${markOf(node)}
      `),
      probe: (world) => {
        const seen = hostIn(world, node.alias);
        if (seen === null) return pending('not seen');
        return isServed(seen) ? pending('it runs without pg_autoctl') : done('it is pg_autoctl’s');
      },
      before: [monitorIsOld(facts)],
      after: [allStopped(node)],
      settleSeconds: 60,
      undo: undoText('start PostgreSQL again'),
    });
