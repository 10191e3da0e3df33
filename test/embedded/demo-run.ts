import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const compiled = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface Demonstrated {
  readonly code: number | null;
  readonly text: string;
  readonly seconds: number;
  /** The demo's directory. */
  readonly root: string;
}

/** The directory that a demo has named on the screen. */
export const rootIn = (text: string): string => /\/[^\s]*pgaf-demo-\w+/.exec(text)?.[0] ?? '';

/** `pgaf-upgrade demo --plain --yes demo`, to its end. */
export const demonstrate = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Demonstrated> =>
  new Promise((resolve, reject) => {
    const began = Date.now();
    const child = spawn(process.execPath, [compiled, 'demo', '--plain', '--yes', 'demo', ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ code, text, seconds: (Date.now() - began) / 1000, root: rootIn(text) }),
    );
  });

/** What still runs of a demo, by its directory in the environment or the arguments of a process. */
export const leftOf = (root: string): readonly string[] => {
  const processes = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,args='], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter((line) => line.includes(root));
  return [...processes, ...(existsSync(root) ? [root] : [])];
};
