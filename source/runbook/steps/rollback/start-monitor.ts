import { hostIn } from '../../../cluster/observations.ts';
import { monitorHasSettled } from '../../language/group-conditions.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import { dataIsBack, monitorIsOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import { undoText } from '../../language/undo.ts';
import { serviceLogs, serviceUser, startScript } from '../../shell/service.ts';

export const startOldMonitor: StepOf = (facts, phase) =>
  makeStep(facts, {
    id: 'start',
    phase,
    host: facts.monitor,
    as: serviceUser(facts.monitor),
    title: `Start monitor on ${facts.oldMajor}`,
    reason:
      'Before any node: a node whose monitor is down gives up after five restarts, with PostgreSQL stopped.',
    guide: null,
    danger: 'changes',
    milestone: 'monitor-starts',
    failureLogs: serviceLogs(facts, facts.monitor),
    script: startScript(facts, facts.monitor, facts.monitor.oldAutoctl, { atBoot: true }),
    probe: (world) => {
      const verdict = monitorIsOld(facts).holds(world);
      if (verdict.holds) return done('it answers');
      return hostIn(world, 'monitor')?.pgAutoctl === 'runs'
        ? half('pg_autoctl runs, its database does not answer yet')
        : pending('it does not run');
    },
    before: [dataIsBack(facts, facts.monitor)],
    after: [monitorIsOld(facts), monitorHasSettled],
    // The application waits meanwhile, and can do without it.
    settleSeconds: 30,
    undo: undoText('stop pg_autoctl again'),
  });
