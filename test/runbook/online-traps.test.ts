import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { secondariesOf } from '../../source/cluster/facts.ts';
import { firingTriggersSql, onlineDatabaseSql } from '../../source/runbook/checks/inspection/online-sql.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { callOffRunbook, prepareRunbook } from '../../source/runbook/online.ts';
import { onlineRollback, onlineUpgrade } from '../../source/runbook/online-window.ts';
import { leaveSql } from '../../source/runbook/steps/online/carry-over-sql.ts';
import { subscribeSql } from '../../source/runbook/steps/online/follow.ts';
import { labCluster } from './clusters.ts';
import { modelFollowedBack, OnlineModel } from './online-model.ts';
import { handedSql, psql } from './psql.ts';

/**
 * Traps that were met when the online method was done by hand, each made to happen, and found before it harms, or survived. Which test has which trap, and which of them only
 * servers decide: docs/development/online.md, “The sixteen traps”.
 */

const facts = labCluster({ method: 'online' });
const model = new OnlineModel(facts);
const preparation = prepareRunbook(facts, model.world());
const textOf = (steps: readonly Step[], id: string, of: OnlineModel = model): string => {
  const made = steps.find((one) => one.id.endsWith(`.${id}`))?.script(of.world());
  if (made?.kind !== 'ready') throw new Error(`no script ${id}`);
  return made.text;
};
const cutOverModel = (): OnlineModel => modelFollowedBack(facts);

describe('in a database', () => {
  let server: PGlite;
  beforeAll(async () => {
    server = await PGlite.create();
    await server.exec(`
      create table plain (id int primary key, a int); insert into plain values (1, 1);
      create table bare (a int); insert into bare values (1);
      create table late (a int primary key deferrable); insert into late values (1);
      create table nothing (a int); alter table nothing replica identity nothing; insert into nothing values (1)`);
  }, 120_000);
  afterAll(() => server.close());
  beforeEach(() => server.exec('rollback; reset all'));

  const frozen = () =>
    psql(server, handedSql(textOf(preparation, 'freeze'), 'pgaf_frozen_start'), {
      run: facts.run,
      system: facts.systemIdentifier,
    });
  const thawed = () =>
    psql(server, handedSql(textOf(callOffRunbook(facts, model.world()), 'thaw'), 'drop publication'));
  const identities = async () =>
    (
      await server.query<{ name: string; is: string }>(
        "select relname as name, relreplident as is from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1",
      )
    ).rows.map(({ name, is }) => `${name} ${is}`);

  test('6: a table without an identity, or with a deferrable key, refuses its rows once it is published; with one it does not, and all is as it was behind the thaw', async () => {
    const before = await identities();
    await server.exec('begin; create publication pgaf_upgrade for all tables');
    for (const table of ['bare', 'late', 'nothing']) {
      await server.exec('savepoint one');
      await expect(server.exec(`update ${table} set a = 2`), table).rejects.toThrow(
        'does not have a replica identity',
      );
      await server.exec('rollback to one');
    }
    await server.exec('rollback');
    await frozen();
    await psql(server, handedSql(textOf(preparation, 'identities'), 'pgaf_upgrade.identify'));
    await server.exec(
      'reset all; set pgaf_upgrade.pass = on; create publication pgaf_upgrade for all tables',
    );
    for (const table of ['plain', 'bare', 'late', 'nothing']) await server.exec(`update ${table} set a = 2`);
    expect(await identities()).toEqual(['bare f', 'late f', 'nothing f', 'plain d']);
    await thawed();
    expect(await identities()).toEqual(before);
    expect((await server.query("select from pg_namespace where nspname = 'pgaf_upgrade'")).rows).toEqual([]);
  });

  test('9: an index that is built concurrently is refused before it begins, and leaves no invalid one; what is passing or changes no schema goes on', async () => {
    await frozen();
    await server.exec('reset all');
    for (const refused of [
      'create index concurrently odd on plain (a)',
      'create table more (a int)',
      'alter table plain add column b int',
      'drop table bare',
      'grant select on plain to public',
      'drop owned by current_user',
    ])
      await expect(server.exec(refused), refused).rejects.toThrow(
        'the schema is frozen while this cluster is upgraded',
      );
    expect((await server.query("select from pg_class where relname = 'odd'")).rows).toEqual([]);
    for (const passes of [
      'create temporary table passing (a int)',
      'analyze plain',
      'truncate bare',
      'reindex table plain',
      'drop table passing',
    ])
      await server.exec(passes);
    // a session of a superuser’s that fires no triggers passed it once
    await expect(
      server.exec('set session_replication_role = replica; create table more (a int)'),
    ).rejects.toThrow('the schema is frozen');
    await server.exec('reset all');
    await thawed();
    await server.exec('create table more (a int); drop table more');
  });

  test('7: a column without an equality is named where a table has no other identity than all its columns', async () => {
    await server.exec('create table js (a int, j json); create table keyed (a int primary key, j json)');
    const { rows } = await server.query<{ found: { found: Record<string, { names: string[] }> } }>(
      `select ${onlineDatabaseSql} as found`,
    );
    expect(rows[0]?.found.found.unequal?.names).toEqual(['public.js.j json']);
    // and so it is: a row is found by comparing each column with its own
    await expect(server.exec('select from js one join js other on one.j = other.j')).rejects.toThrow(
      'operator does not exist: json = json',
    );
    await server.exec('drop table js, keyed');
  });

  test('8: a trigger that fires where rows arrive is named, whichever of both it is', async () => {
    await server.exec(`create table watched (a int);
      create function f() returns trigger language plpgsql as 'begin return new; end';
      create trigger always before insert on watched for each row execute function f(); alter table watched enable always trigger always;
      create trigger repl before insert on watched for each row execute function f(); alter table watched enable replica trigger repl;
      create trigger plain before insert on watched for each row execute function f()`);
    const { rows } = await server.query<{ name: string }>(`${firingTriggersSql} order by 1`);
    expect(rows.map(({ name }) => name)).toEqual(['always on public.watched', 'repl on public.watched']);
    await server.exec('drop table watched; drop function f()');
  });

  test('12: a large object that came behind the checks ends the change of places before anything stops, unless it may stay', async () => {
    await frozen();
    await server.exec('select lo_create(0)');
    const leaves = (objects: string) =>
      psql(server, leaveSql, { what: 'ready', seconds: '10', stopped: 'false', moved: 'all', objects });
    await expect(leaves('refuse')).rejects.toThrow('there are large objects in');
    await leaves('leave');
    expect((await server.query("select from pgaf_upgrade.marker where what = 'ready'")).rows).toHaveLength(1);
    await thawed();
  });
});

test('3: the publisher’s orderly stop is an error to the subscriber, and no error disables it', () => {
  expect(subscribeSql(17, 'place')).toContain('disable_on_error = false');
  expect(subscribeSql(15, 'slot')).toContain('disable_on_error = false');
  // 14 knows no such option: it never disables by itself
  expect(subscribeSql(14, 'slot')).not.toContain('disable_on_error');
});

test('11: a primary that has been a standby includes a file that the new version needs: it is carried, and again at the cut-over', () => {
  const was = labCluster({ method: 'online' });
  const standby = {
    ...was,
    nodes: was.nodes.map((node) => ({
      ...node,
      carry: [...node.carry, 'postgresql-auto-failover-standby.conf'],
    })),
  };
  const of = new OnlineModel(labCluster({ ...standby, nodes: [...standby.nodes] }));
  const steps = prepareRunbook(of.facts, of.world());
  for (const step of steps) of.run(step.id);
  expect(textOf(steps, 'start-follower', of)).toMatch(
    /for f in [^\n]*postgresql-auto-failover-standby\.conf/,
  );
  expect(textOf(onlineUpgrade(of.facts), 'cut-over', of)).toMatch(
    /for f in [^\n]*postgresql-auto-failover-standby\.conf/,
  );
});

test('13: no base backup waits for a spread checkpoint: one is made before each node joins', () => {
  const ids = onlineUpgrade(facts).map(({ id }) => id);
  for (const { alias } of secondariesOf(facts)) {
    const joins = ids.indexOf(`H.${alias}.join`);
    expect(ids.slice(ids.indexOf(`H.${alias}.start`), joins).join(' '), alias).toContain('checkpoint');
  }
});

test('14: both ways every secondary is in maintenance before anything stops: else each write waits for it', () => {
  const window = onlineUpgrade(facts).map(({ id }) => id);
  const rollback = onlineRollback(facts, cutOverModel().world());
  const back = rollback.map(({ id }) => id);
  for (const { alias } of secondariesOf(facts)) {
    expect(window.indexOf(`B.${alias}.maintenance`)).toBeGreaterThanOrEqual(0);
    expect(window.indexOf(`B.${alias}.maintenance`)).toBeLessThan(window.indexOf('N.node_1.cut-over'));
    expect(back.indexOf(`R.${alias}.maintenance`)).toBeGreaterThanOrEqual(0);
    expect(back.indexOf(`R.${alias}.maintenance`)).toBeLessThan(back.indexOf('Q.node_1.cut-back'));
  }
  for (const step of [...onlineUpgrade(facts), ...rollback].filter(({ id }) => /\.cut-(over|back)$/.test(id)))
    expect(step.before.map(({ text }) => text).join('; '), step.id).toMatch(/secondar\w+.* maintenance/);
});

test('15: a server that a script starts has no descriptor of the script’s: a pipe behind it would never end', () => {
  const { nodes, ...rest } = labCluster({ method: 'online' });
  const bare = labCluster({ ...rest, nodes: nodes.map((node) => ({ ...node, service: { kind: 'none' } })) });
  const of = new OnlineModel(bare);
  const texts = [...preparation, ...prepareRunbook(bare, of.world())].map((step) => {
    const made = step.script(of.world());
    return made.kind === 'ready' ? made.text : '';
  });
  const starts = texts
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => /pg_ctl .*\bstart\b|setsid/.test(line));
  expect(starts.length).toBeGreaterThanOrEqual(3);
  for (const line of starts) expect(line).toMatch(/<\/dev\/null >\/dev\/null 2>&1/);
});
