import type { Duplex } from 'node:stream';
import type { ScriptText } from '../cluster/fragment.ts';
import type { Problem, Result } from '../cluster/result.ts';

/** Where a host is, before ~/.ssh/config has been asked. */
export interface HostAddress {
  /** The short name that the screen shows: `monitor`, or the node's name. */
  readonly alias: string;
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
  readonly identityFiles?: readonly string[];
  /** Which program keeps the connection; absent: chosen by what ssh_config asks for. */
  readonly transport?: TransportName;
}

/** ssh2: inside this process. openssh: this machine's own `ssh`. */
export type TransportName = 'ssh2' | 'openssh';

/** How the console turns the login user into postgres or root. */
export type BecomeMethod = 'sudo' | 'none';

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A command that survives the line: script, log, pid and exit code live in a directory on the host.
 * `id` names the directory, so asking for the same id again attaches to what is there instead of starting it twice.
 */
export interface JobSpec {
  /** `RUN/STEP.ATTEMPT`, of [A-Za-z0-9._/-]. */
  readonly id: string;
  /** The operating system user the script runs as. */
  readonly as: string;
  /** POSIX sh; runs byte for byte as given, with stdin from /dev/null. Null: follow what is there, start nothing. */
  readonly script: ScriptText | null;
  /** Continue reading the log here (bytes already seen by this console). */
  readonly fromOffset?: number;
}

/** A closed channel without an exit code is *unknown*, never failed. */
export type JobOutcome =
  | { readonly kind: 'exited'; readonly code: number }
  | {
      readonly kind: 'unknown';
      readonly problem: Problem;
      /** The script provably did not run: starting it under a new id is safe. */
      readonly neverStarted?: true;
      /** Its process is provably gone without an exit code: following it again would say the same. */
      readonly gone?: true;
    };

/** A job as its host keeps it. */
export interface JobRecord {
  readonly id: string;
  readonly state: 'running' | 'ended' | 'vanished';
  /** Null unless it has ended. */
  readonly code: number | null;
  /** The host was restarted since it began: an end in failure may be nothing but the shutdown. */
  readonly restarted: boolean;
  /** ISO 8601, by the host's clock; null where it was never started. */
  readonly startedAt: string | null;
  readonly bytes: number;
}

export interface JobEvents {
  /** Raw bytes of the job's combined output, in order, none lost or doubled; `offset` is that of the first byte. */
  readonly onBytes: (chunk: Buffer, offset: number) => void;
  /** The line to the host was lost (`lost`) or is back (`following`). */
  readonly onLine?: (line: 'following' | 'lost') => void;
}

export type StreamTarget =
  | { readonly kind: 'tcp'; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export type LineState = 'connecting' | 'connected' | 'reconnecting' | 'closed';

/** One host, reached over one kept SSH connection. */
export interface RemoteHost {
  readonly alias: string;
  readonly address: HostAddress;
  readonly line: LineState;
  /** Why the line is reconnecting or closed, as far as is known. */
  readonly trouble?: Problem | null;
  /** Runs a short script and waits for it: one round trip. For looking, not for changing. */
  run(
    script: ScriptText,
    options: { as: string; timeoutMs?: number; stdin?: string },
  ): Promise<Result<Output>>;
  /** Starts the job, or attaches to it if it exists, and follows its output to the end. */
  job(spec: JobSpec, events: JobEvents): Promise<JobOutcome>;
  /** The jobs of one run that this login keeps here, in the order of their names. */
  jobs(run: string): Promise<Result<readonly JobRecord[]>>;
  /** A byte stream to the host's own loopback or unix socket, through the SSH connection. */
  openStream(target: StreamTarget): Promise<Result<Duplex>>;
  onLine(listener: (line: LineState) => void): () => void;
  close(): Promise<void>;
}

/** What the console may have to ask the operator while connecting. */
export type Question =
  | {
      readonly kind: 'unknown-host-key';
      readonly alias: string;
      readonly host: string;
      readonly keyType: string;
      /** As `ssh-keygen -lf` prints it: SHA256:… */
      readonly fingerprint: string;
    }
  | { readonly kind: 'passphrase'; readonly alias: string; readonly identityFile: string }
  /** What the host, or ssh, wants to know at login: a second factor, a password that has expired. */
  | {
      readonly kind: 'prompt';
      readonly alias: string;
      readonly host: string;
      /** What was said before the question; may be empty. */
      readonly says: string;
      readonly prompt: string;
      /** Whether what is typed may be seen. */
      readonly echo: boolean;
    };

export type Answer =
  | { readonly kind: 'yes' }
  | { readonly kind: 'no' }
  | { readonly kind: 'secret'; readonly secret: string };

export type Ask = (question: Question) => Promise<Answer>;

export interface RemoteOptions {
  readonly ask: Ask;
  readonly become: BecomeMethod;
  /** Default ~/.ssh/config; null reads none. */
  readonly sshConfigFile?: string | null;
  /** Default what ssh config says, else ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts. */
  readonly knownHostsFiles?: readonly string[];
  /** Default SSH_AUTH_SOCK. */
  readonly agentSocket?: string | null;
  /** Hears why a host is reached by another program than ssh2, where nobody asked for that. */
  readonly say?: (text: string) => void;
  /** A host that gives no answer is no error: it is dialed until it does, its line `reconnecting`, `trouble` saying why. */
  readonly evenIfSilent?: boolean;
}

export type Connect = (address: HostAddress, options: RemoteOptions) => Promise<Result<RemoteHost>>;
