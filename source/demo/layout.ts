import { join } from 'node:path';
import { path } from '../cluster/words.ts';
import { workDirOf } from '../cluster/work-directory.ts';

/** Every path of the demo is made here; the hosts' own paths all lie below their directory. */

export const oldVersion = '15.20';
export const newVersion = '17.12';
export type Major = 15 | 17;
export const versionOf = (major: Major): string => (major === 15 ? oldVersion : newVersion);

export const unit = 'pgautofailover.service';
export const postgresPort = 5432;
/** Who logs in on the demo's hosts. */
export const login = 'dba';

/** Where things are on one host. */
export interface HostPaths {
  readonly here: string;
  readonly data: string;
  readonly socket: string;
  readonly proc: string;
  readonly fragment: string;
  readonly runtimeUnits: string;
  readonly enabledLink: string;
  readonly journal: string;
  readonly home: (user: string) => string;
  readonly workDir: string;
  readonly configFile: string;
  readonly stateFile: string;
  readonly pidFile: string;
  readonly backupDirectory: string;
  readonly kept: string;
}

export interface DemoLayout {
  readonly root: string;
  readonly clusterFile: string;
  readonly sshConfig: string;
  readonly knownHosts: string;
  readonly clientKey: string;
  readonly stateHome: string;
  readonly wire: string;
  readonly ask: string;
  readonly processes: string;
  readonly tools: string;
  readonly kept: string;
  readonly bin: (major: Major) => string;
  readonly hostKey: (host: string) => string;
  readonly host: (host: string) => HostPaths;
}

const hostPaths = (root: string, name: string): HostPaths => {
  const here = join(root, name);
  const data = join(here, 'data');
  const home = (user: string): string => join(here, 'home', user);
  const postgres = home('postgres');
  return {
    here,
    data,
    socket: join(here, 'socket'),
    proc: join(here, 'proc'),
    fragment: join(here, 'etc/systemd/system', unit),
    runtimeUnits: join(here, 'run/systemd/system'),
    enabledLink: join(here, 'etc/systemd/system/multi-user.target.wants', unit),
    journal: join(here, 'journal'),
    home,
    workDir: workDirOf(path.parse(postgres), path.parse(data)),
    configFile: join(postgres, '.config/pg_autoctl', data, 'pg_autoctl.cfg'),
    stateFile: join(postgres, '.local/share/pg_autoctl', data, 'pg_autoctl.state'),
    pidFile: join(here, 'tmp/pg_autoctl', data, 'pg_autoctl.pid'),
    backupDirectory: join(here, 'backup', name),
    kept: join(here, 'demo.json'),
  };
};

export const layoutIn = (root: string): DemoLayout => ({
  root,
  clusterFile: join(root, 'cluster.yaml'),
  sshConfig: join(root, 'ssh/config'),
  knownHosts: join(root, 'ssh/known_hosts'),
  clientKey: join(root, 'ssh/id_ed25519'),
  stateHome: join(root, 'state'),
  wire: join(root, 'wire'),
  ask: join(root, 'wire/ask'),
  processes: join(root, 'processes'),
  tools: join(root, 'tools'),
  kept: join(root, 'demo.json'),
  bin: (major) => join(root, 'postgresql', String(major), 'bin'),
  hostKey: (host) => join(root, 'ssh', `${host}.key`),
  host: (host) => hostPaths(root, host),
});
