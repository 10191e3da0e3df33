import { expect, test } from 'vitest';
import { nameOf, searchKills } from '../runbook/kills/case.ts';
import { cases } from '../runbook/kills/cases.ts';

/** Each script is ended in every state, and once more in every state of what is begun again then. */
test.each(cases.map((one) => [nameOf(one), one] as const))('%s', (name, one) => {
  const { states, found } = searchKills(one, { again: true });
  console.log(`${name}: ended in ${states} states, ${found.length} harms`);
  expect(found).toEqual([]);
});
