import type { ClusterFacts, HostFacts } from '../../source/cluster/facts.ts';
import { hostsOf } from '../../source/cluster/facts.ts';
import { fail, ok, type Problem, problem, type Result } from '../../source/cluster/result.ts';
import type {
  Connect,
  HostAddress,
  JobEvents,
  JobOutcome,
  JobSpec,
  LineState,
  Output,
  RemoteHost,
} from '../../source/remote/host.ts';
import { Model } from '../runbook/model.ts';
import { discoveryLines, instanceLines, type Lines, lookLines, printed } from './answers.ts';
import { checksLines } from './checks/look-lines.ts';

export interface Job {
  readonly spec: JobSpec;
  readonly step: string;
  readonly attempt: number;
  readonly events: JobEvents;
  /** Says bytes of its output. */
  print(text: string): void;
}
type Runs = (job: Job) => JobOutcome | Promise<JobOutcome>;

const said = (stdout: string, code = 0, stderr = ''): Result<Output> => ok({ code, stdout, stderr });

/** A cluster's hosts without a network: looks are answered from a model, jobs change it. */
export class FakeServers {
  readonly model: Model;
  readonly facts: ClusterFacts;
  readonly hosts = new Map<string, FakeHost>();
  /** Every job asked for, in order; asked again for the same id means attached. */
  readonly jobs: { id: string; step: string; script: string; as: string; attached: boolean }[] = [];
  readonly looks: string[] = [];
  readonly fetched: string[] = [];
  readonly closed: string[] = [];
  /** What jobs do instead of succeeding; taken once for each start of the step. */
  readonly plans = new Map<string, Runs[]>();
  /** Replaces a host's answers; null: as usual. */
  discovery: (alias: string, lines: Lines) => string = (_, lines) => printed(lines);
  look: (alias: string, lines: Lines) => string = (_, lines) => printed(lines);
  monitorSays: Result<Output> | null = null;
  causes = 'ERROR: relation is missing\n';
  refuses: ((address: HostAddress) => Problem | null) | null = null;
  record: string | null = null;
  /** Hosts on which nothing can be run, and why. */
  readonly mute = new Map<string, Problem>();
  readonly asked: HostAddress[] = [];
  readonly #outcomes = new Map<string, Promise<JobOutcome>>();

  constructor(facts: ClusterFacts) {
    this.facts = facts;
    this.model = new Model(facts);
  }

  readonly connect: Connect = async (address) => {
    this.asked.push(address);
    const refusal = this.refuses?.(address) ?? null;
    if (refusal !== null) return fail(refusal);
    const host = new FakeHost(this, address);
    this.hosts.set(address.alias, host);
    return ok(host);
  };

  plan(step: string, ...runs: readonly Runs[]): void {
    this.plans.set(step, [...runs]);
  }

  of(alias: string): HostFacts {
    const host = hostsOf(this.facts).find((one) => one.alias === alias);
    if (host === undefined) throw new Error(`no host ${alias}`);
    return host;
  }

  answer(alias: string, script: string, stdin: string | undefined): Result<Output> {
    const facts = this.of(alias);
    const view = this.model.host(alias);
    if (script.includes('\nnew_bin=')) {
      const instances = instanceLines(1, facts, view, this.facts.formation);
      return said(this.discovery(alias, discoveryLines(facts, instances, this.record)));
    }
    if (script.includes('\nold_bin=')) {
      this.looks.push(alias);
      return said(
        this.look(alias, [...lookLines(view), ...(view.checks === null ? [] : checksLines(facts))]),
      );
    }
    if (script.includes('pgautofailover.node') || stdin?.includes('pgautofailover.node')) {
      if (this.monitorSays !== null) return this.monitorSays;
      return view.monitor === null
        ? said('', 2, 'psql: error: no such socket\n')
        : said(JSON.stringify(view.monitor));
    }
    this.fetched.push(script);
    return said(this.causes);
  }

  start(spec: JobSpec, events: JobEvents): Promise<JobOutcome> {
    const [, step = '', attempt = ''] = /\/(.+)\.(\d+)$/.exec(spec.id) ?? [];
    const known = this.#outcomes.get(spec.id);
    this.jobs.push({ id: spec.id, step, script: spec.script, as: spec.as, attached: known !== undefined });
    const plan = this.plans.get(step)?.shift();
    if (known !== undefined && plan === undefined) return known;
    let offset = 0;
    const job: Job = {
      spec,
      step,
      attempt: Number(attempt),
      events,
      print: (text) => {
        const chunk = Buffer.from(text);
        events.onBytes(chunk, offset);
        offset += chunk.length;
      },
    };
    const run = async (): Promise<JobOutcome> => {
      if (plan !== undefined) return plan(job);
      this.model.run(step);
      return { kind: 'exited', code: 0 };
    };
    const outcome = run();
    this.#outcomes.set(spec.id, outcome);
    return outcome;
  }
}

class FakeHost implements RemoteHost {
  readonly address: HostAddress;
  line: LineState = 'connected';
  readonly #servers: FakeServers;
  readonly #listeners = new Set<(line: LineState) => void>();
  readonly #waiting = new Set<(outcome: JobOutcome) => void>();

  constructor(servers: FakeServers, address: HostAddress) {
    this.#servers = servers;
    this.address = address;
  }

  get alias(): string {
    return this.address.alias;
  }

  async run(script: string, options: { as: string; stdin?: string }): Promise<Result<Output>> {
    if (this.line === 'closed') return fail(problem(`${this.alias} is closed`, ''));
    const mute = this.#servers.mute.get(this.alias);
    if (mute !== undefined) return fail(mute);
    if (this.#servers.model.unreachable.has(this.alias))
      return fail(problem(`${this.alias} is not reached`, 'wait'));
    return this.#servers.answer(this.alias, script, options.stdin);
  }

  /** A job on a line that is closed for good has an unknown end, as the real host says it. */
  job(spec: JobSpec, events: JobEvents): Promise<JobOutcome> {
    const closed = new Promise<JobOutcome>((resolve) => this.#waiting.add(resolve));
    return Promise.race([this.#servers.start(spec, events), closed]);
  }

  async openStream(): Promise<Result<never>> {
    return fail(problem('no stream here', '', 'forwarding is off'));
  }

  onLine(listener: (line: LineState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#servers.closed.push(this.alias);
    this.line = 'closed';
    for (const listener of this.#listeners) listener(this.line);
    for (const resolve of this.#waiting)
      resolve({
        kind: 'unknown',
        problem: problem(`the line to ${this.alias} was closed`, 'start the console again'),
      });
  }
}
