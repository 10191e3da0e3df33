import type { Direction } from '../engine/view/controller.ts';
import type { Forfeit } from '../plain/talk.ts';
import { publishedGuide } from '../runbook/guide.ts';
import type { FlagName, Given } from './flags.ts';
import type { Subcommand } from './subcommand.ts';

declare const PGAF_UPGRADE_VERSION: string;

const clusterFile = '[cluster.yaml]';
const clusterFiles = '[cluster.yaml ...]';
const fileOf = ({ named }: Given): string => named ?? 'cluster.yaml';
const filesOf = (given: Given): readonly string[] => [fileOf(given), ...(given.others ?? [])];

const forfeitsOf = (given: Given): ReadonlySet<Forfeit> =>
  new Set<Forfeit>([
    ...(given.yesLoseWrites ? ['writes' as const] : []),
    ...(given.yesRemoveLastCopy ? ['last-copy' as const] : []),
    ...(given.yesRemoveAbandoned ? ['abandoned' as const] : []),
  ]);

const walking = (
  name: string,
  direction: Direction,
  says: string,
  more: readonly string[],
  flags: readonly FlagName[],
): Subcommand => ({
  name,
  argument: clusterFile,
  says,
  more,
  flags: [
    'plain',
    'yes',
    ...flags,
    ...(direction === 'cleanup' ? [] : ['end' as const]),
    'ticket',
    'events',
    'debug',
  ],
  start: async (given) => {
    const { run } = await import('./run.ts');
    const { plain, yes, events, end, ticket } = given;
    return run({
      file: fileOf(given),
      direction,
      plain,
      forfeits: forfeitsOf(given),
      ...(yes === undefined ? {} : { yes }),
      ...(events === undefined ? {} : { events }),
      ...(end === undefined ? {} : { end }),
      ...(ticket === undefined ? {} : { ticket }),
    });
  },
});

const ofRuns = [
  'Exit codes: 0 finished, 1 left or failed on the way, 2 could not start (nothing was changed), 128 + n ended by',
  'signal n. Whatever ends the console, what runs on a host goes on there.',
];

export const subcommands: readonly Subcommand[] = [
  {
    name: 'demo',
    argument: null,
    says: 'the same console over an embedded cluster: try it here, nothing to install',
    more: [
      'No real server is touched; its name, for --yes, is demo. --keep leaves its directory, --resume goes on with it.',
    ],
    flags: ['scenario', 'plain', 'yes', 'keep', 'resume', 'debug'],
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
    more: ['Reads only. A file that is there is not overwritten. Exit codes: 0 written, 2 not.'],
    flags: ['debug'],
    start: async ({ named }) => {
      const { init } = await import('./init.ts');
      return init(named === undefined ? {} : { address: named });
    },
  },
  {
    name: 'check',
    argument: clusterFiles,
    many: true,
    says: 'pre-upgrade checks and time estimate',
    more: [
      'Reads only, and tries initdb, pg_upgrade --check and the schema’s restore in throwaway clusters.',
      'Several cluster files: a line each, the worst first.',
      'Exit codes: 0 ready, 1 blocked, 2 could not be decided; of several clusters the worst.',
    ],
    flags: ['json', 'list', 'prepare', 'debug'],
    start: async (given) => {
      const { runCheck } = await import('./check.ts');
      const { json, list, prepare } = given;
      return runCheck({ files: filesOf(given), json, list, prepare });
    },
  },
  {
    name: 'plan',
    argument: clusterFile,
    says: 'write the runbook, to attach to the change request',
    more: [
      '--brief: cluster, last check, downtime, steps by phase, rollback, what is needed; two pages for the approval.',
      'Reads only. Exit codes: 0 written, 2 not.',
    ],
    flags: ['brief', 'format', 'out', 'end', 'debug'],
    formats: ['markdown', 'shell', 'json'],
    start: async (given) => {
      const { plan, planFormats } = await import('./plan.ts');
      const format = planFormats.find((one) => one === given.format) ?? null;
      const { out = null, brief, end } = given;
      return plan({ file: fileOf(given), format, out, brief, ...(end === undefined ? {} : { end }) });
    },
  },
  {
    name: 'helper',
    argument: clusterFile,
    says: 'write root’s script of fixed verbs for each host, and its sudoers rule',
    more: [
      'Root installs the script once; then the login needs no shell as root (become: { root: helper }).',
      'Reads only. Exit codes: 0 printed, 2 not.',
    ],
    flags: ['out'],
    start: async (given) => {
      const { helper } = await import('./helper.ts');
      return helper({ file: fileOf(given), out: given.out ?? null });
    },
  },
  {
    name: 'rehearse',
    argument: clusterFile,
    says: 'days before: the window’s own scripts on a copy, measured and removed',
    more: [
      'A base backup on a secondary’s host is upgraded as in the window, verified, and removed; the cluster is only read.',
      'Its times are what check, plan and run expect from then on. docs/rehearse.md.',
      ...ofRuns,
    ],
    flags: ['host', 'rate', 'remove', 'plain', 'yes', 'events', 'debug'],
    start: async (given) => {
      const { rehearse } = await import('./rehearse.ts');
      return rehearse(fileOf(given), given);
    },
  },
  walking(
    'run',
    'upgrade',
    'run the upgrade, or resume it where the servers are',
    [
      'Nothing on a server changes before you have confirmed it. “Guide” at a step names the step of the published',
      `procedure that it stands for, Broadcom KB 440339: ${publishedGuide.url}`,
      ...ofRuns,
    ],
    ['yesLoseWrites'],
  ),
  {
    name: 'status',
    argument: clusterFiles,
    many: true,
    says: 'print the current state',
    more: [
      'Reads only; --done N alone removes a note on the primary’s host.',
      'Several cluster files: a line each, the worst first. Exit codes: 0 printed, 2 not, or not of every cluster.',
    ],
    flags: ['json', 'done', 'end', 'debug'],
    start: async (given) => {
      const { status } = await import('./status.ts');
      const { json, done = null, end } = given;
      return status({ files: filesOf(given), json, done, ...(end === undefined ? {} : { end }) });
    },
  },
  {
    name: 'approve',
    argument: 'cluster.yaml STEP',
    takesTwo: true,
    says: 'as a second person, approve a step that the operator is to run',
    more: [
      'From a login of your own; approve: [irreversible, opening] in the cluster file wants it. STEP is its number or its id.',
      'Shows the step, and asks for the name of its host. Exit codes: 0 approved, 1 not, 2 it could not be.',
    ],
    flags: ['debug'],
    start: async ({ named, others }) => {
      const { approve } = await import('./approve.ts');
      return approve({ file: named ?? 'cluster.yaml', step: others?.[0] });
    },
  },
  walking(
    'rollback',
    'rollback',
    'roll back from the current state',
    ['What would be lost is shown before the first step.', ...ofRuns],
    ['yesLoseWrites'],
  ),
  {
    name: 'report',
    argument: '[cluster.yaml | RUN]',
    says: 'the change-ticket report of a run, also while it is under way',
    more: [
      '--brief: result, downtime against estimate, what was not as planned, rollback, what is kept; two pages.',
      'Made from the journal on this machine; no host is asked. Exit codes: 0 written, 2 not.',
    ],
    flags: ['brief', 'format', 'out', 'run'],
    formats: ['markdown', 'html'],
    start: async (given) => {
      const { report, reportFormats } = await import('./report.ts');
      const format = reportFormats.find((one) => one === given.format) ?? null;
      const { out = null, run = null, brief } = given;
      return report({ of: fileOf(given), format, out, run, brief });
    },
  },
  walking(
    'prepare',
    'prepare',
    'online method: days before, let the new version follow',
    ['As far as “the new version follows, so far behind”; called off at any moment.', ...ofRuns],
    [],
  ),
  walking(
    'call-off',
    'call-off',
    'online method: undo the preparation',
    ['Slots, publications, freeze, copy: the old version is as it was.', ...ofRuns],
    [],
  ),
  walking(
    'cleanup',
    'cleanup',
    'days later: remove the old clusters, host by host',
    ['Each is verified to be the old version’s, and not in use, before it is removed.', ...ofRuns],
    ['yesRemoveLastCopy', 'yesRemoveAbandoned'],
  ),
  {
    name: 'schema',
    argument: '[events | journal]',
    says: 'the JSON Schema of the cluster file, of --events, or of the journal',
    more: [
      'For an editor: pgaf-upgrade schema > cluster.schema.json, and as the first line of the cluster file',
      '# yaml-language-server: $schema=cluster.schema.json',
      'Exit codes: 0 printed, 2 not.',
    ],
    flags: [],
    start: async ({ named }) => {
      const { schema } = await import('./schema.ts');
      return schema(named);
    },
  },
  {
    name: 'completion',
    argument: 'SHELL',
    says: 'what Tab completes: for bash, zsh or fish',
    more: [
      'bash: source <(pgaf-upgrade completion bash)',
      'zsh:  pgaf-upgrade completion zsh > "$fpath[1]/_pgaf-upgrade"',
      'fish: pgaf-upgrade completion fish > ~/.config/fish/completions/pgaf-upgrade.fish',
      'Exit codes: 0 printed, 2 not.',
    ],
    flags: [],
    start: async ({ named }) => {
      const { completion } = await import('./completion.ts');
      return completion(named, subcommands);
    },
  },
  {
    name: 'docs',
    argument: '[PAGE]',
    says: 'the documentation: its pages, or one of them in the pager',
    more: ['Exit codes: 0 shown, 2 there is no such page.'],
    flags: [],
    start: async ({ named }) => {
      const { docs } = await import('./docs.ts');
      return docs(named);
    },
  },
  {
    name: 'man',
    argument: null,
    says: 'the manual page, for man(1)',
    more: ['pgaf-upgrade man > /usr/local/share/man/man1/pgaf-upgrade.1, or: pgaf-upgrade man | man -l -'],
    flags: [],
    start: async () => {
      const { man } = await import('./man.ts');
      return man(subcommands, PGAF_UPGRADE_VERSION);
    },
  },
];
