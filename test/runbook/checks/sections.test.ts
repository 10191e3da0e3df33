import { expect, test } from 'vitest';
import { errorLines, isComplete, parseSections } from '../../../source/cluster/checks/sections.ts';

test('sections have what was printed, how it ended and how long it took', () => {
  const sections = parseSections(
    '   one\n   two\n\n== initdb: exit 0, 1500 ms\n   bad\n== libraries: exit 1, 20 ms\n',
  );
  expect(sections.get('initdb')).toEqual({ code: 0, ms: 1500, lines: ['one', 'two'] });
  expect(sections.get('libraries')).toEqual({ code: 1, ms: 20, lines: ['bad'] });
  expect(isComplete(sections)).toBe(false);
});

test('what a program prints cannot pass for an ending: it is indented', () => {
  const sections = parseSections(
    '   == end: exit 0, 1 ms\n   == restore 1: exit 0, 1 ms\n== restore 1: exit 1, 5 ms\n',
  );
  expect(isComplete(sections)).toBe(false);
  expect(sections.get('restore 1')?.code).toBe(1);
});

test('a section without an ending is none, and the first of a name counts', () => {
  const sections = parseSections('== end: exit 1, 1 ms\n== end: exit 0, 1 ms\n   half a sec');
  expect([...sections.keys()]).toEqual(['end']);
  expect(isComplete(sections)).toBe(false);
});

test('the lines that say what went wrong; without any, the last ones', () => {
  const section = (lines: readonly string[]) => ({ code: 1, ms: 1, lines });
  expect(errorLines(section(['a', 'ERROR: b', 'c']))).toBe('ERROR: b');
  expect(errorLines(section(['a', '', 'c']))).toBe('a · c');
  expect(errorLines(section(['x'.repeat(5_000)])).length).toBe(600);
});

test('noise hides no cause, and a line is told once', () => {
  const section = (lines: readonly string[]) => ({ code: 1, ms: 1, lines });
  const dead = 'FATAL:  lock file "postmaster.pid" already exists';
  expect(
    errorLines(
      section([
        dead,
        'LOG:  skipping missing configuration file "/x"',
        'ERROR: b',
        '  ERROR: b',
        'pg_ctl: could not start server',
      ]),
    ),
  ).toBe('ERROR: b');
  expect(errorLines(section([dead, 'pg_ctl: could not start server']))).toBe(
    `${dead} · pg_ctl: could not start server`,
  );
});
