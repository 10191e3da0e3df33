import { expect, it } from 'vitest';
import { expectBack, promise } from './harness/back.ts';
import { runCheck } from './harness/check.ts';
import { withCleanup } from './harness/cleanup.ts';
import { askWithoutJournal, drive } from './harness/drive.ts';
import { type Lab, type LabHost, quote } from './harness/lab.ts';
import { baseBackups, expectSound, linkedDesk } from './harness/linked.ts';
import { expectUpgraded, expectWriteReaches, recordTruth } from './harness/truth.ts';
import type { ConsoleHome } from './harness/walk.ts';

/** A table in one tablespace, its index in another; node_2 takes over the primary's links, node_3 gets a base backup. */

const opened = withCleanup();
const places = ['/srv/fast', '/srv/wide disk'];

const begin = async (): Promise<{ lab: Lab; at: ConsoleHome }> => {
  const { lab, at } = await linkedDesk(opened);
  for (const host of lab.nodes)
    await lab.root(host, `install -d -m 700 -o postgres -g postgres ${places.map(quote).join(' ')}`);
  for (const [name, place] of [
    ['fast', places[0]],
    ['wide', places[1]],
  ])
    await lab.psql('node1', 'app', `create tablespace ${name} location '${place}'`);
  await lab.psql(
    'node1',
    'app',
    `create table kept (id int, what text) tablespace fast;
     insert into kept select n, repeat('kept ', 20) from generate_series(1, 20000) n;
     create index on kept (id) tablespace wide`,
  );
  await expectWriteReaches(lab, 'node1');
  return { lab, at };
};

const expectKept = async (lab: Lab, host: LabHost): Promise<void> =>
  expect(
    await lab.psql(host, 'app', 'set enable_seqscan = off; select count(*), sum(id) from kept where id > 0'),
  ).toContain('20000|200010000');

/** Which clusters' parts lie in the first tablespace, and aside of it: `17 | pg15_bak/15`. */
const partsOn = async (lab: Lab, host: LabHost): Promise<string> => {
  const list = (place: string) =>
    lab.root(
      host,
      `cd ${quote(place)} && ls -d PG_* | cut -d_ -f2 | tr '\\n' ' '; cd ${quote(`${place}_aside`)} 2>/dev/null && ls -d */PG_* | sed 's|PG_||; s|_[0-9]*$||' | tr '\\n' ' '; true`,
    );
  const [first = '', second = ''] = await Promise.all(places.map(list));
  expect(second).toBe(first);
  return first.trim();
};

const everywhere = async (lab: Lab): Promise<string[]> =>
  Promise.all(lab.nodes.map((host) => partsOn(lab, host)));

it('home again before the first start of 17 without a copy; then a pg_upgrade that broke off begins from none; then the whole window; then nothing of 15 is left', async () => {
  const { lab, at } = await begin();
  const before = await recordTruth(lab);
  await promise(lab);
  expect((await runCheck(at)).found.filter((one) => one.startsWith('blocker'))).toEqual([]);
  const there = await drive(at, { until: (step) => step.id === 'E.node_1.private-start' });
  expect(there.verdict).toMatchObject({ kind: 'safe' });
  expect((await drive(at, { direction: 'rollback' })).end).toBe('finished');
  expect([await baseBackups(lab, 'node2'), await baseBackups(lab, 'node3')]).toEqual([0, 0]);
  expect(await everywhere(lab)).toEqual(['15 pg17_abandoned/17', '15', '15']);
  await expectSound(lab, 'node2', 'node1', lab.settings.oldBin);
  for (const host of lab.nodes) await expectKept(lab, host);
  await expectBack(lab, before, { sameIds: true });

  await drive(at, { until: (step) => step.id === 'D.node_1.pg-upgrade' });
  const broken = lab.root(
    'node1',
    `n=0; until ls -d /srv/fast/PG_17_* >/dev/null 2>&1 && pkill -x pg_restore; do n=$((n + 1)); [ $n -lt 3000 ] || exit 1; sleep 0.01; done`,
  );
  const failed = await drive(at, { until: (step) => step.id === 'D.node_1.swap' });
  await broken;
  expect(failed.end).toBe('failed');
  expect(await partsOn(lab, 'node1')).toBe('15 17 pg17_abandoned/17');
  expect(failed.verdict).toMatchObject({ kind: 'safe' });

  expect((await drive(at)).end).toBe('finished');
  expectUpgraded(before, await recordTruth(lab));
  for (const host of lab.nodes) await expectKept(lab, host);
  expect(await everywhere(lab)).toEqual([
    '17 pg15_bak/15 pg17_abandoned/17',
    '17 pg15_bak/15',
    '17 pg15_bak/15',
  ]);
  expect([await baseBackups(lab, 'node2'), await baseBackups(lab, 'node3')]).toEqual([0, 1]);
  await expectSound(lab, 'node2', 'node1', lab.settings.newBin);
  expect((await askWithoutJournal(at)).verdict).toMatchObject({
    kind: 'loses-new-writes',
    says: expect.stringContaining('through node_3'),
  });

  expect((await drive(at, { direction: 'cleanup' })).end).toBe('finished');
  expect(await everywhere(lab)).toEqual(['17', '17', '17']);
  for (const host of lab.nodes) {
    expect(await lab.root(host, 'ls -d /srv/*_aside 2>/dev/null || true')).toBe('');
    await expectKept(lab, host);
  }
});

it('the window over: through the fallback copy that lies aside, the other nodes by base backup into their own directories', async () => {
  const { lab, at } = await begin();
  const before = await recordTruth(lab);
  await promise(lab);
  expect((await drive(at)).end).toBe('finished');
  await lab.psql('node1', 'app', 'create table written_on_17 tablespace fast as select 1 as a');
  expect((await drive(at, { direction: 'rollback' })).end).toBe('finished');
  expect([await baseBackups(lab, 'node1'), await baseBackups(lab, 'node2')]).toEqual([1, 1]);
  for (const host of lab.nodes) await expectKept(lab, host);
  const both = '15 pg15_abandoned/15 pg17_abandoned/17';
  expect(await everywhere(lab)).toEqual([both, both, '15 pg17_abandoned/17']);
  await expectBack(lab, before, { primary: 'node3', sameIds: false });

  expect((await drive(at, { direction: 'cleanup' })).end).toBe('finished');
  expect(await everywhere(lab)).toEqual(['15', '15', '15']);
  for (const host of lab.nodes)
    expect(await lab.root(host, 'ls -d /srv/*_aside 2>/dev/null || true')).toBe('');
  await expectWriteReaches(lab, 'node3');
});
