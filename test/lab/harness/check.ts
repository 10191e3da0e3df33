import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { outputOf, type Ran } from './output-of.ts';
import type { ConsoleHome } from './walk.ts';

const compiled = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

const findingSchema = z.object({
  check: z.string(),
  severity: z.enum(['blocker', 'warning']),
  host: z.string().nullable(),
  found: z.string(),
  why: z.string().min(20),
  remedy: z.string().min(5),
  command: z.string().nullable(),
});

const reportSchema = z.object({
  outcome: z.enum(['ready', 'ready-with-warnings', 'blocked', 'unseen']),
  findings: z.array(findingSchema),
  accepted: z.array(findingSchema).default([]),
  notSeen: z
    .array(z.object({ check: z.string(), host: z.string().nullable(), because: z.string() }))
    .default([]),
  estimates: z
    .object({
      downtimeSeconds: z.number(),
      windowSeconds: z.number(),
      steps: z.record(z.string(), z.number()),
    })
    .nullish(),
  tookSeconds: z.number().optional(),
});
export type Report = z.infer<typeof reportSchema>;

export interface Started {
  readonly pid: number;
  readonly ended: Promise<Ran>;
  kill(): void;
}

/** Longer than any command takes on the lab, and less than a test may: what hangs is ended, and what it has said is shown. */
const limitMs = 600_000;

/** The compiled command as a script would run it: no terminal, nobody to ask. */
export const startCommand = (home: ConsoleHome, args: readonly string[]): Started => {
  const child = spawn(process.execPath, [compiled, ...args], {
    env: { ...process.env, ...home.env },
    cwd: home.directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  const ended = outputOf(child);
  return { pid: child.pid ?? -1, ended, kill: () => child.kill('SIGKILL') };
};

export const runCommand = (home: ConsoleHome, args: readonly string[]): Promise<Ran> =>
  startCommand(home, args).ended;

export interface Checked {
  readonly code: number;
  readonly report: Report;
  /** `blocker disk-space node_3`, sorted. */
  readonly found: readonly string[];
  /** What was found of one check. */
  of(check: string): readonly string[];
}

/** `pgaf-upgrade check --json` and its answer. */
export const runCheck = async (home: ConsoleHome, ...more: readonly string[]): Promise<Checked> => {
  const [file = ''] = home.args;
  const ended = await runCommand(home, ['check', file, '--json', ...more]);
  const report = reportSchema.safeParse(JSON.parse(ended.stdout === '' ? 'null' : ended.stdout));
  if (!report.success)
    throw new Error(
      `no report (exit ${ended.code}): ${ended.stderr}\n${ended.stdout}\n${report.error.message}`,
    );
  const { findings } = report.data;
  return {
    code: ended.code,
    report: report.data,
    found: findings.map((one) => `${one.severity} ${one.check} ${one.host ?? 'cluster'}`).sort(),
    of: (check) =>
      findings.filter((one) => one.check === check).map((one) => `${one.host ?? 'cluster'}: ${one.found}`),
  };
};
