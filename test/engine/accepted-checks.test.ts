import { expect, test } from 'vitest';
import type { StepView } from '../../source/engine/view/controller.ts';
import { asText, joined, printed } from './answers.ts';
import { checkInspectionLines } from './checks/inspection-lines.ts';
import { closedBehindTests, Window } from './harness.ts';

/** Phase A makes the checks of `check`: what the cluster file accepts there is accepted here. */

const closed = closedBehindTests();

/** A window on a cluster whose last backup, as its primary tells, is some days old; or that lacks the new programs. */
const window = (config: string, change: Readonly<Record<string, string>>): Window => {
  const night = closed(new Window(undefined, config));
  night.servers.look = (alias, lines) => {
    const healthy = checkInspectionLines(night.servers.of(alias));
    const changed = [...Object.entries(change), ...healthy.filter(([key]) => !(key in change))];
    return printed(
      lines.map(([key, value]) =>
        key === 'checks/look' && alias === 'node_1' ? [key, joined(printed(changed))] : [key, value],
      ),
    );
  };
  return night.open();
};

const checks = (night: Window): StepView => {
  const step = night.view.steps.find(({ id }) => id === 'A.node_1.checks');
  if (step === undefined) throw new Error('no such step');
  return step;
};
const oldBackup = { backup_age: asText(`${5 * 86_400}\n`) };

test('a warning is told on the card and once more when the step is done', async () => {
  const night = window('', oldBackup);
  await night.goTo('B.monitor.sync-standbys-0');
  expect(checks(night).status.kind).toBe('done');
  expect(checks(night).notes.join()).toMatch(/^backup-age: /);
  expect(night.view.notices.map(({ text }) => text).join()).toContain('node_1: backup-age: ');
});

test('an accepted one is named as accepted, in the words of `check`', async () => {
  const night = window('check: { accept: [backup-age] }\n', oldBackup);
  await night.goTo('B.monitor.sync-standbys-0');
  expect(checks(night).notes).toEqual(['accepted in the cluster file: backup-age']);
});

test('what blocks is not accepted by any name', async () => {
  const night = window('check: { accept: [backup-directory-free] }\n', { backup_there: 'yes' });
  await expect(night.goTo('B.monitor.sync-standbys-0')).rejects.toThrow('it stopped on the way');
  const { stage } = night.view;
  expect(stage.kind === 'failed' && stage.step).toBe('A.node_1.checks');
  expect(stage.kind === 'failed' && stage.failure.unmet.map(({ found }) => found).join()).toContain(
    'backup-directory-free: ',
  );
}, 20_000);
