import type { Inventory, TableRows } from '../../cluster/inventory.ts';
import { type Block, literal, paragraph, strong, table } from '../document.ts';
import { countedRows, databaseIn, differingCounts } from './compare.ts';

/** Objects and rows before the stop, after the upgrade while nobody could write, and at the end. */

interface Seen {
  readonly inventory: Inventory | null;
  readonly why: string | null;
}

const rows = (one: TableRows | null): string => {
  if (one === null) return '–';
  if (one.rows !== null) return String(one.rows);
  return one.estimate === null ? 'not known' : `~${Math.round(one.estimate)}`;
};

const kinds = ['tables', 'indexes', 'sequences', 'views', 'functions', 'largeObjects'] as const;

const objectBlocks = (before: Inventory, after: Inventory): readonly Block[] => [
  table(
    ['database', 'tables', 'indexes', 'sequences', 'views', 'functions', 'large objects'],
    before.databases.map((database) => {
      const now = databaseIn(after, database.name);
      return [
        [literal(database.name)],
        ...kinds.map((kind) => {
          const [old, new_] = [database[kind], now?.[kind] ?? null];
          return old === new_ ? String(old) : [strong(`${old} → ${new_ ?? 'none'}`)];
        }),
      ];
    }),
  ),
];

const verdict = (before: Inventory | null, verified: Seen | null): Block => {
  if (before === null || verified?.inventory == null)
    return paragraph(
      `Rows right after the upgrade, before anybody could write: not recorded, because ${verified?.why ?? 'there was no such look'}.`,
    );
  const counted = countedRows([before, verified.inventory]);
  const exact = counted.filter((one) => one.rows[0]?.rows != null && one.rows[1]?.rows != null).length;
  const differing = differingCounts(counted, 0, 1);
  return differing.length === 0
    ? paragraph(
        `Rows: all ${exact} tables that were counted before the stop and again on the new version, before anybody could write, have the same number of rows.`,
      )
    : paragraph(
        strong(`Rows: ${differing.length} of ${exact} counted tables differ`),
        ' between the inspection before the stop and the new version before anybody could write: ',
        differing.map((one) => `${one.database} ${one.table}`).join(', '),
      );
};

export const rowBlocks = (before: Seen, verified: Seen | null, end: Seen | null): readonly Block[] => {
  const inventories = [before.inventory, verified?.inventory ?? null, end?.inventory ?? null];
  const counted = countedRows(inventories);
  const last = inventories[2] ?? inventories[1] ?? null;
  return [
    ...(before.inventory === null || last === null ? [] : objectBlocks(before.inventory, last)),
    verdict(before.inventory, verified),
    ...(counted.length === 0
      ? []
      : [
          {
            kind: 'fold',
            summary: `Rows of ${counted.length} tables`,
            blocks: [
              table(
                ['database', 'table', 'before the stop', 'upgraded, nobody writes', 'at the end'],
                counted.map((one) => [[literal(one.database)], [literal(one.table)], ...one.rows.map(rows)]),
              ),
            ],
          } as const,
        ]),
  ];
};
