import { dirname } from 'node:path';
import type { NodeState } from '../../cluster/states.ts';
import type { DemoHost } from '../cluster/host.ts';
import type { Runner } from '../cluster/service.ts';
import { paceMs } from '../pace.ts';
import { readControl } from '../servers/control.ts';
import { majorOfBin } from '../servers/start.ts';
import { journal } from './journal.ts';
import { type KeptState, nodeStateOf, readState, writeState } from './keeper-state.ts';
import { readSetting } from './settings.ts';
import { Transitions } from './transitions.ts';

/** pg_autoctl on a node: once a second it tells the monitor where it stands, and does what it is told. */
export class Keeper implements Runner {
  readonly #host: DemoHost;
  readonly #transitions: Transitions;
  #running = false;
  #turn: Promise<void> = Promise.resolve();
  #complained = '';

  constructor(host: DemoHost) {
    this.#host = host;
    this.#transitions = new Transitions(host);
  }

  async start(): Promise<void> {
    this.#running = true;
    journal(this.#host.paths, 'INFO  pg_autoctl service is running');
    this.#turn = this.#loop();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#transitions.interrupt();
    await this.#turn;
    await this.#host.serverOn(this.#host.paths.data)?.stop();
  }

  suspend(): void {
    this.#running = false;
    this.#transitions.interrupt();
  }

  async #loop(): Promise<void> {
    while (this.#running) {
      const moved = await this.#once().catch((error: unknown) => {
        this.#complain(`ERROR ${error instanceof Error ? error.message : String(error)}`);
        return false;
      });
      if (!moved) await new Promise((resolve) => setTimeout(resolve, paceMs));
    }
  }

  #complain(text: string): void {
    if (text !== this.#complained) journal(this.#host.paths, text);
    this.#complained = text;
  }

  /** One report. True when the node has reached another state, which the monitor hears of at once. */
  async #once(): Promise<boolean> {
    const state = readState(this.#host.paths);
    if (state === null) return false;
    const { data } = this.#host.paths;
    const control = readControl(data);
    if (control !== null && control.systemIdentifier !== state.systemIdentifier) {
      this.#complain(
        `ERROR Unknown PostgreSQL system identifier: ${state.systemIdentifier}, expected ${control.systemIdentifier}`,
      );
      return false;
    }
    await this.#transitions.ensure(state.current);
    const server = this.#host.serverOn(data);
    const answer = await this.#host.cluster.monitor.nodeActive({
      nodeId: state.nodeId,
      state: state.current,
      running: server !== null,
      tli: server?.timeline ?? control?.timeline ?? 0,
      lsn: server?.lsnText ?? '0/0',
      syncState: server === null || server.inRecovery ? '' : server.standbys().length > 0 ? 'sync' : '',
      systemIdentifier: control?.systemIdentifier ?? state.systemIdentifier,
    });
    if ('error' in answer) {
      this.#complain(`WARN  Failed to contact the monitor: ${answer.error}`);
      return false;
    }
    this.#complained = '';
    const assigned = nodeStateOf(answer.assigned);
    if (assigned === state.current) return false;
    return this.#reach(state, assigned);
  }

  async #reach(state: KeptState, assigned: NodeState): Promise<boolean> {
    const major = majorOfBin(dirname(readSetting(this.#host.paths, 'pg_ctl')));
    journal(this.#host.paths, `INFO  FSM transition from "${state.current}" to "${assigned}"`);
    writeState(this.#host.paths, { ...state, assigned }, major);
    if (!(await this.#transitions.reach(state.current, assigned)) || !this.#running) return false;
    const control = readControl(this.#host.paths.data);
    writeState(
      this.#host.paths,
      {
        ...state,
        systemIdentifier: control?.systemIdentifier ?? state.systemIdentifier,
        assigned,
        current: assigned,
      },
      major,
    );
    journal(this.#host.paths, `INFO  Transition complete: current state is now "${assigned}"`);
    return true;
  }
}
