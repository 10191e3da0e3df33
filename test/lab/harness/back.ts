import { expect } from 'vitest';
import { type Lab, type LabHost, quote } from './lab.ts';
import { expectWriteReaches, recordTruth, settingsOf, settledWith, type Truth } from './truth.ts';

const rows = 1000;

/** Rows from before the window, which no rollback may lose. */
export const promise = (lab: Lab, primary: LabHost = 'node1'): Promise<string> =>
  lab.psql(
    primary,
    'app',
    `create table promises (id int primary key); insert into promises select generate_series(1, ${rows})`,
  );

const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);

/** What no rollback may leave where the next try would meet it: directories, marks, copies, staging. */
const leftovers = async (lab: Lab, host: LabHost): Promise<string> => {
  const data = quote(lab.settings.pgdata);
  return lab.pg(
    host,
    `ls -d ${data}_pg1[5-8]_bak ${data}_pg1[5-8]_new* ${data}/.pgaf-upgrade* ${data}/DO-NOT-START.txt 2>/dev/null
     find ~/backup -mindepth 2 2>/dev/null
     find ~/.config/pg_autoctl ~/.local/share/pg_autoctl -type f ! -name pg_autoctl.cfg ! -name pg_autoctl.state
     ls ~/pgaf-upgrade/@sockets 2>/dev/null
     cd ~/pgaf-upgrade${data}/@work 2>/dev/null && ls | grep -vE '^(saved|record)\\.[0-9TZ]+(\\.json)?$|^run\\.json$|^lock$|^pg_autoctl\\.log$'
     true`,
  );
};

/** A directory that shares its files with a cluster that runs: whoever tries to start it is refused, and told why. */
export const expectLockedAway = async (
  lab: Lab,
  host: LabHost,
  bin: string,
  directory: string,
  major: 15 | 17,
): Promise<void> => {
  const quoted = quote(directory);
  const tried = await lab.pg(
    host,
    `${bin}/pg_ctl -D ${quoted} -w -t 20 -l /tmp/tried.log -o '-p 6999' start && echo STARTED; cat ${quoted}/DO-NOT-START.txt`,
  );
  expect(tried).not.toContain('STARTED');
  expect(tried).toContain(`Do not start PostgreSQL ${major}`);
};

export interface BackOptions {
  /** Default node1. */
  readonly primary?: LabHost;
  /** The nodes kept their registration: not through a fallback copy. */
  readonly sameIds: boolean;
  /** Nothing was to be undone: what phase A prepared is there, for the next console to find. */
  readonly prepared?: boolean;
}

/** The cluster that was there: 15 everywhere, every row from before the window, names, priorities, quorum, settings. */
export const expectBack = async (lab: Lab, before: Truth, options: BackOptions): Promise<void> => {
  const { primary = 'node1', sameIds } = options;
  await settledWith(lab, primary);
  expect(await lab.psql(primary, 'app', 'select count(*), sum(id) from promises')).toContain(
    `${rows}|${(rows * (rows + 1)) / 2}`,
  );
  await lab.psql(primary, 'app', 'drop table promises');
  const after = await recordTruth(lab);
  const row = (node: Truth['nodes'][number]) => ({
    ...(sameIds ? { id: node.id } : {}),
    name: node.name,
    host: node.host,
    port: node.port,
    priority: node.priority,
    quorum: node.quorum,
    systemIdentifier: node.systemIdentifier,
  });
  expect(after.nodes.map(row).sort(byName)).toEqual(before.nodes.map(row).sort(byName));
  expect(after.numberSyncStandbys).toBe(before.numberSyncStandbys);
  expect(after.monitorExtension).toBe(before.monitorExtension);
  expect(after.primary).toBe(primary);
  expect(Object.values(after.replication)).toEqual(Object.values(before.replication));
  for (const host of lab.hosts) {
    const [was, is] = [before.hosts[host], after.hosts[host]];
    expect(is?.version, host).toBe(was?.version);
    for (const same of ['unit', 'enabled', 'active', 'dropIns', 'pgCtl', 'autoctl', 'ssl'] as const)
      expect([host, same, is?.[same]]).toEqual([host, same, was?.[same]]);
    expect(is?.controlIdentifier, host).toBe(was?.controlIdentifier);
    expect(is?.stateIdentifier, host).toBe(was?.stateIdentifier);
    expect(is?.settingErrors, host).toEqual([]);
    expect(is?.hbaErrors, host).toEqual([]);
    expect(is?.deleteScripts, host).toBe('');
    if (options.prepared !== true) expect(`${host}: ${await leftovers(lab, host)}`).toBe(`${host}: `);
  }
  // Through a fallback copy another node is primary, with the settings that its own files have.
  if (sameIds)
    expect(settingsOf(after.hosts[primary], false)).toEqual(settingsOf(before.hosts[primary], false));
  expect(after.databases).toEqual(before.databases);
  expect(after.roles).toEqual(before.roles);
  await expectWriteReaches(lab, primary);
};
