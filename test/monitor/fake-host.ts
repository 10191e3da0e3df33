import type { Duplex } from 'node:stream';
import { fail, ok, type Problem, problem, type Result } from '../../source/cluster/result.ts';
import type { JobOutcome, LineState, Output, RemoteHost, StreamTarget } from '../../source/remote/host.ts';
import { type Database, PostgresStream } from './postgres.ts';

/** A monitor's host without a network: a database behind openStream, a psql behind run. */
export class FakeHost implements RemoteHost {
  readonly alias = 'monitor';
  readonly address = { alias: 'monitor', host: 'monitor' };
  line: LineState = 'connected';
  trouble: Problem | null = null;
  readonly streams: PostgresStream[] = [];
  readonly targets: StreamTarget[] = [];
  readonly runs: { script: string; as: string; stdin?: string }[] = [];
  database: Database;
  psql: Output = { code: 0, stdout: '', stderr: '' };
  forwarding = true;
  readonly #listeners = new Set<(line: LineState) => void>();

  constructor(database: Database) {
    this.database = database;
  }

  async run(script: string, options: { as: string; stdin?: string }): Promise<Result<Output>> {
    this.runs.push({ script, ...options });
    return ok(this.psql);
  }

  async jobs(): Promise<Result<readonly never[]>> {
    return ok([]);
  }

  async job(): Promise<JobOutcome> {
    return { kind: 'unknown', problem: problem('no jobs here', '') };
  }

  async openStream(target: StreamTarget): Promise<Result<Duplex>> {
    this.targets.push(target);
    if (!this.forwarding || target.kind === 'unix') return fail(problem('no', '', 'open failed'));
    const stream = new PostgresStream(this.database);
    this.streams.push(stream);
    return ok(stream);
  }

  onLine(listener: (line: LineState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  become(line: LineState, trouble: Problem | null = null): void {
    this.line = line;
    this.trouble = trouble;
    if (line !== 'connected') for (const stream of this.streams.splice(0)) stream.destroy();
    for (const listener of [...this.#listeners]) listener(line);
  }

  async close(): Promise<void> {
    this.become('closed');
  }
}
