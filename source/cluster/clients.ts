/** Who is connected to a server, as it is told before that server is stopped: applications, and nobody of ours. */

/** The sessions of one application, of one role, from one address. Its texts are the clients' own, made safe to show. */
export interface ClientGroup {
  readonly application: string;
  readonly role: string;
  /** Null: through the server's own socket. */
  readonly address: string | null;
  readonly sessions: number;
  /** Of the session whose transaction is the longest: `active`, `idle in transaction`. */
  readonly state: string;
  /** How long its longest transaction is open; null: none is. */
  readonly seconds: number | null;
}

export interface Clients {
  /** All sessions, those of groups that are not listed too. */
  readonly sessions: number;
  /** How many groups there are, listed or not. */
  readonly groups: number;
  /** The longest transaction first, then the largest group. */
  readonly listed: readonly ClientGroup[];
}
