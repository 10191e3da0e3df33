import { describe, expect, test } from 'vitest';
import { labCluster, linkedCluster } from './clusters.ts';
import { absences, oldStarts, search, skips } from './search.ts';

/** A part of the machine search in a minute; all of it, every length and layout: `npm run test:search`. */
const layouts = [
  ['link', labCluster()],
  ['copy', labCluster({ mode: 'copy' })],
  ['one secondary by hard links', linkedCluster()],
] as const;

describe.each(layouts)('%s', (_, facts) => {
  test('no run of one or four skips harms anything', () => {
    expect(search(facts, (steps) => skips(steps, [1, 4])).found).toEqual([]);
  });

  test('no host that is away for ten steps, from whichever on', () => {
    expect(search(facts, (steps) => absences(facts, steps, 10)).found).toEqual([]);
  });

  test('nor the old server, started and stopped by somebody before whichever step', () => {
    expect(search(facts, (steps) => oldStarts(facts, steps)).found).toEqual([]);
  });
});
