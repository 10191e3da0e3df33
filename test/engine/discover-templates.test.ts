import { expect, test } from 'vitest';
import { discoverScript } from '../../source/inspect/discovery/script.ts';
import { word } from '../runbook/word.ts';

test('a server without template0 was taken for one that does not answer', () => {
  const { text } = discoverScript(word('/opt/vmware/postgres/17/bin'), {});
  expect(text).not.toMatch(/where d\.datname = /);
  expect(text).toMatch(/from pg_database d order by d\.datname <> .*template0.*template1.* limit 1/);
});
