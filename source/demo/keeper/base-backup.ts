import { renameSync, rmSync } from 'node:fs';
import type { DemoHost } from '../cluster/host.ts';
import { baseBackup } from '../recorded.ts';
import { readControl, writeControl } from '../servers/control.ts';
import { copyCluster } from '../servers/directory.ts';
import type { Postmaster } from '../servers/postmaster.ts';
import { journal } from './journal.ts';

/** pg_basebackup into the backup directory, then renamed into place: the data directory that was there is deleted. */
export class BaseBackup {
  readonly #host: DemoHost;
  readonly #from: Postmaster;
  #interrupted = false;

  constructor(host: DemoHost, from: Postmaster) {
    this.#host = host;
    this.#from = from;
  }

  interrupt(): void {
    this.#interrupted = true;
  }

  /** False where it was interrupted, or its source went away. */
  async take(): Promise<boolean> {
    const { data, backupDirectory } = this.#host.paths;
    journal(this.#host, `INFO  pg_basebackup: base backup from ${this.#from.host.name}`);
    this.#from.checkpoint();
    copyCluster(this.#from.options.data, backupDirectory);
    for (let percent = 0; percent <= 100; percent += baseBackup.percent) {
      const done = Math.round((baseBackup.kilobytes * percent) / 100);
      journal(
        this.#host,
        `INFO  ${String(done).padStart(6)}/${baseBackup.kilobytes} kB (${percent}%), ${percent === 100 ? 1 : 0}/1 tablespace`,
      );
      this.#host.cluster.stage.baseBackup(this.#host.name, percent);
      await new Promise((resolve) => setTimeout(resolve, baseBackup.eachMs));
      if (this.#interrupted || !this.#from.running) return false;
    }
    rmSync(data, { recursive: true, force: true });
    renameSync(backupDirectory, data);
    const control = readControl(data);
    if (control !== null)
      writeControl(data, { ...control, state: 'in archive recovery', checkpoint: this.#from.lsn - 0x78n });
    return true;
  }
}
