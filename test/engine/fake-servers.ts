import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterFacts, HostFacts } from '../../source/cluster/facts.ts';
import { hostsOf } from '../../source/cluster/facts.ts';
import { fail, ok, type Problem, problem, type Result } from '../../source/cluster/result.ts';
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
} from '../../source/remote/host.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { Model } from '../runbook/model.ts';
import { runBack } from '../runbook/rollback-model.ts';
import {
  discoveryLines,
  inspectionLines,
  instanceLines,
  inventoryOutput,
  type Lines,
  printed,
} from './answers.ts';
import { checksLines } from './checks/inspection-lines.ts';

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
  readonly inspections: string[] = [];
  /** What is said of a rehearsal that was left, by host. Absent: nothing is left there. */
  readonly rehearsals = new Map<string, string>();
  readonly fetched: string[] = [];
  readonly closed: string[] = [];
  /** What jobs do instead of succeeding; taken once for each start of the step. */
  readonly plans = new Map<string, Runs[]>();
  /** Replaces a host's answers; null: as usual. */
  discovery: (alias: string, lines: Lines) => string = (_, lines) => printed(lines);
  look: (alias: string, lines: Lines) => string = (_, lines) => printed(lines);
  monitorSays: Result<Output> | null = null;
  /** The base backups that this host's server sends, as JSON. */
  senders: (alias: string) => string = () => '[]\n';
  /** Who is connected to this host's server, as JSON; and how many sessions were ended there. */
  clients: (alias: string) => string = () => '{"sessions":0,"groups":0,"listed":[]}\n';
  terminated: (alias: string) => Result<Output> = () => said('0\n');
  /** What `du` says of a directory that is kept, in kilobytes. */
  keptKilobytes = '42000';
  /** The answer to inventoryScript. */
  inventory: (alias: string, script: string) => string = (alias) =>
    inventoryOutput(this.of(alias), this.model.host(alias));
  causes = 'ERROR: relation is missing\n';
  /** The names of the formations on the monitor. */
  formations = 'default\n';
  refuses: ((address: HostAddress) => Problem | null) | null = null;
  record: string | null = null;
  /** Hosts on which nothing can be run, and why. */
  readonly mute = new Map<string, Problem>();
  readonly asked: HostAddress[] = [];
  /** The work directory on the monitor's host: its scripts are run by a real shell. */
  readonly work = mkdtempSync(join(tmpdir(), 'pgaf-work-'));
  /** What the hosts keep of jobs, by host. */
  readonly kept = new Map<
    string,
    { alias: string; record: JobRecord; log: string; followers: Set<JobEvents> }
  >();
  readonly #outcomes = new Map<string, Promise<JobOutcome>>();

  constructor(facts: ClusterFacts) {
    this.facts = facts;
    this.model = new Model(facts);
  }

  /** Hosts that are powered off. */
  readonly off = new Set<string>();

  readonly connect: Connect = async (address, options) => {
    this.asked.push(address);
    const refusal = this.refuses?.(address) ?? null;
    if (refusal !== null) return fail(refusal);
    if (this.off.has(address.alias) && options.evenIfSilent !== true)
      return fail(problem(`${address.alias} did not answer within 10 s.`, 'Is the host up?'));
    const host = new FakeHost(this, address);
    if (this.off.has(address.alias)) host.line = 'reconnecting';
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

  /** Called when the engine ends a job, with its name. */
  onEnd: (job: string) => void = () => undefined;

  /** The console that is connected now is killed: nothing of it reaches a host any more. */
  freeze(): void {
    for (const host of this.hosts.values()) host.frozen = true;
  }

  clear(): void {
    rmSync(this.work, { recursive: true, force: true });
  }

  /** What the lock's scripts have left: which run is under way. */
  #runFile(): string | null {
    const file = join(this.work, 'run.json');
    return existsSync(file) ? readFileSync(file, 'utf8') : null;
  }

  answer(alias: string, script: string, stdin: string | undefined): Result<Output> {
    if (script.includes('\nreport() {')) {
      const real = script.replaceAll(this.facts.monitor.workDir, this.work);
      const ran = spawnSync('sh', ['-s'], { input: real, encoding: 'utf8' });
      // A machine without room for one more process: there is no output then.
      if (ran.error !== undefined) return fail(problem(`sh: ${ran.error.message}`, 'Try again.'));
      return said(ran.stdout, ran.status ?? 1, ran.stderr);
    }
    const facts = this.of(alias);
    const view = this.model.host(alias);
    if (script.includes('\nsystems() {')) {
      const instances = instanceLines(1, facts, view, this.facts.formation);
      return said(
        this.discovery(
          alias,
          discoveryLines(facts, instances, this.record, alias === 'monitor' ? this.#runFile() : null),
        ),
      );
    }
    if (script.includes('\ndirectory() {')) {
      this.inspections.push(alias);
      return said(
        this.look(alias, [...inspectionLines(view), ...(view.checks === null ? [] : checksLines(facts))]),
      );
    }
    if (script.includes('pgautofailover.node') || stdin?.includes('pgautofailover.node')) {
      if (this.monitorSays !== null) return this.monitorSays;
      return view.monitor === null
        ? said('', 2, 'psql: error: no such socket\n')
        : said(JSON.stringify(view.monitor));
    }
    if (script.includes('from pgautofailover.formation')) return said(this.formations);
    if (script.includes('pg_stat_progress_basebackup')) return said(this.senders(alias));
    if (script.includes('pg_terminate_backend')) return this.terminated(alias);
    if (script.includes('grouped as (')) return said(this.clients(alias));
    if (script.includes('du -sk '))
      return said(`${this.keptKilobytes} 0\n`.repeat(script.split('du -sk ').length - 1));
    if (script.includes('pgaf-upgrade-rehearsal.') && script.includes('echo left\n'))
      return said(this.rehearsals.get(alias) ?? 'end\n');
    if (script.includes('counts() {')) return said(this.inventory(alias, script));
    this.fetched.push(script);
    return said(this.causes);
  }

  start(alias: string, spec: JobSpec, events: JobEvents): Promise<JobOutcome> {
    const [, step = '', attempt = ''] = /\/(.+)\.(\d+)$/.exec(spec.id) ?? [];
    const known = this.#outcomes.get(spec.id);
    this.jobs.push({
      id: spec.id,
      step,
      script: spec.script ?? '',
      as: spec.as,
      attached: known !== undefined,
    });
    const ends = /^mark=PGAF_UPGRADE_JOB=(.*)$/m.exec(spec.script ?? '')?.[1];
    if (ends !== undefined) {
      events.onBytes(Buffer.from('TERM to sleep (7)\nnothing of it is left\n'), 0);
      this.onEnd(ends);
      return Promise.resolve({ kind: 'exited', code: 0 });
    }
    const plan = this.plans.get(step)?.shift();
    const from = spec.fromOffset ?? 0;
    const existing = this.kept.get(spec.id);
    const record: JobRecord = {
      id: spec.id,
      state: 'running',
      code: null,
      restarted: false,
      startedAt: null,
      bytes: 0,
    };
    const kept = existing ?? { alias, record, log: '', followers: new Set<JobEvents>() };
    this.kept.set(spec.id, kept);
    kept.followers.add(events);
    const before = Buffer.from(kept.log).subarray(from);
    if (before.length > 0) events.onBytes(before, from);
    if (known !== undefined && plan === undefined) return known;
    const job: Job = {
      spec,
      step,
      attempt: Number(attempt),
      events,
      print: (text) => {
        const offset = Buffer.byteLength(kept.log);
        kept.log += text;
        for (const follower of kept.followers) follower.onBytes(Buffer.from(text), offset);
      },
    };
    // The run whose marks the scripts write: a record's own, whoever goes on with it.
    const marks = /^mark\(\) \{ printf 'run=%s\\nsystem=%s\\n' (\S+) /m.exec(spec.script ?? '')?.[1];
    if (marks !== undefined) this.model.runName = marks;
    const run = async (): Promise<JobOutcome> => {
      if (plan !== undefined) return plan(job);
      if (/^[R-V]\./.test(step)) this.#runBack(step);
      else this.model.run(step);
      return { kind: 'exited', code: 0 };
    };
    const outcome = run().then((end) => {
      if (end.kind === 'exited') kept.record = { ...kept.record, state: 'ended', code: end.code };
      else if (end.gone) kept.record = { ...kept.record, state: 'vanished' };
      return end;
    });
    this.#outcomes.set(spec.id, outcome);
    return outcome;
  }

  /** A step of the rollback, as it is made with the monitor or without. */
  #runBack(id: string): void {
    const world = this.model.world();
    const step = [world, { ...world, leftOut: ['monitor'] }]
      .flatMap((one) => rollbackRunbook(this.facts, one).steps)
      .find((one) => one.id === id);
    if (step === undefined) throw new Error(`no step ${id} of a rollback`);
    runBack(this.model, step);
  }

  recordsOf(alias: string, run: string): readonly JobRecord[] {
    return [...this.kept.values()]
      .filter((one) => one.alias === alias && one.record.id.startsWith(`${run}/`))
      .map((one) => one.record);
  }
}

class FakeHost implements RemoteHost {
  readonly address: HostAddress;
  line: LineState = 'connected';
  frozen = false;
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
    if (this.frozen) return new Promise(() => undefined);
    if (this.line === 'closed') return fail(problem(`${this.alias} is closed`, ''));
    if (this.line === 'reconnecting')
      return fail(problem(`The SSH connection to ${this.alias} was lost.`, ''));
    const mute = this.#servers.mute.get(this.alias);
    if (mute !== undefined) return fail(mute);
    if (this.#servers.model.unreachable.has(this.alias))
      return fail(problem(`${this.alias} is not reached`, 'wait'));
    return this.#servers.answer(this.alias, script, options.stdin);
  }

  /** A job on a line that is closed for good has an unknown end, as the real host says it. */
  job(spec: JobSpec, events: JobEvents): Promise<JobOutcome> {
    const closed = new Promise<JobOutcome>((resolve) => this.#waiting.add(resolve));
    const onBytes: JobEvents['onBytes'] = (chunk, offset) => {
      if (!this.frozen && this.line !== 'closed') events.onBytes(chunk, offset);
    };
    const outcome = this.#servers.start(this.alias, spec, { ...events, onBytes });
    return Promise.race([outcome, closed]).then((end) => (this.frozen ? new Promise(() => undefined) : end));
  }

  async jobs(run: string): Promise<Result<readonly JobRecord[]>> {
    return ok(this.#servers.recordsOf(this.alias, run));
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
