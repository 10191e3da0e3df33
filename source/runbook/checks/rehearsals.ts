import { isOnline } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import type { Check } from './check.ts';

/** What a rehearsal has left on the cluster's hosts. */
export const rehearsalChecks: readonly Check[] = [
  {
    id: 'rehearsal-left',
    severity: 'warning',
    title: 'No rehearsal has left its copy on a host',
    scope: 'every node',
    why: 'Whatever ends a rehearsal in the middle, a killed console, say, leaves a copy of the data beside them, and may leave a server on it: they take room, memory and processors, in the window too, where rehearse does not remove them.',
    source: 'docs/rehearse.md',
    judge: ({ rehearsals = [], facts }) =>
      rehearsals.map(({ host, directory, server }) => ({
        kind: 'found',
        host,
        found: `${directory}, of a rehearsal of this cluster that nobody is at${server ? '; a server runs on it' : ''}`,
        remedy:
          facts !== null && isOnline(facts)
            ? 'remove it before the window; the online method has no rehearsal: take upgrade.method out of the cluster file for that'
            : 'remove it before the window, or go on with it: the same without --remove',
        command: sh`pgaf-upgrade rehearse --remove --host ${host} cluster.yaml`.text,
      })),
  },
];
