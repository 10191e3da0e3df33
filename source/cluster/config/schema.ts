import { z } from 'zod';
import { approvalKinds } from '../approval-kinds.ts';
import { consolePlace, customStepsSchema } from '../custom-steps.ts';
import { copyRate, formationWays, largeObjectWays, upgradeMethods, upgradeModeSchema } from '../facts.ts';
import { notifySchema } from '../notify-settings.ts';
import { windowEndSchema } from '../window-end.ts';
import * as words from '../words.ts';
import { keepWalPattern } from './keep-wal.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const control = /[\u0000-\u001f\u007f]/;

/** Local files: `~/` is the operator's home directory and is expanded where the file is read. */
const localPath = z
  .string()
  .refine((path) => (path.startsWith('/') || path.startsWith('~/')) && !control.test(path), {
    error: 'must be an absolute path on this machine, or begin with ~/',
  });

/** Paths on the servers, without the trailing slash that would make two spellings of one directory. */
const remotePath = z
  .string()
  .refine((path) => path.startsWith('/') && !control.test(path), {
    error: 'must be an absolute path on the server (it begins with /)',
  })
  .refine((path) => !path.split('/').some((part) => part === '..' || part === '.'), {
    error: 'must not contain . or .. as a part',
  })
  .transform((path) => path.replace(/\/{2,}/g, '/').replace(/\/$/, ''))
  .refine((path) => path !== '', { error: 'must not be the root directory' })
  .pipe(words.ownPath);

/** Host names, addresses, and aliases of an ssh config; a leading dash would be read as an option somewhere. */
const host = words.hostName
  // an IPv6 address as it stands in a URL
  .transform((name) => name.replace(/^\[(.+)\]$/, '$1'))
  .pipe(words.hostName);

const port = z
  .int({ error: 'must be a port number, 1 to 65535' })
  .min(1, { error: 'must be a port number, 1 to 65535' })
  .max(65_535, { error: 'must be a port number, 1 to 65535' });

const user = words.osUser;

/** `.service` is taken off: drop-in directories and systemctl put it back where they need it. */
const unit = words.unitName.transform((name) => name.replace(/\.service$/, '')).pipe(words.unitName);

const text = z
  .string()
  .min(1, { error: 'must not be empty' })
  .max(63, { error: 'must have at most 63 characters' })
  .refine((value) => !control.test(value), { error: 'must not contain control characters' })
  .pipe(words.label);

/** Which program keeps the connections; absent: chosen for each host by what ssh_config asks for. */
export const transportNames = ['ssh2', 'openssh'] as const;
const transport = z.enum(transportNames, { error: 'must be ssh2 or openssh' });

/** How to reach every host, unless the host itself says otherwise. */
const ssh = z.strictObject({
  user: user.exactOptional(),
  port: port.exactOptional(),
  identityFile: localPath.exactOptional(),
  configFile: localPath.exactOptional(),
  knownHostsFile: localPath.exactOptional(),
  transport: transport.exactOptional(),
  agent: z.boolean({ error: 'must be true or false' }).default(true),
});

/** What one host has different. */
const hostSsh = z.strictObject({
  host: host.exactOptional(),
  user: user.exactOptional(),
  port: port.exactOptional(),
  identityFile: localPath.exactOptional(),
  transport: transport.exactOptional(),
  agent: z.boolean({ error: 'must be true or false' }).exactOptional(),
});

const hostShape = {
  ssh: hostSsh.exactOptional(),
  pgdata: remotePath.exactOptional(),
  port: port.exactOptional(),
  unit: unit.exactOptional(),
  oldBindir: remotePath.exactOptional(),
  newBindir: remotePath.exactOptional(),
  newData: remotePath.exactOptional(),
  postgres: user.exactOptional(),
};

/** How a secondary gets the new version's data. */
export const rebuildWays = ['base-backup', 'hard-link'] as const;
const rebuild = z.enum(rebuildWays, { error: 'must be base-backup or hard-link' });
/** How what only root may do is done: any script by `sudo sh`, or fixed verbs by a helper that root has installed. */
export const rootWays = ['sh', 'helper'] as const;
export const becomeMethods = ['sudo', 'none'] as const;

/** What is to be done for another formation on the monitor, and what its hosts have different. */
const otherFormation = z
  .union(
    [
      z.enum(formationWays),
      z.strictObject({
        do: z.enum(formationWays),
        nodes: z
          .record(
            text,
            z.strictObject({
              ssh: hostSsh.exactOptional(),
              pgdata: remotePath.exactOptional(),
              unit: unit.exactOptional(),
              newBindir: remotePath.exactOptional(),
              postgres: user.exactOptional(),
            }),
          )
          .prefault({}),
      }),
    ],
    { error: 'must be restart or accept, or a group of do and nodes' },
  )
  .transform((given) => (typeof given === 'string' ? { do: given, nodes: {} } : given));

/** Words for places that custom steps run on. */
const takenPlaces: readonly string[] = ['primary', 'monitor', consolePlace];

/** The file as written; `name` gets its default in parseConfig, because it comes from another key. */
export const configSchema = z.strictObject({
  name: text.exactOptional(),
  monitor: z.strictObject({ host, ...hostShape }),
  ssh: ssh.prefault({}),
  become: z
    .strictObject({
      method: z.enum(becomeMethods, { error: 'must be one of sudo, none' }).default('sudo'),
      postgres: user.prefault('postgres'),
      root: z.enum(rootWays, { error: 'must be sh or helper' }).default('sh'),
    })
    .prefault({}),
  target: z.strictObject({ bindir: remotePath }),
  formation: text.prefault('default'),
  upgrade: z
    .strictObject({
      method: z.enum(upgradeMethods, { error: 'must be one of pg_upgrade, online' }).default('pg_upgrade'),
      largeObjects: z.enum(largeObjectWays, { error: 'must be refuse or leave' }).exactOptional(),
      /** A node, by its name on the monitor or by its alias. */
      copyFrom: words.nodeName.exactOptional(),
      copyRate: copyRate.exactOptional(),
      keepWal: z
        .string({ error: 'must be a size: 500MB, 50GB, 1TB' })
        .regex(keepWalPattern, { error: 'must be a size: 500MB, 50GB, 1TB' })
        .exactOptional(),
      mode: z.enum(upgradeModeSchema.options, { error: 'must be one of link, clone, copy' }).default('link'),
      jobs: z
        .int({ error: 'must be a whole number, 1 to 256' })
        .min(1, { error: 'must be a whole number, 1 to 256' })
        .max(256, { error: 'must be a whole number, 1 to 256' })
        .exactOptional(),
      secondaries: rebuild.default('base-backup'),
    })
    .prefault({}),
  check: z
    .strictObject({
      /** Warnings that the operator knows of; whether they exist is for the catalogue to say. */
      accept: z
        .array(z.string().regex(/^[a-z0-9-]{1,60}$/, { error: 'must be the name of a check' }), {
          error: 'must be a list of checks: see pgaf-upgrade check --list',
        })
        .default([]),
    })
    .prefault({}),
  /** By their names on the monitor, or by their aliases. */
  nodes: z
    .record(words.nodeName, z.strictObject({ ...hostShape, rebuild: rebuild.exactOptional() }))
    .superRefine((nodes, context) => {
      const names = Object.keys(nodes);
      const at = words.twinIn(names);
      if (at !== null)
        context.addIssue({ code: 'custom', path: [names[at] ?? ''], message: words.twinError });
    })
    .prefault({}),
  formations: z.record(text, otherFormation).prefault({}),
  /** Hosts beside the cluster that custom steps run on, by the names that the steps call them by. */
  hosts: z
    .record(
      words.alias.refine((name) => !takenPlaces.includes(name), {
        error: `must not be ${takenPlaces.join(', ')}: these are places already`,
      }),
      z.strictObject({ host, ssh: hostSsh.exactOptional() }),
    )
    .prefault({}),
  /** What a second person approves, from a login of their own. */
  approve: z
    .array(z.enum(approvalKinds, { error: `must be one of ${approvalKinds.join(', ')}` }), {
      error: `must be a list of ${approvalKinds.join(', ')}`,
    })
    .default([]),
  /** The change that the window belongs to, for every paper. */
  ticket: text.exactOptional(),
  /** What hears of the run's events on this machine. */
  notify: notifySchema.exactOptional(),
  /** What the company has agreed on: it is told, and nothing acts by it. */
  window: z.strictObject({ end: windowEndSchema.exactOptional() }).prefault({}),
  steps: customStepsSchema.prefault({}),
});

export type ConfigFile = z.infer<typeof configSchema>;
export type RebuildWay = (typeof rebuildWays)[number];
export type HostSettings = ConfigFile['nodes'][words.NodeName];
