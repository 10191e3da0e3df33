import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fail, messageOf, ok, problem, type Result } from '../cluster/result.ts';
import type { Probe } from '../runbook/step.ts';
import type { Direction } from './controller.ts';

/** One line of the journal. Times are ISO 8601. */
export type Entry =
  | {
      readonly kind: 'run';
      readonly cluster: string;
      readonly operator: string;
      readonly from: string;
      readonly to: string;
      readonly factsId: string;
    }
  | { readonly kind: 'facts'; readonly facts: unknown }
  | {
      readonly kind: 'confirmed';
      readonly step: string;
      readonly host: string;
      readonly as: string;
      readonly typed: string | null;
      readonly job: string;
      readonly script: string;
    }
  | {
      readonly kind: 'ended';
      readonly step: string;
      readonly job: string;
      readonly exitCode: number | null;
      readonly tookMs: number;
      readonly outputFrom: number;
      readonly outputTo: number;
    }
  | {
      readonly kind: 'done';
      readonly step: string;
      readonly by: 'run' | 'found' | 'hand';
      readonly probe: Probe;
      readonly verdict: string;
    }
  | {
      readonly kind: 'failed';
      readonly step: string;
      readonly what: string;
      readonly unmet: readonly string[];
      readonly probe: Probe | null;
    }
  | { readonly kind: 'skipped'; readonly step: string; readonly reason: string; readonly probe: Probe }
  | { readonly kind: 'left'; readonly running: string | null }
  | { readonly kind: 'turned'; readonly direction: Direction; readonly verdict: string }
  | { readonly kind: 'finished'; readonly direction: Direction };

/** Where runs are kept: the XDG state home. Source: XDG Base Directory Specification, 0.8. */
export const stateHome = (env: Readonly<Record<string, string | undefined>>): string =>
  join(
    env.XDG_STATE_HOME !== undefined && env.XDG_STATE_HOME !== ''
      ? env.XDG_STATE_HOME
      : join(homedir(), '.local/state'),
    'pgaf-upgrade',
  );

/** Where a cluster's runs are, a directory each. */
export const clusterDirectory = (home: string, cluster: string): string =>
  join(home, cluster.replaceAll('/', '_'));

/** A directory of one run, 0700, and its append-only journal, 0600, each line on the disk before the next thing happens. */
export class Journal {
  readonly directory: string;
  /** Null once closed: the number may already be another file's. */
  #descriptor: number | null;

  private constructor(directory: string, descriptor: number) {
    this.directory = directory;
    this.#descriptor = descriptor;
  }

  /** Makes the run's directory and opens its journal. Errors: the directory cannot be written. */
  static open(home: string, cluster: string, run: string): Result<Journal> {
    const directory = join(clusterDirectory(home, cluster), run);
    try {
      mkdirSync(join(directory, 'output'), { recursive: true, mode: 0o700 });
      return ok(new Journal(directory, openSync(join(directory, 'journal.ndjson'), 'a', 0o600)));
    } catch (thrown) {
      return fail(
        problem(
          `the journal cannot be kept in ${directory}`,
          'make room there, or set XDG_STATE_HOME to another directory',
          messageOf(thrown),
        ),
      );
    }
  }

  /** Appends one entry and waits until the disk has it. Errors: the disk is full or gone. */
  write(entry: Entry): Result<null> {
    if (this.#descriptor === null)
      return fail(problem(`the journal in ${this.directory} is closed`, 'start the console again'));
    try {
      writeSync(this.#descriptor, `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`);
      fsyncSync(this.#descriptor);
      return ok(null);
    } catch (thrown) {
      return fail(
        problem(
          `the journal in ${this.directory} cannot be written`,
          'make room there, then try the step again',
          messageOf(thrown),
        ),
      );
    }
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}
