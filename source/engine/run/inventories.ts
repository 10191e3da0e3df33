import { type ClusterFacts, type HostFacts, primaryOf, userOn } from '../../cluster/facts.ts';
import { groupOfHost, groupsOf } from '../../cluster/formation.ts';
import type { Inventory } from '../../cluster/inventory.ts';
import { hostIn, type Observations } from '../../cluster/observations.ts';
import { fail, messageOf, problem, type Result } from '../../cluster/result.ts';
import { parseInventory } from '../../inspect/inventory/parse.ts';
import { inventoryScript } from '../../inspect/inventory/script.ts';
import type { Step } from '../../runbook/language/step.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import { type Moment, ofKind } from '../journal/entry.ts';
import type { Checklist } from '../view/checklist.ts';
import type { OwnedSession } from './session.ts';

const timeoutMs = 20_000;

/** A clean-up removes what is left, a rehearsal reads: what primary and monitor hold is not their matter. */
const touchesCluster = (direction: Direction): boolean => direction === 'upgrade' || direction === 'rollback';

/** Whichever node takes writes now: after a rollback through a fallback copy it is another than before. */
const writer = (facts: ClusterFacts, world: Observations): HostFacts =>
  facts.nodes.find((node) => hostIn(world, node.alias)?.server?.inRecovery === false) ?? primaryOf(facts);

/** That of each group, the coordinator's first. */
const writers = (facts: ClusterFacts, world: Observations): readonly HostFacts[] =>
  groupsOf(facts).map((group) => writer(group, world));

const take = async (run: OwnedSession, host: HostFacts): Promise<Result<Inventory>> => {
  const remote = run.hosts.get(host.alias);
  if (remote === undefined)
    return fail(problem(`${host.alias} is not connected.`, 'Start the console again.'));
  const answer = await remote.run(inventoryScript(host).text, {
    as: userOn(run.facts, host.alias),
    timeoutMs,
  });
  return answer.ok ? parseInventory(host.alias, answer.value.stdout) : answer;
};

/**
 * Writes down what the primary and the monitor hold at four moments of an upgrade, for the report. It reads only, and
 * whatever fails is written down as not recorded: it stands in nobody's way.
 */
export class InventoryKeeper {
  readonly #checklist: Checklist;
  readonly #kept = new Set<Moment>();
  /** Of a node, by its moment: what this console has taken. */
  readonly #taken = new Map<Moment, Inventory>();
  #begun: Promise<void> = Promise.resolve();

  constructor(checklist: Checklist) {
    this.#checklist = checklist;
  }

  /**
   * Before a step's command: at the first one of a run, and of each host right before it stops. Phase A changes nothing of what
   * is held, so it goes on meanwhile; what lies behind it waits.
   */
  async before(run: OwnedSession, step: Step): Promise<void> {
    const { direction } = this.#checklist;
    if (touchesCluster(direction) && this.#begins(run)) this.#begun = this.#keep(run, 'begin');
    if (step.phase !== 'A') await this.#begun;
    // By the online method it pauses within one step, and may wait before it already.
    const pauses =
      step.id.endsWith('.make-ready') ||
      (step.id.endsWith('.cut-over') && this.#of(run, 'stop') === undefined);
    if (direction === 'upgrade' && (step.writes === 'stop' || pauses))
      return this.#keep(run, 'stop', writers(run.facts, run.observer.world));
    // The monitor is upgraded while the primary still works.
    if (direction === 'upgrade' && step.milestone === 'monitor-stops')
      return this.#keep(run, 'stop', [run.facts.monitor]);
  }

  /**
   * After a step: when the new version has been verified in private. Nobody waits for it, because the application does
   * wait; should the private server be stopped meanwhile, nothing was recorded.
   */
  after(run: OwnedSession, step: Step): void {
    if (this.#checklist.direction === 'upgrade' && step.milestone === 'verified')
      void this.#keep(run, 'verified', [writer(groupOfHost(run.facts, step.host), run.observer.world)]);
  }

  async end(run: OwnedSession): Promise<void> {
    if (touchesCluster(this.#checklist.direction)) await this.#keep(run, 'end');
  }

  /** How many extensions have another version at the end than before the stop; null: one of the two is not known. */
  extensionsUpdated(run: OwnedSession): number | null {
    const [before, after] = [this.#of(run, 'stop') ?? this.#of(run, 'begin'), this.#taken.get('end')];
    if (before === undefined || after === undefined) return null;
    const versions = new Map(
      before.databases.flatMap((database) =>
        database.extensions.map(({ name, version }) => [`${database.name} ${name}`, version]),
      ),
    );
    return after.databases
      .flatMap((database) =>
        database.extensions.map((one) => ({ ...one, was: versions.get(`${database.name} ${one.name}`) })),
      )
      .filter(({ was, version }) => was !== undefined && was !== version).length;
  }

  /** Taken by this console, or by an earlier one of the run. */
  #of(run: OwnedSession, moment: Moment): Inventory | undefined {
    const earlier = ofKind(run.journal.earlier, 'inventory').findLast(
      (entry) => entry.moment === moment && run.facts.nodes.some(({ alias }) => alias === entry.host),
    );
    return this.#taken.get(moment) ?? earlier?.inventory ?? undefined;
  }

  /** Nothing of this run has been confirmed yet, here or by another console: later it would be no look before it. */
  #begins(run: OwnedSession): boolean {
    return (
      !this.#kept.has('begin') &&
      run.identity.known !== 'host' &&
      ofKind(run.journal.earlier, 'confirmed').length === 0
    );
  }

  async #keep(run: OwnedSession, moment: Moment, of: readonly HostFacts[] | null = null): Promise<void> {
    this.#kept.add(moment);
    const [primary, ...workers] = writers(run.facts, run.observer.world);
    const hosts = of ?? [...(primary === undefined ? [] : [primary]), run.facts.monitor, ...workers];
    await Promise.all(
      hosts.map(async (host) => {
        const taken = await take(run, host).catch((thrown: unknown) =>
          fail(problem(`${host.alias}: the inspection failed.`, 'Retry.', messageOf(thrown))),
        );
        if (taken.ok && run.facts.nodes.some(({ alias }) => alias === host.alias))
          this.#taken.set(moment, taken.value);
        this.#checklist.note(run, {
          kind: 'inventory',
          moment,
          host: host.alias,
          inventory: taken.ok ? taken.value : null,
          why: taken.ok ? null : taken.error.what,
        });
      }),
    );
  }
}
