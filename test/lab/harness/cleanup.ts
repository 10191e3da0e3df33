import { afterEach } from 'vitest';
import type { PlainRun } from './plain.ts';
import type { ConsoleHome } from './walk.ts';

/** Where a test's operator sits: cleared behind each test, whatever came of it. */
export interface Opened {
  home: ConsoleHome | null;
  console: PlainRun | null;
}

export const withCleanup = (): Opened => {
  const opened: Opened = { home: null, console: null };
  afterEach(async () => {
    await opened.console?.kill();
    await opened.home?.clear();
    opened.console = null;
    opened.home = null;
  });
  return opened;
};
