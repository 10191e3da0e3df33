import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { parseConfig } from '../../source/cluster/config.ts';
import type { ClusterFacts } from '../../source/cluster/facts.ts';
import { connector } from '../../source/discover/connector.ts';
import { Engine } from '../../source/engine/run/engine.ts';
import type { EngineOptions } from '../../source/engine/run/engine-options.ts';
import type { EngineView, Stage } from '../../source/engine/view/controller.ts';
import { readStatus } from '../../source/usecases/status/status.ts';
import { good } from '../cluster/recorded.ts';
import { labCluster } from '../runbook/clusters.ts';
import { FakeServers } from './fake-servers.ts';

export const labConfig = (more = '') =>
  good(
    parseConfig(
      `name: lab\nmonitor: { host: monitor.example }\ntarget: { bindir: /opt/vmware/postgres/17/bin }\n${more}`,
      'cluster.yaml',
    ),
  );

/** Takes the windows of a test file, by default one that is opened on the lab's cluster; each is closed behind its test. */
export const closedBehindTests = (): ((window?: Window) => Window) => {
  const taken: Window[] = [];
  afterEach(async () => {
    for (const one of taken.splice(0)) await one.close();
  });
  return (window = new Window().open()) => {
    taken.push(window);
    return window;
  };
};

/** One console at work: an engine over fake servers, its journal in a directory of its own. */
export class Window {
  readonly home = mkdtempSync(join(tmpdir(), 'pgaf-engine-'));
  readonly servers: FakeServers;
  engine: Engine;
  done: Promise<void> = Promise.resolve();

  constructor(facts: ClusterFacts = labCluster(), config: string = '') {
    this.servers = new FakeServers(facts);
    this.engine = this.console({ config });
  }

  console({
    config = '',
    ...seat
  }: Partial<Omit<EngineOptions, 'config'>> & { config?: string } = {}): Engine {
    return new Engine({
      config: labConfig(config),
      connect: this.servers.connect,
      stateHome: this.home,
      operator: 'tess@bastion',
      alive: () => false,
      // These tests change the servers between two decisions that are no second apart.
      freshMs: 0,
      ...seat,
    });
  }

  /** A new console, as after a lost laptop; or at another seat. */
  again(config: string = '', seat: Partial<Omit<EngineOptions, 'config'>> = {}): this {
    this.engine = this.console({ ...seat, config });
    return this;
  }

  /** kill -9: nothing of the console reaches anybody any more, and nothing of it was put in order. */
  kill(): this {
    this.servers.freeze();
    if (this.statusOf('B.monitor.sync-standbys-0') === 'done')
      this.servers.record = JSON.stringify({ ...this.servers.facts, run: this.servers.model.runName });
    return this;
  }

  /** Nothing was heard of the lock's holder for so long. */
  silentFor(seconds: number): void {
    const at = Date.now() / 1000 - seconds;
    utimesSync(join(this.servers.work, 'lock/beat'), at, at);
  }

  open(): this {
    this.done = this.engine.start();
    return this;
  }

  get view(): EngineView {
    return this.engine.view;
  }

  /** The view as soon as it is so; what stands in the way is in the failure. */
  async until(what: string, holds: (view: EngineView) => boolean): Promise<EngineView> {
    if (holds(this.view)) return this.view;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        forget();
        reject(new Error(`${what} never came: ${JSON.stringify(this.view.stage).slice(0, 2000)}`));
      }, 20_000);
      const forget = this.engine.onChange((view) => {
        if (!holds(view)) return;
        clearTimeout(timer);
        forget();
        resolve(view);
      });
    });
  }

  async stage<Kind extends Stage['kind']>(kind: Kind): Promise<Extract<Stage, { kind: Kind }>> {
    const of = (stage: Stage): stage is Extract<Stage, { kind: Kind }> => stage.kind === kind;
    const view = await this.until(`the stage ${kind}`, ({ stage }) => of(stage));
    if (!of(view.stage)) throw new Error(`not ${kind}`);
    return view.stage;
  }

  /** The engine waits for this step's confirmation. */
  async next(step: string): Promise<void> {
    await this.until(`the turn of ${step}`, ({ stage }) => stage.kind === 'confirm' && stage.step === step);
  }

  /** Confirms one step after the other until this one is up. */
  async goTo(step: string): Promise<void> {
    for (;;) {
      const view = await this.until(
        'a confirmation',
        ({ stage }) => stage.kind !== 'connecting' && stage.kind !== 'running',
      );
      if (view.stage.kind === 'confirm' && view.stage.step === step) return;
      if (view.stage.kind !== 'confirm')
        throw new Error(`it stopped on the way to ${step}: ${JSON.stringify(view.stage)}`);
      const { step: now } = view.stage;
      const host = view.steps.find((one) => one.id === now)?.host ?? '';
      const given = this.engine.confirm(now, host);
      if ('refused' in given) throw new Error(`${now} was refused: ${given.refused}`);
      await this.until('the next stage', ({ stage }) => stage.kind !== 'confirm' || stage.step !== now);
    }
  }

  statusOf(step: string): string {
    return this.view.steps.find((one) => one.id === step)?.status.kind ?? 'no such step';
  }

  get runDirectories(): readonly string[] {
    const cluster = join(this.home, 'lab');
    return existsSync(cluster) ? readdirSync(cluster).map((name) => join(cluster, name)) : [];
  }

  get journalText(): string {
    return this.runDirectories.map((path) => readFileSync(join(path, 'journal.ndjson'), 'utf8')).join('');
  }

  get journal(): readonly Readonly<Record<string, unknown>>[] {
    return this.journalText
      .trimEnd()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
  }

  async close(): Promise<void> {
    await this.engine.close();
    await this.done;
    this.servers.clear();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** What `status` says of the servers of a window, asked from where its console runs, or at another seat. */
export const askedStatus = async (night: Window, home = night.home) =>
  good(
    await readStatus(
      labConfig(),
      connector(labConfig(), night.servers.connect, async () => ({ kind: 'no' })),
      () => undefined,
      home,
    ),
  );
