import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { primariesOf } from '../../source/cluster/formation.ts';
import { isDataDirectory } from '../../source/cluster/observations.ts';
import { dryRunScript } from '../../source/runbook/checks/dry-run-script.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { citusCluster, labCluster } from './clusters.ts';
import { Model } from './model.ts';

/** A transaction that is left prepared is told before the downtime, and behind the stop with what to do, never as pg_upgrade’s own refusal. */

const stepOf = (facts: typeof citus, id: string): Step => {
  const step = upgradeRunbook(facts).find((one) => one.id === id);
  if (step === undefined) throw new Error(`no step ${id}`);
  return step;
};

const citus = citusCluster();

const prepare = (model: Model, alias: string, gid: string, seconds: number): void => {
  const { server } = model.host(alias);
  if (server === null) throw new Error(`${alias} does not run`);
  model.host(alias).server = { ...server, prepared: [{ gid, database: 'app', seconds }] };
};

/** What is said against a step. */
const against = (step: Step, model: Model): string =>
  step.before
    .map((one) => one.holds(model.world()))
    .flatMap((judged) => (judged.holds ? [] : [judged.found]))
    .join('\n');

const behindCoordinator = (): Model => {
  const model = new Model(citus);
  for (const { id } of upgradeRunbook(citus)) {
    model.run(id);
    if (id === 'C.node_1.stop') break;
  }
  return model;
};

describe('a transaction that is left prepared', () => {
  it('on a worker, holds up the coordinator’s stop, and with it the downtime: only the coordinator may end it', () => {
    const model = new Model(citus);
    const stop = stepOf(citus, 'C.node_1.stop');
    prepare(model, 'node_3', 'citus_0_4711_99_1', 40);
    expect(against(stop, model)).toMatch(
      /citus_0_4711_99_1 in app is, for 40 s: .*the coordinator ends it .*recover_prepared_transactions\(\).*never end it by hand/,
    );
    for (const { alias } of primariesOf(citus)) expect(stop.inspects).toContain(alias);
  });

  it('and is on its way to its commit, holds up nothing: where applications write there is always one', () => {
    const model = new Model(citus);
    prepare(model, 'node_3', 'citus_0_4711_99_1', 0.2);
    expect(against(stepOf(citus, 'C.node_1.stop'), model)).not.toContain('citus_0');
  });

  it('by the coordinator’s stop, is told before the worker’s, with the rollback as what loses nothing', () => {
    const model = behindCoordinator();
    const stop = stepOf(citus, 'C.node_3.stop');
    expect(against(stop, model)).toBe('');
    prepare(model, 'node_3', 'citus_0_4711_99_1', 0.2);
    expect(against(stop, model)).toMatch(/the coordinator knows alone how it ended.*pgaf-upgrade rollback/);
    prepare(model, 'node_3', 'of an application', 0.2);
    expect(against(stop, model)).toMatch(/commit or roll it back in that database, then retry/);
  });

  it('of an application without Citus, is told before the stop, and behind it before pg_upgrade', () => {
    const facts = labCluster();
    const model = new Model(facts);
    prepare(model, 'node_1', 'xa', 40);
    expect(against(stepOf(facts, 'C.node_1.stop'), model)).toMatch(/xa in app is, for 40 s: ask whoever/);
    const { data } = model.host('node_1');
    if (!isDataDirectory(data)) throw new Error('there is a cluster');
    model.host('node_1').data = { ...data, prepared: true };
    expect(against(stepOf(facts, 'D.node_1.pg-upgrade'), model)).toMatch(
      /pg_twophase keeps it.*pgaf-upgrade rollback/,
    );
  });
});

describe('pg_upgrade --check where Citus commits on several nodes', () => {
  const textOf = (facts: typeof citus, id: string): string => {
    const script = stepOf(facts, id).script(new Model(facts).world());
    return script.kind === 'ready' ? script.text : '';
  };
  const checked = (answers: readonly string[]): { code: number | null; said: string } => {
    const [, tail = ''] = textOf(citus, 'A.node_3.check').split('patiently() {');
    const [body = ''] = tail.split('\npatiently check.said');
    const place = mkdtempSync(join(tmpdir(), 'pgaf-patient-'));
    try {
      const tool = answers.map((line, at) => `${at + 1}) ${line} ;;`).join('\n');
      const ran = spawnSync(
        'sh',
        [
          '-euc',
          `asked=0; tool() { asked=$((asked + 1)); case $asked in ${tool}\n esac; }\npatiently() {${body}\npatiently said tool`,
        ],
        { cwd: place, encoding: 'utf8' },
      );
      return { code: ran.status, said: ran.stdout };
    } finally {
      rmSync(place, { recursive: true });
    }
  };
  const refused = "echo 'The source cluster contains prepared transactions'; return 1";

  it('is asked again when it met one on its way, and tells every other refusal at once', () => {
    expect(checked([refused, refused, 'echo fine'])).toMatchObject({ code: 0 });
    expect(checked(Array(20).fill(refused)).said.match(/asked again/g)).toHaveLength(10);
    expect(checked(Array(20).fill(refused)).code).toBe(1);
    const other = checked(["echo 'Your installation contains …'; return 1", 'echo fine']);
    expect(other).toMatchObject({ code: 1, said: 'Your installation contains …\n' });
  });

  it('is not changed where there is no Citus', () => {
    expect(textOf(labCluster(), 'A.node_1.check')).not.toContain('patiently');
    expect(dryRunScript(citus, primariesOf(citus)[1] ?? citus.monitor).text).toContain('patiently "$t/said"');
  });
});
