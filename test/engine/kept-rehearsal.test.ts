import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runName } from '../../source/cluster/words.ts';
import type { Recorded } from '../../source/engine/journal/entry.ts';
import { keepRehearsal, keptDryRun, keptRehearsal } from '../../source/engine/journal/kept-rehearsal.ts';
import { identify } from '../../source/engine/run/run-identity.ts';
import { evidenceIn } from '../../source/runbook/checks/in-world.ts';
import { dryRunWords, timingBasis } from '../../source/runbook/timing/dry-run.ts';
import { estimate } from '../../source/runbook/timing/estimates.ts';
import { labCluster } from '../runbook/clusters.ts';
import { worldAt } from '../runbook/worlds.ts';

const facts = labCluster();
let home = '';
let run = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pgaf-rehearsal-'));
  run = join(home, facts.name, 'a-run');
  mkdirSync(run, { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true }));

const probe = { state: 'done' as const, says: '' };
const second = (seconds: number): string => new Date(Date.UTC(2026, 10, 27, 12, 0, seconds)).toISOString();
const ran = (step: string, from: number, to: number): readonly Recorded[] => [
  {
    at: second(from),
    entry: {
      kind: 'confirmed',
      step,
      host: 'node_2',
      as: 'postgres',
      job: `a/${step}.1`,
      typed: null,
      script: '',
      outputFrom: 0,
    },
  },
  { at: second(to), entry: { kind: 'done', step, by: 'run', probe, verdict: '' } },
];
const attached = (step: string): Recorded => ({
  at: second(50),
  entry: { kind: 'attached', step, host: 'node_2', job: `a/${step}.1`, fromByte: 0, outputFrom: 0 },
});

test('the times of a rehearsal are what plan and window expect, and say whose they are', () => {
  const room: Recorded = {
    at: second(0),
    entry: {
      kind: 'done',
      step: 'P.node_2.room',
      by: 'run',
      probe: { state: 'done', says: 'there is room for 62608 kB of data' },
      verdict: '',
    },
  };
  const records = [room, ...ran('Y.node_2.pg-upgrade', 0, 17), ...ran('Y.node_2.swap', 17, 19)];
  expect(keepRehearsal(run, facts, records, 'node_2')).toEqual({ ok: true, value: null });
  expect(keptRehearsal(home, facts)?.steps).toEqual({ 'pg-upgrade': 17_000, swap: 2000 });
  expect(keptRehearsal(home, facts)?.kilobytes).toBe(62_608);
  const basis = timingBasis(facts, evidenceIn(facts, worldAt('running', facts)), keptDryRun(home, facts));
  const estimates = estimate(facts, basis.measurements);
  expect(estimates.steps.get('D.node_1.pg-upgrade')).toBe(17);
  expect(estimates.steps.get('D.node_1.swap')).toBe(2);
  // The monitor's is no part of it.
  expect(estimates.steps.get('C.monitor.pg-upgrade')).not.toBe(17);
  expect(dryRunWords(basis.dryRun)).toMatch(/^from the rehearsal of 2026-.* on node_2$/);
});

test('of other versions, another mode or other jobs it tells nothing', () => {
  keepRehearsal(run, facts, ran('Y.node_2.pg-upgrade', 0, 17), 'node_2');
  expect(keptRehearsal(home, { ...facts, mode: 'copy' })).toBeNull();
  expect(keptRehearsal(home, { ...facts, jobs: facts.jobs + 1 })).toBeNull();
  const [primary, ...others] = facts.nodes;
  if (primary === undefined) throw new Error('no primary');
  const newer = { ...facts, nodes: [{ ...primary, oldVersion: primary.newVersion }, ...others] };
  expect(keptRehearsal(home, newer)).toBeNull();
});

test('a step that another console has begun has no time, and without that of pg_upgrade nothing is kept', () => {
  const step = 'Y.node_2.pg-upgrade';
  const [confirmed, done] = ran(step, 0, 100);
  if (confirmed === undefined || done === undefined) throw new Error('no records');
  const kept = keepRehearsal(run, facts, [confirmed, attached(step), done], 'node_2');
  expect(kept).toMatchObject({
    ok: false,
    error: { what: expect.stringContaining('no time of pg_upgrade') },
  });
  expect(keptRehearsal(home, facts)).toBeNull();
});

test('a window does not go on with a rehearsal, and no rehearsal begins in a window', () => {
  const file = (direction: 'upgrade' | 'rehearse') => ({
    id: runName.parse('20261127T120000Z-abcd'),
    operator: 'tess@bastion',
    began: second(0),
    direction,
    finished: null,
  });
  const found = (asked: 'upgrade' | 'rehearse', of: 'upgrade' | 'rehearse') =>
    identify(home, facts, 'tess@bastion', file(of), asked);
  expect(found('upgrade', 'upgrade')).toMatchObject({ ok: true, value: { id: '20261127T120000Z-abcd' } });
  expect(found('rehearse', 'rehearse')).toMatchObject({ ok: true, value: { id: '20261127T120000Z-abcd' } });
  expect(found('upgrade', 'rehearse')).toMatchObject({ ok: true, value: { known: null } });
  expect(found('rehearse', 'upgrade')).toMatchObject({
    ok: false,
    error: { what: expect.stringContaining('is not finished') },
  });
});
