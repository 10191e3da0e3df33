import { expect, it } from 'vitest';
import { parseStateFile, patched } from '../../../source/cluster/parse/state-file.ts';
import { good, recordedBytes } from '../recorded.ts';

const primary = recordedBytes('pg_auto_failover-2.0/node1.state');

it('reads the file of a primary and of a secondary', () => {
  expect(good(parseStateFile(primary))).toEqual({
    version: 1,
    pgVersion: 0,
    controlVersion: 1300,
    catalogVersion: 202209061,
    systemIdentifier: 7711163490379944039n,
    nodeId: 1,
    group: 0,
    assigned: 'primary',
    current: 'primary',
  });
  expect(good(parseStateFile(recordedBytes('pg_auto_failover-2.0/node2.state')))).toMatchObject({
    nodeId: 2,
    current: 'secondary',
  });
});

it('changes the eight bytes of the identifier, in a copy', () => {
  const before = Uint8Array.from(primary);
  const after = good(patched(primary, 0xfedc_ba98_7654_3210n));
  expect(primary).toEqual(before);
  expect([...after.slice(16, 24)]).toEqual([0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe]);
  after.set(primary.slice(16, 24), 16);
  expect(after).toEqual(primary);
});

it('reads a file that lies within a larger buffer', () => {
  const within = new Uint8Array(3000);
  within.set(primary, 100);
  const view = within.subarray(100, 1124);
  expect(good(parseStateFile(view)).systemIdentifier).toBe(7711163490379944039n);
  expect(good(parseStateFile(good(patched(view, 5n)))).systemIdentifier).toBe(5n);
});

it('reads the layout of pg_auto_failover’s main branch, which has one field more behind all others', () => {
  const later = Uint8Array.from(primary);
  new DataView(later.buffer).setInt32(0, 2, true);
  later[84] = 1;
  expect(parseStateFile(later)).toEqual({
    ok: true,
    value: { ...good(parseStateFile(primary)), version: 2 },
  });
});

it('refuses what it does not know for certain', () => {
  const with32 = (offset: number, value: number): Uint8Array => {
    const copy = Uint8Array.from(primary);
    new DataView(copy.buffer).setInt32(offset, value, true);
    return copy;
  };
  for (const bytes of [
    primary.slice(0, 1023),
    new Uint8Array(0),
    with32(0, 3),
    with32(32, 99),
    with32(56, -1),
  ]) {
    expect(parseStateFile(bytes).ok).toBe(false);
    expect(patched(bytes, 1n).ok).toBe(false);
  }
  expect(patched(primary, 0n).ok).toBe(false);
  expect(patched(primary, 1n << 64n).ok).toBe(false);
});
