import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { primaryOf } from '../../source/cluster/facts.ts';
import type { Observations } from '../../source/cluster/observations.ts';
import { waiting, whyWithoutMonitor } from '../../source/engine/run/absence.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { labCluster } from './clusters.ts';
import type { Model } from './model.ts';
import { runBack } from './rollback-model.ts';
import { Sandbox } from './sandbox.ts';
import { modelAt, stepOf } from './worlds.ts';

/** A rollback brings the application's writes back while the monitor does not start. */

const facts = labCluster();
const primary = primaryOf(facts).alias;
const without = (model: Model): Observations => ({ ...model.world(), leftOut: ['monitor'] });

/** Rolled back from behind the swap to the monitor's start, which fails. */
const monitorDoesNotStart = (): Model => {
  const model = modelAt('swapped', facts);
  for (const step of rollbackRunbook(facts, model.world()).steps) {
    if (step.id === 'S.monitor.start') return model;
    if (step.probe(model.world()).state !== 'done') runBack(model, step);
  }
  throw new Error('the rollback starts the monitor');
};
/** All that can be done without the monitor. */
const goOn = (model: Model): readonly string[] => {
  const ran: string[] = [];
  const { steps } = rollbackRunbook(facts, without(model));
  for (;;) {
    const world = without(model);
    const open = steps.filter((step) => step.probe(world).state !== 'done');
    const next = open.find((step) => !waiting(open, world).has(step));
    if (next === undefined) return ran;
    expect(next.before.filter((one) => !one.holds(world).holds).map((one) => one.text)).toEqual([]);
    runBack(model, next);
    ran.push(next.id);
  }
};

describe('the monitor is gone on without', () => {
  test('PostgreSQL is started by itself, and everything that needs pg_autoctl or the monitor waits', () => {
    const model = monitorDoesNotStart();
    expect(rollbackRunbook(facts, model.world()).steps.map(({ id }) => id)).not.toContain(
      `T.${primary}.serve`,
    );
    expect(goOn(model).at(-1)).toBe(`T.${primary}.serve`);
    const host = model.host(primary);
    expect([host.server?.version.slice(0, 2), host.pgAutoctl]).toEqual(['15', 'stopped']);
    const world = without(model);
    const { steps } = rollbackRunbook(facts, world);
    const open = steps.filter((step) => step.probe(world).state !== 'done');
    for (const [step, host_] of waiting(open, world)) expect([step.id, host_]).toEqual([step.id, 'monitor']);
    expect(open.map(({ id }) => id)).toContain(`T.${primary}.start`);
    expect(rollbackVerdict(facts, model.world()).kind).toBe('safe');
  });

  test('a pg_autoctl that looks for it in vain is stopped before, one whose server takes writes is left alone', () => {
    const model = monitorDoesNotStart();
    goOn(model);
    const idsOf = () =>
      rollbackRunbook(facts, without(model))
        .steps.map(({ id }) => id)
        .filter((id) => id.startsWith(`T.${primary}.s`));
    const host = model.host(primary);
    host.pgAutoctl = 'runs';
    expect(idsOf()).toEqual([`T.${primary}.state-file`, `T.${primary}.serve`, `T.${primary}.start`]);
    host.server = null;
    expect(idsOf()).toEqual([
      `T.${primary}.state-file`,
      `T.${primary}.stop`,
      `T.${primary}.serve`,
      `T.${primary}.start`,
    ]);
  });

  test('when it is back, pg_autoctl takes the server over, and the rollback comes to its end', () => {
    const model = monitorDoesNotStart();
    goOn(model);
    const { steps } = rollbackRunbook(facts, model.world());
    const at = (id: string) => steps.findIndex((step) => step.id === id);
    expect(at('S.monitor.start')).toBeLessThan(at(`T.${primary}.hand-back`));
    expect(at(`T.${primary}.hand-back`)).toBeLessThan(at(`T.${primary}.start`));
    for (const step of steps) {
      const world = model.world();
      if (step.probe(world).state === 'done') continue;
      expect([step.id, step.before.filter((one) => !one.holds(world).holds)]).toEqual([step.id, []]);
      runBack(model, step);
    }
    expect(model.host(primary).pgAutoctl).toBe('runs');
    expect(model.host('monitor').markers).toEqual([]);
  });

  test('at two moments only, both on the rollback: it does not start, or the node does not get on with it', () => {
    const model = monitorDoesNotStart();
    const { steps } = rollbackRunbook(facts, model.world());
    const why = (id: string, world: Observations = model.world()) =>
      whyWithoutMonitor(facts, 'rollback', world, stepOf(steps, id));
    expect(why('S.monitor.start')).toBe('the monitor does not start');
    expect(why(`T.${primary}.start`)).toBe(`pg_autoctl on ${primary} gets no further with the monitor`);
    expect(why(`T.${primary}.directories`)).toBeNull();
    expect(why('S.monitor.start', without(model))).toBeNull();
    expect(whyWithoutMonitor(facts, 'upgrade', model.world(), stepOf(steps, 'S.monitor.start'))).toBeNull();
    goOn(model);
    expect(why(`T.${primary}.start`)).toBeNull();
  });
});

describe('its scripts, by a real shell', () => {
  let host: Sandbox;
  beforeEach(() => {
    host = new Sandbox();
    host.program(
      join(host.node.oldBindir, 'pg_ctl'),
      `echo "pg_ctl $*" >> ${JSON.stringify(join(host.root, 'asked'))}`,
      `case "$*" in *start*) echo 1 > ${JSON.stringify(join(host.node.data, 'postmaster.pid'))} ;; *) rm -f ${JSON.stringify(join(host.node.data, 'postmaster.pid'))} ;; esac`,
    );
    host.cluster(host.node.data, 15);
  });
  afterEach(() => host.remove());
  const marker = () => join(host.node.workDir, 'done/rollback-served');
  const asked = () => (host.has(join(host.root, 'asked')) ? host.read(join(host.root, 'asked')) : '');
  const run = (id: string, served: boolean) => {
    const model = modelAt('swapped', host.facts);
    if (served) model.host(host.node.alias).markers = ['rollback-served'];
    const world: Observations = { ...model.world(), ...(served ? {} : { leftOut: ['monitor'] }) };
    const step: Step = stepOf(rollbackRunbook(host.facts, world).steps, id);
    const script = step.script(world);
    if (script.kind !== 'ready') throw new Error(script.needs);
    return host.sh(script.text);
  };

  test('it starts without waiting for a standby, and says so for the next console; handed back, it is stopped and the mark goes', () => {
    expect(run(`T.${host.node.alias}.serve`, false)).toMatchObject({ code: 0 });
    expect(asked()).toMatch(/^pg_ctl .*synchronous_standby_names=''.* start$/m);
    expect(host.has(marker())).toBe(true);
    expect(run(`T.${host.node.alias}.hand-back`, true)).toMatchObject({ code: 0 });
    expect(asked()).toMatch(/--mode=fast stop$/m);
    expect(host.has(marker())).toBe(false);
  });

  test('what a crash of the host left of its pid file is no server: the hand-back failed for ever', () => {
    host.program(join(host.node.oldBindir, 'pg_ctl'), 'case "$*" in *status*) exit 3 ;; esac; exit 1');
    host.write(join(host.node.data, 'postmaster.pid'), '4194305\n');
    host.write(marker(), 'done');
    expect(run(`T.${host.node.alias}.hand-back`, true)).toMatchObject({ code: 0 });
    expect(host.has(marker())).toBe(false);
  });

  test('one that did not start leaves no mark', () => {
    host.program(join(host.node.oldBindir, 'pg_ctl'), 'exit 1');
    expect(run(`T.${host.node.alias}.serve`, false).code).not.toBe(0);
    expect(host.has(marker())).toBe(false);
  });

  test('handed back again, nothing that runs is stopped twice', () => {
    expect(run(`T.${host.node.alias}.hand-back`, true)).toMatchObject({ code: 0 });
    expect(asked()).toBe('');
  });
});
