import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Processes, StandInProcess } from '../hosts/processes.ts';
import { type HostPaths, unit } from '../layout.ts';

/** What pg_autoctl does while its unit runs. */
export interface Runner {
  start(program: string): Promise<void>;
  /** Stops the server too, as pg_autoctl does. */
  stop(): Promise<void>;
  /** Stops without touching anything: the demo ends, not the service. */
  suspend(): void;
}

interface Loaded {
  readonly program: string;
  readonly killMode: string;
  readonly dropIns: readonly string[];
  /** A file that forbids starts while it is there; null: none does. */
  readonly hold: string | null;
}

/** The unit of pg_autoctl on one host, as systemd keeps it: files on the disk, and what was loaded of them. */
export class UnitService {
  readonly #paths: HostPaths;
  readonly #processes: Processes;
  readonly #runner: Runner;
  #loaded: Loaded;
  #process: StandInProcess | null = null;

  constructor(paths: HostPaths, processes: Processes, runner: Runner) {
    this.#paths = paths;
    this.#processes = processes;
    this.#runner = runner;
    this.#loaded = this.#load();
  }

  get active(): boolean {
    return this.#process !== null;
  }

  get enabled(): boolean {
    return existsSync(this.#paths.enabledLink);
  }

  reload(): void {
    this.#loaded = this.#load();
  }

  enable(): void {
    const { enabledLink, fragment } = this.#paths;
    mkdirSync(dirname(enabledLink), { recursive: true });
    if (!this.enabled) symlinkSync(fragment, enabledLink);
  }

  disable(): void {
    rmSync(this.#paths.enabledLink, { force: true });
  }

  async start(): Promise<void> {
    if (this.#process !== null || this.#isHeld()) return;
    const { pidFile } = this.#paths;
    const standing = this.#processes.start('pg_autoctl', {
      unit,
      program: this.#loaded.program,
      words: ['run', '--pgdata', this.#paths.data],
    });
    this.#process = standing;
    standing.onEnd(() => {
      if (this.#process === standing) void this.#ended();
    });
    mkdirSync(dirname(pidFile), { recursive: true });
    writeFileSync(pidFile, `${standing.pid}\n${this.#paths.data}\n`);
    this.#remember();
    await this.#runner.start(this.#loaded.program);
  }

  #isHeld(): boolean {
    const { hold } = this.#loaded;
    return hold !== null && existsSync(join(this.#paths.here, hold));
  }

  async stop(): Promise<void> {
    const standing = this.#process;
    if (standing === null) return;
    await this.#ended();
    standing.end();
  }

  /** Whether it ran when the demo ended the last time. */
  get wasActive(): boolean {
    return existsSync(this.#paths.kept);
  }

  /** The demo ends: what ran is to run again when it is taken up. */
  async suspend(): Promise<void> {
    const standing = this.#process;
    this.#process = null;
    this.#runner.suspend();
    standing?.end();
  }

  async #ended(): Promise<void> {
    this.#process = null;
    await this.#runner.stop();
    rmSync(this.#paths.pidFile, { force: true });
    this.#remember();
  }

  #remember(): void {
    const { kept } = this.#paths;
    if (this.#process === null) rmSync(kept, { force: true });
    else writeFileSync(kept, 'pg_autoctl runs\n');
  }

  /** `systemctl show`: the properties asked for, in an order of its own. */
  show(properties: readonly string[]): readonly string[] {
    const pid = this.#process?.pid ?? 0;
    const { program, killMode, dropIns } = this.#loaded;
    const values: Readonly<Record<string, string>> = {
      MainPID: String(pid),
      ExecStart: `{ path=${program} ; argv[]=${program} run ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=${pid} ; code=(null) ; status=0/0 }`,
      Environment: `PGDATA=${this.#paths.data}`,
      KillMode: killMode,
      LoadState: 'loaded',
      ActiveState: this.active ? 'active' : 'inactive',
      SubState: this.active ? 'running' : 'dead',
      // As the host itself would name it; the border leads there.
      FragmentPath: `/etc/systemd/system/${unit}`,
      DropInPaths: dropIns.join(' '),
      ActiveEnterTimestamp: '',
      UnitFileState: this.enabled ? 'enabled' : 'disabled',
    };
    return Object.entries(values)
      .filter(([name]) => properties.includes(name))
      .map(([name, value]) => `${name}=${value}`);
  }

  #load(): Loaded {
    const { fragment } = this.#paths;
    const text = existsSync(fragment) ? readFileSync(fragment, 'utf8') : '';
    const directory = `${fragment}.d`;
    const names = existsSync(directory)
      ? readdirSync(directory).filter((name) => name.endsWith('.conf'))
      : [];
    const all = [text, ...names.map((name) => readFileSync(join(directory, name), 'utf8'))].join('\n');
    return {
      program: /^ExecStart=(\S+)/m.exec(text)?.[1] ?? '',
      killMode: [...all.matchAll(/^KillMode=(\S+)/gm)].at(-1)?.[1] ?? 'control-group',
      hold: /^ConditionPathExists=!(\/\S+)/m.exec(all)?.[1]?.replace(this.#paths.here, '') ?? null,
      // As the host itself would name them: the product knows them by this path.
      dropIns: names.map((name) => `/etc/systemd/system/${unit}.d/${name}`),
    };
  }
}
