import { localTime } from '../../cluster/times.ts';
import { windowEndWords } from '../../cluster/window-end.ts';
import { downtimeSteps } from '../../runbook/timing/estimates.ts';
import type { Plan, PlannedHost, PlannedOnFailure, PlannedStep } from './shape.ts';

/** Sentences that the plan says on every paper that it is written on. */

export const plannedRole = ({ role, group }: PlannedHost): string =>
  group === undefined ? role : `${role}, group ${group}`;

export const dangerWords: Readonly<Record<PlannedStep['danger'], string>> = {
  reads: 'reads only',
  changes: 'changes the host',
  'point-of-no-return': 'IRREVERSIBLE',
};

export const writesWords: Readonly<Record<PlannedStep['writes'], string | null>> = {
  stop: 'the application cannot write from here on: the downtime begins',
  resume: 'the application can write again: the downtime ends',
  pause: 'the application cannot write for some seconds of it: that is counted in the downtime',
  unchanged: null,
};

type Place = PlannedStep['waitsFor'][number];

const and = (all: readonly string[]): string =>
  all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;

/** Steps on other hosts that must be done first; those on the same host stand before it in its list. */
export const waitsOnOtherHosts = ({ host, waitsFor }: PlannedStep): readonly Place[] =>
  waitsFor.filter((one) => one.host !== host);

export const placeWords = (all: readonly Place[]): string =>
  and(all.map((one) => `step ${one.number} on ${one.host}`));

export const waitsWords = (step: PlannedStep): string | null => {
  const all = waitsOnOtherHosts(step);
  return all.length === 0 ? null : `before step ${step.number} here, ${placeWords(all)} must be done`;
};

/** `30 on node_2, 32 to 34 on node_1`: neighbors on one host in one. */
const ranges = (all: readonly Place[]): readonly string[] => {
  const rows: { host: string; from: number; to: number }[] = [];
  for (const { number, host } of all) {
    const last = rows.at(-1);
    if (last?.host === host && last.to === number - 1) last.to = number;
    else rows.push({ host, from: number, to: number });
  }
  return rows.map(({ host, from, to }) => `${from === to ? from : `${from} to ${to}`} on ${host}`);
};

/** What need not wait for it, nor it for that. */
export const parallelWords = ({ together }: PlannedStep): string | null =>
  together.length === 0
    ? null
    : `may run at the same time as ${together.length === 1 ? 'step' : 'steps'} ${and(ranges(together))}`;

/** When the window ends, until when it is to be begun, and what would be late now; null: nobody has said. */
export const windowEndSentence = ({ windowEnd, madeAt, steps }: Plan): string | null => {
  if (windowEnd === null) return null;
  const { end, note, beginBy, late } = windowEnd;
  const places = steps.flatMap(({ number, host }) => (late.includes(number) ? [{ number, host }] : []));
  const begin =
    Date.parse(beginBy) > Date.parse(madeAt)
      ? `phase B is to be begun by ${localTime(beginBy)}, without the time that people take`
      : `begun now, ${late.length === 0 ? 'nothing' : `${late.length === 1 ? 'step' : 'steps'} ${and(ranges(places))}`} would be over behind it`;
  return `The window ends ${windowEndWords({ at: Date.parse(end), note })}: ${begin}. Nothing is done by itself then.`;
};

export const guideWords = ({ guide }: PlannedStep): string =>
  `${guide.step ?? 'not in it'}${guide.differs === null ? '' : `; deviation: ${guide.differs}`}`;

/** What a script that cannot be made yet is waiting for, and how to have it made. */
export const unresolvedWords = (needs: string): string =>
  `Not known yet: ${needs}. Once the steps before it are done, pgaf-upgrade plan writes this step with it; pgaf-upgrade run makes it by itself.`;

/** When a step at `failed` runs. */
export const failedMomentWords: Readonly<Record<PlannedOnFailure['when'], string>> = {
  shown: 'as soon as the failure is shown',
  left: 'when the run is left with the failure',
};

export const onFailureTitle = 'If a step fails';

/** What holds for all of them. */
export const onFailureSays =
  'Your own steps at `failed`. Each runs once for a failure, behind no confirmation; where nothing fails none runs, and no estimate counts them. Whatever becomes of one, the failure stays what it is.';

/** The steps with which the downtime begins and ends. */
export const downtimeEnds = (plan: Plan): { readonly from: PlannedStep; readonly to: PlannedStep } | null => {
  const steps = downtimeSteps(plan.steps);
  const [from, to] = [steps[0], steps.at(-1)];
  return from === undefined || to === undefined ? null : { from, to };
};

/** Of the online method: within this step writes pause; null: there is a downtime, or none. */
export const pauseWords = (plan: Plan): string | null => {
  const steps = downtimeSteps(plan.steps);
  const [first, last] = [steps[0], steps.at(-1)];
  return first !== undefined && last?.writes === 'pause'
    ? `cannot write for about ${plan.estimates.downtimeSeconds} s within ${first === last ? `step ${last.number}, which takes about ${last.estimateSeconds} s with what is verified before anything stops` : `steps ${first.number} to ${last.number}: the first makes applications wait`}`
    : null;
};

export const pointsOfNoReturn = (plan: Plan): readonly PlannedStep[] =>
  plan.steps.filter((step) => step.danger === 'point-of-no-return');
