import type { MonitorState } from '../cluster/monitor-state.ts';
import type { Problem } from '../cluster/result.ts';

/** How the monitor pane gets its rows: pushed over LISTEN, polled over pg, or polled through psql as postgres. */
export type FeedSource = 'listen' | 'poll' | 'psql';

export type FeedStatus =
  | { readonly kind: 'connecting' }
  | {
      readonly kind: 'live';
      readonly source: FeedSource;
      /** Why not the better source, when it is not listen. */
      readonly because?: string;
    }
  | { readonly kind: 'lost'; readonly problem: Problem };

export interface FeedSnapshot {
  readonly status: FeedStatus;
  /** The last state that was read, however old. */
  readonly state: MonitorState | null;
  /** Milliseconds since the epoch when `state` was read; null before the first. */
  readonly readAt: number | null;
}

/** A live view on the monitor's database. It reconnects by itself until closed. */
export interface MonitorFeed {
  readonly snapshot: FeedSnapshot;
  onChange(listener: (snapshot: FeedSnapshot) => void): () => void;
  /** Whether nobody is asked now: the monitor is stopped as planned, and whoever answers in its place is not it. */
  hold(held: boolean): void;
  close(): Promise<void>;
}
