import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Demo, openDemo } from '../../source/demo/open-demo.ts';
import { scenarioNamed } from '../../source/demo/scenarios.ts';
import type { ConsoleHome } from '../lab/harness/walk.ts';

/** A demo in this process, and a home for its cluster like the lab's. */
export const demoConsoleHome = async (
  name: string,
  programs?: string,
): Promise<{ demo: Demo; home: ConsoleHome }> => {
  const scenario = scenarioNamed(name);
  if (scenario === null) throw new Error(`no scenario ${name}`);
  const demo = await openDemo({ scenario, keep: false, programs, tell: () => undefined });
  const directory = await mkdtemp(join(tmpdir(), 'pgaf-home-'));
  await mkdir(join(directory, 'home/.ssh'), { recursive: true });
  await cp(demo.layout.knownHosts, join(directory, 'home/.ssh/known_hosts'));
  const clear = () => rm(directory, { recursive: true, force: true });
  return { demo, home: { directory, args: [demo.layout.clusterFile], env: {}, clear } };
};
