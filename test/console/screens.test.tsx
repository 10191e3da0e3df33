import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { journeys, journeyTime } from './journeys.ts';
import { openScreen } from './screen.tsx';

const directory = join(import.meta.dirname, '../../fixtures/screens');
const sizes = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 200, rows: 60 },
] as const;
const renew =
  'The screen is another one than in fixtures/screens. If it is meant so: npm run screens, and look at git diff.';

const fileOf = (name: string, { columns, rows }: (typeof sizes)[number]): string =>
  `${name}-${columns}x${rows}.txt`;

const zone = process.env.TZ;
beforeAll(() => {
  process.env.TZ = 'UTC';
  // A spinner must not turn while somebody reads it.
  vi.useFakeTimers({ toFake: ['setInterval'] });
});
afterAll(() => {
  vi.useRealTimers();
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

/** Every line of the screen, without the blanks at its end, and below what one must know to judge it. */
const asText = (sees: string, lines: readonly string[], size: string): string =>
  [`# ${sees}`, `# ${size}, npm run screens`, ...lines.map((line) => line.trimEnd()), ''].join('\n');

describe.each(sizes)('$columns x $rows', (size) => {
  test.each(journeys)('$name', async ({ name, sees, options = {}, lang, go }) => {
    const at = journeyTime;
    const screen = await openScreen(
      { ...options, now: () => at },
      { ...size, ...(lang === undefined ? {} : { lang }) },
    );
    try {
      await go?.(screen, at);
      await screen.press();
      expect(screen.widest()).toBeLessThanOrEqual(size.columns);
      expect(screen.lines()).toHaveLength(size.rows);
      const text = asText(sees, screen.lines(), `${size.columns}x${size.rows}`);
      await expect(text, renew).toMatchFileSnapshot(join(directory, fileOf(name, size)));
    } finally {
      screen.close();
    }
  });
});

test('there is no screen in fixtures/screens that nobody makes', () => {
  const made = new Set(sizes.flatMap((size) => journeys.map(({ name }) => fileOf(name, size))));
  expect(readdirSync(directory).filter((name) => !made.has(name))).toEqual([]);
});
