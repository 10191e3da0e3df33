import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { outputOf, type Ran } from './output-of.ts';

const labScript = fileURLToPath(new URL('../../../fixtures/lab/lab', import.meta.url));

export interface LabOptions {
  /** Default 2. Chooses the snapshot (`pg15` or `pg15-1`) unless one is named. */
  readonly secondaries?: 1 | 2;
  readonly snapshot?: string;
  /** Of `lab help`: LAB, NET and BR for another lab, NEW_MINOR for another target. */
  readonly env?: Readonly<Record<string, string>>;
}

/** `monitor`, `node1`, `node2`, …: the hosts' names. The cluster knows the nodes as node_1, node_2, … */
export type LabHost = 'monitor' | `node${number}`;

export interface LabSettings {
  readonly secondaries: number;
  readonly pgdata: string;
  readonly unit: string;
  readonly port: number;
  readonly sshPort: number;
  readonly oldBin: string;
  readonly newBin: string;
  readonly units: boolean;
}

const rowsSchema = z.array(z.record(z.string(), z.unknown()));
const settingsSchema = z.object({
  SECONDARIES: z.coerce.number().int(),
  PGDATA: z.string(),
  UNIT: z.string(),
  PGPORT: z.coerce.number().int(),
  SSHPORT: z.coerce.number().int(),
  OLDBIN: z.string(),
  NEWBIN: z.string(),
  SYSTEMD_UNITS: z.enum(['0', '1']),
});

/** The name of the cluster's node on a host. */
export const nodeName = (host: LabHost): string => host.replace(/^node/, 'node_');

/** The host of one of the cluster's nodes; `node 1` is a name that people give, too. */
export const hostOf = (node: string): LabHost => {
  const number = Number(/^node[_ ](\d+)$/.exec(node)?.[1]);
  if (!Number.isInteger(number)) throw new Error(`${node} is not a node of the lab`);
  return `node${number}`;
};

/** A value inside single quotes for the shell. */
export const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A real cluster in containers on this machine: fixtures/lab/lab, from TypeScript. */
export class Lab {
  readonly snapshot: string;
  readonly #env: NodeJS.ProcessEnv;
  #settings: LabSettings | null = null;

  constructor(options: LabOptions = {}) {
    this.snapshot = options.snapshot ?? (options.secondaries === 1 ? 'pg15-1' : 'pg15');
    this.#env = { ...process.env, ...options.env };
  }

  /** Runs `lab` with these arguments; rejects unless it succeeds. */
  async run(args: readonly string[], stdin = ''): Promise<string> {
    const ran = await this.attempt(args, stdin);
    if (ran.code !== 0) {
      throw new Error(`lab ${args.join(' ')} ended with ${ran.code}\n${stdin}\n${ran.stderr}\n${ran.stdout}`);
    }
    return ran.stdout;
  }

  attempt(args: readonly string[], stdin = ''): Promise<Ran> {
    const child = spawn(labScript, args, { env: this.#env, stdio: 'pipe' });
    child.stdin.on('error', () => undefined); // a command that reads no stdin is no error
    child.stdin.end(stdin);
    return outputOf(child);
  }

  /** Back to the snapshot: node_1 primary, every secondary in place. Under 30 s. */
  async reset(): Promise<void> {
    await this.run(['reset', this.snapshot]);
    await this.#readSettings();
  }

  async #readSettings(): Promise<void> {
    const lines = (await this.run(['env'])).trim().split('\n');
    const entries = lines.map((line): [string, string] => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    });
    const read = settingsSchema.parse(Object.fromEntries(entries));
    this.#settings = {
      secondaries: read.SECONDARIES,
      pgdata: read.PGDATA,
      unit: read.UNIT,
      port: read.PGPORT,
      sshPort: read.SSHPORT,
      oldBin: read.OLDBIN,
      newBin: read.NEWBIN,
      units: read.SYSTEMD_UNITS === '1',
    };
  }

  get settings(): LabSettings {
    if (this.#settings === null) throw new Error('reset() or open() the lab first');
    return this.#settings;
  }

  /** For a cluster that is there already. */
  async open(): Promise<this> {
    await this.#readSettings();
    return this;
  }

  get nodes(): readonly LabHost[] {
    return Array.from({ length: this.settings.secondaries + 1 }, (_, index): LabHost => `node${index + 1}`);
  }

  get hosts(): readonly LabHost[] {
    return ['monitor', ...this.nodes];
  }

  address(host: LabHost): string {
    const net = this.#env.NET ?? '10.78.0';
    return `${net}.${host === 'monitor' ? 10 : 10 + Number(host.slice(4))}`;
  }

  /** A script as postgres. Not over the network: it works while the host's cable is cut. */
  pg(host: LabHost, script: string): Promise<string> {
    return this.run(['pg', host], script);
  }

  /** A script as root, likewise. */
  root(host: LabHost, script: string): Promise<string> {
    return this.run(['root', host], script);
  }

  /** One command over SSH as the user dba. */
  ssh(host: LabHost, command: string): Promise<string> {
    return this.run(['ssh', host, command]);
  }

  /** A query's rows, as JSON gives them: bigint and numeric may lose digits, so cast those to text. */
  async sql(host: LabHost, database: string, query: string): Promise<Record<string, unknown>[]> {
    const wrapped = `select coalesce(json_agg(row_to_json(answer)), '[]') from (${query}) answer`;
    return rowsSchema.parse(JSON.parse(await this.psql(host, database, wrapped)));
  }

  /** What psql prints for statements, unaligned and without headers. */
  psql(host: LabHost, database: string, statements: string): Promise<string> {
    const { port } = this.settings;
    // Not -d: a database may be called what a connection string looks like.
    return this.pg(
      host,
      `PGDATABASE=${quote(database)} psql -X -q -v ON_ERROR_STOP=1 -p ${port} -At <<'LAB_SQL'\n${statements}\n;\nLAB_SQL\n`,
    );
  }

  monitor(query: string): Promise<Record<string, unknown>[]> {
    return this.sql('monitor', 'pg_auto_failover', query);
  }

  /** Unplugs the host's network cable. */
  async cut(host: LabHost): Promise<void> {
    await this.run(['cut', host]);
  }

  async heal(host: LabHost): Promise<void> {
    await this.run(['heal', host]);
  }

  /** An orderly reboot; resolves when the host answers again. */
  async reboot(host: LabHost): Promise<void> {
    await this.run(['reboot', host]);
  }

  /** Power cut, then boot. */
  async crash(host: LabHost): Promise<void> {
    await this.run(['crash', host]);
  }

  /** Cuts its power, and leaves it off. */
  async off(host: LabHost): Promise<void> {
    await this.run(['off', host]);
  }

  /** Boots a host that is off; resolves when it answers again. */
  async on(host: LabHost): Promise<void> {
    await this.run(['on', host]);
  }

  /** Writes the console's configuration for this cluster. */
  async clusterYaml(path: string): Promise<void> {
    await writeFile(path, await this.run(['cluster-yaml']));
  }

  async knownHosts(path: string): Promise<void> {
    await writeFile(path, await this.run(['known-hosts']));
  }

  down(): Promise<string> {
    return this.run(['down']);
  }
}

/** A cluster fresh from its snapshot. */
export const openLab = async (options: LabOptions = {}): Promise<Lab> => {
  const lab = new Lab(options);
  await lab.reset();
  return lab;
};
