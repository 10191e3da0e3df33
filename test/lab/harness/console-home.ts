import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lab } from './lab.ts';

/** Where one console of a test keeps its cluster file, known hosts and runs. */
export interface ConsoleHome {
  readonly directory: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  clear(): Promise<void>;
}

/** A cluster file for the lab as a newcomer would have it, with the hosts' keys known. */
export const createConsoleHome = async (lab: Lab): Promise<ConsoleHome> => {
  const directory = await mkdtemp(join(tmpdir(), 'pgaf-home-'));
  const file = join(directory, 'cluster.yaml');
  await lab.clusterYaml(file);
  const home = join(directory, 'home');
  await mkdir(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  await lab.knownHosts(join(home, '.ssh/known_hosts'));
  return {
    directory,
    args: [file],
    env: { HOME: home, XDG_STATE_HOME: join(directory, 'state'), SSH_AUTH_SOCK: '' },
    clear: () => rm(directory, { recursive: true, force: true }),
  };
};
