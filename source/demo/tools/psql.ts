import type { DemoHost } from '../cluster/host.ts';
import type { Call } from '../hosts/wire.ts';
import { debianVersion } from '../recorded/postgres.ts';
import type { Postmaster } from '../servers/postmaster.ts';
import { majorOfBin } from '../servers/start.ts';
import { toolOption } from './options.ts';
import { answerFrom } from './server-sql.ts';

const port = (args: readonly string[]): number => Number(toolOption(args, '-p', '--port') ?? '5432');

/** Flags that are written together: -XAtq, -Atc SQL, -qc SQL; several -c are several statements. */
const commandsOf = (args: readonly string[]): readonly string[] =>
  args.flatMap((word, at) => (/^-[XAtqwz]*c$/.test(args[at - 1] ?? '') ? [word] : []));

const notThere = (call: Call, socket: string, at: number): number => {
  call.err(
    `psql: error: connection to server on socket "${socket}/.s.PGSQL.${at}" failed: No such file or directory\n\tIs the server running locally and accepting connections on that socket?`,
  );
  return 2;
};

/** Rows as `psql -At` prints them; without -t the command's name, as `psql -c` does. */
const inMonitor = async (call: Call, host: DemoHost, sql: string, tuplesOnly: boolean): Promise<number> => {
  const answer = await host.cluster.monitor.sql(sql);
  if (!answer.ok) {
    call.err(`ERROR:  ${answer.error}`);
    return 1;
  }
  for (const { rows, command } of answer.results) {
    for (const row of rows) call.out(row.map((value) => value ?? '').join('|'));
    if (!tuplesOnly && rows.length === 0) call.out(command);
  }
  return 0;
};

export const psqlTool = async (call: Call, host: DemoHost): Promise<number> => {
  const { args } = call;
  if (args.includes('--version')) {
    call.out(`psql (PostgreSQL) ${debianVersion[majorOfBin(call.bin)]}`);
    return 0;
  }
  const socket = toolOption(args, '-h', '--host') ?? host.paths.socket;
  const server: Postmaster | null = host.serverAt(socket, port(args));
  const file = toolOption(args, '-f', '--file');
  const commands = commandsOf(args);
  const statements = commands.length > 0 ? commands : [file === undefined ? await call.stdin() : ''];
  if (server === null) return notThere(call, socket, port(args));
  // An extension's update, or a dump that is restored: quiet where it goes well.
  if (file !== undefined) return 0;
  const database = toolOption(args, '-d', '--dbname') ?? (call.environment.database || 'postgres');
  const tuplesOnly = args.some((word) => /^-[XAqwz]*t[XAtqwz]*c?$/.test(word));
  let code = 0;
  for (const sql of statements) code = await answer(call, host, server, { database, sql, tuplesOnly });
  return code;
};

const answer = async (
  call: Call,
  host: DemoHost,
  server: Postmaster,
  { database, sql, tuplesOnly }: { database: string; sql: string; tuplesOnly: boolean },
): Promise<number> => {
  // Questions about the server itself are answered here: PGlite is another PostgreSQL than the demo's.
  const own = answerFrom(server, database, sql);
  if (own !== null) return say(call, own);
  if (host.name === 'monitor' && database === 'pg_auto_failover' && host.cluster.monitor.running)
    return inMonitor(call, host, sql, tuplesOnly);
  call.err(`ERROR:  the demo's server does not know this statement: ${sql.trim().split('\n')[0]}`);
  return 1;
};

const say = (call: Call, text: string): number => {
  if (text !== '') call.out(text);
  return 0;
};
