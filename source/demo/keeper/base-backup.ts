import { renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DemoHost } from '../cluster/host.ts';
import { baseBackup } from '../recorded/autoctl.ts';
import { pause, piecesOf } from '../recorded/replay.ts';
import { readControl, writeControl } from '../servers/control.ts';
import { copyCluster } from '../servers/directory.ts';
import type { Postmaster } from '../servers/postmaster.ts';
import { journal } from './journal.ts';

/** pg_basebackup into the backup directory, then renamed into place: the data directory that was there is deleted. */
export class BaseBackup {
  readonly #host: DemoHost;
  readonly #from: Postmaster;
  readonly #bin: string;
  #interrupted = false;

  constructor(host: DemoHost, from: Postmaster, bin: string) {
    this.#host = host;
    this.#from = from;
    this.#bin = bin;
  }

  interrupt(): void {
    this.#interrupted = true;
  }

  /** False where it was interrupted, or its source went away. */
  async take(): Promise<boolean> {
    const { data, backupDirectory } = this.#host.paths;
    const { stage, slower } = this.#host.cluster;
    this.#from.checkpoint();
    copyCluster(this.#from.options.data, backupDirectory);
    for (const { waitMs, text } of piecesOf(baseBackup)) {
      // The lab's backup is over in half a second: here there is time to see that it runs.
      await pause(waitMs * 2 * slower);
      if (this.#interrupted || !this.#from.running) return false;
      journal(this.#host.paths, this.#here(text));
      stage.baseBackup(this.#host.name, text.includes('starting background WAL receiver'));
    }
    rmSync(data, { recursive: true, force: true });
    renameSync(backupDirectory, data);
    const control = readControl(data);
    if (control !== null)
      writeControl(data, { ...control, state: 'in archive recovery', checkpoint: this.#from.lsn - 0x78n });
    return true;
  }

  /** The recording is of node_2, from node_1, on the lab. */
  #here(text: string): string {
    return text
      .replaceAll('BIN/', `${this.#bin}/`)
      .replaceAll('HOME/', `${dirname(this.#host.paths.data)}/`)
      .replaceAll('host=node1', `host=${this.#from.host.name}`)
      .replaceAll('standby_2', `standby_${this.#host.nodeId ?? 0}`)
      .replaceAll('backup/node_2', `backup/${this.#host.name}`);
  }
}
