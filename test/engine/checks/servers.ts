import type { ClusterFacts } from '../../../source/cluster/facts.ts';
import type { ScriptText } from '../../../source/cluster/fragment.ts';
import { fail, ok, type Problem, problem, type Result } from '../../../source/cluster/result.ts';
import type {
  Connect,
  JobEvents,
  JobOutcome,
  JobSpec,
  Output,
  RemoteHost,
} from '../../../source/remote/host.ts';
import { healthyLog } from '../../runbook/checks/healthy-host.ts';
import { labCluster } from '../../runbook/clusters.ts';
import { word } from '../../runbook/word.ts';
import { but, printed } from '../answers.ts';
import { FakeServers } from '../fake-servers.ts';
import { checkInspectionLines } from './inspection-lines.ts';

/** The lab's cluster with as many secondaries as one likes. */
export const withSecondaries = (count: number): ClusterFacts => {
  const facts = labCluster();
  const [primary, pattern] = facts.nodes;
  const [first, row] = facts.before;
  if (primary === undefined || pattern === undefined || first === undefined || row === undefined)
    throw new Error('no nodes');
  const number = Array.from({ length: count }, (_, index) => index + 2);
  return {
    ...facts,
    // As pg_auto_failover sets it by itself: one standby may be away.
    numberSyncStandbys: Math.min(facts.numberSyncStandbys, count - 1),
    nodes: [
      primary,
      ...number.map((id) => ({
        ...pattern,
        alias: word(`node_${id}`),
        nodeId: id,
        hostname: word(`node${id}`),
      })),
    ],
    before: [
      first,
      ...number.map((id) => ({ ...row, id, name: word(`node_${id}`), host: word(`node${id}`) })),
    ],
  };
};

/**
 * Hosts that answer a check as over a network: what is asked side by side is answered in one turn, once nobody asks anything more.
 * So turns tell how long it would take, however busy this machine is.
 */
export class CheckServers {
  readonly servers: FakeServers;
  turns = 0;
  readonly inspections = new Map<string, Readonly<Record<string, string | null>>>();
  readonly logs = new Map<string, string>();
  readonly outcomes = new Map<string, JobOutcome>();
  readonly noRoot = new Set<string>();
  readonly noPostgres = new Map<string, Problem>();
  readonly ran: { alias: string; script: string; as: string }[] = [];
  readonly jobs: JobSpec[] = [];
  open = 0;

  readonly #latencyMs: number | null;
  readonly #waiting: (() => void)[] = [];

  /** `latencyMs`: for a benchmark, which wants to see the time itself. */
  constructor(facts: ClusterFacts, latencyMs: number | null = null) {
    this.servers = new FakeServers(facts);
    this.#latencyMs = latencyMs;
  }

  #turn(): Promise<void> {
    const latencyMs = this.#latencyMs;
    return new Promise((resolve) => {
      if (latencyMs !== null) {
        setTimeout(resolve, latencyMs);
        return;
      }
      if (this.#waiting.push(resolve) > 1) return;
      setImmediate(() => {
        this.turns += 1;
        for (const answer of this.#waiting.splice(0)) answer();
      });
    });
  }

  readonly connect: Connect = async (address, options) => {
    await this.#turn();
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
        await this.#turn();
        return this.#answer(host, script, options);
      },
      job: async (spec, events) => {
        await this.#turn();
        return this.#job(host.alias, spec, events);
      },
      jobs: (run) => host.jobs(run),
      openStream: () => host.openStream({ kind: 'tcp', port: 1 }),
      onLine: (listener) => host.onLine(listener),
      close: async () => {
        this.open -= 1;
        await host.close();
      },
    };
  }

  async #answer(host: RemoteHost, script: ScriptText, options: { as: string }): Promise<Result<Output>> {
    const { alias } = host;
    this.ran.push({ alias, script, as: options.as });
    const said = (stdout: string): Result<Output> => ok({ code: 0, stdout, stderr: '' });
    const denied = this.noPostgres.get(alias);
    if (options.as !== 'root' && denied !== undefined) return fail(denied);
    if (options.as === 'root' && this.noRoot.has(alias))
      return fail(problem(`${alias}: dba may not become root without a password.`, 'allow it'));
    if (script === 'id -u') return said('0\n');
    if (script.includes('parent_writable'))
      return said(
        printed(but(checkInspectionLines(this.servers.of(alias)), this.inspections.get(alias) ?? {})),
      );
    return host.run(script, options);
  }

  #job(alias: string, spec: JobSpec, events: JobEvents): JobOutcome {
    this.jobs.push(spec);
    events.onBytes(Buffer.from(this.logs.get(alias) ?? healthyLog(this.servers.of(alias))), 0);
    return this.outcomes.get(alias) ?? { kind: 'exited', code: 0 };
  }
}
