import { type ClusterFacts, secondariesOf } from '../../cluster/facts.ts';
import type { Observations, RehearsalAsked } from '../../cluster/observations.ts';
import { fail, ok, type Problem, problem, type Result } from '../../cluster/result.ts';
import type { Label } from '../../cluster/words.ts';
import { windowHasBegun } from '../language/evidence.ts';

/** What the command line says of a rehearsal. */
export interface RehearsalWanted {
  /** The node on whose host it is made; null: a secondary. */
  readonly host: string | null;
  readonly rate: Label;
  readonly only?: 'remove';
}

const whyNoRehearsal = (facts: ClusterFacts, world: Observations, fromRecord: boolean): Problem | null => {
  if (facts.workers !== undefined)
    return problem(
      `${facts.name} is a Citus formation of ${facts.workers.length + 1} groups, and a rehearsal copies one server alone, whose upgrade needs the others.`,
      'Rehearse it on a copy of the whole formation; `pgaf-upgrade check` tries the schema of every group.',
    );
  if (fromRecord || windowHasBegun(facts, world))
    return problem(
      `The upgrade of ${facts.name} has been begun, and a rehearsal is for days before it.`,
      'Bring it to its end with `pgaf-upgrade run`, or roll it back with `pgaf-upgrade rollback`; then `pgaf-upgrade cleanup`.',
    );
  return null;
};

/** Where the rehearsal is made: on the secondary that is least likely to become the primary, unless a node is named. Errors: there is no such node, or it is no time for it. */
export const askedRehearsal = (
  facts: ClusterFacts,
  world: Observations,
  fromRecord: boolean,
  { host, rate, only }: RehearsalWanted,
): Result<RehearsalAsked> => {
  const why = only === 'remove' ? null : whyNoRehearsal(facts, world, fromRecord);
  if (why !== null) return fail(why);
  const [least] = secondariesOf(facts).toSorted((one, other) => one.priority - other.priority);
  const node = host === null ? least : facts.nodes.find(({ alias }) => alias === host);
  if (node === undefined)
    return fail(
      host === null
        ? problem(
            `${facts.name} has no secondary, and on the primary’s host a rehearsal takes its time and its disk from the application.`,
            `If that is what you want: --host ${facts.nodes.map(({ alias }) => alias).join(' or ')}.`,
          )
        : problem(
            `No node of ${facts.name} is called ${host}.`,
            `Its nodes are ${facts.nodes.map(({ alias }) => alias).join(', ')}.`,
          ),
    );
  if (only !== 'remove' && node.tablespaces.length > 0)
    return fail(
      problem(
        `${facts.name} has tablespaces, and a rehearsal does not copy them to other places.`,
        '`pgaf-upgrade check` tries what pg_upgrade does with the schema; for the data, rehearse on a copy of the host.',
      ),
    );
  return ok({ on: node.alias, rate, ...(only === undefined ? {} : { only }) });
};
