import type { Observations } from '../../cluster/observations.ts';
import type { Condition, Step } from '../../runbook/language/step.ts';

/** What conditions say of a world, and which hosts they asked about to say it. */
export interface Judged {
  readonly unmet: readonly { readonly says: string; readonly found: string }[];
  readonly asked: ReadonlySet<string>;
  /** Of those, the ones that a condition rests on which does not hold. */
  readonly waitsFor: ReadonlySet<string>;
}

/** A world that remembers whom it was asked about. */
const listening = (world: Observations): { world: Observations; asked: Set<string> } => {
  const asked = new Set<string>();
  const hosts = new Proxy(world.hosts, {
    get: (target, key) => {
      if (typeof key !== 'string') return undefined;
      asked.add(key);
      return target[key];
    },
  });
  return { world: { ...world, hosts }, asked };
};

/**
 * Judges conditions and tells which hosts the judgment rests on: only those have to be inspected to judge again. All
 * conditions are judged, so that what a later one needs is known while an earlier one does not hold yet.
 */
export const judgeConditions = (conditions: readonly Condition[], seen: Observations): Judged => {
  const asked = new Set<string>();
  const waitsFor = new Set<string>();
  const unmet = conditions.flatMap((condition) => {
    const heard = listening(seen);
    const verdict = condition.holds(heard.world);
    for (const alias of heard.asked) asked.add(alias);
    if (verdict.holds) return [];
    for (const alias of heard.asked) waitsFor.add(alias);
    return [{ says: condition.text, found: verdict.found }];
  });
  return { unmet, asked, waitsFor };
};

/** Holds always, and asks about every host that the step's probe rests on. */
export const probed = (step: Step): Condition => ({
  text: `where “${step.title}” stands`,
  holds: (world) => {
    step.probe(world);
    return { holds: true };
  },
});

/** The same for its promises: to know of a step that it is done already. */
export const promised = (step: Step): Condition => ({
  text: `whether “${step.title}” has been done`,
  holds: (world) => {
    for (const one of step.after) one.holds(world);
    return { holds: true };
  },
});

/**
 * That the step's script can be made, by which every host is asked about that it is made from: one that is just booting is waited for, as one
 * that a precondition rests on.
 */
export const scripted = (step: Step): Condition => ({
  text: 'its script can be made',
  holds: (world) => {
    const script = step.script(world);
    return script.kind === 'unresolved'
      ? { holds: false, found: `without ${script.needs}` }
      : { holds: true };
  },
});
