import { clockTime } from '../engine/observe/observer.ts';
import type { Status, Way } from '../usecases/status/status.ts';
import { padRight, tame } from '../wording/text.ts';

const nextIn = ({ next, waitsFor, untold }: Way): string => {
  if (next === null) return '';
  if (untold.length > 0) return `; what is next cannot be told until ${untold.join(' and ')} answers`;
  const waits = waitsFor === null ? '' : `, which waits until ${waitsFor} answers`;
  return `; next: ${next.title}, on ${next.host} (${next.id})${waits}`;
};

const upgradeLine = ({ upgrade, from, to }: Status): string => {
  switch (upgrade.state) {
    case 'not-begun':
      return `Upgrade: none under way, ${from ?? '?'} → ${to ?? '?'} is possible${nextIn(upgrade)}`;
    case 'under-way':
      return `Upgrade: under way, ${upgrade.done} of ${upgrade.total} steps done${nextIn(upgrade)}`;
    case 'going-back':
      return `Upgrade: being taken back to ${from ?? '?'}`;
    case 'finished':
      return `Upgrade: finished, ${upgrade.total} steps done`;
    case 'unknown':
      return 'Upgrade: cannot be told now';
  }
};

/** What going back would mean, or, where it was begun, how far it is and how it goes on. */
const wayBackLines = ({ wayBack, rollback }: Status, file: string, called: string): readonly string[] => {
  if (rollback === null) return [];
  if (wayBack === null) return [`Way back: ${rollback.says}`];
  // The steps are made from where the cluster stands: none is left where it stands as before the window.
  const far =
    wayBack.next === null
      ? 'nothing is left of it but to end it'
      : `${wayBack.done} of ${wayBack.total} steps done`;
  return [
    `Way back: under way, ${far}${nextIn(wayBack)}`,
    `  It goes on with: ${called} rollback ${file}`,
    `  What it means: ${rollback.says}`,
  ];
};

const writesLines = ({ writes }: Status): readonly string[] => {
  switch (writes?.kind) {
    case 'up':
      return [`Writes: up, on ${writes.node}`];
    case 'down':
      return [
        writes.since === null
          ? 'WRITES DOWN: no application can write; since when is not known here'
          : `WRITES DOWN since ${writes.since.slice(0, 19).replace('T', ' ')} UTC: no application can write`,
      ];
    case 'unknown':
      return [`Writes: whether applications can write is not known: ${writes.why}`];
    case undefined:
      return [];
  }
};

const lockLines = ({ lock }: Status): readonly string[] =>
  lock === null
    ? []
    : [
        `Lock: held by ${lock.holder}${lock.since === null ? '' : ` since ${lock.since.slice(0, 19).replace('T', ' ')} UTC`}, ${
          lock.dead ? 'no sign of life' : 'last sign of life'
        } ${lock.dead ? `for ${lock.silentSeconds} s` : `${lock.silentSeconds} s ago`}`,
      ];

/** What `status` says to a person; `file`: the cluster file, for the command that goes on; `called`: how this program is started. */
export const statusText = (name: string, status: Status, file: string, called = 'pgaf-upgrade'): string => {
  const versions = new Map(status.hosts.map((host) => [host.alias, host]));
  const versionOf = (alias: string): string => {
    const host = versions.get(alias);
    if (host === undefined) return '?';
    if (host.problem !== null && host.lastReport !== null)
      return `not seen: ${host.problem.what}; its pg_autoctl last reported at ${clockTime(Date.parse(host.lastReport))}`;
    if (host.problem !== null && host.lastHeard !== null)
      return `not seen: ${host.problem.what}; this machine last heard it at ${clockTime(Date.parse(host.lastHeard))}`;
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
    upgradeLine(status),
    ...(status.upgrade.state === 'under-way' && status.upgrade.onlyBack !== null
      ? [`  But ${status.upgrade.onlyBack}`]
      : []),
    ...status.journal.map((line) => `  By the journal here: ${line}`),
    ...lockLines(status),
    ...wayBackLines(status, file, called),
    ...(status.problem === null ? [] : [`But: ${status.problem.what}`, `  Do: ${status.problem.remedy}`]),
  ]
    .map((line) => `${tame(line)}\n`)
    .join('');
};

/** The same for scripts. */
export const statusJson = (name: string, status: Status): string =>
  `${JSON.stringify({ cluster: name, ...status }, null, 2)}\n`;
