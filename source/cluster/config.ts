import { LineCounter, parseDocument, type YAMLError } from 'yaml';
import { z } from 'zod';
import { lineOf } from './config/locate.ts';
import { nearestKey } from './config/nearest.ts';
import { type ConfigFile, configSchema, type HostSettings, type RebuildWay } from './config/schema.ts';
import { consolePlace } from './custom-steps.ts';
import { word } from './fragment.ts';
import { fail, ok, type Problem, problem, type Result } from './result.ts';
import { type Label, withoutBlanks } from './words.ts';

export type { HostSettings, RebuildWay } from './config/schema.ts';

/** A cluster file with its defaults applied; what stays optional is discovered on the servers. docs/config.md. */
export type Config = Omit<ConfigFile, 'name' | 'nodes'> & {
  readonly name: Label;
  /** By the nodes' aliases. */
  readonly nodes: Readonly<Record<string, HostSettings>>;
};

/** How to reach one host: the host's own settings over those for all. */
export type SshSettings = Config['ssh'] & { readonly host: string };

type Issue = z.core.$ZodIssue;

/** The keys that are right at a place in the file; empty where names are free. */
const keysAt = (schema: unknown, path: readonly PropertyKey[]): readonly string[] => {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodExactOptional)
    return keysAt(schema.unwrap(), path);
  if (schema instanceof z.ZodPipe) return keysAt(schema.in, path);
  const [first, ...rest] = path;
  if (schema instanceof z.ZodRecord) return first === undefined ? [] : keysAt(schema.valueType, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  return first === undefined ? Object.keys(schema.shape) : keysAt(schema.shape[String(first)], rest);
};

const dotted = (path: readonly PropertyKey[]): string => path.map(String).join('.');
const shown = (key: string): string =>
  JSON.stringify(key.length > 60 ? `${key.slice(0, 60)}…` : key).slice(1, -1);

/** `ssh:` with nothing below it means the same as no `ssh:`; a required key that is empty counts as missing. */
const withoutEmpty = (value: unknown): unknown => {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutEmpty(inner)]),
  );
};

const typeNames: Readonly<Record<string, string>> = {
  object: 'a group of keys',
  record: 'a group of keys',
  string: 'text (put it in quotes if it looks like a number)',
};

const isMissing = (issue: Issue, plain: unknown): boolean => {
  let value = plain;
  for (const key of issue.path) {
    if (value === null || typeof value !== 'object') return true;
    value = Object.getOwnPropertyDescriptor(value, key)?.value;
  }
  return value === undefined;
};

/** What an issue says, for each place it is about: the path to point at, the reason, the remedy. */
const explain = (
  issue: Issue,
  plain: unknown,
): readonly { path: readonly PropertyKey[]; what: string; remedy: string }[] => {
  const name = issue.path.length === 0 ? 'the file' : dotted(issue.path);
  const right = keysAt(configSchema, issue.path);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => {
      const near = nearestKey(key, right);
      const list = right.join(', ');
      return {
        path: [...issue.path, key],
        what: `unknown key ${shown(key)}${issue.path.length === 0 ? '' : ` in ${name}`}`,
        remedy: near === null ? `Remove it. The keys here are: ${list}` : `Did you mean ${near}?`,
      };
    });
  const { path } = issue;
  if (isMissing(issue, plain))
    return [{ path, what: `${name} is required`, remedy: `Add ${name}; docs/config.md has an example` }];
  if (issue.code === 'invalid_key')
    return path[0] === 'steps' || path[0] === 'hosts'
      ? [{ path, what: `${name} ${issue.issues[0]?.message ?? ''}`, remedy: 'Give it another name' }]
      : [{ path, what: `${name} is not a usable node name`, remedy: 'Use the name that the monitor shows' }];
  const expected = issue.code === 'invalid_type' ? typeNames[issue.expected] : undefined;
  const reason = expected === undefined ? issue.message : `must be ${expected}`;
  return [
    { path, what: `${name} ${reason}`, remedy: 'Correct the value; docs/config.md describes every key' },
  ];
};

/** What the YAML library found, in words of this program. */
const yamlWords = (error: YAMLError, source: string): { readonly what: string; readonly remedy: string } => {
  if (error.code === 'MULTIPLE_DOCS')
    return {
      what: 'a second YAML document begins here',
      remedy: 'Keep one document: take out the line --- and what belongs to another cluster',
    };
  if (error.code === 'DUPLICATE_KEY') {
    const key = /^[^\s:]+/.exec(source.slice(error.pos[0], error.pos[1] + 60))?.[0] ?? '';
    return { what: `the key ${shown(key)} stands here a second time`, remedy: 'Keep one of the two' };
  }
  return { what: `not valid YAML: ${error.message}`, remedy: 'Correct the file at this line' };
};

/** What contradicts itself within a custom step. */
const misplacedSteps = ({ steps, become }: ConfigFile) =>
  steps.flatMap(({ name, at, on, as, undo, when }) => {
    const wrong = (key: string, what: string, remedy: string) => [
      { path: ['steps', name, key], what: `steps.${name} ${what}`, remedy },
    ];
    if (when !== undefined && at !== 'failed')
      return wrong('when', `has when, and is at ${at}`, 'Take when out: it belongs to steps at failed');
    if (undo !== undefined && at === 'failed')
      return wrong('undo', 'is at failed, where nothing is undone', 'Take undo out');
    if (as !== undefined && on === consolePlace)
      return wrong(
        'as',
        `runs on this machine as you are logged in here: it cannot be run as ${as}`,
        'Leave as out, and write sudo into the commands where this machine allows it',
      );
    if (as !== undefined && become.root === 'helper')
      return wrong(
        'as',
        'is to run as root, and become.root is helper: the helper does its fixed verbs and nothing else',
        'Leave as out, allow that one command in sudoers, and write sudo into run',
      );
    return [];
  });

/** Keys of `upgrade` that mean something to the online method alone: what each says, and what pg_upgrade does instead. */
const onlineOnly = [
  {
    key: 'largeObjects',
    says: 'what the online method does',
    instead: 'it takes large objects over like everything else',
  },
  { key: 'copyFrom', says: 'where the online method has its copy from', instead: 'it makes none' },
  { key: 'copyRate', says: 'where the online method has its copy from', instead: 'it makes none' },
  { key: 'keepWal', says: 'how much WAL the online method may hold', instead: 'it holds none' },
] as const;

/**
 * Reads a cluster file. Every problem names `file:line`, the reason, and for a misspelt key the right one;
 * all of them are reported at once. Nothing is opened or resolved here: paths are checked for their form only.
 */
export const parseConfig = (source: string, fileName: string): Result<Config, readonly Problem[]> => {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const at = (line: number, what: string, remedy: string): Problem =>
    problem(`${fileName}:${line}: ${what}`, remedy);

  if (document.errors.length > 0)
    return fail(
      document.errors.map((error) => {
        const { what, remedy } = yamlWords(error, source);
        return at(lines.linePos(error.pos[0]).line || 1, what, remedy);
      }),
    );
  if (document.contents === null)
    return fail([
      at(1, 'the file is empty', 'Write at least monitor.host and target.bindir; see docs/config.md'),
    ]);

  let plain: unknown;
  try {
    plain = withoutEmpty(document.toJS());
  } catch (thrown) {
    // Aliases that point nowhere or multiply without end are found only here.
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    return fail([at(1, `not valid YAML: ${why}`, 'Write the file without anchors and aliases')]);
  }

  const parsed = configSchema.safeParse(plain);
  if (!parsed.success)
    return fail(
      parsed.error.issues
        .flatMap((issue) => explain(issue, plain))
        .map(({ path, what, remedy }) => ({ line: lineOf(document, lines, path), what, remedy }))
        .sort((one, other) => one.line - other.line)
        .map(({ line, what, remedy }) => at(line, what, remedy)),
    );
  const { upgrade, nodes } = parsed.data;
  const linked: (readonly string[])[] = [
    ...(upgrade.secondaries === 'hard-link' ? [['upgrade', 'secondaries']] : []),
    ...Object.entries(nodes)
      .filter(([, its]) => its.rebuild === 'hard-link')
      .map(([name]) => ['nodes', name, 'rebuild']),
  ];
  if (upgrade.method === 'online' && (upgrade.mode !== 'link' || linked.length > 0))
    return fail(
      [...(upgrade.mode === 'link' ? [] : [['upgrade', 'mode']]), ...linked].map((path) =>
        at(
          lineOf(document, lines, path),
          path.at(-1) === 'mode'
            ? `upgrade.mode is ${upgrade.mode}, and upgrade.method online: it is a copy of the old cluster that pg_upgrade takes over, by links`
            : `${dotted(path)} is hard-link, and upgrade.method online: each secondary keeps its old directory, to stream on in a rollback`,
          path.at(-1) === 'mode'
            ? 'Leave upgrade.mode out'
            : 'Rebuild the secondaries by base-backup, or set upgrade.method to pg_upgrade',
        ),
      ),
    );
  const stray = onlineOnly.find(({ key }) => upgrade[key] !== undefined);
  if (stray !== undefined && upgrade.method !== 'online')
    return fail([
      at(
        lineOf(document, lines, ['upgrade', stray.key]),
        `upgrade.${stray.key} says ${stray.says}, and upgrade.method is pg_upgrade: ${stray.instead}`,
        'Remove it',
      ),
    ]);
  if (upgrade.mode !== 'link' && linked.length > 0)
    return fail(
      linked.map((path) =>
        at(
          lineOf(document, lines, path),
          `${dotted(path)} is hard-link, and upgrade.mode ${upgrade.mode}: the links that a secondary takes over are those that pg_upgrade --link makes on the primary`,
          'Set upgrade.mode to link, or rebuild the secondaries by base-backup',
        ),
      ),
    );
  const misplaced = misplacedSteps(parsed.data);
  if (misplaced.length > 0)
    return fail(misplaced.map(({ path, what, remedy }) => at(lineOf(document, lines, path), what, remedy)));
  return ok({
    ...parsed.data,
    name: parsed.data.name ?? word`${parsed.data.monitor.host}`,
    nodes: Object.fromEntries(Object.entries(nodes).map(([name, its]) => [withoutBlanks(name), its])),
  });
};

/** What the cluster file says of one node; undefined: nothing. A name is a key of the file's own, whatever it is called. */
export const nodeSettings = (config: Config, node: string): HostSettings | undefined =>
  Object.entries(config.nodes).find(([name]) => name === node)?.[1];

/** How a secondary is to get its data: what is said of the node itself counts before what is said of all. */
export const rebuildOf = (config: Config, node: string): RebuildWay =>
  nodeSettings(config, node)?.rebuild ?? config.upgrade.secondaries;

/**
 * How to reach a host: `address` is its name in the cluster, `settings` is `config.monitor` or the entry in
 * `config.nodes`, where there is one.
 */
export const sshSettingsFor = (
  config: Config,
  address: string,
  settings: Pick<HostSettings, 'ssh'> | undefined,
): SshSettings => ({ ...config.ssh, host: address, ...settings?.ssh });
