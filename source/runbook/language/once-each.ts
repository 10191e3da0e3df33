import type { Observations } from '../../cluster/observations.ts';

/** What follows from the observations, worked out once for each: a card, a list and a condition ask for the same. */
export const onceEach = <Answer>(of: (world: Observations) => Answer): ((world: Observations) => Answer) => {
  const known = new WeakMap<Observations, { readonly answer: Answer }>();
  return (world) => {
    const kept = known.get(world) ?? { answer: of(world) };
    known.set(world, kept);
    return kept.answer;
  };
};
