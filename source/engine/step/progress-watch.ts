import { hostsOf, nodesOf, userOn } from '../../cluster/facts.ts';
import { present } from '../../cluster/present.ts';
import { senderName } from '../../runbook/language/conditions.ts';
import type { Gauge } from '../../runbook/language/gauge.ts';
import type { Step } from '../../runbook/language/step.ts';
import { upgradeSeconds } from '../../runbook/timing/estimates.ts';
import { type Reading, readLines, readSenders, upgradeLeft } from '../../runbook/timing/reading.ts';
import { steady } from '../observe/clock.ts';
import type { StepOutput } from '../output/step-output.ts';
import type { Session } from '../run/session.ts';
import { basisIn, stepEstimates } from '../view/step-estimates.ts';
import type { ViewStore } from '../view/view-store.ts';
import { askSenders } from './base-backup-senders.ts';
import { Pace } from './pace.ts';

/** The lines of a step's output that are read; the tools that are read print some dozen. */
const readsLines = 2_000;
/** Between two readings of the output, in milliseconds: more often nobody would see. */
const readMs = 400;
/** Between an answer of the server and the next question. */
const askMs = 1_500;
/** After so many questions without an answer nothing is shown rather than something old. */
const silences = 3;

type Estimate = (reading: Reading, secondsInThis: number) => number | null;

export interface GaugeParts {
  /** Asks or looks; undefined: no answer this time. */
  readonly read: () => Promise<Reading | null | undefined>;
  /** It goes on by time, not by output. */
  readonly asks: boolean;
  /** Seconds still to go. */
  readonly left: Estimate;
  readonly show: (progress: Parameters<ViewStore['progress']>[1]) => void;
}

/** Tells how far a running step is, from its start to its end. */
export class GaugeWatch {
  readonly #parts: GaugeParts;
  readonly #pace = new Pace();
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  #silent = 0;
  #doing: { readonly what: string | null; readonly since: number } = { what: null, since: steady() };

  constructor(parts: GaugeParts) {
    this.#parts = parts;
    if (parts.asks) this.#after(0);
  }

  /** The step has printed something. */
  heard(): void {
    if (!this.#parts.asks && this.#timer === null) this.#after(readMs);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#parts.show(null);
  }

  #after(ms: number): void {
    this.#timer = setTimeout(() => void this.#look(), ms);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const reading = await this.#parts.read();
    if (this.#stopped) return;
    this.#timer = null;
    if (this.#parts.asks) this.#after(askMs);
    if (reading === undefined) {
      this.#silent += 1;
      if (this.#silent >= silences) this.#parts.show(null);
      return;
    }
    this.#silent = 0;
    if (reading === null) this.#parts.show(null);
    else this.#show(reading);
  }

  #show(reading: Reading): void {
    const at = steady();
    if (reading.doing !== this.#doing.what) this.#doing = { what: reading.doing, since: at };
    const { unit, done, total, doing } = reading;
    const rate = unit === 'bytes' ? this.#pace.of(done, at) : null;
    const byRate = rate === null || total === null || rate <= 0 ? null : (total - done) / rate;
    const left = unit === 'bytes' ? byRate : this.#parts.left(reading, (at - this.#doing.since) / 1000);
    this.#parts.show({
      unit,
      done,
      total,
      doing,
      at: present(),
      rate,
      leftMs: left === null ? null : Math.round(left * 1000),
    });
  }
}

/** What the check measured on these hosts says of the time still to go; never where it measured nothing. */
const estimateFor = (
  session: Session,
  step: Step,
  gauge: Gauge,
  store: ViewStore,
  since: number,
): Estimate => {
  const { facts, observer, dryRun } = session;
  const expected = stepEstimates(facts, observer.world, store.view.direction, [step], dryRun).steps.get(
    step.id,
  );
  if (expected === undefined) return () => null;
  if (gauge.kind !== 'pg_upgrade') {
    const end = steady() - Math.max(0, present() - since) + expected;
    return () => Math.max(0, end - steady()) / 1000;
  }
  const parts = upgradeSeconds(facts, step.host, basisIn(facts, observer.world, dryRun).measurements);
  return (reading, secondsInThis) => upgradeLeft(reading, parts, secondsInThis);
};

/** Watches a step that has just begun, or was found running; null where nothing tells how far it is. */
export const watchGauge = (
  session: Session,
  step: Step,
  output: StepOutput,
  store: ViewStore,
  since: number = present(),
): GaugeWatch | null => {
  const { gauge } = step;
  if (gauge === null) return null;
  const { facts, hosts, observer, dryRun } = session;
  const { measurements } = basisIn(facts, observer.world, dryRun);
  const databases = measurements.get(step.host)?.databases ?? null;
  const source = gauge.kind === 'base-backup' ? gauge.from : null;
  const on = hostsOf(facts).find(({ alias }) => alias === source);
  const host = source === null ? undefined : hosts.get(source);
  const others = nodesOf(facts)
    .map(({ nodeId }) => senderName(nodeId))
    .filter((name) => gauge.kind !== 'base-backup' || name !== gauge.standby);
  const ask = async (): Promise<Reading | null | undefined> => {
    if (gauge.kind !== 'base-backup' || on === undefined || host === undefined) return null;
    const senders = await askSenders(on, host, userOn(facts, on.alias));
    return senders === null ? undefined : readSenders(gauge.standby, senders, others);
  };
  return new GaugeWatch({
    asks: gauge.kind === 'base-backup',
    read:
      gauge.kind === 'base-backup' ? ask : async () => readLines(gauge, output.last(readsLines), databases),
    left: estimateFor(session, step, gauge, store, since),
    show: (progress) => store.progress(step.id, progress),
  });
};
