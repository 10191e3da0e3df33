import type { Duplex, Readable, Writable } from 'node:stream';
import type { Result } from '../cluster/result.ts';
import type { StreamTarget } from './host.ts';

/** How a command's channel ended. Both null: the connection broke, or sshd did not say. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A command on its channel, its ending already watched. */
export interface Running {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settled once both outputs have ended, not before the last of them was read. */
  readonly ended: Promise<Ending>;
  /** Nobody listens any more: the command is told where that can be done, and its channel goes. */
  stop(): void;
}

export interface NotOpened {
  readonly cause: string;
  /** sshd said no to the channel, so nothing ran: asking again is safe. */
  readonly refused: boolean;
}

/** One live SSH connection to a host, whichever program keeps it. */
export interface Transport {
  /** Opens a session for one command. Errors: refused by sshd, or the connection is gone. */
  exec(command: string): Promise<Result<Running, NotOpened>>;
  /** A byte stream to the host's own loopback or unix socket. Errors: why there is none. */
  stream(target: StreamTarget): Promise<Result<Duplex, string>>;
  /** Called once, when the connection is gone; with the cause where one is known. */
  onClosed(listener: (cause: string | null) => void): void;
  /** Says goodbye and waits for it, a second at most. */
  end(): Promise<void>;
  destroy(): void;
}
