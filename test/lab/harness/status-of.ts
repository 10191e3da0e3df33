import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../../source/commands/read-config.ts';
import { connector } from '../../../source/discover/connector.ts';
import { connect } from '../../../source/remote/connect.ts';
import { readStatus, type Status } from '../../../source/usecases/status/status.ts';
import type { ConsoleHome } from './console-home.ts';

/** What `status` says on a machine that knows no journal. */
export const statusWithoutJournal = async (home: ConsoleHome): Promise<Status> => {
  const config = readConfig(home.args[0] ?? '');
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const ssh = {
    ...config.value.ssh,
    knownHostsFile: join(home.directory, 'home/.ssh/known_hosts'),
    agent: false,
  };
  const value = { ...config.value, ssh };
  const journals = await mkdtemp(join(tmpdir(), 'pgaf-no-journal-'));
  try {
    const open = connector(value, connect, () => Promise.resolve({ kind: 'no' }));
    const seen = await readStatus(value, open, () => undefined, journals);
    if (!seen.ok) throw new Error(JSON.stringify(seen.error));
    return seen.value;
  } finally {
    await rm(journals, { recursive: true, force: true });
  }
};
