import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { HostAddress, RemoteOptions } from '../host.ts';
import type { Hop } from '../route.ts';

const timeoutSeconds = 10;

/**
 * What holds for every host on the way, whatever the operator's own configuration says: no key is taken without a question, nothing is left
 * running, nothing is forwarded, and a lost connection is noticed as soon as ssh2's is. Source: ssh_config(5).
 */
const forced: readonly string[] = [
  'StrictHostKeyChecking ask',
  'UpdateHostKeys no',
  'BatchMode no',
  'ControlMaster no',
  'ControlPath none',
  'ControlPersist no',
  'ForkAfterAuthentication no',
  'StdinNull no',
  'AddKeysToAgent no',
  'ForwardAgent no',
  'ForwardX11 no',
  'PermitLocalCommand no',
  'RemoteCommand none',
  'RequestTTY no',
  'Tunnel no',
  'LogLevel INFO',
  'ServerAliveInterval 5',
  'ServerAliveCountMax 3',
  'VisualHostKey no',
];

const inQuotes = (text: string): string => `"${text.replaceAll('"', '')}"`;

/** The operator's own files, in the order in which ssh reads them. Source: ssh(1), -F. */
const ownFiles = (options: RemoteOptions): readonly string[] => {
  if (options.sshConfigFile === null) return [];
  if (options.sshConfigFile !== undefined) return [options.sshConfigFile];
  return [join(homedir(), '.ssh', 'config'), '/etc/ssh/ssh_config'].filter((file) => existsSync(file));
};

/**
 * The configuration that ssh is given, for the host and for the jump hosts alike (ssh hands -F on to the ssh of a ProxyJump; what is on
 * the command line it does not): ours first, because the first value counts, then the operator's own.
 * `knows` tells whether this ssh has an option: an older one would refuse the file.
 */
export const configFor = (
  route: readonly Hop[],
  options: RemoteOptions,
  knows: (option: string) => boolean,
): string => {
  const strict = route.filter((hop) => hop.strict === true).map((hop) => hop.name ?? hop.host);
  const { knownHostsFiles, agentSocket } = options;
  // ssh goes by the password database, this console by $HOME.
  const elsewhere = homedir() !== userInfo().homedir;
  const home = (name: string): string => inQuotes(join(homedir(), '.ssh', name));
  return [
    ...strict.map((host) => `Host ${inQuotes(host)}\n  StrictHostKeyChecking yes`),
    'Host *',
    ...forced.filter((line) => knows(line.split(' ')[0] ?? '')).map((line) => `  ${line}`),
    ...(knownHostsFiles === undefined
      ? []
      : [
          `  UserKnownHostsFile ${knownHostsFiles.map(inQuotes).join(' ')}`,
          '  GlobalKnownHostsFile /dev/null',
        ]),
    ...(agentSocket === undefined
      ? []
      : [`  IdentityAgent ${agentSocket === null ? 'none' : inQuotes(agentSocket)}`]),
    ...ownFiles(options).map((file) => `Include ${inQuotes(file)}`),
    'Host *',
    `  ConnectTimeout ${timeoutSeconds}`,
    ...(elsewhere
      ? [
          `  UserKnownHostsFile ${home('known_hosts')}`,
          ...['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => `  IdentityFile ${home(name)}`),
        ]
      : []),
    '',
  ].join('\n');
};

/** Where ssh is to go, as the cluster file has it. */
export const destinationArguments = (address: HostAddress): readonly string[] => [
  ...(address.user === undefined ? [] : ['-l', address.user]),
  ...(address.port === undefined ? [] : ['-p', String(address.port)]),
  ...(address.identityFiles ?? []).filter((file) => file !== 'none').flatMap((file) => ['-i', file]),
  address.host,
];
