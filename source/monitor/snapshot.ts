import type { MonitorState } from '../cluster/monitor-state.ts';
import { present } from '../cluster/present.ts';
import type { FeedSnapshot, FeedStatus } from './feed.ts';

/** Keeps the last snapshot and tells whoever listens. A loss keeps the last state in view. */
export class SnapshotBoard {
  #snapshot: FeedSnapshot = { status: { kind: 'connecting' }, state: null, readAt: null };
  readonly #listeners = new Set<(snapshot: FeedSnapshot) => void>();

  get snapshot(): FeedSnapshot {
    return this.#snapshot;
  }

  onChange(listener: (snapshot: FeedSnapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  read(state: MonitorState, status: FeedStatus): void {
    this.#publish({ status, state, readAt: present() });
  }

  say(status: FeedStatus): void {
    this.#publish({ ...this.#snapshot, status });
  }

  #publish(snapshot: FeedSnapshot): void {
    this.#snapshot = snapshot;
    for (const listener of [...this.#listeners]) listener(snapshot);
  }
}
