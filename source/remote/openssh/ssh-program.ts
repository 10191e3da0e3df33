import { spawn } from 'node:child_process';

/** What a short command of this machine's ssh has said. */
export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const timeoutMs = 20_000;

/** Runs this machine's ssh for a moment; null: there is none. */
export const askSsh = (args: readonly string[]): Promise<Said | null> =>
  new Promise((resolve) => {
    const child = spawn('ssh', [...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
    });
    child.once('error', () => resolve(null));
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
