import type { RollbackVerdict } from '../../engine/view/controller.ts';
import { guideSentence } from '../../runbook/guide.ts';
import { padRight } from '../../wording/text.ts';
import type { Group } from '../keys/command.ts';
import { commands } from '../keys/commands.ts';
import { keyLabel } from '../keys/keys.ts';
import type { Theme } from '../theme.ts';
import { labelled } from './prose.ts';
import { blank, type Row, span } from './row.ts';

const groups: readonly Group[] = ['Deciding', 'Looking', 'Moving', 'Leaving'];

/** The help: the way back in full, for the header may have to cut it; every key from the command table, then what the signs mean, and which guide is meant. */
export const helpRows = (verdict: RollbackVerdict, columns: number, theme: Theme): readonly Row[] => {
  const { glyphs } = theme;
  const sign = (glyph: string, says: string): Row => [span(`  ${padRight(glyph, 14)}`, 'strong'), span(says)];
  return [
    ...(verdict.says === '' ? [] : [...labelled('Way back', verdict.says, columns), blank]),
    ...groups.flatMap((group): readonly Row[] => [
      [span(group, 'strong')],
      ...commands
        .filter((command) => command.group === group)
        .map(
          (command): Row => [
            span(`  ${padRight(command.keys.map(keyLabel).join(', '), 14)}`, 'strong'),
            span(command.says),
          ],
        ),
      blank,
    ]),
    [span('Steps', 'strong')],
    sign(glyphs.waiting, 'waiting: not its turn yet'),
    sign(glyphs.next, 'next: Enter runs it'),
    sign(glyphs.settling, 'settles: the command has ended, the servers do not show it yet'),
    sign(glyphs.done, 'done (time; "was done": found done; "by hand")'),
    sign(glyphs.failed, 'failed: the run stands still until you choose'),
    sign(glyphs.skipped, 'skipped'),
    sign(glyphs.danger, 'point of no return: wants the name of the host typed'),
    blank,
    [span('Nodes', 'strong')],
    sign(glyphs.writable, 'takes writes'),
    sign(glyphs.standby, 'secondary'),
    sign(glyphs.apart, 'apart: maintenance or on its way'),
    blank,
    ...labelled('Guide', guideSentence, columns),
  ];
};
