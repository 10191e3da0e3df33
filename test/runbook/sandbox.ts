import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ClusterFacts, Service } from '../../source/cluster/facts.ts';
import type { Observations } from '../../source/cluster/observations.ts';
import { workDirOf } from '../../source/cluster/work-directory.ts';
import { markFile, markOf } from '../../source/runbook/shell/ownership.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { recorded } from '../cluster/recorded.ts';
import { labCluster, newIdentifier, onEveryHost } from './clusters.ts';
import { word } from './word.ts';
import { stepOf, worldAt } from './worlds.ts';

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** A directory that plays a host: a cluster's directories, programs that only pretend, and a real shell. */
export class Sandbox {
  readonly root: string;
  readonly facts: ClusterFacts;

  /** With a unit its path is a plain one: in a unit file it stands unquoted. */
  constructor(base: ClusterFacts = labCluster(), service: Service = { kind: 'none' }) {
    this.root = mkdtempSync(join(tmpdir(), service.kind === 'none' ? "pgaf dba's " : 'pgaf-unit-'));
    const at = (path: string): string => join(this.root, path);
    this.facts = onEveryHost(base, ({ tablespaces, wal }) => ({
      pgdata: at('lib/data'),
      data: at('lib/data'),
      newData: at('lib/data_pg17_new'),
      backupData: at('lib/data_pg15_bak'),
      oldBindir: at('15/bin'),
      newBindir: at('17/bin'),
      oldAutoctl: at('15/bin/pg_autoctl'),
      newAutoctl: at('17/bin/pg_autoctl'),
      socketDirectory: at('run'),
      configFile: at('config/pg_autoctl.cfg'),
      stateFile: at('share/pg_autoctl.state'),
      pidFile: at('tmp/pg_autoctl.pid'),
      home: at('home'),
      workDir: workDirOf(word(at('home')), word(at('lib/data'))),
      service,
      tablespaces: tablespaces.map(at),
      wal: wal === null ? null : { now: at(wal.now), next: at(wal.next) },
    }));
    for (const directory of ['lib', 'run', 'home', 'tmp']) mkdirSync(at(directory), { recursive: true });
    mkdirSync(this.node.workDir, { recursive: true });
    // pg_control is the text that pg_controldata prints.
    for (const bin of [this.node.oldBindir, this.node.newBindir])
      this.program(join(bin, 'pg_controldata'), 'cat "$2/global/pg_control"');
  }

  /** What pg_upgrade's step keeps at its end: how both clusters stand. */
  keepFingerprints(old: string = this.node.data, fresh: string = this.node.newData): void {
    const { workDir } = this.node;
    this.write(join(workDir, 'fingerprint-old'), this.read(join(old, 'global/pg_control')));
    this.write(join(workDir, 'fingerprint'), this.read(join(fresh, 'global/pg_control')));
  }

  get node() {
    const [primary] = this.facts.nodes;
    if (primary === undefined) throw new Error('a sandbox has a primary');
    return primary;
  }

  /** An executable that does what the shell lines say. */
  program(path: string, ...lines: readonly string[]): void {
    this.write(path, ['#!/bin/sh', ...lines, ''].join('\n'));
    chmodSync(path, 0o755);
  }

  write(path: string, text: string | Uint8Array, mode = 0o600): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
  }

  /** A data directory as far as our scripts look into one. */
  cluster(directory: string, major: number, files: Readonly<Record<string, string>> = {}): void {
    this.write(join(directory, 'PG_VERSION'), `${major}\n`);
    this.write(join(directory, 'global/pg_control'), this.control(major));
    mkdirSync(join(directory, 'base/1'), { recursive: true });
    for (const [name, text] of Object.entries(files)) this.write(join(directory, name), text);
  }

  /** One that this run, or another, has made. */
  marked(
    directory: string,
    major: number,
    files: Readonly<Record<string, string>> = {},
    facts: ClusterFacts = this.facts,
  ): void {
    this.cluster(directory, major, { ...files, [markFile]: markOf(facts) });
  }

  /** What pg_controldata says of the old or the new cluster. */
  control(major: number, state = 'shut down'): string {
    const identifier = major === this.facts.oldMajor ? this.facts.systemIdentifier : newIdentifier;
    return recorded(
      major === this.facts.oldMajor
        ? 'postgresql-15.20/controldata-shut-down.txt'
        : 'postgresql-17.12/controldata-after-upgrade.txt',
    )
      .replace(/^(Database system identifier: +)\d+$/m, `$1${identifier}`)
      .replace(/^(Database cluster state: +).*$/m, `$1${state}`);
  }

  read(path: string): string {
    return readFileSync(path, 'utf8');
  }

  mode(path: string): string {
    return (statSync(path).mode & 0o777).toString(8);
  }

  has(path: string): boolean {
    return existsSync(path);
  }

  copy(from: string, to: string): void {
    cpSync(from, to, { recursive: true });
  }

  /** The script of a step, by a real shell, as remote/run.ts would have it run. */
  run(stepId: string, world: Observations = worldAt('prepared', this.facts)): Ran {
    const script = stepOf(upgradeRunbook(this.facts), stepId).script(world);
    if (script.kind !== 'ready') throw new Error(`${stepId} needs ${script.needs}`);
    return this.sh(script.text);
  }

  /** Programs of the host's own (systemctl, rsync) come before the machine's. */
  get environment(): NodeJS.ProcessEnv {
    return { PATH: `${join(this.root, 'bin')}:${process.env.PATH}`, HOME: this.node.home };
  }

  sh(text: string): Ran {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', 's=$(cat); exec </dev/null; cd; eval "$s"'], {
      input: text,
      encoding: 'utf8',
      timeout: 30_000,
      env: this.environment,
    });
    return { code: status, output: `${stdout}${stderr}` };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
