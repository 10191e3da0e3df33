import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A daemon of the demo: a real process, so that a script can look for it and signal it. */
export interface StandInProcess {
  readonly pid: number;
  readonly onEnd: (listener: (signal: NodeJS.Signals | null) => void) => void;
  readonly end: () => void;
}

interface Trace {
  /** Its working directory. */
  readonly directory?: string;
  readonly program?: string;
  /** What follows the program on its command line. */
  readonly words?: readonly string[];
  readonly unit?: string;
  readonly job?: string;
}

const sweepMs = 100;

/** A host's processes, and what of /proc the product's scripts read. macOS has no /proc, and this machine's is none of theirs. */
export class Processes {
  readonly #proc: string;
  readonly #timer: NodeJS.Timeout;

  constructor(proc: string, bootId: string) {
    this.#proc = proc;
    rmSync(proc, { recursive: true, force: true });
    mkdirSync(join(proc, 'sys/kernel/random'), { recursive: true });
    writeFileSync(join(proc, 'sys/kernel/random/boot_id'), `${bootId}\n`);
    mkdirSync(join(proc, 'net'));
    for (const table of ['tcp', 'tcp6']) writeFileSync(join(proc, 'net', table), '');
    this.#timer = setInterval(() => this.#sweep(), sweepMs);
  }

  /** A daemon that does nothing until it is signalled, or until this process is gone and its stdin ends. */
  start(name: string, trace: Trace): StandInProcess {
    const child = spawn('/bin/cat', [], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    const pid = child.pid ?? 0;
    child.on('error', () => undefined);
    child.stdin?.on('error', () => undefined);
    this.trace(pid, name, trace);
    return {
      pid,
      onEnd: (listener) => {
        child.once('exit', (_code, signal) => {
          this.forget(pid);
          listener(signal);
        });
      },
      end: () => {
        this.forget(pid);
        child.kill('SIGKILL');
      },
    };
  }

  trace(pid: number, name: string, { directory, program, words = [], unit, job }: Trace): void {
    const at = join(this.#proc, String(pid));
    rmSync(at, { recursive: true, force: true });
    mkdirSync(at);
    writeFileSync(join(at, 'comm'), `${name}\n`);
    writeFileSync(
      join(at, 'stat'),
      `${pid} (${name}) S 1 ${pid} ${pid} 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 ${Date.now()} 0 0\n`,
    );
    writeFileSync(join(at, 'status'), `Name:\t${name}\nState:\tS (sleeping)\n`);
    writeFileSync(join(at, 'cmdline'), [program ?? name, ...words].map((word) => `${word}\0`).join(''));
    writeFileSync(join(at, 'environ'), job === undefined || job === '' ? '' : `PGAF_UPGRADE_JOB=${job}\0`);
    writeFileSync(join(at, 'cgroup'), unit === undefined ? '0::/user.slice\n' : `0::/system.slice/${unit}\n`);
    if (directory !== undefined) symlinkSync(directory, join(at, 'cwd'));
    if (program !== undefined) symlinkSync(program, join(at, 'exe'));
  }

  forget(pid: number): void {
    rmSync(join(this.#proc, String(pid)), { recursive: true, force: true });
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** The runners of jobs leave their traces themselves (the stand-in of setsid) and cannot take them away. */
  #sweep(): void {
    for (const name of readdirSync(this.#proc)) {
      if (!/^\d+$/.test(name)) continue;
      try {
        process.kill(Number(name), 0);
      } catch (gone) {
        if (gone instanceof Error && 'code' in gone && gone.code === 'ESRCH') this.forget(Number(name));
      }
    }
  }
}
