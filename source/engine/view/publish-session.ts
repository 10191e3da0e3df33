import { hostsOf, isNode, primaryOf } from '../../cluster/facts.ts';
import { present } from '../../cluster/present.ts';
import { localTime } from '../../cluster/times.ts';
import type { Session } from '../run/session.ts';
import type { HostView } from './controller.ts';
import { deadlineAnnounced } from './deadline-view.ts';
import type { ViewStore } from './view-store.ts';

/** The hosts as the screen shows them at first. */
const hostViews = ({ facts, hosts }: Session): HostView[] =>
  [
    ...hostsOf(facts).map((host) => ({
      alias: host.alias,
      role: isNode(host) ? host.role : ('monitor' as const),
    })),
    ...[...facts.others, ...facts.outside].map(({ alias }) => ({ alias, role: 'other' as const })),
  ].map((host) => ({
    ...host,
    address: hosts.get(host.alias)?.address.host ?? '',
    line: hosts.get(host.alias)?.line ?? 'closed',
    lastByteAt: present(),
  }));

/** A run that was prepared so long before is taken up in another window. */
const longestWindowMs = 12 * 3_600_000;

/** When the window began: with the run, or, where that was prepared in the daytime, when this console took it up. */
const begunAt = ({ facts }: Session): number => {
  const read = Date.parse(facts.readAt);
  const now = present();
  return Number.isNaN(read) || read > now || now - read > longestWindowMs ? now : read;
};

/** Puts the cluster into the store and keeps connections and feed on it up to date. Gives what undoes that. */
export const publishSession = (session: Session, store: ViewStore): readonly (() => void)[] => {
  const { facts, hosts, feed, fromRecord } = session;
  const primary = primaryOf(facts);
  store.set({
    cluster: { name: facts.name, from: primary.oldVersion, to: primary.newVersion, mode: facts.mode },
    begunAt: begunAt(session),
    hosts: hostViews(session),
    monitor: { feed: feed.snapshot, plannedDown: null, before: facts.before },
  });
  if (fromRecord)
    store.notice(
      `The facts from before the upgrade are taken from the cluster record of ${localTime(facts.readAt)}.`,
    );
  if (session.windowEnd !== null) store.notice(deadlineAnnounced(session.windowEnd, present()));
  const showLine = (alias: string, host: { trouble?: { what: string } | null }, line: HostView['line']) => {
    store.set({ hosts: store.view.hosts.map((one) => (one.alias === alias ? { ...one, line } : one)) });
    // Closed for good while the console is open: a refused host key, say. It must not go by unread.
    if (line === 'closed' && host.trouble) store.notice(`${alias}: ${host.trouble.what}`);
  };
  return [
    feed.onChange((snapshot) => store.set({ monitor: { ...store.view.monitor, feed: snapshot } })),
    ...[...hosts].map(([alias, host]) => host.onLine((line) => showLine(alias, host, line))),
  ];
};
