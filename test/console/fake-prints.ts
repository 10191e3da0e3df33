import type { StepId } from '../../source/runbook/language/step.ts';

/** What the tools of a step print, as seen on the lab; shortened. Lines that end with a blank have no end yet. */

const checking = [
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
];

const upgrading = (files: 'Linking' | 'Copying'): readonly string[] => [
  ...checking,
  'Performing Upgrade',
  '------------------',
  'Setting locale and encoding for new cluster                   ok',
  'Analyzing all rows in the new cluster                         ok',
  'Restoring database schemas in the new cluster                 ',
  'ok',
  `${files} user relation files                                 `,
  'ok',
  'Upgrade Complete',
  '----------------',
];

const prints: readonly (readonly [RegExp, readonly string[]])[] = [
  [
    /\.initdb$/,
    [
      'The files belonging to this database system will be owned by user "postgres".',
      'creating subdirectories ... ok',
      'performing post-bootstrap initialization ... ok',
      'syncing data to disk ... ok',
    ],
  ],
  [/\.check$/, [...checking, '*Clusters are compatible*']],
  [/monitor\.pg-upgrade$/, upgrading('Copying')],
  [/\.pg-upgrade$/, upgrading('Linking')],
  [
    /\.(private|first|isolated)-start$/,
    [
      'waiting for server to start....',
      'LOG:  starting PostgreSQL 17.12 on x86_64-pc-linux-gnu',
      'LOG:  database system is ready to accept connections',
      ' done',
      'server started',
    ],
  ],
  [
    /\.analyze-1$/,
    [
      'vacuumdb: processing database "shop": Generating minimal optimizer statistics (1 target)',
      'vacuumdb: processing database "postgres": Generating minimal optimizer statistics (1 target)',
    ],
  ],
  [/\.hand-over$/, ['waiting for server to shut down.... done', 'server stopped']],
  [/\.analyze$/, ['vacuumdb: vacuuming database "shop"']],
  [
    /\.join$/,
    [
      'INFO  pg_basebackup: 120000/354211 kB (33%)',
      'INFO  pg_basebackup: 354211/354211 kB (100%)',
      'catchingup -> secondary',
    ],
  ],
];

/** What this step would print, in lines; nothing for most. */
export const printsOf = (id: StepId): readonly string[] => prints.find(([kind]) => kind.test(id))?.[1] ?? [];
