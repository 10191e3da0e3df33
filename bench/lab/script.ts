import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../../test/lab/harness/lab.ts';

const labCommand = fileURLToPath(new URL('../../fixtures/lab/lab', import.meta.url));

/** Runs one of the scripts beside this file against a lab; gives what it prints. Rejects unless it succeeds. */
export const labScript = async (lab: Lab, name: string, say: (text: string) => void): Promise<string> => {
  const settings = (await lab.run(['env'])).trim().split('\n');
  const env = Object.fromEntries(
    settings.map((line): [string, string] => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  const script = fileURLToPath(new URL(name, import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn('bash', [script, labCommand], { env: { ...process.env, ...env }, stdio: 'pipe' });
    let stdout = '';
    child.stdin.end();
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => say(text.trimEnd()));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(stdout) : reject(new Error(`${name} ended with ${code}`)),
    );
  });
};
