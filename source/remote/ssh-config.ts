import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import SSHConfig from 'ssh-config';
import { fail, messageOf, ok, problem, type Result } from '../cluster/result.ts';
import type { HostAddress, RemoteOptions } from './host.ts';
import { effectiveSettings } from './openssh/effective.ts';
import { proxyCommandFor } from './proxy-command.ts';
import type { Hop, SshRoute } from './route.ts';
import { readWithIncludes } from './ssh-config-file.ts';
import { algorithmsOf, beyondSetting, refusedSetting, undecidedMatch } from './ssh-config-limits.ts';

const defaultIdentities = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
const defaultTimeoutMs = 10_000;
const maximumHops = 8;

const listOf = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];
const textOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

/** `~`, and the tokens of ssh_config(5) that make sense without a running connection. */
const expand = (
  value: string,
  tokens: { host: string; user: string; port: number; name: string },
): string => {
  const byToken: Record<string, string> = {
    '%%': '%',
    '%d': homedir(),
    '%h': tokens.host,
    '%n': tokens.name,
    '%p': String(tokens.port),
    '%r': tokens.user,
    '%u': userInfo().username,
  };
  const text = value.replace(/%[%dhnpru]/g, (token) => byToken[token] ?? token);
  return text === '~' || text.startsWith('~/') ? join(homedir(), text.slice(1)) : text;
};

const agentOf = (setting: string | undefined, options: RemoteOptions): string | null => {
  const fromEnvironment = options.agentSocket === undefined ? process.env.SSH_AUTH_SOCK : options.agentSocket;
  if (setting === undefined || setting === 'SSH_AUTH_SOCK') return fromEnvironment || null;
  if (setting.toLowerCase() === 'none') return null;
  if (setting.startsWith('$')) return process.env[setting.replace(/^\$\{?|\}$/g, '')] || null;
  return setting;
};

/** OpenSSH's words for a switch that is on. Source: OpenSSH, readconf.c, multistate_flag, multistate_strict_hostkey. */
const isOn = (value: string | string[] | undefined): boolean => /^(?:yes|true)$/i.test(textOf(value) ?? '');

const jumpPattern = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:@\s]+)(?::(\d+))?\/?$/;

const parseJump = (text: string): HostAddress | null => {
  const [, user, host, port] = jumpPattern.exec(text.trim()) ?? [];
  if (host === undefined) return null;
  return {
    alias: host,
    host: host.replace(/^\[|\]$/g, ''),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
};

type Settings = Record<string, string | string[] | undefined>;

interface Asked {
  readonly settings: Settings;
  /** What was said by the operator and not for the whole machine; null: not told apart. */
  readonly own: ReadonlySet<string> | null;
}

const settingsFor = async (address: HostAddress, options: RemoteOptions): Promise<Result<Asked>> => {
  if (options.sshConfigFile === null) return ok({ settings: {}, own: null });
  // OpenSSH knows best what its configuration means; without it on this machine we read the file ourselves.
  const effective = await effectiveSettings(address, options);
  if (effective !== null) return effective;
  const file = options.sshConfigFile ?? join(homedir(), '.ssh', 'config');
  const remedy = `Correct ${file}; \`ssh -G ${address.host}\` shows how OpenSSH reads it.`;
  try {
    const text = await readWithIncludes(file, options.sshConfigFile !== undefined);
    const query =
      address.user === undefined ? { Host: address.host } : { Host: address.host, User: address.user };
    const compute = (config: string): Settings =>
      SSHConfig.parse(config).compute(query, { ignoreCase: true, matchExec: false });
    const undecided = undecidedMatch(text, compute);
    if (undecided !== null)
      return fail(
        problem(
          `The SSH configuration ${file} has “${undecided}”, which may hold for ${address.host}: this console does not evaluate that, and cannot know which settings are meant.`,
          'Say the same with Host or `Match host` in a file of its own, and name that with ssh.configFile in the cluster file.',
        ),
      );
    const settings = compute(text);
    return ok({ settings, own: null });
  } catch (thrown) {
    return fail(problem(`Cannot read the SSH configuration ${file}.`, remedy, messageOf(thrown)));
  }
};

const hopFrom = (address: HostAddress, { settings, own }: Asked, options: RemoteOptions): Hop => {
  const port = address.port ?? Number(textOf(settings.port) ?? 22);
  const user = address.user ?? textOf(settings.user) ?? userInfo().username;
  const bare = { host: address.host, user, port, name: address.host };
  const host = expand(textOf(settings.hostname) ?? address.host, bare);
  const tokens = { ...bare, host };
  const named = [...(address.identityFiles ?? []), ...listOf(settings.identityfile)].filter(
    (f) => f !== 'none',
  );
  const identities = named.length > 0 ? named : defaultIdentities.map((file) => `~/.ssh/${file}`);
  const userFiles = listOf(settings.userknownhostsfile)
    .flatMap((v) => v.split(/\s+/))
    .filter((f) => f !== 'none');
  const globalFiles = listOf(settings.globalknownhostsfile).flatMap((v) => v.split(/\s+/));
  const knownHostsFiles = options.knownHostsFiles ?? [
    ...(userFiles.length > 0 ? userFiles : ['~/.ssh/known_hosts']),
    ...(globalFiles.length > 0 ? globalFiles : ['/etc/ssh/ssh_known_hosts']),
  ];
  const agent = agentOf(textOf(settings.identityagent), options);
  const seconds = Number(textOf(settings.connecttimeout) ?? Number.NaN);
  const revoked = textOf(settings.revokedhostkeys);
  const algorithms = algorithmsOf(textOf(settings.hostkeyalgorithms));
  const certificates = listOf(settings.certificatefile);
  const safer = refusedSetting(settings);
  const beyond = safer ?? beyondSetting(settings, own);
  const hostKeyAlias = textOf(settings.hostkeyalias);
  return {
    alias: address.alias,
    host,
    ...(address.host === host ? {} : { name: address.host }),
    port,
    user,
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    identityFiles: identities.map((file) => expand(file, tokens)),
    identitiesNamed: named.length > 0,
    identitiesOnly: isOn(settings.identitiesonly),
    agentSocket: agent === null ? null : expand(agent, tokens),
    knownHostsFiles: knownHostsFiles.map((file) => expand(file, tokens)),
    ...(beyond === null ? {} : { beyondSsh2: beyond }),
    ...(safer === null ? {} : { wouldBeLost: true as const }),
    timeoutMs: seconds > 0 ? seconds * 1000 : defaultTimeoutMs,
    ...(isOn(settings.stricthostkeychecking) ? { strict: true as const } : {}),
    ...(revoked === undefined || revoked.toLowerCase() === 'none'
      ? {}
      : { revokedKeysFile: expand(revoked, tokens) }),
    ...(algorithms === null ? {} : { hostKeyAlgorithms: algorithms }),
    ...(certificates.length === 0
      ? {}
      : { certificateFiles: certificates.map((one) => expand(one, tokens)) }),
  };
};

/**
 * Whether OpenSSH would run ProxyCommand. Of it and ProxyJump the first one counts, and a ProxyJump of `none` leaves the command. The
 * settings are in the order in which they were found. Source: ssh_config(5), ProxyJump.
 */
const goesByCommand = (settings: Settings): boolean => {
  const command = textOf(settings.proxycommand)?.toLowerCase() ?? 'none';
  const jump = textOf(settings.proxyjump)?.toLowerCase() ?? 'none';
  const names = Object.keys(settings);
  return (
    command !== 'none' && (jump === 'none' || names.indexOf('proxycommand') < names.indexOf('proxyjump'))
  );
};

/**
 * Resolves an address by ~/.ssh/config into its jump hosts and itself. As in OpenSSH, of a list `a,b` only `a`
 * follows its own ProxyJump; `b` is reached through `a`.
 * Errors: an unreadable configuration, a ProxyJump that is malformed or runs in a circle.
 */
export const resolveRoute = async (
  address: HostAddress,
  options: RemoteOptions,
  depth = 0,
): Promise<Result<SshRoute>> => {
  const found = await settingsFor(address, options);
  if (!found.ok) return found;
  const { settings } = found.value;
  const hop = hopFrom(address, found.value, options);
  if (goesByCommand(settings)) {
    const command = proxyCommandFor(hop, address.host, textOf(settings.proxycommand) ?? '');
    return command.ok ? ok([{ ...hop, proxyCommand: command.value }]) : command;
  }
  const jump = textOf(settings.proxyjump);
  if (jump === undefined || jump.toLowerCase() === 'none') return ok([hop]);
  if (depth >= maximumHops)
    return fail(
      problem(`ProxyJump of ${address.host} runs in a circle.`, 'Correct ProxyJump in ~/.ssh/config.'),
    );
  const tokens = { host: hop.host, user: hop.user, port: hop.port, name: address.host };
  const hops: Hop[] = [];
  for (const [index, text] of jump.split(',').entries()) {
    const via = parseJump(expand(text, tokens));
    if (via === null)
      return fail(
        problem(
          `ProxyJump of ${address.host} is not understood: ${text}.`,
          'Write it as user@host:port, or several with commas.',
        ),
      );
    if (index > 0) {
      const between = await settingsFor(via, options);
      if (!between.ok) return between;
      hops.push(hopFrom(via, between.value, options));
      continue;
    }
    const first = await resolveRoute(via, options, depth + 1);
    if (!first.ok) return first;
    hops.push(...first.value);
  }
  const [first, ...rest] = [...hops, hop];
  return ok(first === undefined ? [hop] : [first, ...rest]);
};
