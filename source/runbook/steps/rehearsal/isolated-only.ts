import type { StepOf } from '../../language/outline.ts';
import { privateServer } from '../../shell/isolated-server.ts';
import type { CopyOfCluster } from './places.ts';

/** A step that the window runs behind the opening: on the copy, which is never opened, it rests on the isolated server. */
export const isolatedOnly =
  ({ copy }: CopyOfCluster, part: StepOf): StepOf =>
  (facts, phase) => ({ ...part(facts, phase), before: [privateServer(copy, facts.newMajor)] });
