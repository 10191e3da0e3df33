import { expect, test } from 'vitest';
import type { Evidence } from '../../source/cluster/checks/evidence.ts';
import type { ClusterFacts, OtherNode } from '../../source/cluster/facts.ts';
import type { MonitorState, OtherRow } from '../../source/cluster/monitor-state.ts';
import type { Observations } from '../../source/cluster/observations.ts';
import { formationChecks } from '../../source/runbook/checks/formations.ts';
import { evidenceIn } from '../../source/runbook/checks/in-world.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { labCluster } from './clusters.ts';
import { word } from './word.ts';
import { stepOf, worldAt } from './worlds.ts';

const row = (number: number, changes: Partial<OtherRow> = {}): OtherRow => ({
  formation: word('payments'),
  name: word(`pay_${number}`),
  host: word(`node${number}`),
  port: 5433,
  reported: number === 2 ? 'primary' : 'secondary',
  assigned: number === 2 ? 'primary' : 'secondary',
  health: 1,
  reportAge: 0.5,
  sinceStart: true,
  ...changes,
});
const node = (number: number): OtherNode => ({
  alias: word(`payments.pay_${number}`),
  formation: word('payments'),
  name: word(`pay_${number}`),
  hostname: word(`node${number}`),
  port: 5433,
  primary: number === 2,
  service: {
    kind: 'systemd',
    unit: word('pgaf-pay.service'),
    fragment: word('/etc/systemd/system/pgaf-pay.service'),
    enabled: true,
    dropIns: [],
  },
  oldAutoctl: word('/opt/vmware/postgres/15/bin/pg_autoctl'),
  newAutoctl: word('/opt/vmware/postgres/17/bin/pg_autoctl'),
  configFile: word('/var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/pay/pg_autoctl.cfg'),
});
const withPayments = (changes: Partial<ClusterFacts> = {}): ClusterFacts =>
  labCluster({ formations: { payments: 'restart' }, others: [node(3), node(2)], ...changes });

const monitorWith = (world: Observations, changes: Partial<MonitorState>): Observations => {
  const { monitor } = world.hosts;
  if (monitor?.kind !== 'seen' || monitor.host.monitor === null) throw new Error('a monitor that answers');
  const host = { ...monitor.host, monitor: { ...monitor.host.monitor, ...changes } };
  return { hosts: { ...world.hosts, monitor: { ...monitor, host } } };
};

const found = (
  facts: ClusterFacts,
  others: readonly OtherRow[],
  extensionVersion = word('2.0'),
): string[] => {
  const world = monitorWith(worldAt('prepared', facts), { others: [...others], extensionVersion });
  const evidence: Evidence = evidenceIn(facts, world);
  return formationChecks.flatMap((check) =>
    check.judge(evidence).map((answer) => (answer.kind === 'found' ? answer.found : answer.because)),
  );
};

test('another formation on the monitor is named with its nodes and versions, and blocks', () => {
  const [said = '', ...rest] = found(labCluster(), [row(2), row(3)]);
  expect(rest).toEqual([]);
  expect(said).toContain('formation payments (pay_2 node2:5433 and pay_3 node3:5433)');
  expect(said).toContain('pg_auto_failover 2.0');
  expect(formationChecks.every((check) => check.severity === 'blocker')).toBe(true);
});

test('not where there is none, where the cluster file says what to do, or the monitor keeps its version', () => {
  const facts = labCluster();
  expect(found(facts, [])).toEqual([]);
  expect(found(labCluster({ formations: { payments: 'restart' } }), [row(2)])).toEqual([]);
  expect(found(labCluster({ formations: { payments: 'accept' } }), [row(2)])).toEqual([]);
  const world = worldAt('prepared', facts);
  const next = evidenceIn(facts, world).hosts.find((host) => host.role === 'monitor')?.inspection?.newAutoctl;
  expect(found(facts, [row(2)], word(next?.extensionVersion ?? '2.0'))).toEqual([]);
});

test('restart: each node gets the new pg_autoctl behind the start of the primary, the one that writes first', () => {
  const ids = upgradeRunbook(withPayments()).map((step) => step.id);
  const from = ids.indexOf('G.node_1.start');
  expect(ids.slice(from, from + 5)).toEqual([
    'G.node_1.start',
    'G.payments.pay_2.keeper',
    'G.payments.pay_3.keeper',
    'G.node_1.compare',
    'G.node_1.analyze',
  ]);
  expect(ids.indexOf('D.monitor.start')).toBeLessThan(from);
});

test('it is done when the node reports to the monitor of the new version, and waits until it is settled and healthy', () => {
  const facts = withPayments();
  const step = stepOf(upgradeRunbook(facts), 'G.payments.pay_2.keeper');
  const back = worldAt('primary back', labCluster());
  const says = (world: Observations, others: readonly OtherRow[]) =>
    step.probe(monitorWith(world, { others: [...others] })).state;
  expect(says(back, [row(2)])).toBe('done');
  expect(says(back, [row(2, { reportAge: 40 })])).toBe('pending');
  // The monitor was down for a few seconds only: the report is fresh, and the old monitor got it.
  expect(says(back, [row(2, { reportAge: 8, sinceStart: false })])).toBe('pending');
  // A failover of that formation in the window undoes no step; right behind the step it is waited for.
  const waits = (others: readonly OtherRow[]) =>
    step.after.some((one) => !one.holds(monitorWith(back, { others: [...others] })).holds);
  for (const moving of [row(2, { health: 0 }), row(2, { assigned: 'draining' })])
    expect([says(back, [moving]), waits([moving])]).toEqual(['done', true]);
  expect(waits([row(2)])).toBe(false);
  expect(says(back, [])).toBe('pending');
  // On the old monitor all is well still: that is not what is wanted.
  expect(says(worldAt('prepared', facts), [row(2)])).toBe('pending');
});

test('nothing but pg_autoctl is killed, and PostgreSQL is left alone', () => {
  const step = stepOf(upgradeRunbook(withPayments()), 'G.payments.pay_2.keeper');
  const script = step.script(worldAt('primary back', withPayments()));
  if (script.kind !== 'ready') throw new Error(script.needs);
  expect(step.as).toBe('root');
  expect(script.text).toContain('KillMode=process');
  expect(script.text).not.toMatch(/systemctl (restart|stop)|pg_ctl/);
});

test('a rollback gives them the old pg_autoctl again, behind the writer’s start', () => {
  const facts = withPayments();
  const ids = rollbackRunbook(facts, worldAt('finished', labCluster())).steps.map((step) => step.id);
  const from = ids.findIndex((id) => /^T\..*\.start$/.test(id));
  expect(from).toBeGreaterThan(0);
  expect(ids.slice(from + 1, from + 3)).toEqual(['T.payments.pay_2.keeper', 'T.payments.pay_3.keeper']);
});

test('a rollback tells the old monitor what became of them since, before their pg_autoctl listens to it', () => {
  const facts = withPayments();
  const finished = worldAt('finished', labCluster());
  const { steps } = rollbackRunbook(facts, finished);
  const ids = steps.map((step) => step.id);
  expect(ids[ids.indexOf('S.monitor.start') + 1]).toBe('S.monitor.formations');
  const textOf = (id: string): string => {
    const script = stepOf(steps, id).script(finished);
    return script.kind === 'ready' ? script.text : '';
  };
  // Noted in the stop itself: a failover behind it there is none.
  const stop = textOf('R.monitor.stop');
  expect(stop.indexOf('formations-since')).toBeGreaterThan(0);
  expect(stop.indexOf('formations-since')).toBeLessThan(stop.indexOf('systemctl stop'));
  expect(textOf('S.monitor.formations')).toContain("delete from pgautofailover.node where formationid <> '");
  const unmet = (world: Observations) =>
    stepOf(steps, 'T.payments.pay_2.keeper')
      .before.filter((one) => !one.holds(world).holds)
      .map((one) => one.text);
  expect(unmet(finished)).toContain('the old monitor knows what became of the other formations since');
  const alone = rollbackRunbook(labCluster(), finished).steps;
  expect(alone.map((step) => step.id)).not.toContain('S.monitor.formations');
});

test('the final verification asks every formation', () => {
  const step = stepOf(upgradeRunbook(withPayments()), 'I.monitor.final');
  expect(step.after.map((one) => one.text).filter((says) => says.includes('payments'))).toHaveLength(2);
});

test('accept: the consequence, and what to do at once, stands on the cards of the monitor’s stop and start', () => {
  const facts = labCluster({ formations: { payments: 'accept' } });
  const world = monitorWith(worldAt('prepared', facts), { others: [row(2), row(3)] });
  for (const id of ['C.monitor.stop', 'D.monitor.start']) {
    const [note = ''] = stepOf(upgradeRunbook(facts), id).notes(world);
    expect(note).toContain('payments (pay_2 node2:5433 and pay_3 node3:5433)');
    expect(note).toContain('At once after the window');
  }
  expect(upgradeRunbook(facts).some((step) => step.id.endsWith('.keeper'))).toBe(false);
});
