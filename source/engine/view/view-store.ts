import { redactText } from '../../cluster/parse/redact.ts';
import { present } from '../../cluster/present.ts';
import { debugEvent } from '../../remote/debug-events.ts';
import type { StepId } from '../../runbook/language/step.ts';
import type { EngineView, Notice, StepProgress } from './controller.ts';

const emptyView: EngineView = {
  cluster: { name: '', from: '', to: '', mode: 'link' },
  stage: { kind: 'connecting', doing: 'starting' },
  direction: 'upgrade',
  begunAt: null,
  phase: null,
  hosts: [],
  steps: [],
  progress: {},
  verdict: { kind: 'unknown', says: 'not inspected yet' },
  downtime: { kind: 'unknown' },
  pauses: [],
  expectedDowntimeMs: null,
  dryRun: null,
  monitor: {
    feed: { status: { kind: 'connecting' }, state: null, readAt: null },
    plannedDown: null,
    before: [],
  },
  clients: null,
  runsOn: null,
  resumed: null,
  runDirectory: null,
  notices: [],
};

const keptNotices = 100;

/** The one view of the engine: each change makes a new one and tells the listeners. */
export class ViewStore {
  #view: EngineView = emptyView;
  readonly #listeners = new Set<(view: EngineView) => void>();

  get view(): EngineView {
    return this.#view;
  }

  onChange(listener: (view: EngineView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(change: Partial<EngineView>): void {
    const { stage } = change;
    if (stage !== undefined && stage !== this.#view.stage)
      debugEvent('engine.stage', { stage: stage.kind, step: 'step' in stage ? stage.step : null });
    this.#view = { ...this.#view, ...change };
    for (const listener of this.#listeners) listener(this.#view);
  }

  notice(said: string, more: Omit<Notice, 'at' | 'text'> = {}): void {
    const text = redactText(said);
    this.set({ notices: [...this.#view.notices, { at: Date.now(), text, ...more }].slice(-keptNotices) });
  }

  /** How far a running step is; null: nothing tells any more. */
  progress(step: StepId, progress: StepProgress | null): void {
    const { [step]: before, ...others } = this.#view.progress;
    if (progress !== null) this.set({ progress: { ...others, [step]: progress } });
    else if (before !== undefined) this.set({ progress: others });
  }

  /** A byte or an answer came from a host. */
  heard(alias: string): void {
    const now = present();
    const last = this.#view.hosts.find((host) => host.alias === alias)?.lastByteAt ?? 0;
    // The screen shows ages in seconds: more often would only make it draw.
    if (now - last < 1000) return;
    this.set({
      hosts: this.#view.hosts.map((host) => (host.alias === alias ? { ...host, lastByteAt: now } : host)),
    });
  }
}
