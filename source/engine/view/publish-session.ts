import { hostsOf, isNode, primaryOf } from '../../cluster/facts.ts';
import { present } from '../../cluster/present.ts';
import type { Session } from '../run/session.ts';
import type { HostView } from './controller.ts';
import type { ViewStore } from './view-store.ts';

/** The hosts as the screen shows them at first. */
const hostViews = ({ facts, hosts }: Session): HostView[] =>
  [
    ...hostsOf(facts).map((host) => ({
      alias: host.alias,
      role: isNode(host) ? host.role : ('monitor' as const),
    })),
    ...facts.others.map(({ alias }) => ({ alias, role: 'other' as const })),
  ].map((host) => ({
    ...host,
    address: hosts.get(host.alias)?.address.host ?? '',
    line: hosts.get(host.alias)?.line ?? 'closed',
    lastByteAt: present(),
  }));

/** Puts the cluster on the board and keeps lines and feed on it up to date. Gives what undoes that. */
export const publishSession = (ground: Session, board: ViewStore): readonly (() => void)[] => {
  const { facts, hosts, feed, fromRecord } = ground;
  const primary = primaryOf(facts);
  board.set({
    cluster: { name: facts.name, from: primary.oldVersion, to: primary.newVersion, mode: facts.mode },
    hosts: hostViews(ground),
    monitor: { feed: feed.snapshot, plannedDown: null, before: facts.before },
  });
  if (fromRecord)
    board.notice(`what the cluster was before the upgrade is taken from the record of ${facts.readAt}`);
  const showLine = (alias: string, host: { trouble?: { what: string } | null }, line: HostView['line']) => {
    board.set({ hosts: board.view.hosts.map((one) => (one.alias === alias ? { ...one, line } : one)) });
    // Closed for good while the console is open: a refused host key, say. It must not go by unread.
    if (line === 'closed' && host.trouble) board.notice(`${alias}: ${host.trouble.what}`);
  };
  return [
    feed.onChange((snapshot) => board.set({ monitor: { ...board.view.monitor, feed: snapshot } })),
    ...[...hosts].map(([alias, host]) => host.onLine((line) => showLine(alias, host, line))),
  ];
};
