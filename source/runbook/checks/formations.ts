import { andWords } from '../../cluster/amounts.ts';
import { hostAndPort } from '../../cluster/host-and-port.ts';
import type { OtherRow } from '../../cluster/monitor-state.ts';
import type { Check, CheckAnswer } from './check.ts';
import { withoutMonitor } from './reach.ts';

const byFormation = (rows: readonly OtherRow[]): ReadonlyMap<string, readonly OtherRow[]> => {
  const found = new Map<string, OtherRow[]>();
  for (const row of rows) found.set(row.formation, [...(found.get(row.formation) ?? []), row]);
  return found;
};

/** Whoever else lives by the monitor that is upgraded. */
export const formationChecks: readonly Check[] = [
  {
    id: 'other-formations',
    severity: 'blocker',
    title: 'No other formation loses its failover with the monitor’s upgrade',
    scope: 'monitor',
    why: 'A pg_autoctl speaks to a monitor of its own version only. After the monitor’s upgrade the nodes of every other formation have no failover, and the next restart of one of them stops both its servers.',
    source:
      'pg_auto_failover, monitor.c, monitor_ensure_extension_version; seen on the lab with 2.0 on a monitor of 2.2',
    judge: ({ state, formations = {}, hosts }) => {
      if (state === null) return withoutMonitor;
      const monitor = hosts.find((host) => host.role === 'monitor');
      const next = monitor?.inspection?.newAutoctl?.extensionVersion ?? null;
      if (next === state.extensionVersion) return [];
      return [...byFormation(state.others)].flatMap(([formation, rows]): CheckAnswer[] => {
        if (Object.hasOwn(formations, formation)) return [];
        const names = andWords(rows.map((row) => `${row.name} ${hostAndPort(row.host, row.port)}`));
        return [
          {
            kind: 'found',
            host: 'monitor',
            found: `formation ${formation} (${names}) is on this monitor with pg_auto_failover ${state.extensionVersion}; after the monitor’s upgrade to ${next ?? 'the new version'} it has no failover, and a restart of one of its nodes stops both its servers`,
            remedy: `say in the cluster file what is to be done. formations: { ${formation}: restart } gives its nodes the new pg_autoctl behind the monitor’s start; their PostgreSQL stays on its version, and up. accept leaves them to you`,
          },
        ];
      });
    },
  },
];
