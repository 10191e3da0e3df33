import { took } from '../../cluster/amounts.ts';
import { localTime } from '../../cluster/times.ts';
import {
  type Block,
  heading,
  type Inline,
  list,
  literal,
  type Prose,
  paragraph,
  strong,
} from '../document.ts';
import { leftBlocks } from './ends.ts';
import { failureBlocks, skippedBlocks, warningItems } from './people.ts';
import { approved, type ReadRun, type Report, type ReportGround, readRunOf } from './report.ts';
import { stepLabel } from './steps.ts';
import { downtimeBlocks, windowBlocks } from './summary.ts';
import { isMuchLonger } from './timeline.ts';
import { stepWords } from './words.ts';

/** The report on two pages, for the change ticket: how it ended, what it cost, what was not as planned, what is left. */

/** More rows than this are counted, and stand in the whole report. */
const mostRows = 12;

const shortTables = (blocks: readonly Block[]): readonly Block[] =>
  blocks.flatMap((block): readonly Block[] => {
    if (block.kind !== 'table' || block.rows.length <= mostRows) return [block];
    const more = block.rows.length - mostRows;
    return [
      { ...block, rows: block.rows.slice(0, mostRows) },
      paragraph(`And ${more} more, in the whole report: pgaf-upgrade report.`),
    ];
  });

/** What the checks warned of, then what went on otherwise than one confirmation a step, without any failure. */
const warnings = ({ story, names }: ReadRun): readonly Prose[] => {
  const happened = story.happenings.flatMap(({ at, operator, entry }): readonly Prose[] => {
    switch (entry.kind) {
      case 'without':
        return [`${localTime(at)}: the run went on without ${entry.host}: ${entry.reason}`];
      case 'quiet':
        return [[`${localTime(at)}: no output for ${entry.seconds} s: `, ...stepWords(names.of(entry.step))]];
      case 'done':
        return [[`${localTime(at)}: marked as done by hand: `, ...stepWords(names.of(entry.step))]];
      case 'lock':
        return entry.event === 'taken-over' || entry.event === 'lost'
          ? [
              `${localTime(at)}: ${operator} ${entry.event === 'lost' ? 'lost the lock' : 'took the lock over'}${entry.other === null ? '' : ` from ${entry.other}`}`,
            ]
          : [];
      case 'torn':
        return [`${localTime(at)}: a line of the journal was not written whole`];
      default:
        return [];
    }
  });
  const slow = story.attempts.flatMap((one): readonly Prose[] =>
    isMuchLonger(one)
      ? [
          `${stepLabel(one.step)} took ${took((one.end?.at ?? one.at) - one.at)}, expected ${took(one.expectedMs ?? 0)}`,
        ]
      : [],
  );
  const all = [...warningItems(story), ...happened, ...slow];
  return all.length <= mostRows
    ? all
    : [...all.slice(0, mostRows), `and ${all.length - mostRows} more, in the whole report`];
};

const rollbackState = ({ story }: ReadRun): readonly Inline[] => {
  const last = story.verdicts.at(-1);
  return last === undefined
    ? ['It was not recorded what a rollback means.']
    : [strong(last.says), ', by the last observation of this run, ', localTime(last.at), '.'];
};

const kept = (ground: ReportGround, { facts }: ReadRun): readonly Prose[] => [
  ['Journal and output on the operator’s machine: ', literal(ground.directory)],
  [
    'Record, saved files and logs on each host: ',
    literal(facts?.monitor.workDir ?? '~postgres/pgaf-upgrade'),
    ', and each command in ',
    literal(`.pgaf-upgrade/jobs/${ground.run}/`),
  ],
];

/** The report of a run on two pages. Pure: the journal is all it knows. */
export const makeBriefReport = (ground: ReportGround): Report => {
  const run = readRunOf(ground);
  const { facts, names, story, outcome, downtimes, pauses, until } = run;
  const title = `${run.title}, in brief`;
  const found = warnings(run);
  return {
    title,
    blocks: [
      heading(1, title),
      paragraph(strong(outcome.says)),
      ...(story.ticket === null ? [] : [paragraph('Change: ', strong(story.ticket))]),
      paragraph(`Run ${ground.run}, by pgaf-upgrade report --brief; pgaf-upgrade report has every command.`),
      heading(2, 'Downtime'),
      ...downtimeBlocks(downtimes, pauses, until, story),
      heading(2, 'Window'),
      ...windowBlocks(story, ground.now),
      heading(2, 'Steps not run as planned'),
      ...shortTables(failureBlocks(story)),
      heading(2, 'Warnings'),
      found.length === 0 ? paragraph('None.') : list(...found),
      ...approved(story, names),
      heading(2, 'Skipped steps'),
      ...shortTables(skippedBlocks(story, names)),
      heading(2, 'Rollback'),
      paragraph(...rollbackState(run)),
      heading(2, 'Left to do'),
      ...leftBlocks(outcome, story, names, facts),
      heading(2, 'What is kept where'),
      list(...kept(ground, run)),
    ],
  };
};
