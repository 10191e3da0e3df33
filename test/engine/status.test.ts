import { describe, expect, test } from 'vitest';
import { took } from '../../source/cluster/amounts.ts';
import { localTime } from '../../source/cluster/times.ts';
import { alias } from '../../source/cluster/words.ts';
import { countInView, currentStep, stepNumber } from '../../source/console/state/selectors.ts';
import { connector } from '../../source/discover/connector.ts';
import { parseJournal } from '../../source/engine/journal/entry.ts';
import { statusJson, statusText } from '../../source/plain/status-report.ts';
import type { StepId } from '../../source/runbook/language/step.ts';
import { runbookFor } from '../../source/runbook/runbooks.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { runbookState } from '../../source/usecases/status/runbook-state.ts';
import { readStatus, upgradeStatus } from '../../source/usecases/status/status.ts';
import { good } from '../cluster/recorded.ts';
import { statusAt } from '../plain/status-at.ts';
import { outcome, reportOf, section } from '../reports/journals.ts';
import { labCluster } from '../runbook/clusters.ts';
import { type Moment, worldAt } from '../runbook/worlds.ts';
import { CheckServers } from './checks/servers.ts';
import { askedStatus, labConfig, Window } from './harness.ts';

test.each([
  ['running', 'not-begun', 'A'],
  ['prepared', 'not-begun', 'B'],
  ['fenced', 'under-way', 'C'],
  ['linked', 'under-way', 'D'],
  ['primary back', 'under-way', 'G'],
  ['finished', 'finished', undefined],
] as const satisfies readonly (readonly [Moment, string, string | undefined])[])(
  'at “%s” an upgrade is %s',
  (moment, state, phase) => {
    const seen = upgradeStatus(labCluster(), worldAt(moment));
    expect([seen.state, seen.next?.phase]).toEqual([state, phase]);
  },
);

test('a clean-up that was left in the middle is called that, and no upgrade is under way again', () => {
  const facts = labCluster();
  const world = worldAt('finished');
  const run = { records: [], open: true, running: new Set<StepId>() };
  const upgrade = upgradeStatus(facts, world, 'cleanup', run);
  expect(upgrade).toMatchObject({ state: 'cleaning-up', next: null });
  const steps = runbookFor(facts, world, 'cleanup');
  const cleanupRun = runbookState(steps, world, ['monitor', 'node_1'], run);
  const [first] = steps;
  expect(statusText('lab', statusAt('finished', { upgrade, cleanupRun }), 'night/cluster.yaml')).toContain(`
Upgrade: finished, and being cleaned up
Clean-up: under way, 0 of ${steps.length} steps done; next: step 1, ${first?.title}, on ${first?.host} (${first?.id})
  Continue it with: pgaf-upgrade cleanup night/cluster.yaml
`);
});

test('what a rehearsal has left is named with the command that removes it; while an upgrade is under way that is for later', () => {
  const host = alias.parse('node_3');
  const rehearsalsLeft = [{ host, directory: '/srv/pgaf-upgrade-rehearsal.data', server: true }];
  const told = (moment: Moment) =>
    statusText('lab', statusAt(moment, { rehearsalsLeft }), 'night/cluster.yaml');
  expect(told('running')).toContain(`
Rehearsal: left in /srv/pgaf-upgrade-rehearsal.data on node_3, where its server runs
  Remove it with: pgaf-upgrade rehearse --remove --host node_3 night/cluster.yaml
`);
  expect(told('fenced')).toContain(
    '  Remove it once the upgrade is over with: pgaf-upgrade rehearse --remove',
  );
  expect(statusText('lab', statusAt('running'), 'x')).not.toContain('Rehearsal');
  expect(JSON.parse(statusJson('lab', statusAt('running', { rehearsalsLeft })))).toMatchObject({
    rehearsalsLeft,
  });
});

test('where a colleague brought the run to its end it is finished for everybody: who had left it before was told to go on', () => {
  const entry = { kind: 'left', running: null } as const;
  const left = { records: [{ at: '2026-11-27T19:12:22Z', entry }], open: false, running: new Set<StepId>() };
  const upgrade = upgradeStatus(labCluster(), worldAt('finished'), 'upgrade', left);
  const seenByAll = upgradeStatus(labCluster(), worldAt('finished'));
  expect(upgrade).toEqual(seenByAll);
  expect(upgrade).toMatchObject({ state: 'finished', next: null });
});

test('while pg_upgrade links it is what runs now, and nobody is told to roll back: it was called interrupted', async () => {
  const night = new Window(labCluster());
  try {
    night.open();
    await night.goTo('D.node_1.pg-upgrade');
    const host = night.servers.model.host('node_1');
    let end = (): void => undefined;
    const begun = new Promise<void>((tell) => {
      night.servers.plan('D.node_1.pg-upgrade', () => {
        if (host.data.kind !== 'cluster') throw new Error('the old cluster is there');
        host.data = { ...host.data, controlRenamed: true };
        tell();
        return new Promise((resolve) => {
          end = () => resolve({ kind: 'exited', code: 1 });
        });
      });
    });
    night.engine.confirm('D.node_1.pg-upgrade', 'node_1');
    await begun;
    night.servers.record = JSON.stringify({ ...night.servers.facts, run: night.servers.model.runName });
    const running = await askedStatus(night);
    expect(running.upgrade).toMatchObject({ next: { id: 'D.node_1.pg-upgrade' }, onlyBack: null });
    expect(statusText('lab', running, 'cluster.yaml')).toMatch(
      /running now: .*step \d+, Run pg_upgrade --link, on node_1/,
    );
    end();
    await night.stage('failed');
    const failed = await askedStatus(night);
    expect(failed.upgrade.running.map(({ id }) => id)).not.toContain('D.node_1.pg-upgrade');
    expect(statusText('lab', failed, 'cluster.yaml')).toContain('Warning: it cannot be repeated');
  } finally {
    await night.close();
  }
}, 60_000);

describe('in a rollback', () => {
  /** Turned round in the middle of the upgrade; the first step of the rollback was begun, and was not done. */
  const turnedRound = async (night: Window) => {
    night.open();
    await night.goTo('D.node_1.swap');
    night.servers.record = JSON.stringify({ ...night.servers.facts, run: night.servers.model.runName });
    expect(night.engine.turn('rollback')).toEqual({ accepted: true });
    await night.until('the way back', ({ stage }) => stage.kind === 'confirm' && /^[R-V]\./.test(stage.step));
    const { step } = await night.stage('confirm');
    const named = night.view.steps.find(({ id }) => id === step);
    return { first: step, title: named?.title ?? '', host: named?.host ?? '', steps: night.view.steps };
  };

  test('how far it is, which of its steps is next, and with which command it goes on', async () => {
    const night = new Window(labCluster());
    try {
      const { first, title, host, steps } = await turnedRound(night);
      night.servers.plan(first, () => ({ kind: 'exited', code: 1 }));
      night.engine.confirm(first, host);
      await night.stage('failed');
      await night.engine.close();
      const seen = await askedStatus(night);
      expect(seen.upgrade).toMatchObject({ state: 'rolling-back', next: null });
      expect(seen.rollbackRun).toMatchObject({ total: steps.length, next: { id: first, title, host } });
      const text = statusText('lab', seen, 'night/cluster.yaml');
      expect(text).toContain(`
Upgrade: being rolled back to 15.20
Lock: nobody holds it, so the run stands still
Rollback: under way, ${seen.rollbackRun?.done} of ${steps.length} steps done; next: step ${seen.rollbackRun?.next?.number}, ${title}, on ${host} (${first})
  Continue it with: pgaf-upgrade rollback night/cluster.yaml
  What it means: safe, no data loss: PostgreSQL 17 has never been started
`);
    } finally {
      await night.close();
    }
  }, 60_000);

  test('turned round and nothing of it begun, the upgrade is what is under way', async () => {
    const night = new Window(labCluster());
    try {
      await turnedRound(night);
      await night.engine.close();
      const seen = await askedStatus(night);
      expect(seen).toMatchObject({ rollbackRun: null, upgrade: { state: 'under-way' } });
      expect(seen.upgrade.next?.id).toBe('D.node_1.swap');
    } finally {
      await night.close();
    }
  }, 60_000);

  test('of a rollback that was begun, and the upgrade taken up again, nothing is said', async () => {
    const night = new Window(labCluster());
    try {
      const { first, host } = await turnedRound(night);
      night.servers.plan(first, () => ({ kind: 'exited', code: 1 }));
      night.engine.confirm(first, host);
      await night.stage('failed');
      expect(night.engine.turn('upgrade')).toEqual({ accepted: true });
      await night.next('D.node_1.swap');
      night.engine.confirm('D.node_1.swap');
      await night.until(
        'the next one',
        ({ stage }) => stage.kind === 'confirm' && stage.step !== 'D.node_1.swap',
      );
      await night.engine.close();
      expect(await askedStatus(night)).toMatchObject({ rollbackRun: null, upgrade: { state: 'under-way' } });
    } finally {
      await night.close();
    }
  }, 60_000);
});

describe('in the downtime', () => {
  const iso = (at: number | null): string => new Date(at ?? Number.NaN).toISOString();

  test('since when, for how long of how long, and who holds the lock: the console’s numbers', async () => {
    const night = new Window(labCluster());
    try {
      night.open();
      await night.goTo('D.node_1.swap');
      night.servers.record = JSON.stringify({ ...night.servers.facts, run: night.servers.model.runName });
      const { downtime, expectedDowntimeMs } = night.view;
      if (downtime.kind !== 'down') throw new Error('it is not down');
      const seen = await askedStatus(night);
      expect(seen.downtime).toMatchObject({ since: iso(downtime.since), until: null });
      expect(seen.expectedDowntime?.seconds).toBe((expectedDowntimeMs ?? 0) / 1000);
      const text = statusText('lab', seen, 'night/cluster.yaml');
      expect(text).toContain(`WRITES DOWN since ${localTime(downtime.since)}, for `);
      expect(text).toContain(
        `  Expected downtime: about ${took(expectedDowntimeMs ?? 0)} (from the dry run of the window’s own checks)`,
      );
      expect(text).toMatch(
        /^Lock: held by tess@bastion since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+, last sign of life \d+ s ago$/m,
      );
      expect(JSON.parse(statusJson('lab', seen))).toMatchObject({
        downtime: seen.downtime,
        expectedDowntime: seen.expectedDowntime,
        lock: { holder: 'tess@bastion' },
      });

      // Another operator's machine has no journal of it: the run's file on the monitor's host tells since when.
      const other = await askedStatus(night, '/nonexistent');
      expect(other.downtime).toEqual({ since: iso(downtime.since), until: null, by: 'run' });

      await night.engine.close();
      expect(statusText('lab', await askedStatus(night), 'night/cluster.yaml')).toContain(
        'Lock: nobody holds it, so the run stands still. Continue it with: pgaf-upgrade run night/cluster.yaml',
      );
    } finally {
      await night.close();
    }
  }, 60_000);

  test('once it is over, status, console and report tell the same length', async () => {
    const night = new Window(labCluster());
    try {
      night.open();
      await night.goTo('G.node_1.analyze');
      night.servers.record = JSON.stringify({ ...night.servers.facts, run: night.servers.model.runName });
      const { downtime } = night.view;
      if (downtime.kind !== 'over') throw new Error('it is not over');
      const seen = await askedStatus(night);
      expect(seen.downtime).toMatchObject({
        since: iso(downtime.since),
        until: iso(downtime.until),
      });
      const length = took(downtime.until - (downtime.since ?? Number.NaN));
      expect(statusText('lab', seen, 'x')).toContain(`  The downtime was ${length}, from `);
      const [told] = section(reportOf(parseJournal(night.journalText)), 'Downtime');
      expect(told).toContain(`could not write for ${length}, `);
    } finally {
      await night.close();
    }
  }, 60_000);
});

describe('asked once', () => {
  const ask = (servers: CheckServers) =>
    readStatus(
      labConfig(),
      connector(labConfig(), servers.connect, async () => ({ kind: 'no' })),
      () => undefined,
      '/nonexistent',
    );

  test('a cluster at rest: nodes, versions, no upgrade, nothing to undo', async () => {
    const servers = new CheckServers(labCluster());
    const seen = good(await ask(servers));
    expect(seen).toMatchObject({
      from: '15.20',
      to: '17.12',
      upgrade: { state: 'not-begun' },
      rollback: { kind: 'nothing-to-undo' },
      problem: null,
    });
    expect(statusText('lab', seen, 'cluster.yaml')).toMatch(/node_2 +secondary +good +PostgreSQL 15\.20/);
    expect(JSON.parse(statusJson('lab', seen))).toMatchObject({
      cluster: 'lab',
      hosts: [{ alias: 'monitor', running: true }, {}, {}, {}],
    });
    expect(servers.open).toBe(0);
  });

  test('in the middle of a window: the monitor is stopped as planned, and which step starts it again', async () => {
    const servers = new CheckServers(labCluster());
    servers.servers.record = JSON.stringify(labCluster());
    const { model } = servers.servers;
    for (const step of upgradeRunbook(labCluster())) {
      model.run(step.id);
      if (step.id === 'C.node_1.stop') break;
    }
    const seen = good(await ask(servers));
    expect(seen.problem).toBeNull();
    expect(seen.monitorStoppedUntil).toEqual({ id: 'D.monitor.start', title: 'Start monitor on 17' });
    expect(statusText('lab', seen, 'cluster.yaml')).toMatch(
      /^monitor +PostgreSQL 17, stopped as planned: “Start monitor on 17” \(D\.monitor\.start\) starts it again$/m,
    );
    expect(statusText('lab', seen, 'cluster.yaml')).not.toMatch(/^monitor .*, down/m);
    expect(statusText('lab', seen, 'cluster.yaml')).toContain('WRITES DOWN');
  });

  test('a node in maintenance, and no record of why: what the monitor says, and the reason', async () => {
    const servers = new CheckServers(labCluster());
    const monitor = servers.servers.model.host('monitor').monitor;
    servers.servers.monitorSays = {
      ok: true,
      value: {
        code: 0,
        stderr: '',
        stdout: JSON.stringify({
          ...monitor,
          nodes: monitor?.nodes.map((node) =>
            node.name === 'node_2' ? { ...node, reported: 'maintenance', assigned: 'maintenance' } : node,
          ),
        }),
      },
    };
    const seen = good(await ask(servers));
    expect(seen).toMatchObject({
      upgrade: { state: 'unknown' },
      rollback: null,
      problem: { what: 'node_2 is maintenance, assigned maintenance.' },
    });
    expect(statusText('lab', seen, 'cluster.yaml')).toContain('Warning: node_2 is maintenance');
    expect(servers.open).toBe(0);
  });
});

test('with optional steps ahead, and one skipped, status, console and report count alike and name the same step', async () => {
  const night = new Window(labCluster());
  const counted = async (step: string) => {
    const { view } = night;
    const { done, skipped } = countInView(view.steps);
    const { upgrade } = await askedStatus(night);
    expect(upgrade).toMatchObject({
      state: 'under-way',
      done,
      skipped,
      total: view.steps.length,
      next: { id: step, number: stepNumber(view, step) },
    });
    expect(currentStep(view)?.id).toBe(step);
    const says = outcome(reportOf(parseJournal(night.journalText)));
    expect(says).toContain(`step ${stepNumber(view, step)}, `);
    expect(says).toContain(
      `${done} of ${view.steps.length} steps are done${skipped === 0 ? ';' : `, ${skipped} skipped;`}`,
    );
    return { done, skipped };
  };
  try {
    night.open();
    await night.goTo('I.monitor.switchover');
    night.servers.record = JSON.stringify({ ...night.servers.facts, run: night.servers.model.runName });
    const before = await counted('I.monitor.switchover');
    expect(before).toMatchObject({ skipped: 0, done: stepNumber(night.view, 'I.monitor.switchover') - 1 });
    night.engine.skip('I.monitor.switchover', '');
    await night.next('I.monitor.switch-back');
    expect(await counted('I.monitor.switch-back')).toEqual({ done: before.done, skipped: 1 });
  } finally {
    await night.close();
  }
}, 60_000);
