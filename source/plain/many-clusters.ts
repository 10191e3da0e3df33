import type { Problem, Result } from '../cluster/result.ts';
import type { Readiness } from '../runbook/checks/judge.ts';
import type { CheckResult } from '../usecases/check/check.ts';
import type { Status } from '../usecases/status/status.ts';
import { cut, padLeft, padRight, tame, took, widthOf } from '../wording/text.ts';
import { checkValue, couldNotInspectValue, readinessWords } from './check-report.ts';

/** What was asked of one of several clusters. `name`: null where its file could not be read. */
export interface OfCluster<Answer> {
  readonly file: string;
  readonly name: string | null;
  readonly answer: Result<Answer, readonly Problem[]>;
}

/** A line of the table; the lowest rank is the worst. */
interface Row {
  readonly rank: number;
  readonly cells: readonly string[];
  /** What matters most there, in as many columns as are left. */
  readonly about: string;
}

interface Column {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly right?: true;
}

const columnsOfTable = 140;
const leastAbout = 40;

const nameOf = ({ name, file }: OfCluster<unknown>): string => name ?? file;

/** For the tables: where two files call their clusters the same, the file says which one it is. */
const toldApart = <Answer>(all: readonly OfCluster<Answer>[]): readonly OfCluster<Answer>[] =>
  all.map((one) =>
    one.name !== null && all.some((other) => other !== one && other.name === one.name)
      ? { ...one, name: `${one.name} (${one.file})` }
      : one,
  );

/** The worst first; as they were named where they are alike. */
const byRank = <Answer>(
  all: readonly OfCluster<Answer>[],
  rankOf: (one: OfCluster<Answer>) => number,
): readonly OfCluster<Answer>[] => all.toSorted((one, other) => rankOf(one) - rankOf(other));

const tableLines = (columns: readonly Column[], rows: readonly Row[]): readonly string[] => {
  const tamed = rows.map((row) => row.cells.map((cell) => tame(cell)));
  const widths = columns.map((column, at) =>
    Math.min(40, Math.max(widthOf(column.title), ...tamed.map((cells) => widthOf(cells[at] ?? '')))),
  );
  const line = (cells: readonly string[], about: string): string => {
    const start = widths
      .map((width, at) =>
        columns[at]?.right === true ? padLeft(cells[at] ?? '', width) : padRight(cells[at] ?? '', width),
      )
      .join('  ');
    const room = Math.max(leastAbout, columnsOfTable - widthOf(start) - 2);
    return `${start}  ${cut(tame(about.replaceAll('\n', ' ')), room)}`.trimEnd();
  };
  return [
    line(
      columns.map(({ title }) => title),
      '',
    ),
    ...rows.map((row, at) => line(tamed[at] ?? [], row.about)),
  ];
};

/** `4 clusters: 1 BLOCKED, 3 READY`, the worst first. */
const summary = (states: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return `${states.length} clusters: ${[...counts].map(([state, count]) => `${count} ${state}`).join(', ')}`;
};

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

const said = (problems: readonly Problem[]): string => {
  const [first, ...more] = problems;
  return `${first?.what ?? 'nothing is known'}${more.length === 0 ? '' : ` (and ${more.length} more)`}`;
};

const readinessRank: Readonly<Record<Readiness, number>> = {
  unseen: 0,
  blocked: 1,
  'ready-with-warnings': 2,
  ready: 3,
};

const readinessOf = ({ answer }: OfCluster<CheckResult>): Readiness =>
  answer.ok ? answer.value.judgment.outcome : 'unseen';

const checkRow = (of: OfCluster<CheckResult>): Row => {
  const readiness = readinessOf(of);
  const state = readinessWords[readiness];
  const rank = readinessRank[readiness];
  if (!of.answer.ok)
    return { rank, cells: [nameOf(of), state, '', '', '', ''], about: said(of.answer.error) };
  const value = checkValue(nameOf(of), of.answer.value);
  const { findings, notSeen, estimates } = value;
  const blockers = findings.filter(({ severity }) => severity === 'blocker');
  const [unseen] = notSeen;
  const first = blockers[0] ?? findings[0];
  const about =
    readiness === 'unseen' && unseen !== undefined
      ? `${unseen.host ?? 'the cluster'}: ${unseen.because}`
      : first === undefined
        ? ''
        : `${first.check} ${first.host ?? ''}: ${first.found}`;
  const versions = 'from' in value ? `${value.from} → ${value.to}` : '';
  return {
    rank,
    cells: [
      nameOf(of),
      state,
      versions,
      String(blockers.length),
      String(findings.length - blockers.length),
      estimates === null ? '' : took(estimates.downtimeSeconds * 1000),
    ],
    about,
  };
};

/** What `check` says of several clusters: a line each, the worst first. `called`: how this program is started. */
export const checkTable = (all: readonly OfCluster<CheckResult>[], called = 'pgaf-upgrade'): string => {
  const rows = byRank(toldApart(all), (one) => readinessRank[readinessOf(one)]).map(checkRow);
  return text([
    ...tableLines(
      [
        { title: 'cluster' },
        { title: 'state' },
        { title: 'versions' },
        { title: 'blockers', right: true },
        { title: 'warnings', right: true },
        { title: 'downtime', right: true },
      ],
      rows,
    ),
    '',
    summary(rows.map(({ cells }) => cells[1] ?? '')),
    `Everything about one of them: ${called} check FILE`,
  ]);
};

/** The same for scripts: `clusters`, the worst first, each as `check --json` has it, with its `file`. */
export const checksJson = (all: readonly OfCluster<CheckResult>[]): string =>
  `${JSON.stringify(
    {
      clusters: byRank(all, (one) => readinessRank[readinessOf(one)]).map((of) => ({
        file: of.file,
        ...(of.answer.ok
          ? checkValue(nameOf(of), of.answer.value)
          : { cluster: of.name, ...couldNotInspectValue(of.answer.error) }),
      })),
    },
    null,
    2,
  )}\n`;

/** The exit code of a check of several clusters: 2 where one could not be decided, else 1 where one is blocked. */
export const checksExitCode = (all: readonly OfCluster<CheckResult>[]): 0 | 1 | 2 => {
  const outcomes = all.map(readinessOf);
  return outcomes.includes('unseen') ? 2 : outcomes.includes('blocked') ? 1 : 0;
};

/** Where a cluster stands, in the words and order of the table: the worst first. */
const standings = [
  'WRITES DOWN',
  'NOT SEEN',
  'NOT WHOLLY SEEN',
  'ROLLING BACK',
  'UNDER WAY',
  'BEING CLEANED UP',
  'NODE NOT HEALTHY',
  'LEFT TO DO',
  'finished',
  'not begun',
] as const;

const standingOf = ({ answer }: OfCluster<Status>): (typeof standings)[number] => {
  if (!answer.ok) return 'NOT SEEN';
  const { writes, problem, upgrade, rollbackRun, cleanupRun, nodes, toDo } = answer.value;
  if (writes?.kind === 'down') return 'WRITES DOWN';
  if (problem !== null) return writes === null ? 'NOT SEEN' : 'NOT WHOLLY SEEN';
  if (rollbackRun !== null) return 'ROLLING BACK';
  if (cleanupRun !== null) return 'BEING CLEANED UP';
  if (upgrade.state === 'under-way') return 'UNDER WAY';
  if (nodes.some(({ health }) => health !== 1)) return 'NODE NOT HEALTHY';
  if (toDo.length > 0) return 'LEFT TO DO';
  return upgrade.state === 'not-begun' ? 'not begun' : 'finished';
};

const statusRank = (of: OfCluster<Status>): number => standings.indexOf(standingOf(of));

const aboutStatus = (status: Status): string => {
  const { writes, problem, upgrade, rollbackRun, cleanupRun, nodes, toDo, rehearsalsLeft } = status;
  const back = rollbackRun ?? cleanupRun;
  const { next } = back ?? upgrade;
  const sick = nodes.filter(({ health }) => health !== 1).map(({ name }) => name);
  if (problem !== null) return problem.what;
  if (writes?.kind === 'unknown') return `not known whether applications can write: ${writes.why}`;
  if (next !== null && (back !== null || upgrade.state === 'under-way'))
    return `next: step ${next.number}, ${next.title}, on ${next.host}`;
  if (sick.length > 0) return `not healthy: ${sick.join(', ')}`;
  if (toDo.length > 0) return `${toDo.length} left to do`;
  const left = rehearsalsLeft.map(({ host }) => host);
  return left.length === 0 ? '' : `a rehearsal is left on ${left.join(', ')}`;
};

const statusRow = (of: OfCluster<Status>): Row => {
  const state = standingOf(of);
  const rank = statusRank(of);
  if (!of.answer.ok) return { rank, cells: [nameOf(of), state, '', ''], about: said(of.answer.error) };
  const status = of.answer.value;
  const { from, to, writes } = status;
  return {
    rank,
    cells: [
      nameOf(of),
      state,
      from === null && to === null ? '' : `${from ?? '?'} → ${to ?? '?'}`,
      writes?.kind === 'up' ? writes.node : '',
    ],
    about: aboutStatus(status),
  };
};

/** What `status` says of several clusters: a line each, the worst first. */
export const statusTable = (all: readonly OfCluster<Status>[], called = 'pgaf-upgrade'): string => {
  const rows = byRank(toldApart(all), statusRank).map(statusRow);
  return text([
    ...tableLines(
      [{ title: 'cluster' }, { title: 'state' }, { title: 'versions' }, { title: 'writes on' }],
      rows,
    ),
    '',
    summary(rows.map(({ cells }) => cells[1] ?? '')),
    `Everything about one of them: ${called} status FILE`,
  ]);
};

/** The same for scripts: `clusters`, the worst first, each as `status --json` has it, with its `file`. */
export const statusesJson = (all: readonly OfCluster<Status>[]): string =>
  `${JSON.stringify(
    {
      clusters: byRank(all, statusRank).map((of) => ({
        file: of.file,
        cluster: of.name,
        ...(of.answer.ok ? of.answer.value : { problems: of.answer.error }),
      })),
    },
    null,
    2,
  )}\n`;
