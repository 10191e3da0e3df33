import { afterEach, expect, it } from 'vitest';
import { promise } from './harness/back.ts';
import { drive } from './harness/drive.ts';
import { type Foreign, plant, stateOf } from './harness/foreign.ts';
import { type Lab, openLab, quote } from './harness/lab.ts';
import { type Desk, layDesk } from './harness/walk.ts';

let desk: Desk | null = null;
afterEach(async () => {
  await desk?.clear();
  desk = null;
});

const marks = (lab: Lab): Promise<string[]> =>
  Promise.all(
    lab.hosts.map((host) =>
      lab.pg(host, `ls ${quote(lab.settings.pgdata)}/.pgaf-upgrade* 2>/dev/null || true`),
    ),
  );

it('what is not ours stays as it is: two other PostgreSQL 17 through an upgrade, a rollback and a clean-up, which comes last', async () => {
  const lab = await openLab({ snapshot: 'small' });
  const at = await layDesk(lab);
  desk = at;
  await promise(lab);
  // PGDG's own default for 17, which was ours.
  const data = `${lab.settings.pgdata.replace(/\/[^/]*$/, '')}/17/data`;
  const theirs: readonly Foreign[] = [
    { host: 'node1', data, port: 6017, runs: true },
    { host: 'node2', data, port: 6017, runs: false },
  ];
  await Promise.all(theirs.map((one) => plant(lab, one)));
  const before = await Promise.all(theirs.map((one) => stateOf(lab, one)));
  const untouched = async () =>
    expect(await Promise.all(theirs.map((one) => stateOf(lab, one)))).toEqual(before);

  await expect(drive(at, { direction: 'cleanup' })).rejects.toThrow(/was never upgraded/);
  expect(await lab.pg('monitor', 'ls ~/pgaf-upgrade 2>/dev/null || true')).toBe('');

  const there = await drive(at, { until: (step) => step.id === 'E.node_1.private-start' });
  expect(there.end).toBe('stopped-before');
  await untouched();
  await expect(drive(at, { direction: 'cleanup' })).rejects.toThrow(/is under way/);
  expect((await drive(at, { direction: 'rollback' })).end).toBe('finished');
  await untouched();
  expect(await marks(lab)).toEqual(lab.hosts.map(() => ''));
  expect(await lab.psql('node1', 'app', 'select count(*) from promises')).toContain('1000');

  expect((await drive(at)).end).toBe('finished');
  await untouched();
  expect(await marks(lab)).toEqual(lab.hosts.map(() => ''));

  const given = new Map<string, string>();
  const cleaned = await drive(at, {
    direction: 'cleanup',
    onStep: (step) => {
      if (step.givesUp !== null) given.set(step.id, `${step.givesUp.kind}: ${step.givesUp.says}`);
    },
  });
  expect(cleaned.end).toBe('finished');
  expect(given.get('W.node_3.remove')).toMatch(
    /^last-copy: .*NONE made since PostgreSQL 17 was opened is known/,
  );
  expect(given.get('W.node_2.remove')).toBeUndefined();
  await untouched();
  for (const host of lab.hosts)
    expect(await lab.pg(host, `ls -d ${quote(lab.settings.pgdata)}_pg* 2>/dev/null || true`)).toBe('');
});
