/** Every option there is: what meow is told, and what the help says of it. */
export const flags = {
  plain: {
    type: 'boolean',
    default: false,
    shown: '--plain',
    says: ['plain lines instead of the full screen (also without a terminal, or with TERM=dumb)'],
  },
  yes: {
    type: 'string',
    shown: '--yes NAME',
    says: [
      "with --plain: confirm every step without asking; NAME is the cluster's name, so that",
      'it cannot be the wrong one. Optional steps are skipped.',
    ],
  },
  yesLoseWrites: {
    type: 'boolean',
    default: false,
    shown: '--yes-lose-writes',
    says: ['beside --yes: a rollback may lose what was written on the new version'],
  },
  yesRemoveLastCopy: {
    type: 'boolean',
    default: false,
    shown: '--yes-remove-last-copy',
    says: ['beside --yes: the last fallback copy may be removed, and only a backup', 'leads back from there'],
  },
  yesRemoveAbandoned: {
    type: 'boolean',
    default: false,
    shown: '--yes-remove-abandoned',
    says: [
      'beside --yes: a new cluster that a rollback has left may be removed,',
      'with what was written on it',
    ],
  },
  json: { type: 'boolean', default: false, shown: '--json', says: ['machine-readable output'] },
  brief: {
    type: 'boolean',
    default: false,
    shown: '--brief',
    says: ['two pages, for whoever approves the change: no scripts, no output'],
  },
  done: {
    type: 'string',
    shown: '--done N',
    says: ['take number N of what is left to do off the list, once you have done it'],
  },
  list: { type: 'boolean', default: false, shown: '--list', says: ['every check there is'] },
  prepare: {
    type: 'boolean',
    default: false,
    shown: '--prepare',
    says: ['keep the new directories that it makes, so that the window starts with them done'],
  },
  format: {
    type: 'string',
    shown: '--format F',
    says: ['plan: markdown, shell (a script for each host) or json; report: markdown or html'],
  },
  out: {
    type: 'string',
    shown: '--out PATH',
    says: ['plan, helper: the directory for the files; report: the file'],
  },
  run: { type: 'string', shown: '--run ID', says: ['another run of the cluster than its latest'] },
  scenario: {
    type: 'string',
    shown: '--scenario S',
    says: ['smooth, two-secondaries, pg-upgrade-fails, line-drops, rollback-after-start or company'],
  },
  keep: {
    type: 'boolean',
    default: false,
    shown: '--keep',
    says: ['leave the demo’s directory when it ends'],
  },
  host: {
    type: 'string',
    shown: '--host NODE',
    says: ['the node on whose host the rehearsal is made; without it a secondary'],
  },
  rate: {
    type: 'string',
    shown: '--rate RATE',
    says: ['bytes a second of the base backup, 32k to 1024M; without it 100M'],
  },
  remove: {
    type: 'boolean',
    default: false,
    shown: '--remove',
    says: ['only remove what an earlier rehearsal has left on the host'],
  },
  end: {
    type: 'string',
    shown: '--end TIME',
    says: ['when the window ends, instead of window.end in the cluster file: 03:00, or 2026-11-28 03:00'],
  },
  ticket: {
    type: 'string',
    shown: '--ticket NAME',
    says: ['the change that the window belongs to, for every paper: CHG0123'],
  },
  events: {
    type: 'string',
    shown: '--events FILE',
    says: ['write what happens to FILE, new or written so before: lines of JSON; - : to standard output'],
  },
  debug: {
    type: 'string',
    shown: '--debug FILE',
    says: ['write SSH and engine events to FILE, new or written so before: lines of JSON, no secrets'],
  },
  resume: { type: 'string', shown: '--resume DIR', says: ['go on with a demo that was kept'] },
} as const;

export type FlagName = keyof typeof flags;
export const flagNames: readonly FlagName[] = Object.keys(flags).filter(
  (name): name is FlagName => name in flags,
);

/** What was given on the command line. */
export interface Given {
  readonly plain: boolean;
  readonly json: boolean;
  readonly brief: boolean;
  readonly list: boolean;
  readonly prepare: boolean;
  readonly keep: boolean;
  readonly yesLoseWrites: boolean;
  readonly yesRemoveLastCopy: boolean;
  readonly yesRemoveAbandoned: boolean;
  readonly yes?: string | undefined;
  readonly format?: string | undefined;
  readonly out?: string | undefined;
  readonly run?: string | undefined;
  readonly scenario?: string | undefined;
  readonly resume?: string | undefined;
  readonly events?: string | undefined;
  readonly end?: string | undefined;
  readonly ticket?: string | undefined;
  readonly debug?: string | undefined;
  readonly remove: boolean;
  readonly host?: string | undefined;
  readonly rate?: string | undefined;
  readonly done?: string | undefined;
  /** The command's argument. */
  readonly named?: string | undefined;
  /** What stands behind it, for commands that take several. */
  readonly others?: readonly string[];
}

/** `--yes-lose-writes`: an option as it is typed, without its value. */
export const optionOf = (name: FlagName): string => flags[name].shown.split(' ')[0] ?? '';

export const isGiven = (given: Given, name: FlagName): boolean =>
  given[name] !== undefined && given[name] !== false;
