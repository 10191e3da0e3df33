import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { DemoHost } from '../cluster/host.ts';
import { type Major, postgresPort } from '../layout.ts';
import { Postmaster } from './postmaster.ts';

export const majorOfBin = (bin: string): Major => (/\/15\/bin$/.test(bin) ? 15 : 17);

/** The settings of a configuration file and of what it includes; the last of a name counts. */
export const settingsIn = (file: string): ReadonlyMap<string, string> => {
  const settings = new Map<string, string>();
  if (!existsSync(file)) return settings;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, name = '', raw = ''] = /^\s*([a-z_]+)\s*=?\s*(.*?)\s*(?:#.*)?$/.exec(line) ?? [];
    const value = raw.replace(/^'(.*)'$/, '$1');
    if (name === 'include' || name === 'include_if_exists')
      for (const [inner, its] of settingsIn(isAbsolute(value) ? value : join(dirname(file), value)))
        settings.set(inner, its);
    else if (name !== '') settings.set(name, value);
  }
  return settings;
};

/** `-c name=value`, as pg_ctl's --options has them. */
export const settingsOn = (options: string): ReadonlyMap<string, string> =>
  new Map(
    [...options.matchAll(/-c\s+([a-z_]+)=('[^']*'|\S*)/g)].map(([, name = '', value = '']) => [
      name,
      value.replace(/^'(.*)'$/, '$1'),
    ]),
  );

/** The host that a standby's configuration names. */
const followsIn = (data: string): string | null => {
  const file = join(data, 'postgresql-auto-failover-standby.conf');
  if (!existsSync(file)) return null;
  return /host=(\S+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? null;
};

/** Starts a server as its files and the command line say. The error is what its log would hold. */
export const startServer = async (
  host: DemoHost,
  data: string,
  pgCtl: string,
  { options = '' }: { readonly options?: string },
): Promise<Postmaster | { error: string }> => {
  const already = host.serverOn(data);
  if (already !== null) return already;
  const settings = new Map([
    ...['postgresql.conf', 'postgresql.auto.conf'].flatMap((name) => [...settingsIn(join(data, name))]),
    ...settingsOn(options),
  ]);
  const socket = settings.get('unix_socket_directories') ?? host.paths.socket;
  mkdirSync(socket, { recursive: true });
  const started = await Postmaster.start(host, {
    data,
    major: majorOfBin(dirname(pgCtl)),
    port: Number(settings.get('port') ?? postgresPort),
    socket,
    listen: settings.get('listen_addresses') ?? '*',
    follows: followsIn(data),
  });
  if ('error' in started || host.name !== 'monitor' || data !== host.paths.data) return started;
  await host.cluster.monitor.start({
    serverVersion: started.version,
    extensionVersion: started.options.major === 15 ? '2.0' : '2.2',
  });
  return started;
};
