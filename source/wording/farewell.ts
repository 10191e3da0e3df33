import { andWords, firstOf } from '../cluster/amounts.ts';
import { formatProblem } from '../cluster/result.ts';
import { currentStep, stepNumber } from '../console/state/selectors.ts';
import type { EngineView } from '../engine/view/controller.ts';

/** For a command that somebody is to type. */
export const calledIn = ({ called = 'pgaf-upgrade' }: EngineView): string => called;

const mostNamed = 4;
/** The line stays one that is read at a glance. */
const namesOf = (hosts: readonly string[]): string =>
  hosts.length <= mostNamed ? andWords(hosts) : firstOf(hosts, mostNamed);

const standing = (view: EngineView): string => {
  const { stage } = view;
  if (stage.kind === 'finished') return stage.says;
  if (stage.kind === 'stopped') return `Not started, nothing was changed: ${formatProblem(stage.problem)}`;
  if (stage.kind === 'watching')
    return `Only watched: ${stage.lock.holder || 'somebody else'} holds the lock.`;
  const step = currentStep(view);
  if (step === null) return 'Left before the first step; nothing was changed.';
  const place = `Step ${stepNumber(view, step.id)} of ${view.steps.length} (${step.title}, on ${step.host})`;
  const again = view.fleeting === true ? '' : ' Start again to go on from there.';
  if (stage.kind === 'running')
    return view.fleeting === true
      ? `${place} ended with the console.`
      : `${place} keeps running without this console. Start it again to follow.`;
  if (stage.kind === 'failed' && stage.failure.silent !== undefined) {
    const { host, others = [], waits } = stage.failure.silent;
    const names = namesOf([host, ...others]);
    const [does, back] = others.length === 0 ? ['does', 'it is'] : ['do', 'they are'];
    return waits
      ? `Every step is done but those that wait for ${names}, which ${does} not answer. Start again when ${back} back.`
      : `${place} stands still, because ${names} ${does} not answer. Start again when ${back} back: it goes on from there.`;
  }
  if (stage.kind === 'failed' && stage.failure.onlyBack === true)
    return `${place} has failed and cannot be repeated. Roll back with ${calledIn(view)} rollback.`;
  if (stage.kind === 'failed') return `${place} has failed.${again}`;
  return view.fleeting === true ? `${place} was next.` : `${place} is next.${again}`;
};

/** What is left on the normal screen when the console is gone. */
export const farewell = (view: EngineView): string => {
  const banner = view.banner === undefined ? '' : `${view.banner} `;
  const lines = [`${banner}${view.cluster.name}: ${standing(view)}`];
  if (view.fleeting === true)
    return [...lines, `To leave in between and come back, start it with: ${calledIn(view)} demo --keep`].join(
      '\n',
    );
  if (view.downtime.kind === 'down') lines.push('The application cannot write until the run goes on.');
  if (view.runDirectory !== null) lines.push(`Journal and outputs: ${view.runDirectory}`);
  return lines.join('\n');
};
