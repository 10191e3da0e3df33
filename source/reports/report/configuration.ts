import type { Inventory } from '../../cluster/inventory.ts';
import { type Block, list, literal, paragraph, strong, table } from '../document.ts';
import { type LinesDiff, type SettingsDiff, settingsDiff } from './compare.ts';

const settingRows = (all: SettingsDiff['changed']): Block =>
  table(
    ['setting', 'before', 'after'],
    all.map((one) => [[literal(one.name)], [literal(one.before)], [literal(one.after)]]),
  );

const names = (all: readonly { readonly name: string }[]): string => all.map((one) => one.name).join(', ');

/** What somebody has set, and what the new version brings by itself. */
export const settingBlocks = (before: Inventory, after: Inventory): readonly Block[] => {
  const { changed, defaults, added, gone } = settingsDiff(before, after);
  const set = { added: added.filter((one) => !one.isDefault), gone: gone.filter((one) => !one.isDefault) };
  const quiet = { added: added.filter((one) => one.isDefault), gone: gone.filter((one) => one.isDefault) };
  return [
    ...(changed.length === 0
      ? [paragraph('Every setting that somebody had set has the value that it had.')]
      : [paragraph('Settings that somebody has set and whose value is another:'), settingRows(changed)]),
    ...(set.gone.length === 0
      ? []
      : [
          paragraph(strong('Set before, and unknown to the new version:')),
          table(
            ['setting', 'before'],
            set.gone.map((one) => [[literal(one.name)], [literal(one.before)]]),
          ),
        ]),
    ...(set.added.length === 0
      ? []
      : [
          paragraph('New in this version, and set to something:'),
          table(
            ['setting', 'after'],
            set.added.map((one) => [[literal(one.name)], [literal(one.after)]]),
          ),
        ]),
    ...(defaults.length === 0
      ? []
      : [
          {
            kind: 'fold',
            summary: `${defaults.length} settings that nobody set have another default`,
            blocks: [settingRows(defaults)],
          } as const,
        ]),
    ...(quiet.added.length + quiet.gone.length === 0
      ? []
      : [
          {
            kind: 'fold',
            summary: `${quiet.added.length} settings are new, ${quiet.gone.length} are gone, all at their defaults`,
            blocks: [list(`New: ${names(quiet.added) || 'none'}`, `Gone: ${names(quiet.gone) || 'none'}`)],
          } as const,
        ]),
  ];
};

/** Who may log in, rule by rule. */
export const hbaBlocks = ({ removed, added, moved }: LinesDiff, count: number): readonly Block[] => {
  if (removed.length === 0 && added.length === 0)
    return [
      paragraph(
        moved
          ? strong('pg_hba: the same rules in another order.')
          : `pg_hba: the same ${count} rules in the same order.`,
      ),
    ];
  return [
    paragraph('pg_hba: the rules differ.'),
    {
      kind: 'code',
      language: 'text',
      text: [...removed.map((one) => `- ${one}`), ...added.map((one) => `+ ${one}`)].join('\n'),
    },
  ];
};
