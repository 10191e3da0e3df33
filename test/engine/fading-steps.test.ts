import { expect, test } from 'vitest';
import type { Recorded } from '../../source/engine/journal/entry.ts';
import { type KeptJob, unfinishedJobs } from '../../source/engine/run/unfinished-jobs.ts';
import { onlineUpgrade } from '../../source/runbook/online-window.ts';
import { labCluster } from '../runbook/clusters.ts';
import { modelBehind } from '../runbook/online-model.ts';

const facts = labCluster({ method: 'online' });
const job: KeptJob = {
  id: 'r1/N.node_1.make-ready.1',
  host: 'node_1',
  step: 'N.node_1.make-ready',
  attempt: 1,
  state: 'ended',
  code: 0,
  restarted: false,
  startedAt: '2026-11-28T03:38:19Z',
  bytes: 154,
};
const begun: Recorded = {
  at: '2026-11-28T03:38:19.378Z',
  entry: {
    kind: 'confirmed',
    step: job.step,
    host: 'node_1',
    as: 'postgres',
    typed: null,
    job: job.id,
    script: 'true',
  },
};
const steps = onlineUpgrade(facts);
const unfinished = (model: ReturnType<typeof modelBehind>, one: KeptJob = job) =>
  unfinishedJobs(steps, model.world(), [one], [begun]).map(({ step }) => step.id);

test('a console was killed as its change of places was just ready, and came back when that was not fresh any more: it waited for it, and failed', () => {
  const model = modelBehind(facts, 'make-ready');
  expect(unfinished(model)).toEqual([job.step]);
  model.staleReady();
  expect(unfinished(model)).toEqual([]);
  // what has failed is told, and what runs is followed
  expect(unfinished(model, { ...job, code: 1 })).toEqual([job.step]);
  expect(unfinished(model, { ...job, state: 'running', code: null })).toEqual([job.step]);
});
