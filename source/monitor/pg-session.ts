import type { Duplex } from 'node:stream';
import type { Client } from 'pg';
import type { MonitorState } from '../cluster/monitor-state.ts';
import { fail, messageOf, ok, problem, type Result } from '../cluster/result.ts';
import { secureOptions } from '../cluster/superuser-sql.ts';
import type { RemoteHost, StreamTarget } from '../remote/host.ts';
import { type FeedOptions, monitorRole, readTimeoutMs } from './options.ts';
import { monitorQuery, parseMonitorState } from './query.ts';

/** The tunnel's far end is the host itself, so there is nobody in between whom a certificate would keep out. */
const encrypted = { rejectUnauthorized: false };
const goodbyeMs = 500;
/** A channel of our own: hearing ourselves proves that notifications come through. */
const probeChannel = 'pgaf_upgrade_probe';

interface Way {
  readonly target: StreamTarget;
  readonly ssl: false | typeof encrypted;
}

const waysTo = (port: number): readonly Way[] => [
  { target: { kind: 'tcp', port }, ssl: encrypted },
  { target: { kind: 'tcp', port }, ssl: false },
  { target: { kind: 'unix', path: `/var/run/postgresql/.s.PGSQL.${port}` }, ssl: false },
  { target: { kind: 'unix', path: `/tmp/.s.PGSQL.${port}` }, ssl: false },
];

/** One live login to the monitor's database. */
export interface PgSession {
  read(): Promise<Result<MonitorState>>;
  close(): void;
}

export interface PgEvents {
  /** The monitor said that something changed, or our own probe came back. */
  readonly onNotice: () => void;
  /** The login is gone. Called once. */
  readonly onEnd: (cause: string) => void;
}

/** pg wants a net.Socket; openStream gives it everything of one that it uses. */
const clientOver = async (channel: Duplex, way: Way, options: FeedOptions): Promise<Client> => {
  // Loaded when it is needed: the console has drawn its first frame by then.
  const { default: pg } = await import('pg');
  /**
   * Whoever listens there asks for the password itself only to have it: pg_auto_failover has SCRAM, MD5, trust or
   * certificates. While the monitor is stopped, any user of its host could have bound the port. Source: pg,
   * lib/client.js, _handleAuthCleartextPassword; PostgreSQL, 55.2.1 Start-up, AuthenticationCleartextPassword.
   */
  class CarefulClient extends pg.Client {
    _handleAuthCleartextPassword(): void {
      channel.destroy(new Error('it asks for the password in clear text, which is never given'));
    }
  }
  return new CarefulClient({
    stream: () => channel,
    host: way.target.kind === 'tcp' ? '127.0.0.1' : way.target.path,
    port: options.port,
    user: monitorRole,
    database: options.database,
    ssl: way.ssl,
    application_name: 'pgaf-upgrade',
    options: secureOptions,
    connectionTimeoutMillis: readTimeoutMs,
    query_timeout: readTimeoutMs,
  });
};

const login = async (
  host: RemoteHost,
  way: Way,
  options: FeedOptions,
): Promise<Result<{ client: Client; channel: Duplex }, string>> => {
  const opened = await host.openStream(way.target);
  if (!opened.ok) return fail(opened.error.cause ?? opened.error.what);
  const channel = opened.value;
  const client = await clientOver(channel, way, options);
  // Without a listener a line that breaks later would end the process; 'end' tells the session.
  client.on('error', () => channel.destroy());
  try {
    await client.connect();
    return ok({ client, channel });
  } catch (thrown) {
    channel.destroy();
    return fail(messageOf(thrown));
  }
};

const sessionOf = (client: Client, channel: Duplex, options: FeedOptions): PgSession => ({
  read: async () => {
    try {
      const result = await client.query<{ state: string }>(monitorQuery(options.formation));
      return parseMonitorState(result.rows[0]?.state, options.formation);
    } catch (thrown) {
      return fail(
        problem(
          "The monitor's database stopped answering.",
          'Nothing to do: it is being asked again.',
          messageOf(thrown),
        ),
      );
    }
  },
  close: () => {
    // A database that does not answer the goodbye must not keep the channel.
    const timer = setTimeout(() => channel.destroy(), goodbyeMs);
    client.end(() => {
      clearTimeout(timer);
      channel.destroy();
    });
  },
});

/**
 * Logs in to the monitor's database as autoctl_node through the SSH connection (loopback with TLS, without, unix socket)
 * and listens. Errors: why each way was refused, for `because`.
 */
export const openPgSession = async (
  host: RemoteHost,
  options: FeedOptions,
  events: PgEvents,
): Promise<Result<PgSession, string>> => {
  const reasons = new Set<string>();
  for (const way of waysTo(options.port)) {
    const entered = await login(host, way, options);
    if (!entered.ok) {
      reasons.add(entered.error);
      continue;
    }
    const { client, channel } = entered.value;
    let last = 'the connection ended';
    client.on('error', (error) => {
      last = error.message;
    });
    client.once('end', () => events.onEnd(last));
    channel.once('close', () => events.onEnd(last));
    client.on('notification', () => events.onNotice());
    try {
      await client.query(`listen state; listen log; listen ${probeChannel}; notify ${probeChannel}`);
    } catch (thrown) {
      reasons.add(messageOf(thrown));
      channel.destroy();
      continue;
    }
    return ok(sessionOf(client, channel, options));
  }
  return fail([...reasons].join('; '));
};
