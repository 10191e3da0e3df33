import type { Status } from '../engine/status/status.ts';
import { padRight, tame } from '../ui/text.ts';

const upgradeLine = ({ upgrade, from, to }: Status): string => {
  const next =
    upgrade.next === null
      ? ''
      : `; next: ${upgrade.next.title}, on ${upgrade.next.host} (${upgrade.next.id})`;
  switch (upgrade.state) {
    case 'not-begun':
      return `Upgrade: none under way, ${from ?? '?'} → ${to ?? '?'} is possible${next}`;
    case 'under-way':
      return `Upgrade: under way, ${upgrade.done} of ${upgrade.total} steps done${next}`;
    case 'finished':
      return `Upgrade: finished, ${upgrade.total} steps done`;
    case 'unknown':
      return 'Upgrade: cannot be told now';
  }
};

/** What `status` says to a person. */
export const statusText = (name: string, status: Status): string => {
  const versions = new Map(status.hosts.map((host) => [host.alias, host]));
  const versionOf = (alias: string): string => {
    const host = versions.get(alias);
    if (host === undefined) return '?';
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
    '',
    upgradeLine(status),
    ...(status.rollback === null ? [] : [`Way back: ${status.rollback.says}`]),
    ...(status.problem === null ? [] : [`But: ${status.problem.what}`, `  Do: ${status.problem.remedy}`]),
  ]
    .map((line) => `${tame(line)}\n`)
    .join('');
};

/** The same for scripts. */
export const statusJson = (name: string, status: Status): string =>
  `${JSON.stringify({ cluster: name, ...status }, null, 2)}\n`;
