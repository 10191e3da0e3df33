import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { NodeState } from '../../cluster/states.ts';
import { isWritable } from '../../cluster/states.ts';
import type { DemoHost } from '../cluster/host.ts';
import { readControl } from '../servers/control.ts';
import type { Postmaster } from '../servers/postmaster.ts';
import { startServer } from '../servers/start.ts';
import { BaseBackup } from './base-backup.ts';
import { journal } from './journal.ts';
import { readSetting } from './settings.ts';

/** What pg_autoctl does to its server on the way to a state that it is assigned. */
export class Transitions {
  readonly #host: DemoHost;
  #backup: BaseBackup | null = null;

  constructor(host: DemoHost) {
    this.#host = host;
  }

  interrupt(): void {
    this.#backup?.interrupt();
  }

  /** In these states the server has to run: it is started where it does not. */
  async ensure(state: NodeState): Promise<void> {
    if (isWritable(state)) await this.#primary(state);
    else if (state === 'secondary' || state === 'catchingup') await this.#start();
    // pg_autoctl keeps what it expects of the server: one that ran, and was not shut down, runs again after a power cut.
    else if (state === 'maintenance' && this.#isCutOff()) await this.#start();
  }

  #isCutOff(): boolean {
    const control = readControl(this.#host.paths.data);
    return control !== null && !control.state.startsWith('shut down');
  }

  /** True once the state is reached. */
  async reach(from: NodeState, to: NodeState): Promise<boolean> {
    if (isWritable(to)) return this.#primary(to);
    switch (to) {
      case 'catchingup':
        return this.#follow();
      case 'secondary':
        return (await this.#start())?.inRecovery === true;
      case 'stop_replication':
        (await this.#start())?.promote();
        return true;
      case 'demote_timeout':
      case 'demoted':
      case 'dropped':
        await this.#host.serverOn(this.#host.paths.data)?.stop();
        return true;
      case 'report_lsn':
      case 'prepare_promotion':
      case 'maintenance':
      case 'wait_maintenance':
      case 'prepare_maintenance':
      case 'wait_standby':
      case 'draining':
        return from !== to;
      default:
        return false;
    }
  }

  async #start(): Promise<Postmaster | null> {
    const { data } = this.#host.paths;
    const running = this.#host.serverOn(data);
    if (running !== null) return running;
    const started = await startServer(this.#host, data, readSetting(this.#host.paths, 'pg_ctl'), {});
    if ('error' in started) {
      journal(this.#host.paths, `ERROR PostgreSQL did not start: ${started.error.split('\n')[0]}`);
      return null;
    }
    journal(this.#host.paths, `INFO  PostgreSQL ${started.version} is running, pid ${started.pid}`);
    return started;
  }

  async #primary(state: NodeState): Promise<boolean> {
    const server = await this.#start();
    if (server === null) return false;
    if (server.inRecovery) server.promote();
    server.synchronousStandbyNames = await this.#synchronous(state);
    return true;
  }

  /** As the monitor has it: the quorum's secondaries, and how many of them a commit waits for. */
  async #synchronous(state: NodeState): Promise<string> {
    if (state !== 'primary' && state !== 'apply_settings') return '';
    const answer = await this.#host.cluster.monitor.sql(
      `select n.nodeid, f.number_sync_standbys from pgautofailover.node n join pgautofailover.formation f using (formationid) where n.nodename <> '${this.#host.name}' and n.replicationquorum and n.reportedstate = 'secondary' and n.goalstate = 'secondary' order by n.nodeid`,
    );
    const rows = answer.ok ? (answer.results[0]?.rows ?? []) : [];
    if (rows.length === 0) return '';
    const names = rows.map(([id]) => `pgautofailover_standby_${id}`).join(', ');
    return `ANY ${Math.max(1, Number(rows[0]?.[1] ?? '1'))} (${names})`;
  }

  /** The host of the node that takes the writes. */
  async #writer(): Promise<DemoHost | null> {
    const answer = await this.#host.cluster.monitor.sql(
      `select nodehost from pgautofailover.node where nodename <> '${this.#host.name}' and goalstate in ('single', 'wait_primary', 'primary', 'join_primary', 'apply_settings') limit 1`,
    );
    const name = answer.ok ? answer.results[0]?.rows[0]?.[0] : undefined;
    return name == null ? null : this.#host.cluster.host(name);
  }

  /** A standby of the writer: with its own data where that is of the same system, else with a base backup. */
  async #follow(): Promise<boolean> {
    const writer = await this.#writer();
    const upstream = writer?.server ?? null;
    if (writer === null || upstream === null || upstream.inRecovery) return false;
    const { data } = this.#host.paths;
    const running = this.#host.serverOn(data);
    const mine = readControl(data);
    const same = mine !== null && mine.systemIdentifier === upstream.systemIdentifier;
    if (same && (running === null || running.inRecovery)) {
      journal(this.#host.paths, 'INFO  pg_rewind: no rewind required');
    } else {
      await running?.stop();
      if (mine !== null && !same)
        journal(this.#host.paths, 'ERROR pg_rewind failed: source and target are of different systems');
      this.#backup = new BaseBackup(this.#host, upstream, dirname(readSetting(this.#host.paths, 'pg_ctl')));
      const whole = await this.#backup.take();
      this.#backup = null;
      if (!whole) return false;
    }
    writeFileSync(join(data, 'standby.signal'), '');
    writeFileSync(
      join(data, 'postgresql-auto-failover-standby.conf'),
      `primary_conninfo = 'application_name=pgautofailover_standby host=${writer.name} port=5432 user=pgautofailover_replicator sslmode=require'\n`,
    );
    const server = this.#host.serverOn(data);
    if (server !== null) server.follows = writer.name;
    return (await this.#start()) !== null;
  }
}
