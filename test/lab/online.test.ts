import { appendFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { expectBack, promise } from './harness/back.ts';
import { withCleanup } from './harness/cleanup.ts';
import { type Lab, type LabHost, openLab, quote } from './harness/lab.ts';
import { expectAcknowledgedOn, WriteLoad } from './harness/load.ts';
import { PlainRun } from './harness/plain.ts';
import { recordTruth } from './harness/truth.ts';
import { type ConsoleHome, createConsoleHome } from './harness/walk.ts';

/** The shortest journey of `method: online`; the longer ones, with their times, are `npm run test:journeys`. */

const opened = withCleanup();

/** A command to its end, every step confirmed ahead; what it has printed. */
const through = async (at: ConsoleHome, command: string): Promise<string> => {
  const run = new PlainRun(at, ['--yes', 'lab'], command);
  opened.console = run;
  const stop = await run.stop(600_000);
  expect(['finished', 'ended'], run.text.slice(-14000)).toContain(stop.kind);
  expect(await run.exited, run.text.slice(-14000)).toBe(0);
  return run.text;
};

/** What a base backup would not bring along. */
const markOwn = (lab: Lab, hosts: Lab['nodes']): Promise<unknown> =>
  Promise.all(hosts.map((host) => lab.pg(host, `touch ${quote(`${lab.settings.pgdata}/of-its-own`)}`)));

/** Called or not, at their ends, cycled, counting down, begun anew: logical replication carries the place of none. */
const oddSequences = `
  create schema odd; create sequence odd."S 'x" start 77;
  create sequence odd.backwards increment -7 minvalue -9000000000000000000 maxvalue -1; select nextval('odd.backwards');
  create sequence odd.largest; select setval('odd.largest', 9223372036854775807);
  create sequence odd.small as smallint cycle maxvalue 3; select nextval('odd.small') from generate_series(1, 5);
  create sequence odd.elsewhere; select setval('odd.elsewhere', 4711, false);
  create unlogged sequence odd.unlogged; select nextval('odd.unlogged');
  create table odd.anew (id serial primary key); insert into odd.anew select from generate_series(1, 9); truncate odd.anew restart identity; insert into odd.anew default values`;

const placesOf = (lab: Lab, host: LabHost): Promise<string> =>
  lab.psql(
    host,
    'app',
    `select format('select %L, last_value, is_called from %s', oid::regclass, oid::regclass) from pg_class where relkind = 'S' order by oid::regclass::text \\gexec`,
  );

it('prepares, cuts over under load and goes back: nothing that was acknowledged is lost, and each secondary streams on from its own data', async () => {
  const lab = await openLab({ snapshot: 'small' });
  const at = await createConsoleHome(lab);
  opened.home = at;
  await appendFile(at.args[0] ?? '', '\nname: lab\nupgrade: {method: online, largeObjects: leave}\n');

  // wal_level first: it ends with a promotion, behind which the next `prepare` goes on
  await through(at, 'prepare');
  const before = await recordTruth(lab);
  const { primary } = before;
  const secondaries = lab.nodes.filter((node) => node !== primary);
  await promise(lab, primary);
  await lab.psql(primary, 'app', oddSequences);
  await markOwn(lab, secondaries);
  const load = await WriteLoad.start(lab, { primary, clients: 1, reconnect: true, maxMs: 600_000 });
  try {
    await through(at, 'prepare');
    const places = await placesOf(lab, primary);
    expect(await through(at, 'run')).toMatch(/Rollback: lossless: PostgreSQL 15 follows/);
    expect(await placesOf(lab, primary)).toBe(places);
    const there = await recordTruth(lab);
    expect(there.primary).toBe(primary);
    for (const host of lab.hosts) expect(there.hosts[host]?.version, host).toMatch(/^17\./);
    expect(there.nodes.map(({ id, name, reported }) => [id, name, reported])).toEqual(
      before.nodes.map(({ id, name, reported }) => [id, name, reported]),
    );
    await expectAcknowledgedOn(load, lab, primary);
    const gap = load.longestGapMs;

    await lab.psql(
      primary,
      'app',
      `select nextval(oid) from pg_class, generate_series(1, 40) where relkind = 'S' and relname ~ 'backwards|small|unlogged'; insert into odd.anew default values;
       select setval('odd.largest', 12, false)`,
    );
    const moved = await placesOf(lab, primary);
    expect(moved).toMatch(/odd.largest\|12\|f/);
    await through(at, 'rollback');
    expect(await placesOf(lab, primary)).toBe(moved);
    await load.stop();
    await expectAcknowledgedOn(load, lab, primary);
    console.log(
      `${load.acknowledged.length} acknowledged, none lost; longest time without one: ${gap} ms there, ${load.longestGapMs} ms with the way back`,
    );
  } finally {
    await load.stop();
  }
  for (const host of secondaries) await lab.pg(host, `rm ${quote(`${lab.settings.pgdata}/of-its-own`)}`);
  await lab.psql(primary, 'app', 'drop table harness_load; drop schema odd cascade');
  await expectBack(lab, before, { primary, sameIds: true });
});
