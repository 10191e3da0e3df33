import { describe, expect, test } from 'vitest';
import { type Case, nameOf, searchKills } from './case.ts';

/** Each script ended in every state that it brings a disk into, and begun again. Ended once more as it is begun again: `npm run test:search`. */
export const everyMoment = (cases: readonly Case[]): void => {
  describe('ended at any moment nothing is lost, and begun again it comes to the same end', () => {
    test.each(cases.map((one) => [nameOf(one), one] as const))('%s', { timeout: 300_000 }, (_, one) => {
      const { states, found } = searchKills(one);
      expect(found).toEqual([]);
      expect(states).toBeGreaterThan(1);
    });
  });
};
