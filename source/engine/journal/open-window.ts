import type { Direction } from '../../runbook/runbooks.ts';
import type { Recorded } from './entry.ts';

/** A run that has begun to change the cluster and has not come to its end. */
export interface OpenWindow {
  /** When its first step was confirmed, as the journal has it. */
  readonly since: string;
  /** The command that goes on with it. */
  readonly command: 'run' | Exclude<Direction, 'upgrade'>;
}

const commandOf = (direction: Direction): OpenWindow['command'] =>
  direction === 'upgrade' ? 'run' : direction;

/** The window that a journal tells of; null: none is open. */
export const openWindow = (records: readonly Recorded[]): OpenWindow | null => {
  let open: OpenWindow | null = null;
  let command: OpenWindow['command'] = 'run';
  for (const record of records) {
    if (!('entry' in record)) continue;
    const { at, entry } = record;
    if (entry.kind === 'finished') open = null;
    if (entry.kind === 'turned') {
      // A rehearsal is a run of its own, and no window.
      if (entry.direction === 'rehearse') return null;
      command = commandOf(entry.direction);
    }
    if (entry.kind === 'confirmed') open ??= { since: at, command };
  }
  return open === null ? null : { ...open, command };
};
