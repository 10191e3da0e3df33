import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { DemoHost } from '../cluster/host.ts';
import type { Call } from '../hosts/wire.ts';
import { debianVersion, initdbOutput, vacuumLine, vacuumLineMs } from '../recorded/postgres.ts';
import { pause } from '../recorded/replay.ts';
import { makeCluster } from '../servers/directory.ts';
import { majorOfBin, settingsIn, startServer } from '../servers/start.ts';
import { toolOption } from './options.ts';

export const initdb = async (call: Call): Promise<number> => {
  const data = toolOption(call.args, '--pgdata', '-D');
  if (data === undefined) return 1;
  call.out(
    initdbOutput
      .trimEnd()
      .replaceAll('/var/lib/pgsql/17/data', data)
      .replaceAll('/opt/vmware/postgres/17/bin', call.bin),
  );
  await pause(150);
  makeCluster(data, majorOfBin(call.bin));
  return 0;
};

/** `postgres --version`, `-C name`, `--single`. */
export const postgres = async (call: Call): Promise<number> => {
  const major = majorOfBin(call.bin);
  if (call.args.includes('--version')) {
    call.out(`postgres (PostgreSQL) ${debianVersion[major]}`);
    return 0;
  }
  const setting = toolOption(call.args, '-C');
  if (setting !== undefined) {
    const file = call.args.find((word) => word.startsWith('config_file='))?.slice('config_file='.length);
    const data = toolOption(call.args, '-D') ?? '';
    const settings = settingsIn(file ?? join(data, 'postgresql.conf'));
    const value = settings.get(setting) ?? '';
    call.out(setting === 'shared_buffers' ? '16384' : value === '' && setting === 'ssl' ? 'off' : value);
    return 0;
  }
  if (call.args.includes('--single')) {
    await call.stdin();
    call.out(`\nPostgreSQL stand-alone backend ${debianVersion[major]}\nbackend> backend> `);
    return 0;
  }
  call.err('postgres: the demo starts servers with pg_ctl and pg_autoctl only');
  return 1;
};

export const pgCtlTool = async (call: Call, host: DemoHost): Promise<number> => {
  const { args } = call;
  const given = toolOption(args, '--pgdata', '-D');
  const verb = args.find((word) => ['start', 'stop', 'promote', 'status', 'restart'].includes(word));
  if (given === undefined || verb === undefined) return 1;
  const data = resolve(call.directory, given);
  const running = host.serverOn(data);
  switch (verb) {
    case 'start': {
      const log = toolOption(args, '--log', '-l');
      call.part('waiting for server to start....');
      await pause(200);
      const options = toolOption(args, '--options', '-o') ?? '';
      const started = await startServer(host, data, join(call.bin, 'pg_ctl'), { options });
      const failed = 'error' in started;
      if (log !== undefined)
        writeFileSync(
          log,
          failed
            ? `${started.error}\n`
            : `LOG:  starting PostgreSQL ${started.version}\nLOG:  database system is ready to accept connections\n`,
        );
      if (failed) {
        call.out(' stopped waiting');
        call.err('pg_ctl: could not start server\nExamine the log output.');
        return 1;
      }
      call.out(' done\nserver started');
      return 0;
    }
    case 'stop':
      if (running === null) {
        call.err(`pg_ctl: PID file "${data}/postmaster.pid" does not exist\nIs server running?`);
        return 1;
      }
      call.part('waiting for server to shut down....');
      await pause(150);
      await running.stop(toolOption(args, '--mode', '-m') === 'immediate' ? 'immediate' : 'fast');
      call.out(' done\nserver stopped');
      return 0;
    case 'promote':
      call.part('waiting for server to promote....');
      await pause(100);
      running?.promote();
      call.out(running === null ? ' stopped waiting' : ' done\nserver promoted');
      return running === null ? 1 : 0;
    default:
      call.out(
        running === null ? 'pg_ctl: no server running' : `pg_ctl: server is running (PID: ${running.pid})`,
      );
      return running === null ? 3 : 0;
  }
};

export const pgDump = async (call: Call): Promise<number> => {
  const file = toolOption(call.args, '--file', '-f');
  if (file !== undefined)
    writeFileSync(resolve(call.directory, file), `-- a dump, by the demo's ${call.tool}\n`);
  return 0;
};

export const pgIsready = async (call: Call, host: DemoHost): Promise<number> => {
  const socket = toolOption(call.args, '--host', '-h') ?? host.paths.socket;
  const port = Number(toolOption(call.args, '--port', '-p') ?? '5432');
  const ready = host.serverAt(socket, port) !== null;
  call.out(`${socket}:${port} - ${ready ? 'accepting connections' : 'no response'}`);
  return ready ? 0 : 2;
};

export const pgConfig = async (call: Call): Promise<number> => {
  if (!call.args.includes('--sharedir')) return 1;
  call.out(join(dirname(call.bin), 'share'));
  return 0;
};

export const vacuumdb = async (call: Call, host: DemoHost): Promise<number> => {
  const socket = toolOption(call.args, '--host', '-h') ?? host.paths.socket;
  const port = Number(toolOption(call.args, '--port', '-p') ?? '5432');
  if (host.serverAt(socket, port) === null) {
    call.err(
      `vacuumdb: error: connection to server on socket "${socket}/.s.PGSQL.${port}" failed: No such file or directory`,
    );
    return 1;
  }
  // The product names it as a connection string.
  call.out(vacuumLine(/^dbname='(.*)'$/.exec(call.environment.database ?? '')?.[1] ?? 'postgres'));
  await pause(vacuumLineMs);
  return 0;
};
