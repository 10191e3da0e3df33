import type { Duplex } from 'node:stream';
import type { Problem, Result } from '../cluster/result.ts';
import type { Login } from './become.ts';
import { debugEvent } from './debug-events.ts';
import type {
  HostAddress,
  JobEvents,
  JobOutcome,
  JobRecord,
  JobSpec,
  LineState,
  Output,
  RemoteHost,
  StreamTarget,
} from './host.ts';
import { followRemoteJob } from './job.ts';
import { listJobs } from './job-registry.ts';
import type { Line } from './line.ts';
import { type RunOptions, runScript } from './run.ts';
import { Sessions } from './sessions.ts';
import { openStream } from './stream.ts';

class KeptHost implements RemoteHost {
  readonly address: HostAddress;
  readonly #line: Line;
  readonly #login: Login;
  readonly #sessions: Sessions;

  constructor(address: HostAddress, line: Line, login: Login, more: () => Line) {
    this.address = address;
    this.#line = line;
    this.#sessions = new Sessions(address.alias, line, more);
    this.#login = login;
  }

  get alias(): string {
    return this.address.alias;
  }

  get line(): LineState {
    return this.#line.state;
  }

  get trouble(): Problem | null {
    return this.#line.trouble;
  }

  async run(script: string, options: RunOptions): Promise<Result<Output>> {
    const began = performance.now();
    const output = await runScript(this.#sessions, this.#login, script, options);
    debugEvent('ssh.run', {
      alias: this.alias,
      as: options.as,
      ms: Math.round(performance.now() - began),
      code: output.ok ? output.value.code : null,
      why: output.ok ? null : output.error.what,
    });
    return output;
  }

  async job(spec: JobSpec, events: JobEvents): Promise<JobOutcome> {
    const began = performance.now();
    const { id, as, script } = spec;
    debugEvent('job.begun', { alias: this.alias, id, as, kind: script === null ? 'attached' : 'started' });
    const outcome = await followRemoteJob(this.#sessions, this.#login, spec, events);
    debugEvent('job.ended', {
      alias: this.alias,
      id,
      ms: Math.round(performance.now() - began),
      code: outcome.kind === 'exited' ? outcome.code : null,
      why: outcome.kind === 'exited' ? null : outcome.problem.what,
    });
    return outcome;
  }

  jobs(run: string): Promise<Result<readonly JobRecord[]>> {
    return listJobs(this.#sessions, this.#login, run);
  }

  openStream(target: StreamTarget): Promise<Result<Duplex>> {
    debugEvent('ssh.stream', { alias: this.alias, to: target.kind === 'tcp' ? target.port : target.path });
    return openStream(this.#line, this.alias, target);
  }

  onLine(listener: (line: LineState) => void): () => void {
    return this.#line.onLine(listener);
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }
}

/** A host over its line: `more` makes one more line to it. */
export const keptHost = (address: HostAddress, line: Line, login: Login, more: () => Line): RemoteHost =>
  new KeptHost(address, line, login, more);
