import type { DatabaseEvidence, OnlineKind, OnlineServer } from '../../cluster/checks/evidence.ts';
import { type ClusterFacts, isOnline } from '../../cluster/facts.ts';
import { type Check, type Issue, onEach, type See } from './check.ts';
import { type Seen, served } from './see.ts';

/**
 * What the limits of the online method are judged by: they say nothing of a cluster that is upgraded by pg_upgrade in the downtime.
 */

export const restrictionDocs = 'PostgreSQL, logical-replication-restrictions';
export const onTheLab = 'seen with 15.20 and 17.12 on the lab (fixtures/lab)';

export interface Asked extends Seen {
  readonly server: OnlineServer;
  readonly slots: readonly {
    readonly name: string;
    readonly kind: string;
    readonly database: string | null;
  }[];
}

export const asked: See<Asked> = (host) => {
  const seen = served(host);
  if (typeof seen === 'string') return seen;
  const { online } = seen.server;
  return online === null
    ? 'its server was not asked what the online method needs'
    : { ...seen, server: online, slots: seen.server.slots };
};

/** Our own slots: `pgaf_up_16384`, and on the way to a rollback `pgaf_back_16384`. */
export const isOwnSlot = (name: string): boolean => /^pgaf_(up|back)_\d+$/.test(name);

/** Slots that pg_upgrade, or whoever reads them, has to do with: of a cluster that is being prepared those of the preparation are none. */
export const slotsOfOthers = <Slot extends { readonly name: string }>(
  slots: readonly Slot[],
  facts: ClusterFacts | null,
): readonly Slot[] => (isOnline(facts) ? slots.filter((one) => !isOwnSlot(one.name)) : slots);

/** Only of a cluster whose file asks for it. */
export const ofOnline =
  (judge: Check['judge']): Check['judge'] =>
  (evidence) =>
    isOnline(evidence.facts) ? judge(evidence) : [];

/** Databases with a table or a sequence of anybody's: each has a slot, a subscription and a worker. */
export const replicated = ({ inspection }: Seen): readonly DatabaseEvidence[] =>
  inspection.databases.filter((one) => (one.online?.tables ?? 0) + (one.online?.sequences ?? 0) > 0);

/** `a, b, … (12 in all)` */
export const listed = ({
  count,
  names,
}: {
  readonly count: number;
  readonly names: readonly string[];
}): string => (count > names.length ? `${names.join(', ')}, … (${count} in all)` : names.join(', '));

/** One issue for each database that has something of the kind. */
export const inDatabases =
  (kind: OnlineKind, issue: (database: string, names: string, first: string) => Issue): Check['judge'] =>
  (evidence) =>
    onEach('primary', asked, ({ inspection }): readonly Issue[] =>
      inspection.databases.flatMap(({ name, online }) => {
        const found = online?.found[kind];
        return found === undefined || found.count === 0
          ? []
          : [issue(name, listed(found), found.names[0] ?? 'NAME')];
      }),
    )(evidence);
