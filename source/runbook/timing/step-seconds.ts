import type { ClusterFacts } from '../../cluster/facts.ts';
import { reportsItsStop } from '../../cluster/version.ts';
import type { Step, StepId } from '../language/step.ts';

/**
 * Seconds of steps whose time does not grow with the cluster: as they took on the lab, with the inspections before and
 * after, and half as much again for a network in between. For both directions: the expected time of a step, the sums of
 * an upgrade, and what a rollback would take. Measured: docs/checks.md; of a rollback docs/development/rollback-sweep.md.
 */
const usual: readonly (readonly [RegExp, number])[] = [
  [/\.maintenance$/, 0.8],
  [/\.sync-standbys(-0)?$/, 1],
  [/\.stop$/, 0.6],
  [/\.(un)?guard$/, 0.5],
  [/\.private-(start|stop)$/, 0.4],
  [/\.(link-key|link-rehearsal|own-files)$/, 0.4],
  [/\.stream$/, 0.6],
  [/\.(start|join)$/, 1],
  [/\.wal-(maintenance|stop|start|rejoin)$/, 1.5],
  // A rollback's alone: a node is registered anew and waits for its state, the copy's promotion for its checkpoint.
  [/\.(create|drop-nodes)$/, 2.5],
  [/\.promote$/, 1],
  [/\.switch(over|-back)$/, 15],
  [/\.keeper$/, 2],
  // Of the online method: its verification is tried before the stop.
  [/\.make-ready$/, 2],
  [/\.cut-(over|back)$/, 4],
  [/\.follow-back$/, 1],
  // Of Citus: its catalogs are copied, and the extension's objects made again.
  [/\.citus-(prepare|finish|repair)$/, 1],
  [/./, 0.25],
];

/** Seconds that a step usually takes; what grows with the cluster is counted apart (estimates.ts, engine/preview.ts). */
export const usualSeconds = (id: StepId): number => usual.find(([kind]) => kind.test(id))?.[1] ?? 1;

/**
 * Of a change of places of the online method: so long writes cannot be made within the step. 0.8 s on the lab, with 100 tables and with 5,000; what grows are the sequences, which are
 * read and compared. Measured: docs/online.md.
 */
export const pauseSecondsOf = (id: StepId, relations: number): number | null =>
  /\.cut-(over|back)$/.test(id) ? 1 + relations * 0.000_01 : null;

/**
 * A pg_autoctl that reports its stop tries so twice, 5 s apart, and the window has the monitor down then, forwards and back. The extension that the
 * facts tell is that of the pg_autoctl that runs before it. Source: pg_auto_failover, main branch at bc8c6ae0, service_keeper.c,
 * keeper_node_active_shutdown_loop.
 */
export const reportSeconds = 10;

/** How long a step waits for such reports; a stop of a node alone does. */
export const reportSecondsOf = (facts: ClusterFacts, { id, host }: Pick<Step, 'id' | 'host'>): number =>
  id.endsWith('.stop') && host !== facts.monitor.alias && reportsItsStop(facts.monitor.extensionVersion)
    ? reportSeconds
    : 0;
