import { type ClusterFacts, hostsOf, isOnline } from '../../cluster/facts.ts';
import { toDoWords } from '../../cluster/to-do.ts';
import { partsSetAside } from '../../runbook/language/tablespace-names.ts';
import { type Block, file, type Inline, list, literal, type Prose, paragraph } from '../document.ts';
import type { RunOutcome } from './outcome.ts';
import { type StepNames, stepLabel } from './steps.ts';
import type { Story } from './story.ts';

/** Where the full records are, and what is left to do. */

export interface Places {
  readonly run: string;
  /** On the operator's machine. */
  readonly directory: string;
  /** The cluster's other runs there. */
  readonly others: readonly string[];
  /** What the terminals of its consoles on that machine showed, each a file. */
  readonly sessions: readonly string[];
}

/** So many stand in the report; a run that was gone on with more often has them in its directory. */
const mostSessions = 12;
const sessionRecords = (sessions: readonly string[]): readonly Prose[] =>
  sessions.length === 0
    ? []
    : [
        [
          'What the terminal showed, for ',
          literal('asciinema play FILE'),
          ': ',
          ...sessions
            .slice(-mostSessions)
            .flatMap((path, at): readonly Inline[] => [...(at === 0 ? [] : [', ']), file(path)]),
          ...(sessions.length > mostSessions ? [`, and ${sessions.length - mostSessions} before them`] : []),
        ],
      ];

const otherRuns = (others: readonly string[]): readonly Prose[] =>
  others.length === 0
    ? []
    : [
        `Other runs of this cluster on that machine, each with a report of its own (--run): ${others.join(', ')}`,
      ];

export const logBlocks = (
  { run, directory, others, sessions }: Places,
  facts: ClusterFacts | null,
): readonly Block[] => {
  const work = facts?.monitor.workDir ?? '~postgres/pgaf-upgrade';
  return [
    list(
      [
        'The journal and the full output of each step, on the operator’s machine: ',
        literal(`${directory}/journal.ndjson`),
        ', ',
        literal(`${directory}/output/`),
      ],
      ...sessionRecords(sessions),
      [
        'Each command as it ran, with its log and exit code, on each host, in the login’s home: ',
        literal(`.pgaf-upgrade/jobs/${run}/`),
      ],
      [
        'The record of how the cluster was, copies of what was edited, fingerprints, pg_upgrade’s logs, on each host: ',
        literal(work),
      ],
      ...otherRuns(others),
    ),
    paragraph(
      'Passwords and the secrets of connection strings are replaced by **** in the journal and here.',
    ),
  ];
};

const oldDirectories = (facts: ClusterFacts): readonly Inline[] =>
  hostsOf(facts).flatMap((host, index): readonly Inline[] => [
    index === 0 ? '' : ', ',
    literal(`${host.alias}:${host.backupData}`),
    ...partsSetAside(host, host.backupData).flatMap((part): readonly Inline[] => [' with ', literal(part)]),
  ]);

const passedOver = (story: Story, names: StepNames): readonly Prose[] => {
  const skipped = story.happenings.flatMap(({ entry }) =>
    entry.kind === 'skipped' && entry.reason !== '' ? [names.of(entry.step)] : [],
  );
  return skipped.map((step) => `Check what was skipped: ${stepLabel(step)}`);
};

/** What steps have left, so that nothing held up the opening: each with its command. */
const leftUndone = (story: Story): readonly Prose[] =>
  story.toDo.map((one) =>
    one.command === '' ? toDoWords(one) : [`${toDoWords(one)}: `, literal(one.command)],
  );

const keptNames = (story: Story, facts: ClusterFacts | null): readonly Inline[] => {
  const said = story.happenings
    .flatMap(({ entry }) => (entry.kind === 'finished' ? [entry.says] : []))
    .at(-1);
  const [, kept] = /; kept aside, until pgaf-upgrade cleanup: (.*)$/.exec(said ?? '') ?? [];
  return kept === undefined
    ? [
        'What the new version held is kept in directories named ',
        literal(`…_pg${facts?.newMajor ?? ''}_abandoned`),
        ' where there were any.',
      ]
    : ['Kept aside: ', literal(kept), '.'];
};

const steps = (
  outcome: RunOutcome,
  story: Story,
  names: StepNames,
  facts: ClusterFacts | null,
): readonly Prose[] => {
  switch (outcome.kind) {
    case 'finished':
      return [
        ...leftUndone(story),
        ...passedOver(story, names),
        'Take a new base backup now: backups of the old version, and WAL archived with them, cannot be restored into the new one.',
        ...(facts === null
          ? []
          : [
              [
                'The old clusters remain: ',
                ...oldDirectories(facts),
                '. Days later, when nobody wants to roll back any more: ',
                literal('pgaf-upgrade cleanup cluster.yaml'),
                '. With the last fallback copy gone, only a backup leads back.',
              ],
              ...(isOnline(facts)
                ? [
                    `Until that clean-up PostgreSQL ${facts.oldMajor} follows ${facts.newMajor} on the primary’s host, and the schema is frozen: nothing is created, altered or dropped. pgaf-upgrade status tells how far behind it is.`,
                  ]
                : []),
            ]),
        'Remove the sudo rule that was made for the window, if it was.',
      ];
    case 'rolled-back':
      return [
        ...leftUndone(story),
        ...passedOver(story, names),
        [
          ...keptNames(story, facts),
          ' What was written there on the new version can be taken from it by hand. Then: ',
          literal('pgaf-upgrade cleanup cluster.yaml'),
        ],
        'Take a base backup: node ids, timelines or copies may be new.',
      ];
    case 'rehearsed':
      return ['Nothing on the hosts: the copy is removed, and the cluster was only read.'];
    case 'cleaned-up':
      return [
        'Nothing on the hosts. Make sure that backups of the new version are there: nothing else leads back now.',
      ];
    case 'not-begun':
      return ['Everything: nothing was run.'];
    case 'failed':
    case 'left':
    case 'under-way':
      return [
        ...(story.direction === 'cleanup' ? [] : leftUndone(story)),
        [
          'The run is not finished: ',
          literal(`pgaf-upgrade ${story.direction === 'upgrade' ? 'run' : story.direction} cluster.yaml`),
          ' goes on from what the servers say; ',
          literal('pgaf-upgrade status cluster.yaml'),
          ' says where they stand now.',
        ],
        `What a rollback meant last: ${story.verdicts.at(-1)?.says ?? 'not recorded'}`,
      ];
  }
};

export const leftBlocks = (
  outcome: RunOutcome,
  story: Story,
  names: StepNames,
  facts: ClusterFacts | null,
): readonly Block[] => [list(...steps(outcome, story, names, facts))];
