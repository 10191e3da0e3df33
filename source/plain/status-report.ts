import { pausesWords } from '../cluster/amounts.ts';
import { localClock, localTime } from '../cluster/times.ts';
import { toDoWords } from '../cluster/to-do.ts';
import { dryRunWords } from '../runbook/timing/dry-run.ts';
import type { RunbookState, StepPlace } from '../usecases/status/runbook-state.ts';
import type { Status } from '../usecases/status/status.ts';
import { bytes, padRight, tame, took } from '../wording/text.ts';

const stepWords = ({ number, title, host, id }: StepPlace): string =>
  `step ${number}, ${title}, on ${host} (${id})`;

const nextIn = ({ next, running, waitsFor, untold }: RunbookState): string => {
  if (running.length > 0) return `; running now: ${running.map(stepWords).join('; ')}`;
  if (next === null) return '';
  if (untold.length > 0) return `; what is next cannot be told until ${untold.join(' and ')} answers`;
  const waits = waitsFor === null ? '' : `, which waits until ${waitsFor} answers`;
  return `; next: ${stepWords(next)}${waits}`;
};

/** `64 of 71 steps done, 2 skipped`: as the console counts. */
const countWords = ({ done, skipped, total }: RunbookState): string =>
  `${done} of ${total} steps done${skipped === 0 ? '' : `, ${skipped} skipped`}`;

const upgradeLine = ({ upgrade, from, to }: Status): string => {
  switch (upgrade.state) {
    case 'not-begun':
      return `Upgrade: none under way, ${from ?? '?'} → ${to ?? '?'} is possible${nextIn(upgrade)}`;
    case 'under-way':
      return `Upgrade: under way, ${countWords(upgrade)}${nextIn(upgrade)}`;
    case 'rolling-back':
      return `Upgrade: being rolled back to ${from ?? '?'}`;
    case 'cleaning-up':
      return 'Upgrade: finished, and being cleaned up';
    case 'finished':
      return `Upgrade: finished, ${countWords(upgrade)}`;
    case 'unknown':
      return 'Upgrade: cannot be told now';
  }
};

/** What a rollback would mean, or, where it was begun, how far it is and how it goes on. */
const rollbackLines = (
  { rollbackRun, rollback }: Status,
  file: string,
  called: string,
): readonly string[] => {
  if (rollback === null) return [];
  if (rollbackRun === null) return [`Rollback: ${rollback.says}`];
  // The steps are made from where the cluster stands: none is left where it stands as before the window.
  const far = rollbackRun.next === null ? 'all steps done' : countWords(rollbackRun);
  return [
    `Rollback: under way, ${far}${nextIn(rollbackRun)}`,
    `  ${rollbackRun.next === null ? 'Finish' : 'Continue'} it with: ${called} rollback ${file}`,
    `  What it means: ${rollback.says}`,
  ];
};

/** A clean-up that was begun: how far it is, and how it goes on. */
const cleanupLines = ({ cleanupRun }: Status, file: string, called: string): readonly string[] =>
  cleanupRun === null
    ? []
    : [
        `Clean-up: under way, ${countWords(cleanupRun)}${nextIn(cleanupRun)}`,
        `  ${cleanupRun.next === null ? 'Finish' : 'Continue'} it with: ${called} cleanup ${file}`,
      ];

const secondsBetween = (from: string, to: string): number => Math.max(0, Date.parse(to) - Date.parse(from));

/** `about 6.2 s (from the dry run …)`: as check, plan, console and report have it. */
const expectedWords = ({ expectedDowntime, rollbackRun }: Status): string | null =>
  expectedDowntime === null || rollbackRun !== null
    ? null
    : `about ${took(expectedDowntime.seconds * 1000)} (${dryRunWords(expectedDowntime.dryRun)})`;

const writesLines = (status: Status): readonly string[] => {
  const { writes, downtime, seenAt } = status;
  const pauses = pausesWords(status.pauses);
  const expected = expectedWords(status);
  switch (writes?.kind) {
    case 'up':
      return [
        `Writes: up, on ${writes.node}`,
        ...(pauses === null
          ? []
          : [`  ${downtime === null ? 'Writes' : 'Besides, writes'} could not be made for ${pauses}`]),
        ...(downtime?.since != null && downtime.until !== null
          ? [
              `  The downtime was ${took(secondsBetween(downtime.since, downtime.until))}, from ${localTime(downtime.since)} to ${localTime(downtime.until)}${expected === null ? '' : `; expected was ${expected}`}`,
            ]
          : expected === null
            ? []
            : [`  Expected downtime: ${expected}`]),
      ];
    case 'down': {
      const since = downtime?.since ?? null;
      return [
        since === null
          ? 'WRITES DOWN: no application can write; since when is not known'
          : `WRITES DOWN since ${localTime(since)}, for ${took(secondsBetween(since, seenAt))}: no application can write`,
        ...(expected === null ? [] : [`  Expected downtime: ${expected}`]),
      ];
    }
    case 'unknown':
      return [`Writes: not known whether applications can write: ${writes.why}`];
    case undefined:
      return [];
  }
};

/** A line for the whole, and one for each database of the version that follows. */
const onlineLines = (status: Status): readonly string[] => {
  const { online } = status;
  if (online === undefined || online.stage === 'not-begun') return [];
  const amount = (count: number | null): string => (count === null ? '?' : bytes(count));
  return [
    `Online: ${online.says}`,
    ...online.databases.map(
      (one) =>
        `  ${one.name}: ${one.active ? '' : 'nobody reads its slot, '}${amount(one.behindBytes)}${one.behindSeconds === null ? '' : ` and ${Math.round(one.behindSeconds)} s`} behind, ${amount(one.keptBytes)} of WAL kept${one.errors === 0 ? '' : `, ${one.errors} errors since it follows`}`,
    ),
    ...(online.pace === null
      ? []
      : [`  WAL: ${bytes(Math.round(online.pace.walPerSecond))} a second are written`]),
    ...(online.keptForSecondaries === undefined
      ? []
      : [
          `  ${bytes(online.keptForSecondaries)} of its own WAL are kept by ${status.from ?? 'the old version'}, so that its secondaries stream on in a rollback`,
        ]),
  ];
};

/** What rehearsals have left, and the command that removes it, once that is not refused. */
const rehearsalLines = (
  { rehearsalsLeft, upgrade, online }: Status,
  file: string,
  called: string,
): readonly string[] =>
  rehearsalsLeft.flatMap(({ host, directory, server }) => {
    // The online method has no rehearsal, and refuses this one as well.
    const first = online === undefined ? '' : ', upgrade.method taken out of the cluster file for that';
    const quiet = upgrade.state === 'not-begun' || upgrade.state === 'finished';
    return [
      `Rehearsal: left in ${directory} on ${host}${server ? ', where its server runs' : ''}`,
      `  Remove it${quiet ? '' : ' once the upgrade is over'}${first} with: ${called} rehearse --remove --host ${host} ${file}`,
    ];
  });

const lockLines = (status: Status, file: string, called: string): readonly string[] => {
  const { lock, writes, problem, rollbackRun } = status;
  if (lock === null) {
    if (writes?.kind !== 'down' || problem !== null) return [];
    // Of a rollback the lines below say how it goes on.
    const next = rollbackRun === null ? `. Continue it with: ${called} run ${file}` : '';
    return [`Lock: nobody holds it, so the run stands still${next}`];
  }
  const since = lock.since === null ? '' : ` since ${localTime(lock.since)}`;
  return [
    `Lock: held by ${lock.holder}${since}, ${lock.dead ? `no sign of life for ${lock.silentSeconds} s` : `last sign of life ${lock.silentSeconds} s ago`}`,
  ];
};

/** What `status` says to a person; `file`: the cluster file, for the command that goes on; `called`: how this program is started. */
export const statusText = (name: string, status: Status, file: string, called = 'pgaf-upgrade'): string => {
  const versions = new Map(status.hosts.map((host) => [host.alias, host]));
  const versionOf = (alias: string): string => {
    const host = versions.get(alias);
    if (host === undefined) return '?';
    if (host.problem !== null && host.lastReport !== null)
      return `not seen: ${host.problem.what} Its pg_autoctl last reported at ${localClock(Date.parse(host.lastReport))}`;
    if (host.problem !== null && host.lastHeard !== null)
      return `not seen: ${host.problem.what} This machine last heard it at ${localClock(Date.parse(host.lastHeard))}`;
    if (host.problem !== null) return `not seen: ${host.problem.what}`;
    if (host.running) return host.version ?? '?';
    const until = alias === 'monitor' ? status.monitorStoppedUntil : null;
    const planned = until === null ? '' : ` as planned: “${until.title}” (${until.id}) starts it again`;
    return `${host.version ?? '?'}, ${until === null ? 'down' : 'stopped'}${planned}`;
  };
  const width = Math.max(8, ...status.nodes.map((node) => node.name.length)) + 2;
  const moved = (reported: string, assigned: string): string =>
    reported === assigned ? reported : `${reported} → ${assigned}`;
  return [
    name,
    `${padRight('monitor', width)}${padRight('', 34)}PostgreSQL ${versionOf('monitor')}`,
    ...status.nodes.map(
      (node) =>
        `${padRight(node.name, width)}${padRight(moved(node.reported, node.assigned), 24)}${padRight(node.health === 1 ? 'good' : node.health === 0 ? 'BAD' : 'unknown', 10)}PostgreSQL ${versionOf(node.name)}`,
    ),
    // While the monitor is down nobody lists them; what was seen of each is known all the same.
    ...status.hosts
      .filter(({ alias }) => alias !== 'monitor' && !status.nodes.some((node) => node.name === alias))
      .map(({ alias }) => `${padRight(alias, width)}${padRight('', 34)}PostgreSQL ${versionOf(alias)}`),
    '',
    ...writesLines(status),
    ...(status.ticket === null ? [] : [`Change: ${status.ticket}`]),
    ...(status.windowEnd === null ? [] : [`Window: ${status.windowEnd.says}`]),
    upgradeLine(status),
    ...onlineLines(status),
    ...(status.upgrade.state === 'under-way' && status.upgrade.onlyBack !== null
      ? [`  Warning: ${status.upgrade.onlyBack}`]
      : []),
    ...status.toDo.flatMap((one, at) => [
      `Left to do, ${at + 1}: ${toDoWords(one)}`,
      ...(one.command === '' ? [] : [`  ${one.command}`]),
    ]),
    ...rehearsalLines(status, file, called),
    ...(status.toDo.length === 0 ? [] : [`  When it is done: ${called} status ${file} --done NUMBER`]),
    ...status.journal.map((line) => `  By the journal here: ${line}`),
    ...lockLines(status, file, called),
    ...rollbackLines(status, file, called),
    ...cleanupLines(status, file, called),
    ...(status.problem === null ? [] : [`Warning: ${status.problem.what}`, `  Do: ${status.problem.remedy}`]),
  ]
    .map((line) => `${tame(line)}\n`)
    .join('');
};

/** The same for scripts. */
export const statusJson = (name: string, status: Status): string =>
  `${JSON.stringify({ cluster: name, ...status }, null, 2)}\n`;
