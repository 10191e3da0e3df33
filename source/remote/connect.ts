import type { Duplex } from 'node:stream';
import { fail, ok, type Problem, type Result } from '../cluster/result.ts';
import type { Login } from './become.ts';
import { chooseTransport } from './choose.ts';
import { debugEvent } from './debug-events.ts';
import { dial } from './dial.ts';
import type {
  Connect,
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
import { Line } from './line.ts';
import { dialOpenssh } from './openssh/dial-openssh.ts';
import { promptQueueOf } from './prompt-queue.ts';
import { type RunOptions, runScript } from './run.ts';
import { Sessions } from './sessions.ts';
import { resolveRoute } from './ssh-config.ts';
import { openStream } from './stream.ts';

class SshHost implements RemoteHost {
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

/**
 * Reaches a host by ~/.ssh/config, through its jump hosts, with every host key verified, and keeps the connection:
 * when it breaks it is dialed again until closed, or until a host key is refused. Each failure names the host and a remedy.
 */
export const connect: Connect = async (address, options) => {
  const route = await resolveRoute(address, options);
  if (!route.ok) return route;
  const target = route.value[route.value.length - 1] ?? route.value[0];
  const desk = promptQueueOf(options.ask);
  const choice = await chooseTransport(address, route.value, desk);
  if (!choice.ok) return choice;
  const { transport, because } = choice.value;
  if (because !== null) options.say?.(`${address.alias} is reached by this machine's ssh: ${because}`);
  debugEvent('ssh.transport', { alias: address.alias, transport, because });
  const newLine = (): Line =>
    new Line(address.alias, () =>
      transport === 'openssh' ? dialOpenssh(address, route.value, options, desk) : dial(route.value, desk),
    );
  const line = newLine();
  const opened = await line.open(options.evenIfSilent === true);
  if (!opened.ok) return fail(opened.error);
  return ok(
    new SshHost(address, line, { alias: address.alias, user: target.user, become: options.become }, newLine),
  );
};
