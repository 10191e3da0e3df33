import type { StepView } from '../../source/engine/view/controller.ts';
import type { Danger, PhaseId } from '../../source/runbook/step.ts';

/** A step of the pretended runbook: what the screen shows, and what its script would print. */
export interface FakeStep extends Omit<StepView, 'status' | 'script' | 'scriptNeeds'> {
  readonly script: string;
  readonly prints: readonly string[];
}

interface Draft {
  readonly as?: string;
  readonly danger?: Danger;
  readonly guide?: string | null;
  readonly differs?: string;
  readonly reason?: string;
  readonly undo?: string;
  readonly optional?: boolean;
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  readonly prints?: readonly string[];
}

const data = '/var/lib/postgresql/data';
const bindir = '/usr/lib/postgresql/17/bin';
const nodes = ['node_1', 'node_2', 'node_3'];
const hosts = ['monitor', ...nodes];

const pgUpgrade = (mode: string): readonly string[] => [
  'Performing Consistency Checks',
  '-----------------------------',
  'Checking cluster versions                                     ok',
  'Checking database user is the install user                    ok',
  'Checking database connection settings                         ok',
  'Checking for prepared transactions                            ok',
  'Checking for contrib/isn with bigint-passing mismatch         ok',
  'Creating dump of global objects                               ok',
  'Creating dump of database schemas                             ',
  'ok',
  'Checking for presence of required libraries                   ok',
  'Performing Upgrade',
  '------------------',
  'Setting locale and encoding for new cluster                   ok',
  'Analyzing all rows in the new cluster                         ok',
  'Restoring database schemas in the new cluster                 ',
  'ok',
  `${mode === '--link' ? 'Linking' : 'Copying'} user relation files                                 `,
  'ok',
  'Upgrade Complete',
  '----------------',
];

const drafts = (): readonly FakeStep[] => {
  const steps: FakeStep[] = [];
  const add = (phase: PhaseId, host: string, title: string, script: string, draft: Draft = {}) => {
    const guide = draft.guide === undefined ? 'Step 1' : draft.guide;
    steps.push({
      id: `${phase}${steps.length + 1}-${host}`,
      phase,
      host,
      as: draft.as ?? 'postgres',
      title,
      reason: draft.reason ?? 'Later steps rely on it.',
      guide: draft.differs === undefined ? { step: guide } : { step: guide, differs: draft.differs },
      danger: draft.danger ?? 'changes',
      undo: draft.undo ?? 'Nothing to undo.',
      givesUp: null,
      notes: [],
      expectedMs: null,
      optional: draft.optional ?? false,
      before: draft.before ?? [],
      after: draft.after ?? [],
      script: `set -eu\n${script}\n`,
      prints: draft.prints ?? [],
    });
  };

  add(
    'A',
    'monitor',
    "Dump the monitor's database",
    'pg_dump --format custom --file "$RUN/monitor.dump" pg_auto_failover\nls -l "$RUN/monitor.dump"',
    {
      guide: null,
      reason: 'Its contents are the last resort when the monitor cannot be upgraded.',
      danger: 'reads',
      prints: ['-rw------- 1 postgres postgres 48211 monitor.dump'],
    },
  );
  for (const host of hosts) {
    add(
      'A',
      host,
      "Keep copies of pg_autoctl's files",
      `cp -a ~/.config/pg_autoctl${data}/pg_autoctl.cfg "$RUN/"\ncp -a ~/.local/share/pg_autoctl${data}/pg_autoctl.state "$RUN/"`,
      {
        guide: null,
        reason: 'Rollback puts them back byte for byte.',
        danger: 'reads',
      },
    );
  }
  add(
    'A',
    'node_1',
    'Create the directory of 17',
    `${bindir}/initdb -D /var/lib/postgresql/data_17 --locale=C.UTF-8 --encoding=UTF8 --wal-segsize=16`,
    {
      guide: 'Step 4',
      differs:
        'encoding, locale, checksums and WAL segment size are read from the old cluster, because pg_upgrade refuses any difference',
      undo: 'Remove /var/lib/postgresql/data_17.',
      prints: [
        'The files belonging to this database system will be owned by user "postgres".',
        'creating directory /var/lib/postgresql/data_17 ... ok',
        'creating subdirectories ... ok',
        'performing post-bootstrap initialization ... ok',
        'syncing data to disk ... ok',
      ],
    },
  );
  add(
    'A',
    'node_1',
    'Check the upgrade against the running server',
    `cd "$RUN"\n${bindir}/pg_upgrade --check --link --old-bindir /usr/lib/postgresql/15/bin --new-bindir ${bindir} --old-datadir ${data} --new-datadir /var/lib/postgresql/data_17`,
    {
      guide: 'Step 4',
      danger: 'reads',
      reason: 'Everything that can be found before the window must be found before it.',
      prints: [...pgUpgrade('--check').slice(0, 11), '*Clusters are compatible*'],
    },
  );
  add(
    'A',
    'monitor',
    "Create the monitor's directory of 17",
    `${bindir}/initdb -D /var/lib/postgresql/data_17 --locale=C.UTF-8`,
    { guide: 'Step 7' },
  );
  add(
    'A',
    'monitor',
    "Check the monitor's upgrade",
    `${bindir}/pg_upgrade --check --copy --new-options "-c shared_preload_libraries=pgautofailover -c max_worker_processes=0"`,
    {
      guide: 'Step 7',
      danger: 'reads',
      prints: [...pgUpgrade('--check').slice(0, 11), '*Clusters are compatible*'],
    },
  );
  add(
    'A',
    'node_1',
    'Check the carried configuration with 17',
    `${bindir}/postgres -D /var/lib/postgresql/data_17 -C max_connections`,
    { guide: 'Step 5', danger: 'reads', prints: ['200'] },
  );

  add(
    'B',
    'monitor',
    'Ask for no synchronous standby',
    'psql -d pg_auto_failover -c "SELECT pgautofailover.set_formation_number_sync_standbys(\'default\', 0)"',
    {
      reason:
        'With every secondary in maintenance the primary would keep waiting for one, and every write would hang.',
      guide: 'Step 1',
      differs: 'the command line refuses 0, so the SQL function is called',
      undo: 'Set it to 1 again.',
      prints: [
        ' set_formation_number_sync_standbys ',
        '------------------------------------',
        ' t',
        '(1 row)',
      ],
    },
  );
  for (const host of ['node_2', 'node_3']) {
    add('B', host, 'Enter maintenance', `pg_autoctl enable maintenance --pgdata ${data}`, {
      reason: 'A secondary in maintenance is never promoted, and goes on streaming.',
      guide: 'Step 1',
      differs: 'run on the secondary and without --name, which no release knows',
      before: ['every node reports what it was assigned'],
      after: [`${host} reports maintenance and is assigned maintenance`, 'the primary still streams to it'],
      undo: `pg_autoctl disable maintenance --pgdata ${data}`,
      prints: [
        '02:41:07 8121 INFO  Listening monitor notifications about state changes in formation "default" and group 0',
        'ERROR get_nodes: unexpected field',
        `${host} | secondary -> wait_maintenance`,
        `${host} | wait_maintenance -> maintenance`,
      ],
    });
  }
  add('B', 'node_1', 'See that no commit waits for a standby', 'psql -Atc "SHOW synchronous_standby_names"', {
    guide: null,
    danger: 'reads',
    after: ['synchronous_standby_names is empty'],
  });

  for (const host of hosts) {
    add(
      'C',
      host,
      'Stop Postgres by its own process only',
      'mkdir -p /run/systemd/system/pgautofailover.service.d\nprintf "[Service]\\nKillMode=mixed\\n" > /run/systemd/system/pgautofailover.service.d/pgaf-upgrade.conf\nsystemctl daemon-reload',
      {
        as: 'root',
        guide: 'Step 2',
        differs: 'without it systemd signals every process, and the secondaries miss the last transactions',
        undo: 'Remove the drop-in.',
      },
    );
    add('C', host, 'Keep 15 from starting at boot', 'systemctl disable pgautofailover', {
      as: 'root',
      guide: null,
      undo: 'systemctl enable pgautofailover',
    });
  }
  add(
    'C',
    'node_1',
    'Stop the primary: writes stop here',
    `systemctl stop pgautofailover\n/usr/lib/postgresql/15/bin/pg_controldata ${data} | grep "cluster state"`,
    {
      as: 'root',
      guide: 'Step 2',
      differs: 'the primary first, while the secondaries still stream: then each of them is a complete image',
      reason: 'The secondaries receive the shutdown checkpoint and are then equal to the primary.',
      before: ['every secondary is in maintenance', 'every secondary streams from the primary'],
      after: ['pg_controldata says: shut down', 'no process has the directory open'],
      undo: 'systemctl start pgautofailover',
      prints: ['Database cluster state:               shut down'],
    },
  );
  for (const host of ['node_2', 'node_3']) {
    add(
      'C',
      host,
      'Stop the secondary, proving its image',
      `systemctl stop pgautofailover\npg_controldata ${data} | grep -E "cluster state|checkpoint location"`,
      {
        as: 'root',
        guide: 'Step 2',
        after: ['shut down in recovery, at the same checkpoint as the primary'],
        undo: 'systemctl start pgautofailover',
        prints: [
          'Database cluster state:               shut down in recovery',
          'Latest checkpoint location:           0/5A0000D8',
        ],
      },
    );
  }
  add('C', 'monitor', 'Stop the monitor', 'systemctl stop pgautofailover', {
    as: 'root',
    guide: 'Step 3',
    undo: 'systemctl start pgautofailover',
  });

  add(
    'D',
    'node_1',
    'Upgrade the primary to 17, linking its files',
    `cd "$RUN"\n${bindir}/pg_upgrade --link --retain --jobs 4 \\\n  --old-bindir /usr/lib/postgresql/15/bin --new-bindir ${bindir} \\\n  --old-datadir ${data} --new-datadir /var/lib/postgresql/data_17`,
    {
      guide: 'Step 4',
      reason: 'Linking takes seconds whatever the size of the data.',
      before: ['the primary is shut down', 'port 50432 is free'],
      after: ['the new directory holds the databases of the old', 'the old pg_control is renamed'],
      undo: 'Rename pg_control.old to pg_control and remove the new directory: safe as long as 17 was never started.',
      prints: pgUpgrade('--link'),
    },
  );
  add(
    'D',
    'node_1',
    'Put delete_old_cluster.sh out of reach',
    'cat "$RUN/delete_old_cluster.sh"\nrm "$RUN/delete_old_cluster.sh"',
    {
      guide: 'Post-Upgrade Cleanup',
      differs: 'after the swap the script would delete the live cluster',
      prints: ['#!/bin/sh', '', `rm -rf '${data}'`],
    },
  );
  add(
    'D',
    'node_1',
    'Record the fingerprint of 17',
    'pg_controldata /var/lib/postgresql/data_17 > "$RUN/control.new"',
    { guide: null, danger: 'reads' },
  );
  add(
    'D',
    'node_1',
    'Swap the directories',
    `mv ${data} ${data}_pg15_bak\nmv /var/lib/postgresql/data_17 ${data}`,
    { guide: 'Step 5', undo: 'Rename both back.' },
  );
  add(
    'D',
    'node_1',
    'Carry the configuration',
    `cp -a ${data}_pg15_bak/*.conf ${data}_pg15_bak/server.* ${data}/`,
    { guide: 'Step 5', differs: 'pg_upgrade carries no configuration file at all' },
  );
  add(
    'D',
    'node_1',
    'Point pg_autoctl and its unit to 17',
    `pg_autoctl config set postgresql.pg_ctl ${bindir}/pg_ctl --pgdata ${data}`,
    { guide: 'Step 8' },
  );

  add(
    'E',
    'node_1',
    'Start 17 for the first time, privately',
    `${bindir}/pg_ctl -D ${data} -w -o "-c listen_addresses='' -c synchronous_standby_names='' -k $RUN" start`,
    {
      danger: 'point-of-no-return',
      guide: 'Step 6',
      differs: 'nobody can connect but this console',
      reason: 'In link mode the old directory shares its files with 17: the first start makes it useless.',
      before: ['the fingerprint of the new directory is unchanged: 17 was never started'],
      after: ['version() says 17.12', 'every database and table is there'],
      undo: "None on this host. The way back goes through node_2's or node_3's image.",
      prints: [
        'waiting for server to start....',
        'LOG:  starting PostgreSQL 17.12 on x86_64-pc-linux-gnu',
        'LOG:  database system is ready to accept connections',
        ' done',
        'server started',
      ],
    },
  );
  add(
    'E',
    'node_1',
    'Update the extensions',
    'test ! -e "$RUN/update_extensions.sql" || psql -h "$RUN" -f "$RUN/update_extensions.sql"',
    { guide: 'Step 6' },
  );
  add('E', 'node_1', 'First statistics', `${bindir}/vacuumdb -h "$RUN" --all --analyze-in-stages --jobs 4`, {
    guide: 'Step 6',
    prints: [
      'vacuumdb: processing database "shop": Generating minimal optimizer statistics (1 target)',
      'vacuumdb: processing database "postgres": Generating minimal optimizer statistics (1 target)',
    ],
  });
  add('E', 'node_1', 'Stop the private server', `${bindir}/pg_ctl -D ${data} -w stop`, {
    guide: null,
    prints: ['waiting for server to shut down.... done', 'server stopped'],
  });

  add(
    'F',
    'monitor',
    'Upgrade the monitor to 17, copying',
    `${bindir}/pg_upgrade --copy --retain --new-options "-c shared_preload_libraries=pgautofailover -c max_worker_processes=0"`,
    { guide: 'Step 7', prints: pgUpgrade('--copy') },
  );
  add(
    'F',
    'monitor',
    'Swap the directories',
    `mv ${data} ${data}_pg15_bak\nmv /var/lib/postgresql/data_17 ${data}`,
    { guide: 'Step 7', undo: 'Rename both back.' },
  );
  add(
    'F',
    'monitor',
    'Point the unit to 17',
    `sed -i s,/15/,/17/, /etc/systemd/system/pgautofailover.service\nsystemctl daemon-reload`,
    { as: 'root', guide: 'Step 8' },
  );
  add('F', 'monitor', 'Start the monitor', 'systemctl start pgautofailover', {
    as: 'root',
    guide: 'Step 9',
    after: ['the extension is at 2.2'],
  });
  add(
    'F',
    'monitor',
    'Tell the monitor the new system identifier',
    'psql -d pg_auto_failover -c "UPDATE pgautofailover.node SET sysidentifier = 7412345678901234567 WHERE formationid = \'default\' AND groupid = 0"',
    {
      guide: 'Step 10',
      differs: 'for the whole group at once: one node alone breaks a constraint',
      prints: ['UPDATE 3'],
    },
  );

  add(
    'G',
    'node_1',
    'Write the new identifier into the state file',
    'printf ... | dd of=pg_autoctl.state bs=1 seek=16 count=8 conv=notrunc',
    { guide: 'Step 10', differs: 'create postgres ends with FATAL and exit code 0' },
  );
  add('G', 'node_1', 'Start the primary: writes come back', 'systemctl start pgautofailover', {
    as: 'root',
    guide: 'Step 11',
    after: ['node_1 reports wait_primary', 'a write is accepted'],
  });
  add('G', 'node_1', 'Remaining statistics', `${bindir}/vacuumdb --all --analyze-only --jobs 4`, {
    guide: 'Post-Upgrade',
    prints: ['vacuumdb: vacuuming database "shop"'],
  });

  for (const host of ['node_2', 'node_3']) {
    add('H', host, 'Set the 15 directory aside', `mv ${data} ${data}_pg15_bak`, {
      guide: 'Step 12',
      danger: host === 'node_3' ? 'point-of-no-return' : 'changes',
      reason:
        host === 'node_3'
          ? 'This is the last complete image of 15: from here only a backup leads back.'
          : 'The base backup needs the place; the directory itself is kept.',
      undo: `mv ${data}_pg15_bak ${data}`,
    });
    add(
      'H',
      host,
      'Point pg_autoctl to 17 and the new identifier',
      `pg_autoctl config set postgresql.pg_ctl ${bindir}/pg_ctl --pgdata ${data}`,
      { guide: 'Step 12' },
    );
    add('H', host, 'Start the secondary', 'systemctl start pgautofailover', { as: 'root', guide: 'Step 12' });
    add(
      'H',
      host,
      'Leave maintenance: takes a base backup',
      `pg_autoctl disable maintenance --pgdata ${data}`,
      {
        guide: 'Step 12',
        differs: 'the guide never leaves maintenance',
        after: [`${host} reports secondary`],
        prints: [
          'INFO  pg_basebackup: 120000/354211 kB (33%)',
          'INFO  pg_basebackup: 354211/354211 kB (100%)',
          `${host} | catchingup -> secondary`,
        ],
      },
    );
  }
  add(
    'I',
    'monitor',
    'Ask for one synchronous standby again',
    'psql -d pg_auto_failover -c "SELECT pgautofailover.set_formation_number_sync_standbys(\'default\', 1)"',
    { guide: null },
  );
  for (const host of hosts) {
    add(
      'I',
      host,
      'Start at boot again, without the drop-in',
      'systemctl enable pgautofailover\nrm -r /run/systemd/system/pgautofailover.service.d\nsystemctl daemon-reload',
      { as: 'root', guide: null },
    );
  }
  add('I', 'monitor', 'Verify the whole cluster', 'pg_autoctl show state', {
    guide: 'Step 13',
    danger: 'reads',
    after: ['every node reports what it was assigned', '17 everywhere, one system identifier'],
  });
  add('I', 'monitor', 'Rehearse a switchover and back', 'pg_autoctl perform switchover', {
    guide: null,
    optional: true,
  });
  return steps;
};

/** The steps of a cluster of monitor, node_1 (primary), node_2 and node_3. */
export const fakeSteps = (): readonly FakeStep[] => drafts();
