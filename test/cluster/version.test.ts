import { describe, expect, it } from 'vitest';
import { releases } from '../../source/cluster/releases.ts';
import {
  minorsArePaired,
  type Pairing,
  parseAutoctlVersion,
  parsePostgresVersion,
} from '../../source/cluster/version.ts';
import { recorded } from './recorded.ts';

describe('parsePostgresVersion', () => {
  it.each([
    ['postgresql-15.20/postgres-version.txt', '15.20'],
    ['postgresql-15.20/psql-version.txt', '15.20'],
    ['postgresql-15.20/pg_upgrade-version.txt', '15.20'],
    ['postgresql-17.12/postgres-version.txt', '17.12'],
    ['postgresql-17.12/psql-version.txt', '17.12'],
    ['postgresql-17.12/pg_upgrade-version.txt', '17.12'],
  ])('reads %s', (file, text) => {
    const [major, minor] = text.split('.').map(Number);
    expect(parsePostgresVersion(recorded(file))).toEqual({ major, minor, text, preRelease: false });
  });

  it('reads what is not a finished release', () => {
    expect(parsePostgresVersion('postgres (PostgreSQL) 17beta1')).toEqual({
      major: 17,
      minor: 0,
      text: '17beta1',
      preRelease: true,
    });
    expect(parsePostgresVersion('19devel')?.preRelease).toBe(true);
  });

  it('reads server_version, with what a distribution appends', () => {
    expect(parsePostgresVersion('15.20 (Debian 15.20-0+deb12u1)')?.text).toBe('15.20');
  });

  it.each(['', 'command not found', '9.6.24', 'postgres (PostgreSQL)', '1.2.3.4'])(
    'does not guess: %j',
    (text) => {
      expect(parsePostgresVersion(text)).toBeNull();
    },
  );
});

describe('parseAutoctlVersion', () => {
  it('counts the major that it was built with, which Debian’s 2.0 does not list', () => {
    expect(parseAutoctlVersion(recorded('pg_auto_failover-2.0/version.txt'))).toEqual({
      version: '2.0',
      text: '2.0',
      extensionVersion: '2.0',
      builtFor: 15,
      compatibleMajors: [10, 11, 12, 13, 14, 15],
    });
  });

  it('takes off what a distribution appends', () => {
    expect(parseAutoctlVersion(recorded('pg_auto_failover-2.2/version.txt'))).toEqual({
      version: '2.2',
      text: '2.2-2',
      extensionVersion: '2.2',
      builtFor: 17,
      compatibleMajors: [13, 14, 15, 16, 17],
    });
  });

  it('reads JSON, which lists no majors', () => {
    expect(parseAutoctlVersion(recorded('pg_auto_failover-2.0/version.json'))).toMatchObject({
      version: '2.0',
      builtFor: 15,
      compatibleMajors: [15],
    });
    expect(parseAutoctlVersion(recorded('pg_auto_failover-2.2/version.json'))).toMatchObject({
      version: '2.2',
      extensionVersion: '2.2',
      builtFor: 17,
    });
  });

  it('does not guess', () => {
    expect(parseAutoctlVersion('bash: pg_autoctl: command not found')).toBeNull();
    expect(parseAutoctlVersion('{}')).toBeNull();
  });
});

const pair = (source: string, target: string): Pairing => {
  const one = parsePostgresVersion(source);
  const other = parsePostgresVersion(target);
  if (one === null || other === null) throw new Error('not a version');
  return minorsArePaired(one, other);
};

describe('minorsArePaired', () => {
  it('knows the pairing that fails mid-way, and the one that works', () => {
    expect(pair('15.20', '17.11')).toEqual({ kind: 'target-older', lowest: '17.12' });
    expect(pair('15.20', '17.12')).toEqual({ kind: 'paired' });
  });

  // Each row came out on one day; announcements on postgresql.org.
  it.each([
    ['2026-08-13', ['14.24', '15.19', '16.15', '17.11', '18.6']],
    ['2025-11-13', ['13.23', '14.20', '15.15', '16.11', '17.7', '18.1']],
    ['2025-05-08', ['13.21', '14.18', '15.13', '16.9', '17.5']],
    ['2024-11-14', ['13.17', '14.14', '15.9', '16.5', '17.1']],
    ['2022-11-10', ['13.9', '14.6', '15.1']],
    ['2022-08-11', ['13.8', '14.5']],
    ['2021-11-11', ['13.5', '14.1']],
  ])('pairs what was released on %s, and nothing older with it', (_, versions) => {
    versions.forEach((source, index) => {
      for (const target of versions.slice(index + 1)) {
        expect(pair(source, target)).toEqual({ kind: 'paired' });
        const [major, minor] = source.split('.').map(Number);
        const next = `${major}.${(minor ?? 0) + 1}`;
        if (next !== '13.24') expect(pair(next, target)).toMatchObject({ kind: 'target-older' });
      }
    });
  });

  it.each([
    ['17.12', '18.6', '18.7'],
    ['15.20', '18.6', '18.7'],
    ['17.11', '18.4', '18.6'],
    ['15.19', '18.4', '18.6'],
    ['16.16', '17.11', '17.12'],
    ['14.25', '16.15', '16.16'],
    ['13.8', '14.4', '14.5'],
  ])(
    'refuses %s to %s, and asks for %s: 18.5 was never released, and 14.4 came alone',
    (source, target, lowest) => {
      expect(pair(source, target)).toEqual({ kind: 'target-older', lowest });
    },
  );

  it.each([
    ['17.11', '18.6'],
    ['15.19', '18.6'],
    ['17.10', '18.4'],
    ['17.10', '18.6'],
    ['17.12', '18.7'],
    ['13.23', '14.25'],
    ['14.4', '15.0'],
  ])('pairs %s with %s', (source, target) => {
    expect(pair(source, target)).toEqual({ kind: 'paired' });
  });

  it('does not ask for a minor before the first release', () => {
    expect(pair('15.14', '18.0')).toEqual({ kind: 'paired' });
    expect(pair('13.6', '14.0')).toEqual({ kind: 'target-older', lowest: '14.2' });
  });

  it.each([
    ['12.22', '17.12', ['12.22']],
    ['15.20', '17beta1', ['17beta1']],
    ['15.20', '17.13', ['17.13']],
    ['15.21', '17.12', ['15.21']],
    ['17.11', '18.5', ['18.5']],
    ['15.20', '19.0', ['19.0']],
    ['17.13', '20.0', ['17.13', '20.0']],
  ])('an unknown or future minor is never called fine: %s to %s', (source, target, versions) => {
    expect(pair(source, target)).toEqual({ kind: 'unknown', versions });
  });

  it('has every release once, by day, and no gap but 18.5', () => {
    const days = releases.map(([day]) => day);
    expect(days).toEqual([...new Set(days)].sort());
    const all = releases.flatMap(([, versions]) => versions);
    expect(new Set(all).size).toBe(all.length);
    const gaps = all.flatMap((version) => {
      const [major, minor] = version.split('.').map(Number);
      const before = `${major}.${(minor ?? 0) - 1}`;
      return minor === 0 || all.includes(before) ? [] : [before];
    });
    expect(gaps).toEqual(['18.5']);
  });
});
