import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import xterm from '@xterm/headless';
import { z } from 'zod';
import { type Cells, cellsOf, screenOf } from './console.ts';

/** What a terminal showed, as asciicast v2 has it: read as strictly as its page says. Source: asciinema, asciicast file format version 2. */

const headerSchema = z.strictObject({
  version: z.literal(2),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  timestamp: z.number().int(),
  idle_time_limit: z.number(),
  title: z.string(),
  env: z.record(z.string(), z.string()),
});
const eventSchema = z.tuple([z.number().nonnegative(), z.enum(['o', 'r', 'm']), z.string()]);
type Event = z.infer<typeof eventSchema>;

export interface Asciicast {
  readonly header: z.infer<typeof headerSchema>;
  readonly events: readonly Event[];
}

/** Throws where a line is not as the format has it, or a moment is before the one above it. */
export const parseAsciicast = (text: string): Asciicast => {
  const [first = '', ...rest] = text.split('\n');
  if (rest.pop() !== '') throw new Error('the last line is cut short');
  const events = rest.map((line) => eventSchema.parse(JSON.parse(line)));
  let last = 0;
  for (const [at] of events) {
    if (at < last) throw new Error(`${at} stands behind ${last}`);
    last = at;
  }
  return { header: headerSchema.parse(JSON.parse(first)), events };
};

/** The newest record of a demo in this directory, as text; null: there is none. */
export const newestRecord = (root: string): string | null => {
  const home = join(root, 'state');
  const found = readdirSync(home, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.cast'))
    .sort()
    .at(-1);
  return found === undefined ? null : readFileSync(join(home, found), 'utf8');
};

/** What a terminal shows once it was played so many events of a record. */
export const replayed = async (
  { header, events }: Asciicast,
  upTo = events.length,
): Promise<{ readonly screen: string; readonly cells: Cells }> => {
  const terminal = new xterm.Terminal({
    cols: header.width,
    rows: header.height,
    allowProposedApi: true,
    scrollback: 10_000,
  });
  for (const [, code, data] of events.slice(0, upTo)) {
    const [columns, rows] = data.split('x').map(Number);
    if (code === 'o') terminal.write(data);
    else if (code === 'r' && columns !== undefined && rows !== undefined) terminal.resize(columns, rows);
  }
  await new Promise<void>((resolve) => terminal.write('', resolve));
  const shown = { screen: screenOf(terminal), cells: cellsOf(terminal) };
  terminal.dispose();
  return shown;
};
