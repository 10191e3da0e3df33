import type { DatabaseInventory, Inventory, TableRows } from '../../cluster/inventory.ts';

/** What is different between two looks at the same server. Pure; no words. */

export interface SettingsDiff {
  /** Set to something then or now, and the value is another. */
  readonly changed: readonly { readonly name: string; readonly before: string; readonly after: string }[];
  /** Nobody set them: the new version’s default is another. */
  readonly defaults: readonly { readonly name: string; readonly before: string; readonly after: string }[];
  /** The new version’s own. */
  readonly added: readonly { readonly name: string; readonly after: string; readonly isDefault: boolean }[];
  /** The new version does not know them any more. */
  readonly gone: readonly { readonly name: string; readonly before: string; readonly isDefault: boolean }[];
}

/** PostgreSQL reports these of itself; they say nothing about the configuration. Source: PostgreSQL, 19.15 Preset Options. */
const ofItself = new Set([
  'server_version',
  'server_version_num',
  'in_hot_standby',
  'shared_memory_size',
  'shared_memory_size_in_huge_pages',
  'num_os_semaphores',
  'transaction_read_only',
  'application_name',
  'transaction_isolation',
]);

/** `default`, and what a session or the server chose by itself. Source: PostgreSQL, guc.c, GucSource_Names. */
const unset = new Set(['default', 'override', 'client', 'session']);

const byName = <One extends { readonly name: string }>(all: readonly One[]): readonly One[] =>
  all.toSorted((one, other) => one.name.localeCompare(other.name, 'en'));

export const settingsDiff = (before: Inventory, after: Inventory): SettingsDiff => {
  const names = Object.keys(before.settings).filter((name) => !ofItself.has(name));
  const both = names.flatMap((name) => {
    const [old, now] = [before.settings[name], after.settings[name]];
    return old === undefined || now === undefined || old.value === now.value ? [] : [{ name, old, now }];
  });
  const isSet = ({ old, now }: (typeof both)[number]): boolean =>
    !unset.has(old.source) || !unset.has(now.source);
  const shown = ({ name, old, now }: (typeof both)[number]) => ({
    name,
    before: old.value,
    after: now.value,
  });
  return {
    changed: byName(both.filter(isSet).map(shown)),
    defaults: byName(both.filter((one) => !isSet(one)).map(shown)),
    added: byName(
      Object.entries(after.settings).flatMap(([name, { value, source }]) =>
        before.settings[name] === undefined && !ofItself.has(name)
          ? [{ name, after: value, isDefault: unset.has(source) }]
          : [],
      ),
    ),
    gone: byName(
      names.flatMap((name) => {
        const old = before.settings[name];
        return old === undefined || after.settings[name] !== undefined
          ? []
          : [{ name, before: old.value, isDefault: unset.has(old.source) }];
      }),
    ),
  };
};

export interface LinesDiff {
  readonly removed: readonly string[];
  readonly added: readonly string[];
  /** The same lines, in another order: in pg_hba.conf the first that fits counts. */
  readonly moved: boolean;
}

export const linesDiff = (before: readonly string[], after: readonly string[]): LinesDiff => {
  const without = (all: readonly string[], others: readonly string[]): readonly string[] => {
    const left = [...others];
    return all.filter((line) => {
      const at = left.indexOf(line);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
  };
  const [removed, added] = [without(before, after), without(after, before)];
  const moved =
    removed.length === 0 && added.length === 0 && before.some((line, index) => line !== after[index]);
  return { removed, added, moved };
};

export interface Versioned {
  readonly database: string;
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Every extension of every database, with both versions. */
export const extensionsOf = (before: Inventory | null, after: Inventory | null): readonly Versioned[] => {
  const found = new Map<string, { -readonly [Key in keyof Versioned]: Versioned[Key] }>();
  const add = (inventory: Inventory | null, when: 'before' | 'after'): void => {
    for (const database of inventory?.databases ?? [])
      for (const { name, version } of database.extensions) {
        const key = JSON.stringify([database.name, name]);
        const one = found.get(key) ?? { database: database.name, name, before: null, after: null };
        one[when] = version;
        found.set(key, one);
      }
  };
  add(before, 'before');
  add(after, 'after');
  return [...found.values()];
};

export interface Counted {
  readonly database: string;
  readonly table: string;
  /** By look, in the order given; null: the table was not there, or was not inspected. */
  readonly rows: readonly (TableRows | null)[];
}

export const countedRows = (inventories: readonly (Inventory | null)[]): readonly Counted[] => {
  const keys = new Map<string, { readonly database: string; readonly table: string }>();
  for (const inventory of inventories)
    for (const database of inventory?.databases ?? [])
      for (const { name } of database.rows)
        keys.set(JSON.stringify([database.name, name]), { database: database.name, table: name });
  const find = (inventory: Inventory | null, database: string, name: string): TableRows | null =>
    databaseIn(inventory, database)?.rows.find((one) => one.name === name) ?? null;
  return [...keys.values()].map(({ database, table }) => ({
    database,
    table,
    rows: inventories.map((inventory) => find(inventory, database, table)),
  }));
};

export const databaseIn = (inventory: Inventory | null, name: string): DatabaseInventory | null =>
  inventory?.databases.find((one) => one.name === name) ?? null;

/** Exact counts that differ between two looks. */
export const differingCounts = (
  counted: readonly Counted[],
  first: number,
  second: number,
): readonly Counted[] =>
  counted.filter(({ rows }) => {
    const [one, other] = [rows[first]?.rows ?? null, rows[second]?.rows ?? null];
    return one !== null && other !== null && one !== other;
  });
