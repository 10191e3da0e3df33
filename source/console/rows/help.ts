import type { RollbackVerdict } from '../../engine/view/controller.ts';
import { guideSentence } from '../../runbook/guide.ts';
import { padRight } from '../../wording/text.ts';
import type { Group } from '../keys/command.ts';
import { keyCommands } from '../keys/commands.ts';
import { keyLabel } from '../keys/keys.ts';
import type { Theme } from '../theme.ts';
import { labelled } from './prose.ts';
import { blank, type Row, span } from './row.ts';

const groups: readonly Group[] = ['Deciding', 'Looking', 'Moving', 'Leaving'];

/** The help: the rollback verdict in full, for the header may have to cut it; every key from the command table, then what the signs mean, and which guide is meant. */
export const helpRows = (verdict: RollbackVerdict, columns: number, theme: Theme): readonly Row[] => {
  const { glyphs } = theme;
  const spinning = theme.spinner === 'line' ? '-' : '≡';
  const sign = (glyph: string, says: string): Row => [span(`  ${padRight(glyph, 14)}`, 'strong'), span(says)];
  return [
    ...(verdict.says === '' ? [] : [...labelled('Rollback', verdict.says, columns), blank]),
    ...groups.flatMap((group): readonly Row[] => [
      [span(group, 'strong')],
      ...keyCommands
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
    sign(spinning, 'running'),
    sign(glyphs.settling, 'verifying: the command has ended, the servers do not show it yet'),
    sign(glyphs.done, 'done, with its time; “already done”: found so on the servers; “by hand”'),
    sign(glyphs.failed, 'failed: the run stands still until you choose'),
    sign(glyphs.skipped, 'skipped'),
    sign(glyphs.danger, 'danger, with its word: the name of the host is typed before it runs'),
    blank,
    [span('Nodes', 'strong')],
    sign(glyphs.writable, 'takes writes'),
    sign(glyphs.standby, 'secondary'),
    sign(glyphs.apart, 'in maintenance or transitioning'),
    blank,
    ...labelled('Guide', guideSentence, columns),
  ];
};
