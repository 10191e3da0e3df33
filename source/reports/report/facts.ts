import { bytes } from '../../cluster/amounts.ts';
import type { ClusterFacts } from '../../cluster/facts.ts';
import { countedBytes, type Inventory, listedTables } from '../../cluster/inventory.ts';
import { localTime } from '../../cluster/times.ts';
import type { Moment } from '../../engine/journal/entry.ts';
import { type Block, heading, literal, paragraph, strong, table } from '../document.ts';
import { extensionsOf, linesDiff } from './compare.ts';
import { hbaBlocks, settingBlocks } from './configuration.ts';
import { rowBlocks } from './rows.ts';
import type { Story } from './story.ts';

/** One server as it was at a moment; null with the reason where nobody could tell. */
interface RecordedInventory {
  readonly at: number;
  readonly inventory: Inventory | null;
  readonly why: string | null;
}

/** The last look of a moment that saw something, else the last one. */
const recordedAt = (story: Story, hosts: readonly string[], moment: Moment): RecordedInventory | null => {
  const all = story.inventories
    .filter(({ entry }) => hosts.includes(entry.host) && entry.moment === moment)
    .map(({ at, entry }): RecordedInventory => ({ at, inventory: entry.inventory, why: entry.why }));
  return all.findLast((one) => one.inventory !== null) ?? all.at(-1) ?? null;
};

const serverBlocks = (before: Inventory, after: Inventory): readonly Block[] => {
  const size = (one: Inventory): string =>
    bytes(one.databases.reduce((sum, database) => sum + database.bytes, 0));
  const rows: readonly (readonly [string, string, string])[] = [
    ['version', before.version, after.version],
    ['system identifier', before.systemIdentifier, after.systemIdentifier],
    ['timeline', String(before.timeline), String(after.timeline)],
    [
      'databases',
      before.databases.map((one) => one.name).join(', '),
      after.databases.map((one) => one.name).join(', '),
    ],
    ['size of the databases', size(before), size(after)],
  ];
  return [
    table(
      ['', 'before', 'after'],
      rows.map(([what, old, now]) => [what, [literal(old)], [literal(now)]]),
    ),
  ];
};

const extensionBlocks = (before: Inventory, after: Inventory): readonly Block[] => {
  const all = extensionsOf(before, after);
  return [
    table(
      ['database', 'extension', 'before', 'after'],
      all.map((one) => [
        [literal(one.database)],
        [literal(one.name)],
        one.before ?? [strong('none')],
        one.after ?? [strong('none')],
      ]),
    ),
  ];
};

const missing = (what: string, recorded: RecordedInventory | null): string =>
  `${what}: not recorded, because ${recorded === null ? 'the journal has no such look (an older version of the console, or the run did not come so far)' : (recorded.why ?? 'the reason is not known')}.`;

const silentBlocks = (inventories: readonly (Inventory | null)[]): readonly Block[] => {
  const silent = [...new Set(inventories.flatMap((one) => one?.silent ?? []))];
  return silent.length === 0
    ? []
    : [paragraph(strong('These databases did not answer every time: '), silent.join(', '))];
};

const compared = (
  before: RecordedInventory,
  after: RecordedInventory | null,
  rest: readonly Block[],
): readonly Block[] => {
  if (before.inventory === null || after?.inventory == null)
    return [
      ...(before.inventory === null ? [paragraph(missing('Before', before))] : []),
      ...(after?.inventory == null ? [paragraph(missing('After', after))] : []),
      ...rest,
    ];
  const { inventory: old } = before;
  const { inventory: now } = after;
  return [
    paragraph(`Before: ${localTime(before.at)}. After: ${localTime(after.at)}.`),
    ...silentBlocks([old, now]),
    ...serverBlocks(old, now),
    ...settingBlocks(old, now),
    ...(old.hba === null || now.hba === null
      ? [paragraph('pg_hba: not recorded, because the server did not show its rules.')]
      : hbaBlocks(linesDiff(old.hba, now.hba), now.hba.length)),
    ...extensionBlocks(old, now),
    ...rest,
  ];
};

/** Which host is the monitor’s, the others hold the application’s data: after a rollback another may be the primary. */
export const factBlocks = (story: Story, facts: ClusterFacts | null = null): readonly Block[] => {
  const hosts = [...new Set(story.inventories.map(({ entry }) => entry.host))];
  if (hosts.length === 0)
    return [
      paragraph(
        'Not recorded: the journal has no inspections of what the servers held; it was written by an older version of the console, or nothing was begun.',
      ),
    ];
  const ofWorkers = facts?.workers ?? [];
  const nodes = hosts.filter(
    (host) =>
      host !== 'monitor' && !ofWorkers.some((group) => group.nodes.some(({ alias }) => alias === host)),
  );
  const of = (some: readonly string[], moment: Moment): RecordedInventory | null =>
    recordedAt(story, some, moment);
  /** Of two looks before, the one that fits better and saw something. */
  const before = (some: readonly string[], first: Moment, second: Moment): RecordedInventory | null => {
    const one = of(some, first);
    return one?.inventory == null ? (of(some, second) ?? one) : one;
  };
  const sides = [
    {
      title: ofWorkers.length === 0 ? 'Primary' : 'Primary of the coordinator’s group',
      hosts: nodes,
      rows: true,
    },
    ...ofWorkers.map((group) => ({
      title: `Primary of group ${group.group}`,
      hosts: group.nodes.map(({ alias }): string => alias),
      rows: true,
    })),
    { title: 'Monitor', hosts: ['monitor'], rows: false },
  ];
  return sides.flatMap(({ title, hosts: some, rows }): readonly Block[] => {
    // The fence changes settings for the window; rows change until the stop.
    const old = before(some, 'begin', 'stop');
    if (old === null) return [heading(3, title), paragraph(missing('Before', null))];
    const [verified, end] = [of(some, 'verified'), of(some, 'end')];
    const counted = rows
      ? [
          ...rowBlocks(before(some, 'stop', 'begin') ?? old, verified, end),
          paragraph(
            `Counted where the table takes at most ${bytes(countedBytes)}, else estimated by PostgreSQL (marked ~); of each database the ${listedTables} largest tables. The rows before were read right before the stop: what the application wrote between then and the stop shows as a difference.`,
          ),
        ]
      : [];
    return [heading(3, title), ...compared(old, end, counted)];
  });
};
