import { pausesWords, took } from '../../cluster/amounts.ts';
import { type ClusterFacts, hostsOf } from '../../cluster/facts.ts';
import { roleWords, systemWords } from '../../cluster/formation.ts';
import { localTime, localZone } from '../../cluster/times.ts';
import type { WritePause } from '../../engine/journal/downtimes.ts';
import { dryRunWords } from '../../runbook/timing/dry-run.ts';
import { type Block, type Inline, list, literal, paragraph, strong, table } from '../document.ts';
import type { ReportedDowntime } from './downtime.ts';
import { covered } from './spans.ts';
import { begunElsewhere, type Story } from './story.ts';
import { between, stepWords } from './words.ts';

/** What a change manager reads first: the cluster, the downtime, the window. */

export const clusterBlocks = (facts: ClusterFacts | null): readonly Block[] =>
  facts === null
    ? [paragraph('The journal does not hold what the cluster was.')]
    : [
        table(
          [
            'host',
            'role before the window',
            'PostgreSQL before the upgrade',
            'upgrade to',
            'data directory',
            'unit',
          ],
          hostsOf(facts).map((host) => [
            [literal(host.alias)],
            roleWords(facts, host),
            host.oldVersion,
            host.newVersion,
            [literal(host.data)],
            host.service.kind === 'systemd' ? [literal(host.service.unit)] : 'none',
          ]),
        ),
        paragraph(
          'Formation ',
          literal(facts.formation),
          ', pg_auto_failover’s extension ',
          literal(facts.monitor.extensionVersion),
          ' before, system identifier ',
          literal(systemWords(facts)),
          ' before, pg_upgrade in ',
          literal(facts.mode),
          ' mode.',
        ),
      ];

const downtimeWords = (one: ReportedDowntime, now: number): readonly Inline[] => {
  const begins: readonly Inline[] = [
    'from ',
    localTime(one.from),
    ' (',
    ...(one.begins === null ? ['before this journal, as the servers showed'] : stepWords(one.begins)),
    ')',
  ];
  if (one.over === null)
    return [strong(`not over by this journal, ${between(one.from, now)} so far`), ', ', ...begins];
  return [
    strong(between(one.from, one.over.at)),
    ', ',
    ...begins,
    ' to ',
    localTime(one.over.at),
    ' (',
    ...stepWords(one.over.ends),
    ')',
    one.expected === null
      ? '; no estimate was recorded before it'
      : `; the estimate shown before it was ${took(one.expected.seconds * 1000)}, ${dryRunWords(one.expected.dryRun)}, without the time that people take`,
  ];
};

const pauseBlocks = (pauses: readonly WritePause[], besides: boolean): readonly Block[] => {
  const words = pausesWords(pauses);
  if (words === null) return [];
  const said = [
    ...(pauses.some(({ measured }) => measured)
      ? [
          'measured on the host, by its own clock: from the order to stop the server until one that serves answered. How long the application itself needed to come back is not in it',
        ]
      : []),
    ...(pauses.some(({ measured }) => !measured)
      ? [
          '“at most” is how long the steps took, from their confirmation until every node reports the state that it was assigned; the pause is somewhere within each',
        ]
      : []),
  ];
  return [
    paragraph(
      strong(`${besides ? 'Besides, writes' : 'Writes'} could not be made for ${words}`),
      `: ${said.join('; ')}.`,
    ),
  ];
};

/** The times between a stop and an opening, then the pauses of switchovers. */
export const downtimeBlocks = (
  downtimes: readonly ReportedDowntime[],
  pauses: readonly WritePause[],
  now: number,
  story: Story,
): readonly Block[] => [
  ...(downtimes.length === 0 && pauses.length > 0 && begunElsewhere(story) === null
    ? []
    : stoppedBlocks(downtimes, now, story)),
  ...pauseBlocks(pauses, downtimes.length > 0),
];

/** A journal that begins in the middle of a run cannot say that there was none. */
const noDowntimeWords = (story: Story): string => {
  const elsewhere = begunElsewhere(story);
  return elsewhere === null
    ? 'None: the application’s writes were never stopped by this run.'
    : `None since ${localTime(story.began)}, when this journal begins. Whether the application’s writes were stopped before, and for how long, stands in the journal of ${elsewhere.by}, who began the run at another console.`;
};

const stoppedBlocks = (
  downtimes: readonly ReportedDowntime[],
  now: number,
  story: Story,
): readonly Block[] =>
  downtimes.length === 0
    ? [paragraph(noDowntimeWords(story))]
    : [
        list(...downtimes.map((one) => ['The application could not write for ', ...downtimeWords(one, now)])),
        paragraph(
          'Measured by the console: from the moment the command that stops the primary was confirmed to the moment the servers showed that the primary takes writes again. How long the application itself needed to come back is not in it.',
        ),
      ];

const seats = (story: Story): string =>
  [
    ...new Set([
      ...story.attempts.map((one) => `${one.operator}${one.unattended ? ' (--yes)' : ''}`),
      ...story.happenings.flatMap(({ entry, operator }) => (entry.kind === 'run' ? [operator] : [])),
    ]),
  ]
    .filter((one, _, all) => !all.includes(`${one} (--yes)`))
    .join(', ');

/** What was agreed on, and what came of it. */
const endWords = ({ windowEnd, happenings }: Story, last: number | null): readonly string[] => {
  if (windowEnd === null) return [];
  const finished = happenings.some(({ entry }) => entry.kind === 'finished');
  const came =
    !finished || last === null
      ? 'the run is not at its end'
      : last <= windowEnd
        ? `the run was at its end ${between(last, windowEnd)} before`
        : `the run was at its end ${between(windowEnd, last)} behind it`;
  return [`The window was to end ${localTime(windowEnd)}: ${came}`];
};

export const windowBlocks = (story: Story, madeAt: number): readonly Block[] => {
  const first = story.attempts.at(0)?.at ?? null;
  const end = story.happenings.findLast(({ entry }) => entry.kind === 'finished')?.at ?? story.last;
  const commands = covered(
    story.attempts.flatMap(({ at, command }) => (command === null ? [] : [{ from: at, to: command.at }])),
  );
  return [
    list(
      `First step confirmed ${localTime(first)}, last entry ${localTime(end)}${first === null || end === null ? '' : `: ${between(first, end)}, of which ${took(commands)} with at least one command at work`}`,
      ...endWords(story, end),
      `Operators: ${seats(story) || 'nobody yet'}`,
      `${story.attempts.length} commands run; this report was made ${localTime(madeAt)}; times without a zone are ${localZone(madeAt)}, by the clock of the operator’s machine`,
    ),
  ];
};
