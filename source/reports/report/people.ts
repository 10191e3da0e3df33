import { localMoment, localTime, localTimeOfDay } from '../../cluster/times.ts';
import { type Block, type Inline, literal, type Prose, paragraph, strong, table } from '../document.ts';
import type { NamedStep, StepNames } from './steps.ts';
import type { Attempt, Happening, Story } from './story.ts';
import { numberWords, stepWords } from './words.ts';

/** Who decided what, and what went otherwise than planned. */

/** An upgrade's stop and opening want the name as well, and can be taken back; a rollback's stop gives up what was written. */
const isTakenBack = ({ danger, writes, direction }: NamedStep): boolean =>
  danger !== 'point-of-no-return' && direction === 'upgrade' && writes !== 'unchanged';

const wasTyped = ({ step, typed }: Attempt): Prose => {
  if (step.danger !== 'point-of-no-return' && typed === null) return '';
  if (typed === null) return [strong('irreversible'), ', nothing typed'];
  return isTakenBack(step) ? [literal(typed)] : [strong('irreversible'), ': ', literal(typed)];
};

export const confirmationBlocks = ({ attempts }: Story): readonly Block[] => {
  if (attempts.length === 0) return [paragraph('Nothing was confirmed.')];
  const unattended = attempts.filter((one) => one.unattended).length;
  return [
    ...(unattended === 0
      ? []
      : [
          paragraph(
            strong(`${unattended === attempts.length ? 'All' : unattended} of these were confirmed by --yes`),
            ': the operator named the cluster at the start, and nobody was asked for each step. What is typed at an irreversible step, the console then typed itself.',
          ),
        ]),
    table(
      ['confirmed', 'by', 'step', 'host', 'what', 'as', 'typed'],
      attempts.map((one) => [
        localMoment(one.at),
        `${one.operator}${one.unattended && unattended < attempts.length ? ' (--yes)' : ''}`,
        numberWords(one.step),
        [literal(one.step.host)],
        one.step.title,
        one.as,
        wasTyped(one),
      ]),
    ),
  ];
};

/** Nothing where nobody was to approve anything: both names, both times, and what each saw. */
export const approvalBlocks = ({ approvals }: Story, names: StepNames): readonly Block[] =>
  approvals.length === 0
    ? []
    : [
        table(
          [
            'step',
            'host',
            'what',
            'approved by',
            'on',
            'who saw',
            'confirmed by',
            'on',
            'who saw',
            'script (SHA-256)',
          ],
          approvals.map(({ at, entry }) => [
            numberWords(names.of(entry.step)),
            [literal(names.of(entry.step).host)],
            entry.title,
            `${entry.by} (${entry.login})`,
            localMoment(entry.approvedAt),
            entry.verdict,
            entry.operator,
            localMoment(at),
            entry.operatorVerdict,
            [literal(entry.digest.slice(0, 16))],
          ]),
        ),
      ];

export const skippedBlocks = (story: Story, names: StepNames): readonly Block[] => {
  const skipped = story.happenings.flatMap(({ at, operator, entry }) =>
    entry.kind === 'skipped' ? [{ at, operator, entry, step: names.of(entry.step) }] : [],
  );
  if (skipped.length === 0) return [paragraph('No step was skipped.')];
  return [
    table(
      ['when', 'by', 'step', 'host', 'what', 'reason', 'the servers said then'],
      skipped.map(({ at, operator, entry, step }) => [
        localMoment(at),
        operator,
        numberWords(step),
        [literal(step.host)],
        step.title,
        entry.reason === '' ? 'optional, no reason asked' : entry.reason,
        `${entry.probe.state}: ${entry.probe.says}`,
      ]),
    ),
  ];
};

/** Each warning of the window's checks, with its host. */
export const warningItems = ({ warnings }: Story): readonly Prose[] =>
  warnings.map(({ host, text }) => [host === null ? 'the cluster' : literal(host), `: ${text}`]);

/** What became of a step after a failed try. */
const resolution = (story: Story, failed: Attempt): string => {
  const after = (at: number): boolean => at >= (failed.end?.at ?? failed.at);
  const retried = story.attempts.find((one) => one.step.id === failed.step.id && one.at > failed.at);
  const told = story.happenings.find(
    ({ at, entry }) =>
      after(at) &&
      ((entry.kind === 'skipped' && entry.step === failed.step.id) ||
        (entry.kind === 'done' && entry.step === failed.step.id) ||
        (entry.kind === 'turned' && entry.direction !== failed.step.direction)),
  );
  if (retried !== undefined && (told === undefined || retried.at < told.at))
    return `retried by ${retried.operator} at ${localTimeOfDay(retried.at)}: ${retried.end === null ? 'no end known' : retried.end.kind === 'done' ? 'done' : 'failed again'}`;
  if (told === undefined) return 'open';
  if (told.entry.kind === 'skipped') return `skipped at ${localTimeOfDay(told.at)}: ${told.entry.reason}`;
  if (told.entry.kind === 'done')
    return `marked as done, as the servers showed at ${localTimeOfDay(told.at)}`;
  return `direction changed at ${localTimeOfDay(told.at)}: ${told.entry.kind === 'turned' && told.entry.direction === 'rollback' ? 'rolled back' : 'the other direction was taken'}`;
};

export const failureBlocks = (story: Story): readonly Block[] => {
  const failed = story.attempts.filter((one) => one.end?.kind === 'failed' || one.cancelled !== null);
  if (failed.length === 0) return [paragraph('No step failed.')];
  return [
    table(
      ['when', 'step', 'exit code', 'what', 'resolved'],
      failed.map((one) => [
        localMoment(one.end?.at ?? one.cancelled?.at ?? one.at),
        stepWords(one.step),
        one.command === null ? 'none' : String(one.command.exitCode ?? 'unknown'),
        [
          one.end?.kind === 'failed' ? one.end.what : 'ended by the operator',
          ...(one.end?.kind === 'failed' ? one.end.unmet.map((unmet) => `; not met: ${unmet}`) : []),
          ...(one.cancelled === null
            ? []
            : ['; the operator ended it, typing ', literal(one.cancelled.typed)]),
        ],
        one.end?.kind === 'done' ? 'done all the same' : resolution(story, one),
      ]),
    ),
  ];
};

const lockWords = {
  taken: 'took the lock',
  recovered: 'took their own lock back, left by a console that was gone',
  'taken-over': 'took the lock over',
  lost: 'lost the lock, and could only watch from here on',
  released: 'gave the lock back',
  'read-only': 'could only watch: the lock was another’s',
} as const;

const told = ({ operator, entry }: Happening, names: StepNames): readonly Inline[] | null => {
  switch (entry.kind) {
    case 'run':
      return [
        `${operator} opened the run${entry.unattended === true ? ', to confirm everything by --yes' : ''}`,
      ];
    case 'resumed':
      return [
        `${operator} went on with the run that ${entry.by} began ${localTime(entry.began)}${entry.known === 'host' ? '; what happened before stands in another machine’s journal' : ''}`,
      ];
    case 'attached':
      return [
        'a command that was running or had ended unseen was followed up: ',
        ...stepWords(names.of(entry.step)),
      ];
    case 'done':
      return ['marked as done, as the servers showed: ', ...stepWords(names.of(entry.step))];
    case 'quiet':
      return [`nothing printed for ${entry.seconds} s: `, ...stepWords(names.of(entry.step))];
    case 'run-on':
      return [
        `${operator} ran on to the next stop${entry.until === null ? '' : ' (step '}`,
        ...(entry.until === null ? [', the end'] : [numberWords(names.of(entry.until)), ')']),
        ', typing ',
        literal(entry.typed),
        ', from: ',
        ...stepWords(names.of(entry.step)),
      ];
    case 'run-on-ended':
      return [
        `running on ended: ${entry.why}`,
        ...(entry.before === null ? [] : ['; before: ', ...stepWords(names.of(entry.before))]),
      ];
    case 'terminate-clients':
      return [
        `${entry.host}: ${operator} terminated the clients, typing `,
        literal(entry.typed),
        ', before: ',
        ...stepWords(names.of(entry.step)),
      ];
    case 'clients-terminated':
      return [
        entry.sessions === null
          ? `${entry.host}: how many sessions of clients that ended is not known: ${entry.why ?? 'no reason is known'}`
          : `${entry.host}: ${entry.sessions} ${entry.sessions === 1 ? 'session' : 'sessions'} of clients ended`,
      ];
    case 'answered':
      return [`${operator} answered “${entry.question}”: `, literal(entry.answer)];
    case 'lock':
      return [
        `${operator} ${lockWords[entry.event]}`,
        ...(entry.other === null ? [] : [' from ', literal(entry.other)]),
        ...(entry.typed === null ? [] : [', typing ', literal(entry.typed)]),
      ];
    case 'left':
      return [
        `the console was left${entry.why === undefined ? '' : ` (${entry.why})`}${entry.running === null ? '' : `, while ${entry.running} went on on its host`}`,
      ];
    case 'turned':
      return [`direction: ${entry.direction}; the rollback then: ${entry.verdict}`];
    case 'finished':
      return [`finished: ${entry.direction}`];
    case 'torn':
      return ['the journal’s last line was not whole: the machine went down, or its disk was full'];
    case 'on-failure': {
      const end = entry.exitCode === null ? 'its end is not known' : `exit code ${entry.exitCode}`;
      return [
        `behind the failure, ${entry.name} of the cluster file was run on ${entry.host} as ${entry.as}: ${end}`,
        ...(entry.says.length === 0 ? [] : [': ', literal(entry.says.join(' / '))]),
      ];
    }
    case 'without':
      return [`the run went on without ${entry.host}: ${entry.reason}`];
    case 'writes-down':
      return [
        `the application could not write already when ${operator} came${entry.since === null ? '' : `, since ${localTime(entry.since)} by the primary’s host`}`,
      ];
    case 'writes-up':
      return [`the application could write again when ${operator} came, since ${localTime(entry.at)}`];
    case 'skipped':
      return null;
  }
};

/** Everything that is neither a command nor a skipped step: operators, locks, silences, what was done by hand. */
export const eventBlocks = (story: Story, names: StepNames): readonly Block[] => [
  table(
    ['when', 'what'],
    story.happenings.flatMap((one): readonly (readonly Prose[])[] => {
      const words = told(one, names);
      return words === null ? [] : [[localMoment(one.at), words]];
    }),
  ),
  ...(story.unknown === 0
    ? []
    : [paragraph(`${story.unknown} lines of the journal are of another version and were not understood.`)]),
];

export const verdictBlocks = ({ verdicts }: Story): readonly Block[] =>
  verdicts.length === 0
    ? [paragraph('Nothing was recorded.')]
    : [
        table(
          ['from', 'after', 'what a rollback would have meant'],
          verdicts.map((one) => [
            localMoment(one.at),
            one.after === null ? 'the inspection when a direction was taken' : stepWords(one.after),
            one.says,
          ]),
        ),
      ];
