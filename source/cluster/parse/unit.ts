import { fail, ok, problem, type Result } from '../result.ts';

/** The properties to ask `systemctl show` for, in the order of the command. */
export const unitProperties = [
  'LoadState',
  'UnitFileState',
  'ActiveState',
  'SubState',
  'KillMode',
  'FragmentPath',
  'DropInPaths',
  'ExecStart',
  'MainPID',
  'Environment',
  'ActiveEnterTimestamp',
] as const;

export interface Unit {
  /** `loaded`, `not-found`, `masked`, … */
  readonly loadState: string;
  /** `enabled`, `disabled`, `masked`, …; empty when there is no unit file. */
  readonly unitFileState: string;
  /** `active`, `inactive`, `failed`, `activating`, `deactivating`. */
  readonly activeState: string;
  readonly subState: string;
  /** `control-group` is systemd's default, under which walsenders are killed before they have sent everything. */
  readonly killMode: string;
  /** Null when there is no unit file. */
  readonly fragmentPath: string | null;
  readonly dropInPaths: readonly string[];
  /** The first ExecStart command; null when there is none. */
  readonly execStart: { readonly path: string; readonly arguments: string } | null;
  /** The directory of pg_autoctl when that is what ExecStart runs; null for anything else, a wrapper included. */
  readonly bindir: string | null;
  /** From --pgdata or the PGDATA of the environment; null when the unit names neither. */
  readonly pgdata: string | null;
  /** 0 when nothing runs. */
  readonly mainPid: number;
  readonly environment: Readonly<Record<string, string>>;
  /** When it was started last, as systemd writes it: `Wed 2026-11-25 20:03:46 UTC`; '' where it never was, or is not known. */
  readonly activeEnterTimestamp: string;
}

const limit = 65_536;

/** Splits at blanks outside of quotes, and takes the quotes and backslashes away, as systemd put them. */
const words = (text: string): readonly string[] =>
  [...text.matchAll(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+/g)].map(([word]) =>
    word.replace(
      /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g,
      (_, double?: string, single?: string, escaped?: string) =>
        double === undefined ? (single ?? escaped ?? '') : double.replace(/\\(.)/g, '$1'),
    ),
  );

const environmentOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    words(text)
      .map((word) => /^([A-Za-z_]\w*)=(.*)$/s.exec(word))
      .flatMap((match) => (match === null ? [] : [[match[1] ?? '', match[2] ?? '']])),
  );

const execStartOf = (text: string): Unit['execStart'] => {
  const [, path, argv] = /^\{ path=(\/.*?) ; argv\[\]=(.*?) ; (?:ignore_errors|flags)=/.exec(text) ?? [];
  return path === undefined || argv === undefined ? null : { path, arguments: argv };
};

/**
 * Reads `systemctl show` with unitProperties, which prints them in its own order. A unit that does not exist is no
 * failure: its loadState is `not-found`. Fails when the output is something else altogether.
 * Source: systemd, org.freedesktop.systemd1(5) and systemctl(1).
 */
export const parseUnit = (output: string): Result<Unit> => {
  const values = new Map<string, string>();
  for (const line of output.slice(0, limit).split('\n')) {
    const equals = line.indexOf('=');
    const name = line.slice(0, equals);
    // The first of several ExecStart lines is the command that runs first.
    if (equals > 0 && !values.has(name)) values.set(name, line.slice(equals + 1).replace(/\p{Cc}/gu, ''));
  }
  const text = (name: (typeof unitProperties)[number]): string => values.get(name) ?? '';
  if (text('LoadState') === '')
    return fail(
      problem(
        'systemctl show printed no LoadState.',
        'Check that systemd runs on this host.',
        output.slice(0, 500),
      ),
    );
  const execStart = execStartOf(text('ExecStart'));
  const environment = environmentOf(text('Environment'));
  const pid = /^\d{1,10}$/.test(text('MainPID')) ? Number(text('MainPID')) : 0;
  return ok({
    loadState: text('LoadState'),
    unitFileState: text('UnitFileState'),
    activeState: text('ActiveState'),
    subState: text('SubState'),
    killMode: text('KillMode'),
    fragmentPath: text('FragmentPath') === '' ? null : text('FragmentPath'),
    dropInPaths: words(text('DropInPaths')),
    execStart,
    bindir: /^(\/.*)\/pg_autoctl$/.exec(execStart?.path ?? '')?.[1] ?? null,
    pgdata: /\s(?:--pgdata|-D)[ =](\S+)/.exec(execStart?.arguments ?? '')?.[1] ?? environment.PGDATA ?? null,
    mainPid: pid,
    environment,
    activeEnterTimestamp: /^[\w :+-]{0,60}$/.test(text('ActiveEnterTimestamp'))
      ? text('ActiveEnterTimestamp')
      : '',
  });
};
