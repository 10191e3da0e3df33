import type { Direction } from '../engine/controller.ts';
import type { FlagName, Given } from './flags.ts';

/** A command, as the help shows it and as it is started. What it needs is loaded when it is started. */
export interface Command {
  readonly name: string;
  /** What may stand behind its name; null: nothing. */
  readonly argument: string | null;
  readonly says: string;
  readonly flags: readonly FlagName[];
  /** What `--format` takes here; the first is the default. */
  readonly formats?: readonly string[];
  /** Gives the exit code. */
  readonly start: (given: Given) => Promise<number>;
}

const clusterFile = '[cluster.yaml]';
const fileOf = ({ named }: Given): string => named ?? 'cluster.yaml';

const walking = (name: string, direction: Direction, says: string): Command => ({
  name,
  argument: clusterFile,
  says,
  flags: ['plain', 'yes'],
  start: async (given) => {
    const { run } = await import('./run.ts');
    const { plain, yes } = given;
    return run({ file: fileOf(given), direction, plain, ...(yes === undefined ? {} : { yes }) });
  },
});

export const commands: readonly Command[] = [
  {
    name: 'demo',
    argument: null,
    says: 'the same console over an embedded cluster: try it here, nothing to install',
    flags: ['scenario', 'plain', 'yes', 'keep', 'resume'],
    start: async ({ scenario, plain, keep, yes, resume }) => {
      const { demo } = await import('./demo.ts');
      return demo({
        scenario,
        plain,
        keep,
        ...(yes === undefined ? {} : { yes }),
        ...(resume === undefined ? {} : { resume }),
      });
    },
  },
  {
    name: 'init',
    argument: '[ssh://USER@MONITOR]',
    says: 'discover the cluster and write cluster.yaml',
    flags: [],
    start: async ({ named }) => {
      const { init } = await import('./init.ts');
      return init(named === undefined ? {} : { address: named });
    },
  },
  {
    name: 'check',
    argument: clusterFile,
    says: 'before the window: will it work, and how long will it take',
    flags: ['json', 'list', 'prepare'],
    start: async (given) => {
      const { runCheck } = await import('./check.ts');
      const { json, list, prepare } = given;
      return runCheck({ file: fileOf(given), json, list, prepare });
    },
  },
  {
    name: 'plan',
    argument: clusterFile,
    says: 'the whole runbook on paper, to attach to the change request',
    flags: ['format', 'out'],
    formats: ['markdown', 'shell', 'json'],
    start: async (given) => {
      const { plan, planFormats } = await import('./plan.ts');
      const format = planFormats.find((one) => one === given.format) ?? null;
      return plan({ file: fileOf(given), format, out: given.out ?? null });
    },
  },
  {
    name: 'helper',
    argument: clusterFile,
    says: 'what root would have to run, as one script of fixed verbs a host, and the sudoers rule for it',
    flags: ['out'],
    start: async (given) => {
      const { helper } = await import('./helper.ts');
      return helper({ file: fileOf(given), out: given.out ?? null });
    },
  },
  walking('run', 'upgrade', 'upgrade, or go on where the servers are'),
  {
    name: 'status',
    argument: clusterFile,
    says: 'where things stand, once',
    flags: ['json'],
    start: async (given) => {
      const { status } = await import('./status.ts');
      return status({ file: fileOf(given), json: given.json });
    },
  },
  walking('rollback', 'rollback', 'the way back from where the servers are'),
  {
    name: 'report',
    argument: '[cluster.yaml | RUN]',
    says: 'the change-ticket report of a run, also while it is under way',
    flags: ['format', 'out', 'run'],
    formats: ['markdown', 'html'],
    start: async (given) => {
      const { report, reportFormats } = await import('./report.ts');
      const format = reportFormats.find((one) => one === given.format) ?? null;
      return report({ of: fileOf(given), format, out: given.out ?? null, run: given.run ?? null });
    },
  },
  walking('cleanup', 'cleanup', 'days later: remove the old clusters, host by host'),
];
