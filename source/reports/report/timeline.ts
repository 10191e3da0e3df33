import { took } from '../../cluster/amounts.ts';
import { localTimeOfDay } from '../../cluster/times.ts';
import { phases } from '../../runbook/language/step.ts';
import { type Bar, type Block, heading, literal, type Prose, paragraph, table } from '../document.ts';
import type { ReportedDowntime } from './downtime.ts';
import { barRows, covered, endOf } from './spans.ts';
import type { Attempt, Story } from './story.ts';
import { between, numberWords } from './words.ts';

/** When what ran on which host, and how long it took against what was expected. */

const ended = (one: Attempt): string => {
  if (one.end?.kind === 'done') return 'done';
  if (one.cancelled !== null) return 'ended by the operator';
  if (one.end?.kind === 'failed') return 'failed';
  return one.command === null ? 'no end known' : 'not judged';
};

/** A try of which nobody saw the end was over at the latest when the step was tried again. */
const bar = (one: Attempt, { attempts }: Story, last: number): Bar => {
  const again = attempts.find((other) => other.step.id === one.step.id && other.at > one.at);
  const to = endOf(one) ?? again?.at ?? last;
  const tone = one.end?.kind === 'done' ? 'good' : one.end === null ? 'open' : 'bad';
  const { step } = one;
  return {
    from: one.at,
    to: Math.max(to, one.at),
    says: `${numberWords(step)} ${step.title}: ${ended(one)}, ${localTimeOfDay(one.at)}, ${between(one.at, to)}`,
    tone,
  };
};

const hostsIn = ({ attempts }: Story): readonly string[] => [
  ...new Set(attempts.map((one) => one.step.host)),
];

/** The label of a host's further rows. */
const sameTime = 'at the same time';

/** Long waits between two phases (prepared by day, done at night) would leave bars that nobody sees. */
const sessions = ({ attempts }: Story): readonly (readonly Attempt[])[] => {
  const gap = 30 * 60_000;
  const groups: Attempt[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const one of attempts) {
    if (one.at - last > gap || groups.length === 0) groups.push([]);
    groups.at(-1)?.push(one);
    last = Math.max(last, endOf(one) ?? one.at);
  }
  return groups;
};

export const timelineBlocks = (
  story: Story,
  downtimes: readonly ReportedDowntime[],
  now: number,
): readonly Block[] => {
  if (story.attempts.length === 0) return [paragraph('Nothing has run.')];
  const hosts = hostsIn(story);
  const last = story.last ?? now;
  return [
    ...sessions(story).map(
      (attempts): Block => ({
        kind: 'chart',
        title: 'What ran on which host, over time',
        lanes: hosts.flatMap((host) => {
          const bars = attempts.filter((one) => one.step.host === host).map((one) => bar(one, story, last));
          const [first = [], ...beside] = barRows(bars);
          return [{ name: host, bars: first }, ...beside.map((row) => ({ name: sameTime, bars: row }))];
        }),
        shades: downtimes.map((one) => ({
          from: one.from,
          to: one.over?.at ?? now,
          says: `the application could not write: ${between(one.from, one.over?.at ?? now)}`,
        })),
      }),
    ),
    ...hosts.flatMap((host): readonly Block[] => [
      heading(3, host),
      table(
        ['from', 'to', 'step', 'what', 'took', 'exit code', 'end'],
        story.attempts
          .filter((one) => one.step.host === host)
          .map((one) => {
            const end = endOf(one);
            return [
              localTimeOfDay(one.at),
              end === null ? '–' : localTimeOfDay(end),
              numberWords(one.step),
              one.step.title,
              end === null ? '–' : between(one.at, end),
              one.command === null ? '–' : String(one.command.exitCode ?? 'unknown'),
              ended(one),
            ];
          }),
      ),
    ]),
  ];
};

/** So much longer than expected, and at least so many milliseconds, is worth a word. */
const muchLonger = { times: 2, ms: 2_000 };

/** Whether a step took much longer than it was expected to. */
export const isMuchLonger = ({ at, end, expectedMs }: Attempt): boolean =>
  end?.kind === 'done' &&
  expectedMs !== null &&
  end.at - at > expectedMs * muchLonger.times &&
  end.at - at - expectedMs > muchLonger.ms;

export const durationBlocks = (story: Story): readonly Block[] => {
  const known = story.attempts.flatMap((one) =>
    one.end?.kind === 'done' && one.expectedMs !== null
      ? [
          {
            one,
            expected: one.expectedMs,
            took: Math.max(0, one.end.at - one.at),
            from: one.at,
            to: one.end.at,
          },
        ]
      : [],
  );
  if (known.length === 0)
    return [
      paragraph(
        'No estimates were recorded: the checks that measure them had not run, or the journal is older.',
      ),
    ];
  const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0);
  const row = ({ one, expected, took: real }: (typeof known)[number]): readonly Prose[] => [
    numberWords(one.step),
    [literal(one.step.host)],
    one.step.title,
    took(expected),
    took(real),
    isMuchLonger(one) ? 'much longer' : '',
  ];
  const steps = (some: typeof known): Block =>
    table(
      ['step', 'host', 'what', 'estimate', 'took', ''],
      some.toSorted((one, other) => other.took - one.took).map(row),
    );
  const long = known.filter((one) => Math.max(one.expected, one.took) >= 1000);
  const short = known.filter((one) => !long.includes(one));
  return [
    paragraph(
      `${known.length} steps had an estimate, from what the checks measured on these hosts: added up about ${took(sum(known.map((one) => one.expected)))}; they took ${took(sum(known.map((one) => one.took)))}, added up. By the clock it was ${took(covered(known))}, in which steps side by side count once. What people took to read and confirm is in neither.`,
    ),
    table(
      ['phase', 'steps', 'estimates, added up', 'took, added up', 'by the clock'],
      phases.flatMap(({ id, title }) => {
        const own = known.filter(({ one }) => one.step.phase === id);
        return own.length === 0
          ? []
          : [
              [
                `${id} ${title}`,
                String(own.length),
                took(sum(own.map((one) => one.expected))),
                took(sum(own.map((one) => one.took))),
                took(covered(own)),
              ],
            ];
      }),
    ),
    steps(long),
    ...(short.length === 0
      ? []
      : [
          {
            kind: 'fold',
            summary: `${short.length} steps of less than a second`,
            blocks: [steps(short)],
          } as const,
        ]),
  ];
};
