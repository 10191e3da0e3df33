import { takenAlgorithms } from './known-hosts.ts';
import { wildcard } from './wildcard.ts';

/** What of ~/.ssh/config is not evaluated here: told apart, so that it is refused by name and never skipped in silence. */

type Settings = Record<string, string | string[] | undefined>;

/** Criteria of Match that are evaluated as OpenSSH does. Source: ssh_config(5), Match. */
const evaluated = new Set(['all', 'host', 'originalhost', 'user', 'localuser', 'final', 'canonical']);
const withoutArgument = new Set(['all', 'final', 'canonical']);
const sign = 'PgafUpgradeHolds';

interface Criteria {
  /** `host db1 user dba`: what can be decided. */
  readonly decided: string;
  readonly undecided: boolean;
}

const criteriaOf = (text: string): Criteria => {
  const words = text.match(/"[^"]*"|\S+/g) ?? [];
  const decided: string[] = [];
  let undecided = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word.startsWith('#')) break;
    const [name = '', joined] = word.split(/=(.*)/s);
    const plain = name.toLowerCase();
    const argument = withoutArgument.has(plain.replace(/^!/, '')) ? null : (joined ?? words[++at] ?? '');
    if (evaluated.has(plain)) decided.push(plain, ...(argument === null ? [] : [argument]));
    else undecided = true;
  }
  return { decided: decided.length === 0 ? 'all' : decided.join(' '), undecided };
};

/**
 * A Match line with a criterion that is not evaluated (exec, a negation, tagged, localnetwork), whose others hold for this
 * host; null: there is none.
 */
export const undecidedMatch = (text: string, compute: (config: string) => Settings): string | null => {
  const lines = text.split('\n');
  for (const [at, line] of lines.entries()) {
    const criteria = /^\s*match[\s=]+(.*\S)\s*$/i.exec(line)?.[1];
    if (criteria === undefined) continue;
    const { decided, undecided } = criteriaOf(criteria);
    if (!undecided) continue;
    const asked = [...lines.slice(0, at), `Match ${decided}`, `  ${sign} yes`, ...lines.slice(at + 1)];
    if (compute(asked.join('\n'))[sign.toLowerCase()] !== undefined) return line.trim();
  }
  return null;
};

const first = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(' ') : value;

/** Settings that make a connection safer, are not honored here, and are refused unless they say what is so anyway. */
const safer: readonly (readonly [string, RegExp])[] = [
  ['VerifyHostKeyDNS', /^(?:no|false)$/i],
  ['KnownHostsCommand', /^none$/i],
  ['RequiredRSASize', /^(?:[0-9]|[0-9]{2,3}|10[01][0-9]|102[0-4])$/],
];

/** `VerifyHostKeyDNS yes`: a setting that would be lost; null: none. */
export const refusedSetting = (settings: Settings): string | null => {
  for (const [name, harmless] of safer) {
    const value = first(settings[name.toLowerCase()]);
    if (value !== undefined && !harmless.test(value)) return `${name} ${value}`;
  }
  const algorithms = first(settings.hostkeyalgorithms);
  return algorithms !== undefined && algorithmsOf(algorithms)?.length === 0
    ? `HostKeyAlgorithms ${algorithms}`
    : null;
};

/** Settings that ssh2 has no counterpart of, with what says nothing; of the last ones a machine's own policy is no wish of the operator. */
const beyond: readonly (readonly [string, RegExp])[] = [
  ['CertificateFile', /^none$/i],
  ['PKCS11Provider', /^none$/i],
  ['BindAddress', /^none$/i],
  ['BindInterface', /^none$/i],
  ['AddressFamily', /^any$/i],
  ['ProxyUseFdpass', /^(?:no|false)$/i],
];
const beyondIfOwn: readonly (readonly [string, RegExp])[] = [
  ['GSSAPIAuthentication', /^(?:no|false)$/i],
  ['HostbasedAuthentication', /^(?:no|false)$/i],
  ['Ciphers', /^$/],
  ['MACs', /^$/],
  ['KexAlgorithms', /^$/],
];

/** `CertificateFile ~/.ssh/id-cert.pub`: what OpenSSH has to do, because ssh2 cannot; null: nothing. */
export const beyondSetting = (settings: Settings, own: ReadonlySet<string> | null): string | null => {
  const asked = beyondIfOwn.filter(([name]) => own === null || own.has(name.toLowerCase()));
  for (const [name, harmless] of [...beyond, ...asked]) {
    const value = first(settings[name.toLowerCase()]);
    if (value !== undefined && !harmless.test(value)) return `${name} ${value}`;
  }
  return null;
};

/**
 * What HostKeyAlgorithms leaves of ours: a list, `-` takes away, `+` and `^` add nothing that is not taken anyway. Null:
 * not said. Source: ssh_config(5), HostKeyAlgorithms.
 */
export const algorithmsOf = (setting: string | undefined): readonly string[] | null => {
  if (setting === undefined || /^[+^]/.test(setting)) return null;
  const names = setting.replace(/^-/, '').split(',').map(wildcard);
  const named = (one: string): boolean => names.some((name) => name.test(one));
  return takenAlgorithms.filter((one) => (setting.startsWith('-') ? !named(one) : named(one)));
};
