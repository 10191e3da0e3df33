import type { Problem } from '../cluster/result.ts';

export const sayProblem = ({ what, remedy, cause }: Problem): string =>
  `pgaf-upgrade: ${what}\n${cause === undefined ? '' : `  cause: ${cause}\n`}  remedy: ${remedy}\n`;
