import { expect, it } from 'vitest';
import { compareLsn, formatLsn, lsnDistance, parseLsn, sameLsn } from '../../../source/cluster/parse/lsn.ts';

it('counts bytes across the 4 GiB boundary', () => {
  expect(parseLsn('1/0')).toBe(1n << 32n);
  expect(lsnDistance('1/0', '0/FFFFFFFF')).toBe(1n);
  expect(lsnDistance('0/0', '0/10')).toBe(-16n);
});

it('prints what it read', () => {
  for (const text of ['0/0', '0/1536FA58', 'FFFFFFFF/FFFFFFFF'])
    expect(formatLsn(parseLsn(text) ?? -1n)).toBe(text);
});

it('compares as numbers and not as text', () => {
  expect(compareLsn('0/9000000', '0/15000000')).toBeLessThan(0);
  expect(compareLsn('A/0', '9/FFFFFFFF')).toBeGreaterThan(0);
  expect(compareLsn('0/0A', '0/a')).toBe(0);
  expect(sameLsn('0/0A', '0/A')).toBe(true);
});

it.each(['', '0', '/', '0/', 'g/0', '0/123456789', '0/0; rm', '-1/0'])(
  'takes %j for no LSN, and no comparison with it holds',
  (text) => {
    expect(parseLsn(text)).toBeNull();
    expect(compareLsn(text, '0/0') > 0 || compareLsn(text, '0/0') <= 0).toBe(false);
    expect(sameLsn(text, text)).toBe(false);
  },
);
