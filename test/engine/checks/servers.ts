import { type ClusterFacts, hostsOf, isNode } from '../../../source/cluster/facts.ts';
import { fail, ok, type Problem, problem, type Result } from '../../../source/cluster/result.ts';
import type {
  Connect,
  JobEvents,
  JobOutcome,
  JobSpec,
  Output,
  RemoteHost,
} from '../../../source/remote/host.ts';
import { healthyLog } from '../../runbook/checks/healthy.ts';
import { but, type Lines, printed } from '../answers.ts';
import { FakeServers } from '../fake-servers.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const text = (key: string, value: string): readonly [string, string] => [key, base64(value)];

/** The answer to checkLookScript of a host that nothing stands against. */
const lookLines = (facts: ClusterFacts, alias: string): Lines => {
  const host = hostsOf(facts).find((one) => one.alias === alias);
  if (host === undefined) throw new Error(`no host ${alias}`);
  const place = (key: string, path: string): Lines => [
    [key, path],
    [`${key}.device`, '42'],
    [`${key}.mount`, '/'],
    [`${key}.free`, String(50 * 1024 ** 2)],
  ];
  return [
    text('tools', ''),
    text(
      'autoctl',
      'pg_autoctl version 2.2-2\ncompiled with PostgreSQL 17.12\ncompatible with Postgres 13, 14, 15, 16, and 17\n',
    ),
    ['sharedir', '/usr/share/postgresql/17'],
    text('extensions', 'plpgsql\npg_stat_statements\npgautofailover\n'),
    ...place('data', host.data),
    ...place('parent', '/var/lib/pgsql'),
    ...place('wal', `${host.data}/pg_wal`),
    ['parent_writable', 'yes'],
    ['wal_bytes', '65536'],
    ['new', 'absent'],
    ['rate', '100M'],
    text('backup_age', '3600\n'),
    text('link', '1000\n'),
    text(
      'server',
      JSON.stringify({
        version: '15.20',
        inRecovery: isNode(host) && host.role === 'secondary',
        settings: {
          archive_mode: 'off',
          wal_keep_size: '512',
          max_slot_wal_keep_size: '-1',
          shared_preload_libraries: '',
        },
        removed: [],
        removedForRoles: [],
        prepared: [],
        slots: [],
        longTransactions: [],
        senders: [],
        workers: [],
        tablespaces: [],
      }),
    ),
    text(
      'databases',
      `${JSON.stringify({ name: 'app', bytes: 3e8, catalogBytes: 9e6, relations: 2400, largeObjects: 0, unlogged: 0, unloggedNames: [], extensions: [] })}\n`,
    ),
    ['end', 'yes'],
  ];
};

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Hosts that answer a check, each command after a while, as over a network: nothing in it costs this machine anything. */
export class CheckServers {
  readonly servers: FakeServers;
  readonly latencyMs: number;
  /** What the rehearsal on a host takes and prints. */
  jobMs = 0;
  readonly looks = new Map<string, Readonly<Record<string, string | null>>>();
  readonly logs = new Map<string, string>();
  readonly outcomes = new Map<string, JobOutcome>();
  readonly noRoot = new Set<string>();
  readonly noPostgres = new Map<string, Problem>();
  readonly ran: { alias: string; script: string; as: string }[] = [];
  readonly jobs: JobSpec[] = [];
  open = 0;

  constructor(facts: ClusterFacts, latencyMs = 0) {
    this.servers = new FakeServers(facts);
    this.latencyMs = latencyMs;
  }

  readonly connect: Connect = async (address, options) => {
    await wait(this.latencyMs);
    const opened = await this.servers.connect(address, options);
    if (!opened.ok) return opened;
    this.open += 1;
    return ok(this.#slow(opened.value));
  };

  #slow(host: RemoteHost): RemoteHost {
    return {
      alias: host.alias,
      address: host.address,
      line: 'connected',
      run: async (script, options) => {
        await wait(this.latencyMs);
        return this.#answer(host, script, options);
      },
      job: async (spec, events) => {
        await wait(this.latencyMs + this.jobMs);
        return this.#job(host.alias, spec, events);
      },
      openStream: () => host.openStream({ kind: 'tcp', port: 1 }),
      onLine: (listener) => host.onLine(listener),
      close: async () => {
        this.open -= 1;
        await host.close();
      },
    };
  }

  async #answer(host: RemoteHost, script: string, options: { as: string }): Promise<Result<Output>> {
    const { alias } = host;
    this.ran.push({ alias, script, as: options.as });
    const said = (stdout: string): Result<Output> => ok({ code: 0, stdout, stderr: '' });
    const denied = this.noPostgres.get(alias);
    if (options.as !== 'root' && denied !== undefined) return fail(denied);
    if (options.as === 'root' && this.noRoot.has(alias))
      return fail(problem(`${alias}: dba may not become root without a password.`, 'allow it'));
    if (script === 'id -u') return said('0\n');
    if (script.includes('parent_writable'))
      return said(printed(but(lookLines(this.servers.facts, alias), this.looks.get(alias) ?? {})));
    return host.run(script, options);
  }

  #job(alias: string, spec: JobSpec, events: JobEvents): JobOutcome {
    this.jobs.push(spec);
    events.onBytes(Buffer.from(this.logs.get(alias) ?? healthyLog(this.servers.of(alias))), 0);
    return this.outcomes.get(alias) ?? { kind: 'exited', code: 0 };
  }
}
