import type { Problem } from '../cluster/result.ts';

export const sayProblem = ({ what, remedy, cause }: Problem): string =>
  `pgaf-upgrade: ${what}\n${cause === undefined ? '' : `  cause: ${cause}\n`}  remedy: ${remedy}\n`;

/** Writes a whole paper to standard output; that nobody reads it to its end (`| head`) is no failure. */
export const print = (text: string): void => {
  process.stdout.once('error', () => process.exit(0));
  process.stdout.write(text);
};
