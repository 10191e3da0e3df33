import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareRunbook } from '../../source/runbook/online.ts';
import {
  arriveSql,
  askedSql,
  leaveSql,
  liesSql,
  mayHaveMoved,
} from '../../source/runbook/steps/online/carry-over-sql.ts';
import { labCluster } from './clusters.ts';
import { OnlineModel } from './online-model.ts';
import { handedSql, psql } from './psql.ts';

/** What a server has on its disk says of each sequence what the server itself says, by PostgreSQL 18 in the process. */

let directory: string;
let server: PGlite;
const start = () => PGlite.create(join(directory, 'data'));
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgaf-sequences-'));
  server = await start();
  await server.exec(`
    create schema pgaf_upgrade;
    create function pgaf_upgrade.uncalled(one regclass) returns bigint language plpgsql as $$ declare last bigint; begin execute format('select last_value from %s', one) into last; return last; end $$;
    create schema "odd 'x"; create sequence "odd 'x"."S ü" start 77;
    create sequence backwards increment -7 minvalue -9000000000000000000 maxvalue -1; select nextval('backwards') from generate_series(1, 5);
    create sequence largest; select setval('largest', 9223372036854775807);
    create sequence least minvalue -9223372036854775808; select setval('least', -9223372036854775808);
    create sequence small as smallint cycle maxvalue 3; select nextval('small') from generate_series(1, 5);
    create sequence elsewhere; select setval('elsewhere', 4711, false);
    create sequence cached cache 50; select nextval('cached');
    create unlogged sequence unlogged; select nextval('unlogged');
    create table owned (id serial, other int generated always as identity); insert into owned select from generate_series(1, 40);
    create table anew (id serial); insert into anew select from generate_series(1, 9); truncate anew restart identity; insert into anew default values;
    create temporary sequence passing`);
  await server.close();
  server = await start();
}, 120_000);
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

const rowsOf = async (sql: string) =>
  (await server.query(`select schema || '.' || name as name, last::text, called from (${sql}) s order by 1`))
    .rows;

test('called or not, at either end, cycled, cached, counting down, unlogged, begun anew by TRUNCATE: each stands on the disk where the server says', async () => {
  const asked = await rowsOf(askedSql('true'));
  expect(asked).toHaveLength(11);
  expect(asked).toContainEqual({ name: "odd 'x.S ü", last: '77', called: false });
  expect(asked).toContainEqual({ name: 'public.elsewhere', last: '4711', called: false });
  expect(await rowsOf(liesSql('true'))).toEqual(asked);
});

test('a page that is not as expected is not believed: the server is asked', async () => {
  const asked = await rowsOf(askedSql('true'));
  const { rows } = await server.query<{ path: string }>("select pg_relation_filepath('largest') as path");
  // where the page says what it is: as an encrypted one would not
  const file = openSync(join(directory, 'data', rows[0]?.path ?? ''), 'r+');
  writeSync(file, Buffer.from([1]), 0, 1, 8184);
  closeSync(file);
  expect(await rowsOf(liesSql('true'))).toEqual(asked);
});

test('of many only those are looked at that the WAL names, and those that write none', async () => {
  const { rows } = await server.query<{ file: string; silent: string }>(
    "select dattablespace || '/' || oid || '/' || pg_relation_filenode('small') as file, 'u/' || oid || '/' || 'unlogged'::regclass::oid as silent from pg_database where datname = current_database()",
  );
  const [{ file, silent } = { file: '', silent: '' }] = rows;
  const looked = async (moved: string, by: typeof liesSql) => {
    const sql = by(mayHaveMoved.replaceAll(":'moved'", `'${moved}'`));
    const seen = await server.query<{ name: string }>(
      `select schema || '.' || name as name from (${sql}) s order by 1`,
    );
    return seen.rows.map(({ name }) => name);
  };
  for (const by of [liesSql, askedSql]) {
    expect(await looked(`1663/2/3 ${file} 1663/16384/4 ${silent} u/2/3`, by)).toEqual([
      'public.small',
      'public.unlogged',
    ]);
    expect(await looked(silent, by)).toEqual(['public.unlogged']);
    expect(await looked('', by)).toEqual([]);
    expect(await looked('all', by)).toHaveLength(11);
  }
});

describe('carried over', () => {
  const facts = labCluster({ method: 'online' });
  const model = new OnlineModel(facts);
  const carried = async (what: string, stopped: boolean): Promise<string> => {
    await psql(server, leaveSql, {
      what,
      seconds: '10',
      stopped: String(stopped),
      moved: 'all',
      objects: 'leave',
    });
    await server.exec('reset all');
    const { rows } = await server.query<{ at: string }>(
      'select at::text as at from pgaf_upgrade.marker where what = $1',
      [what],
    );
    return rows[0]?.at ?? '';
  };
  const arrives = async (what: string, at: string): Promise<void> => {
    await psql(server, arriveSql, { what, at, seconds: '10', all: 'false' });
  };
  beforeAll(async () => {
    await server.exec('drop schema pgaf_upgrade cascade');
    const freeze = prepareRunbook(facts, model.world())
      .find(({ id }) => id.endsWith('.freeze'))
      ?.script(model.world());
    await psql(server, handedSql(freeze?.kind === 'ready' ? freeze.text : '', 'pgaf_frozen_start'), {
      run: facts.run,
      system: facts.systemIdentifier,
    });
    await server.exec('reset all; set pgaf_upgrade.pass = on');
  }, 120_000);

  test('a table emptied with RESTART IDENTITY behind the reading, and filled to where it was: its sequence is carried, for where rows arrive it was begun anew', async () => {
    await carried('ready', false);
    await server.exec('truncate anew restart identity; insert into anew default values');
    const at = await carried('cut-over', true);
    const { rows } = await server.query<{ name: string }>(
      'select name from pgaf_upgrade.sequence where moved = $1 order by 1',
      [at],
    );
    expect(rows.map(({ name }) => name)).toEqual(['anew_id_seq']);
  });

  test('a sequence that somebody has dropped on both sides does not end every change of places from then on', async () => {
    await server.exec('set pgaf_upgrade.pass = on; create sequence gone');
    await carried('ready', false);
    await server.exec("set pgaf_upgrade.pass = on; drop sequence gone; select setval('largest', 5)");
    await arrives('cut-over', await carried('cut-over', true));
    expect((await server.query('select last_value::text as last from largest')).rows).toEqual([
      { last: '5' },
    ]);
  });

  test('whatever a database sets for its sessions: each look sees what has arrived by then, and none takes longer than it may', async () => {
    const at = await carried('cut-over', true);
    await server.exec(
      "reset all; set default_transaction_isolation = 'serializable'; set statement_timeout = '1ms'",
    );
    await arrives('cut-over', at);
    const shown = async (name: string) =>
      (await server.query<Record<string, string>>(`show ${name}`)).rows[0]?.[name];
    expect(await shown('default_transaction_isolation')).toBe('read committed');
    expect(await shown('statement_timeout')).toBe('10s');
    await server.exec('reset all');
  });
});
