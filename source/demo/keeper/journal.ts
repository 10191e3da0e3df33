import { appendFileSync } from 'node:fs';
import type { DemoHost } from '../cluster/host.ts';

/** A line of pg_autoctl's log, where journalctl's stand-in finds it. */
export const journal = (host: DemoHost, text: string): void => {
  appendFileSync(host.paths.journal, `${new Date().toISOString().slice(11, 19)} ${text}\n`);
};
