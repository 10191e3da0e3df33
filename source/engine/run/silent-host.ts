import { andWords } from '../../cluster/amounts.ts';
import { nodesOf, primaryOf } from '../../cluster/facts.ts';
import { isLeftOut } from '../../cluster/observations.ts';
import { type Problem, problem } from '../../cluster/result.ts';
import type { Step } from '../../runbook/language/step.ts';
import { rollbackVerdict } from '../../runbook/verdict/verdict.ts';
import type { Silence } from '../observe/observer.ts';
import type { Checklist } from '../view/checklist.ts';
import type { Direction, StepFailure } from '../view/controller.ts';
import type { ViewStore } from '../view/view-store.ts';
import { silentRemedy, silentWords, waiting, whyNotWithout } from './absence.ts';
import type { OwnedSession } from './session.ts';

/** What a run says of a step that it cannot go on with, because a host gives no answer. */

/** Before the application’s writes are stopped somebody has to decide whether the window goes on without a host: asked before anything else. */
export const heldUp = (
  run: OwnedSession,
  checklist: Checklist,
  direction: Direction,
): { readonly step: Step; readonly failure: StepFailure } | null => {
  const { observer, facts } = run;
  const [silence, ...others] = nodesOf(facts).flatMap(({ alias }) => {
    const silent = isLeftOut(observer.world, alias) ? null : observer.silence(alias);
    return silent === null ? [] : [silent];
  });
  const step = checklist.steps.find((one) => one.probe(observer.world).state !== 'done');
  if (silence === undefined || step === undefined || direction === 'cleanup' || direction === 'rehearse')
    return null;
  const why = whyNotWithout(facts, checklist.steps, direction, observer.world, silence.alias, 'console');
  return {
    step,
    failure: {
      problem: problem(
        `${silentWords(silence)}, and the run does not go on without it by itself: ${why ?? ''}.`,
        silentRemedy(facts, silence.alias, direction),
        silence.problem.cause ?? silence.problem.what,
      ),
      exitCode: null,
      lastLines: [],
      causes: [],
      unmet: [],
      probe: step.probe(observer.world),
      silent: {
        host: silence.alias,
        ...(others.length === 0 ? {} : { others: others.map((one) => one.alias) }),
        waits: false,
      },
    },
  };
};

/** A rollback that cannot be made out, because hosts that would have to say it give no answer; null: it can. */
export const noWayInSight = (run: OwnedSession, checklist: Checklist): Problem | null => {
  const { facts, observer } = run;
  const verdict = rollbackVerdict(facts, observer.world);
  if (checklist.direction !== 'rollback' || checklist.steps.length > 0 || verdict.kind !== 'unknown')
    return null;
  const silent = nodesOf(facts).flatMap(({ alias }) => observer.silence(alias) ?? []);
  if (silent.length === 0) return problem(verdict.says, 'Put that right, then roll back again.');
  const names = andWords(silent.map(({ alias }) => alias));
  const primary = primaryOf(facts).alias;
  const gone = silent.some(({ alias }) => alias === primary)
    ? ` If ${primary} never comes back, every secondary may lack what it has acknowledged last, and that cannot be verified: to go on without that, promote by hand the secondary with the highest pg_last_wal_receive_lsn() (pg_autoctl stop, pg_ctl promote), and keep ${primary} off.`
    : '';
  return problem(
    `${silent.map(silentWords).join(', ')}: ${verdict.says}`,
    `Bring ${names} back, then roll back again.${gone}`,
    silent[0]?.problem.cause,
  );
};

/** Everything else is done, or waits for hosts that give no answer; what to say of the monitor is that it was gone on without. */
export const waitsFailure = (
  run: OwnedSession,
  checklist: Checklist,
  step: Step,
  alias: string,
): StepFailure => {
  const { observer } = run;
  const open = checklist.steps.filter(
    (one) => !['done', 'skipped'].includes(checklist.statusOf(one.id)?.kind ?? ''),
  );
  const away = [...new Set([alias, ...waiting(open, observer.world).values()])];
  const others = away.filter((one) => one !== alias);
  const silence = observer.silence(alias);
  const since = away.map((one) => {
    const silent = observer.silence(one);
    if (silent !== null) return silentWords(silent);
    return one === 'monitor' ? 'the monitor is not back' : `${one} does not answer`;
  });
  const names = andWords(away.map((one) => (one === 'monitor' ? 'the monitor' : one)));
  const [it, is] = away.length === 1 ? ['it', 'is'] : ['them', 'are'];
  return {
    problem: problem(
      `${since.join(', and ')}: ${open.length === 1 ? 'one step waits' : `${open.length} steps wait`} for ${it}, everything else is done.`,
      `When ${names} ${is} back: retry, or start again; it goes on with what waits. If ${away.length === 1 ? 'it never comes' : 'they never come'} back: skip, with the reason.`,
      silence?.problem.cause ?? silence?.problem.what,
    ),
    exitCode: null,
    lastLines: [],
    causes: [],
    unmet: [],
    probe: step.probe(run.observer.world),
    silent: { host: alias, ...(others.length === 0 ? {} : { others }), waits: true },
  };
};

/** What a skip has come to where the run cannot go on without the host. */
export const refusedWithout = (
  run: OwnedSession,
  checklist: Checklist,
  step: Step,
  failed: StepFailure,
  alias: string,
): StepFailure => {
  const { world } = run.observer;
  const why = whyNotWithout(run.facts, checklist.steps, checklist.direction, world, alias, 'operator');
  return {
    ...failed,
    problem: problem(
      `${step.host}: the run cannot go on without ${alias}: ${why ?? 'it answers'}.`,
      silentRemedy(run.facts, alias, checklist.direction).replace(/ Or skip: [^.]*\./, ''),
    ),
  };
};

/** A start in a rollback that the application’s writes need not wait for. */
export const orWithoutMonitor = (failure: StepFailure): StepFailure => {
  const { problem: what } = failure;
  const remedy = `${what.remedy} Or skip: PostgreSQL is then started without pg_autoctl, so that the application can write.`;
  return { ...failure, problem: { ...what, remedy } };
};

/** Whether the run goes on without a host; said and written down where it does. */
export const continueWithout = (
  run: OwnedSession,
  { checklist, store }: { readonly checklist: Checklist; readonly store: ViewStore },
  silence: Silence,
  decides: 'console' | 'operator',
  reason?: string,
  direction: Direction = checklist.direction,
): boolean => {
  const { alias } = silence;
  const { world } = run.observer;
  if (isLeftOut(world, alias)) return true;
  const why = whyNotWithout(run.facts, checklist.steps, direction, world, alias, decides);
  if (why !== null) {
    if (decides === 'operator') store.notice(`The run does not go on without ${alias}: ${why}.`);
    return false;
  }
  store.notice(`${silentWords(silence)}: the run goes on without it, and its steps wait until it is back.`);
  checklist.note(run, {
    kind: 'without',
    host: alias,
    since: new Date(silence.since).toISOString(),
    reason: reason ?? `${silentWords(silence)}`,
  });
  return true;
};
