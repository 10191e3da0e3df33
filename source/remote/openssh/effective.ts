import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fail, ok, problem, type Result } from '../../cluster/result.ts';
import type { HostAddress, RemoteOptions } from '../host.ts';
import { askSsh } from './ssh-program.ts';

/** What ssh_config says for one host, by lower-case names. */
export interface EffectiveSettings {
  /** Without what ssh would do unasked. */
  readonly settings: Readonly<Record<string, string | string[]>>;
  /** Those that the operator's own file says, and not (or not alone) the one of the whole machine. */
  readonly own: ReadonlySet<string>;
}

const systemFile = '/etc/ssh/ssh_config';

const fileArguments = (options: RemoteOptions): readonly string[] => {
  if (options.sshConfigFile === null) return ['-F', 'none'];
  if (options.sshConfigFile !== undefined) return ['-F', options.sshConfigFile];
  // ssh goes by the password database, this console by $HOME.
  if (homedir() === userInfo().homedir) return [];
  const file = join(homedir(), '.ssh', 'config');
  return existsSync(file) ? ['-F', file] : existsSync(systemFile) ? ['-F', systemFile] : ['-F', 'none'];
};

const parsed = (text: string): ReadonlyMap<string, readonly string[]> => {
  const lists = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined)
      lists.set(name, [...(lists.get(name) ?? []), value.trim()]);
  }
  return lists;
};

const same = (one: readonly string[], other: readonly string[] | undefined): boolean =>
  one.join('\n') === other?.join('\n');

/**
 * How OpenSSH itself reads its configuration for a host (`ssh -G`): with Match exec, Include, the machine's own file, tokens and
 * CanonicalizeHostname. Null: there is no ssh on this machine. Errors: it refuses the configuration. Source: ssh(1), -G.
 */
export const effectiveSettings = async (
  address: HostAddress,
  options: RemoteOptions,
): Promise<Result<EffectiveSettings> | null> => {
  const host = [
    ...(address.user === undefined ? [] : ['-l', address.user]),
    ...(address.port === undefined ? [] : ['-p', String(address.port)]),
    '--',
    address.host,
  ];
  const own = fileArguments(options);
  const ofMachineToo = (own.length === 0 || own[1] === systemFile) && existsSync(systemFile);
  const machine = ofMachineToo ? ['-F', systemFile] : ['-F', 'none'];
  const [said, plain, system] = await Promise.all(
    [own, ['-F', 'none'], machine].map((file) => askSsh([...file, '-G', ...host])),
  );
  if (said == null) return null;
  if (said.code !== 0)
    return fail(
      problem(
        `OpenSSH cannot read its configuration for ${address.host}.`,
        `Correct it; \`ssh ${own.join(' ')}${own.length === 0 ? '' : ' '}-G ${address.host}\` says the same.`,
        said.stderr.trim().slice(0, 400) || `it ended with ${said.code}`,
      ),
    );
  const usual = parsed(plain?.stdout ?? '');
  const ofMachine = parsed(system?.stdout ?? '');
  const settings: Record<string, string | string[]> = {};
  const mine = new Set<string>();
  for (const [name, values] of parsed(said.stdout)) {
    if (same(values, usual.get(name))) continue;
    settings[name] = values.length === 1 && values[0] !== undefined ? values[0] : [...values];
    if (!same(values, ofMachine.get(name))) mine.add(name);
  }
  return ok({ settings, own: mine });
};
