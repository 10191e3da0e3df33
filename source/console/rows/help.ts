import type { RollbackVerdict } from '../../engine/view/controller.ts';
import { guideSentence } from '../../runbook/guide.ts';
import { padRight, wrapWords } from '../../wording/text.ts';
import type { Group } from '../keys/command.ts';
import { keyCommands } from '../keys/commands.ts';
import { keyLabel } from '../keys/keys.ts';
import type { Theme } from '../theme.ts';
import { labelled } from './prose.ts';
import { blank, type Row, span } from './row.ts';

/** Two blanks, the names of the keys, two blanks. */
const keysWidth = 16;

const groups: readonly Group[] = ['Deciding', 'Looking', 'Moving', 'Leaving'];

/** The help: the rollback verdict in full, for the header may have to cut it; every key from the command table, then what the signs mean, and which guide is meant. */
export const helpRows = (verdict: RollbackVerdict, columns: number, theme: Theme): readonly Row[] => {
  const { glyphs } = theme;
  const spinning = theme.spinner === 'line' ? '-' : '≡';
  // A sentence that is cut tells nothing of the key: it goes on below itself.
  const entry = (keys: string, says: string): readonly Row[] =>
    wrapWords(says, columns - keysWidth).map((line, at) => [
      span(padRight(at === 0 ? `  ${keys}` : '', keysWidth), 'strong'),
      span(line),
    ]);
  return [
    ...(verdict.says === '' ? [] : [...labelled('Rollback', verdict.says, columns), blank]),
    ...groups.flatMap((group): readonly Row[] => [
      [span(group, 'strong')],
      ...keyCommands
        .filter((command) => command.group === group)
        .flatMap(({ keys, says }) => entry(keys.map(keyLabel).join(', '), says)),
      blank,
    ]),
    [span('Steps', 'strong')],
    ...entry(glyphs.waiting, 'waiting: not its turn yet'),
    ...entry(glyphs.next, 'next: Enter runs it'),
    ...entry(spinning, 'running'),
    ...entry(glyphs.settling, 'verifying: the command has ended, the servers do not show it yet'),
    ...entry(glyphs.done, 'done, with its time; “already done”: found so on the servers; “by hand”'),
    ...entry(glyphs.failed, 'failed: the run stands still until you choose'),
    ...entry(glyphs.skipped, 'skipped'),
    ...entry('late', 'by the estimates it would be over behind the end of the window'),
    ...entry(glyphs.danger, 'danger, with its word: the name of the host is typed before it runs'),
    blank,
    [span('Nodes', 'strong')],
    ...entry(glyphs.writable, 'takes writes'),
    ...entry(glyphs.standby, 'secondary'),
    ...entry(glyphs.apart, 'in maintenance or transitioning'),
    blank,
    ...labelled('Guide', guideSentence, columns),
  ];
};
