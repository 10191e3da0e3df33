import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import type { Status } from '../../source/usecases/status/status.ts';
import { AppClient, type Change, serversOn } from './harness/app-client.ts';
import { expectBack, promise } from './harness/back.ts';
import { withoutCandidates } from './harness/configure.ts';
import {
  cutConsole,
  fillDisk,
  freeDisk,
  healConsole,
  type Kind,
  kinds,
  onSmallDisks,
} from './harness/disturbances.ts';
import { ended, type HeldJob, holdNext, jobsOn, letGo } from './harness/held-job.ts';
import { hostOf, type Lab, type LabHost, openLab } from './harness/lab.ts';
import { PlainRun, type PlainStop } from './harness/plain.ts';
import { statusWithoutJournal } from './harness/status-of.ts';
import { expectWriteReaches, recordTruth, settledWith, type Truth } from './harness/truth.ts';
import { TwoServers } from './harness/two-servers.ts';
import { type ConsoleHome, createConsoleHome } from './harness/walk.ts';

/**
 * The online method, disturbed in the middle of every step: `npm run test:online-sweep`, hours. What came of each is written to docs/development/online-sweep.md as soon as it is known.
 *   KIND=kill|line|disk|reboot|ask   default: each of them, one behind the other; ask: a rollback at many points
 *   JOURNEY=back|accept              there and back, or there and accepted. Default: back
 *   PHASES=NOQ                       letters of the phases whose steps are disturbed; default: all
 *   SWEEP=10-20                      of those, the ones with these numbers in their command; of the points of ask
 *                                    these, counted from 1
 *   COMMANDS=run,rollback            of those, the ones of these commands
 *   MOMENTS=carry-over               within a change of places; default: each of them, one each time that it runs
 *   ROUNDS=5                         there and back so often: a moment that ended well is followed by the next one in the
 *                                    next round
 *   PAUSE=FILE                       while it is there, nothing is begun
 */
const { KIND, JOURNEY = 'back', PHASES, SWEEP = '1-', COMMANDS, ROUNDS = '1', PAUSE } = process.env;
const [from = 1, to = Number.POSITIVE_INFINITY] = SWEEP.split('-').map((text, at) =>
  text === '' ? (at === 0 ? 1 : Number.POSITIVE_INFINITY) : Number(text),
);
const file = new URL('../../docs/development/online-sweep.md', import.meta.url);

type Asked = Extract<PlainStop, { kind: 'confirm' }>;

/** Moments within the change of places, by the file that root runs as postgres then; one each time that the step runs. */
const moments = ['aside', 'carry-over', 'in-place', 'opened', ''] as const;

/** Who follows at once, without a question, behind the change of places: where its command runs, and what it is called. */
const chains: Readonly<Record<string, readonly ('monitor' | 'primary')[]>> = {
  N: ['monitor', 'primary', 'primary'],
  Q: ['monitor', 'primary'],
};

interface Row {
  readonly kind: Kind;
  readonly command: string;
  readonly number: number;
  readonly host: string;
  readonly title: string;
  step: string;
  readonly did: string;
  readonly came: string[];
  readonly verdicts: string[];
  trouble: string | null;
}

const day = (): string => new Date().toISOString().slice(0, 16).replace('T', ' ');
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const headings = {
  kill: 'The console is killed',
  line: 'The line between console and host is cut',
  disk: 'The disk of the host is full',
  reboot: 'The host loses its power',
  ask: 'A rollback is asked for',
} as const;
const keyOf = (line: string): string => line.split(' | ').slice(0, 3).join(' | ');

/** Read anew each time: another part of the sweep may have written since. */
const writeDown = (row: Row): void => {
  const old = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const lines = new Map<Kind, string[]>(kinds.map((kind) => [kind, []]));
  let within: Kind | null = null;
  for (const line of old) {
    const heading = kinds.find((kind) => line === `## ${headings[kind]}`);
    if (heading !== undefined) within = heading;
    else if (within !== null && /^\| (prepare|run|rollback|cleanup|call-off) \d+ /.test(line))
      lines.get(within)?.push(line);
  }
  const line = `| ${row.command} ${row.number} | \`${row.step || row.title}\` on ${row.host} | ${row.did} | ${cell(row.came.join('; '))} | ${cell([...new Set(row.verdicts)].join('; '))} | ${row.trouble === null ? 'good' : `**TROUBLE**: ${cell(row.trouble.slice(0, 400))}`} | ${day()}, ${commit} |`;
  const own = lines.get(row.kind) ?? [];
  const at = own.findIndex((one) => keyOf(one) === keyOf(line));
  if (at === -1) own.push(line);
  else own[at] = line;
  const order = ['prepare', 'run', 'rollback', 'cleanup', 'call-off'];
  const rank = (one: string): number => {
    const [, command = '', number = '0'] = /^\| (\S+) (\d+) /.exec(one) ?? [];
    return order.indexOf(command) * 1000 + Number(number);
  };
  const page = [
    '# The online method, disturbed at every step',
    '',
    'Written by `npm run test:online-sweep` on the lab (15 → 17, one monitor, one primary, two secondaries): in the middle of each step, its command held where it was, one thing was done to it. A client wrote ten times a second all the time; every socket of the primary’s host was asked, some three times a second, who takes writes from an application. Behind each the verdict of `status`, without a journal, was compared with what a row that was written then did.',
    '',
    'Good: never both versions took writes, the verdict was true then. What the whole journey lost (nothing, unless it says so) stands in its last lines.',
    ...kinds.flatMap((kind) => {
      const all = (lines.get(kind) ?? []).toSorted((left, right) => rank(left) - rank(right));
      return all.length === 0
        ? []
        : [
            '',
            `## ${headings[kind]}`,
            '',
            '| | step | done to it | what came of it | verdict | | seen |',
            '|---|---|---|---|---|---|---|',
            ...all,
          ];
    }),
    '',
  ];
  writeFileSync(file, page.join('\n'));
};

const shortened = (says: string): string =>
  says
    .replace(/ since \d\d:\d\d \S+/, '')
    .replace(/ \(up to \d+ transactions?\)/, '')
    .slice(0, 160);
const log = (text: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);

class Sweep {
  readonly lab: Lab;
  readonly home: ConsoleHome;
  readonly kind: Kind;
  readonly rows: Row[] = [];
  primary: LabHost = 'node1';
  client: AppClient | null = null;
  watch: TwoServers | null = null;
  run: PlainRun | null = null;
  #pending: Promise<PlainStop> | null = null;
  #row: Row | null = null;
  readonly #taken = new Map<string, number>();

  constructor(lab: Lab, home: ConsoleHome, kind: Kind) {
    this.lab = lab;
    this.home = home;
    this.kind = kind;
  }

  #start(command: string, args: readonly string[]): PlainRun {
    this.#pending = null;
    this.run = new PlainRun(this.home, args, command);
    return this.run;
  }

  #stop(run: PlainRun): Promise<PlainStop> {
    this.#pending ??= run.stop(420_000);
    return this.#pending;
  }

  /** While somebody measures on this machine. */
  async #waitQuietly(): Promise<void> {
    if (PAUSE === undefined || !existsSync(PAUSE)) return;
    this.client?.hold(true);
    await this.watch?.stop();
    log('waits');
    while (existsSync(PAUSE)) await sleep(1_000);
    this.watch?.goOn();
    this.client?.hold(false);
  }

  /** Whether this step is disturbed now, and at which moment; null: not. */
  #due(command: string, stop: { number: number; host: string; title: string }, phase: string): string | null {
    if (this.kind === 'ask' ? phase !== 'N' : PHASES !== undefined && !PHASES.includes(phase)) return null;
    if (COMMANDS !== undefined && !COMMANDS.split(',').includes(command)) return null;
    if (/\(optional\)$/.test(stop.title)) return null;
    if (this.kind !== 'ask' && (stop.number < from || stop.number > to)) return null;
    const key = `${command} ${stop.host} ${stop.title}`;
    const times = this.kind === 'ask' ? 0 : (this.#taken.get(key) ?? 0);
    const list: readonly string[] =
      /^Cut (over|back) to/.test(stop.title) && this.kind !== 'ask' ? momentsWanted : [''];
    const moment = list[times];
    if (moment === undefined) return null;
    this.#taken.set(key, times + 1);
    return moment;
  }

  /** One command to its end, its steps disturbed where they are wanted; what it has printed last. */
  async through(
    command: string,
    options: { disturbed?: boolean; args?: readonly string[]; until?: (stop: Asked) => boolean } = {},
  ): Promise<'finished' | 'stopped'> {
    const { disturbed = true, args = [], until } = options;
    let run = this.#start(command, args);
    const fails = new Map<string, number>();
    let again = 0;
    let last = '';
    for (;;) {
      const stop = await this.#stop(run);
      this.#pending = null;
      await this.#waitQuietly();
      if (this.run !== null) run = this.run;
      if (stop.kind === 'finished') {
        await run.exited;
        await this.#close('done');
        return 'finished';
      }
      if (stop.kind === 'ended') {
        if (stop.code === 0) {
          await this.#close('done');
          return 'finished';
        }
        again += 1;
        this.#row?.came.push(
          `the console ended: ${run.text.trim().split('\n').slice(-3).join(' ').slice(0, 300)}`,
        );
        // behind a reboot it is some time before every node has its state again
        if (again > 20) throw new Error(`${command} ended with ${stop.code}:\n${run.text.slice(-3000)}`);
        await sleep(5_000);
        run = this.#start(command, args);
        continue;
      }
      if (stop.kind === 'failed') {
        const says = stop.text.trim().split('\n').slice(0, 3).join(' ').slice(0, 300);
        const times = (fails.get(says) ?? 0) + 1;
        fails.set(says, times);
        log(`  failed: ${stop.text.trim()}`);
        if (this.#row === null || times > 4)
          throw new Error(`${command}: ${stop.text}\n${run.text.slice(-6000)}`);
        this.#row.came.push(says);
        await this.#judge(this.#row);
        // One that follows at once may be the one that failed: nothing is done to that one in the name of the other.
        const own = says.includes(`step ${this.#row.number}, `);
        const moment = own ? this.#due(command, this.#row, phaseIn(run.text)) : null;
        if (moment !== null && disturbed) {
          await this.#close('to be tried again');
          run = await this.#disturb(
            command,
            args,
            { ...lastAsked(run), again: true },
            phaseIn(run.text),
            moment,
          );
          continue;
        }
        await sleep(1_000);
        await retry(run);
        continue;
      }
      const name = `${stop.number} ${stop.host}: ${stop.title}`;
      await this.#close(name === last ? 'it is asked for again' : 'done');
      last = name;
      if (until?.(stop) === true) {
        await run.kill();
        this.run = null;
        return 'stopped';
      }
      const phase = phaseIn(run.text);
      const moment = disturbed ? this.#due(command, stop, phase) : null;
      if (moment === null && /\(optional\)$/.test(stop.title)) await run.confirmOrSkip(stop);
      else if (moment === null)
        await (PHASES?.includes(phase) === false || !disturbed
          ? run.confirmTogether(stop)
          : run.confirm(stop));
      else run = await this.#disturb(command, args, { ...stop, again: false }, phase, moment);
    }
  }

  async #disturb(
    command: string,
    args: readonly string[],
    stop: Asked & { again: boolean },
    phase: string,
    moment: string,
  ): Promise<PlainRun> {
    const run = this.run;
    if (run === null) throw new Error('no console');
    const host: LabHost = stop.host === 'monitor' ? 'monitor' : hostOf(stop.host);
    const row = this.#open(command, stop, moment);
    const known = await jobsOn(this.lab, host);
    const holding = holdNext(this.lab, host, known, moment === '' ? '' : `^sh /[^ ]*/online/${moment}$`);
    await (stop.again ? retry(run) : run.confirm(stop));
    let next = await this.#hit(command, args, run, host, row, await holding, phase);
    // What follows at once is not asked for.
    if (this.kind === 'kill' || this.kind === 'ask' || !/^Cut (over|back) to/.test(stop.title)) return next;
    for (const [index, where] of (chains[phase] ?? []).entries()) {
      const at = where === 'monitor' ? 'monitor' : this.primary;
      const before = await jobsOn(this.lab, at);
      const one = holdNext(this.lab, at, before);
      const first = await Promise.race([one, this.#stop(next).then(() => 'asked' as const)]);
      if (first === 'asked') {
        // Whatever comes on that host is not to stand still for nobody.
        void one.then((held) => (held === null ? undefined : letGo(this.lab, at, held)));
        return next;
      }
      await this.#close('done');
      const title = first?.id ?? 'nothing came';
      const behind = this.#open(
        command,
        { ...stop, number: stop.number + 1 + index, host: at === 'monitor' ? at : stop.host, title },
        '',
      );
      next = await this.#hit(command, args, next, at, behind, first, phase);
    }
    return next;
  }

  #open(command: string, stop: { number: number; host: string; title: string }, moment: string): Row {
    const words = {
      kill: 'console killed',
      line: 'line cut',
      disk: 'disk full',
      reboot: 'power cut',
      ask: 'killed',
    } as const;
    const row: Row = {
      kind: this.kind,
      command,
      number: stop.number,
      host: stop.host,
      title: stop.title,
      step: '',
      did: `${words[this.kind]}${moment === '' ? '' : `, at \`${moment}\``}`,
      came: [],
      verdicts: [],
      trouble: null,
    };
    this.#row = row;
    this.rows.push(row);
    return row;
  }

  /** Does to a step that stands still what this sweep does, and lets it go on. */
  async #hit(
    command: string,
    args: readonly string[],
    run: PlainRun,
    host: LabHost,
    row: Row,
    held: HeldJob | null,
    phase: string,
  ): Promise<PlainRun> {
    const job = held ?? { id: '', over: true, pids: [] };
    row.step = job.id.replace(/\.\d+$/, '');
    if (job.over) row.came.push(job.id === '' ? 'no command was seen' : 'it had ended already');
    log(
      `${command} ${row.number} ${row.host}: ${row.title}${row.did.includes('`') ? ` (${row.did})` : ''}: ${job.id}${job.over ? ' (over)' : ''} [${phase}]`,
    );
    switch (this.kind) {
      case 'ask': // the console goes, so that what follows at once is asked for
      case 'kill':
        await run.kill();
        await letGo(this.lab, host, job);
        return this.#start(command, args);
      case 'line': {
        await cutConsole(this.lab, host);
        await letGo(this.lab, host, job);
        await Promise.race([
          run.sees(/reconnecting, last byte \d+ s ago/, 25_000).catch(() => undefined),
          sleep(25_000),
        ]);
        await healConsole(this.lab, host);
        return run;
      }
      case 'disk':
        await fillDisk(this.lab, host);
        await letGo(this.lab, host, job);
        await ended(this.lab, host, job, 8);
        await sleep(2_000);
        await freeDisk(this.lab, host);
        return run;
      case 'reboot':
        await this.lab.crash(host);
        if (command !== 'prepare') return run;
        // begun again, `prepare` notes that the primary has promoted itself, and the next restart is survived, too
        await run.kill();
        return this.#start(command, args);
    }
  }

  /** The verdict, and whether it is true of what is written now. */
  async #judge(row: Row): Promise<void> {
    const { client, watch } = this;
    if (client === null) return;
    const troubles: string[] = [];
    for (let tries = 0; tries < 3; tries += 1) {
      const status = await statusWithoutJournal(this.home).catch((thrown: unknown) => String(thrown));
      if (typeof status === 'string') {
        row.verdicts.push(`no status: ${status.slice(0, 200)}`);
        return;
      }
      const says = status.rollback?.says ?? `no verdict: ${status.problem?.what ?? ''}`;
      const wrong = await this.#whyUntrue(status, client);
      if (wrong === null || tries === 2) {
        row.verdicts.push(
          `${shortened(says)}${status.online === undefined ? '' : ` (${status.online.stage})`}`,
        );
        if (wrong !== null) troubles.push(wrong);
        break;
      }
      log(`  asked again: ${wrong}`);
      await sleep(3_000);
    }
    if (watch !== null && watch.both.length > 0)
      troubles.push(`both took writes: ${watch.both.splice(0).join('; ')}`);
    if (troubles.length > 0) {
      row.trouble = [row.trouble, ...troubles].filter((one) => one !== null).join('; ');
      log(`  TROUBLE: ${row.trouble}`);
    }
  }

  async #whyUntrue(status: Status, client: AppClient): Promise<string | null> {
    const ack = await client.writes(25).catch(() => null);
    const verdict = status.rollback?.kind ?? 'unknown';
    if (ack === null) return ['lossless'].includes(verdict) ? `${verdict}, and nobody takes writes` : null;
    const arrived = async (): Promise<boolean> => {
      for (let tries = 0; tries < 12; tries += 1) {
        const others = (await serversOn(this.lab, this.primary)).filter(
          ({ directory }) => directory !== this.lab.settings.pgdata,
        );
        if (others.some(({ newest, version }) => version !== ack.version && newest >= ack.n)) return true;
        await sleep(400);
      }
      return false;
    };
    if (ack.version < 17) {
      if (verdict === 'lossless' || verdict === 'loses-new-writes')
        return `${verdict}, and ${ack.version} takes writes`;
      if (status.online?.stage === 'follows' && !(await arrived()))
        return '17 “follows”, and a row did not arrive';
      return null;
    }
    if (verdict === 'lossless')
      return /begins by having/.test(status.rollback?.says ?? '') || (await arrived())
        ? null
        : 'lossless, and a row did not arrive on 15';
    if (verdict === 'loses-new-writes')
      return (await arrived()) ? `“${status.rollback?.says}”, and a row arrived on 15` : null;
    return verdict === 'safe' || verdict === 'nothing-to-undo' ? `${verdict}, and 17 takes writes` : null;
  }

  /** A rollback from here, and whether it did what the verdict had said. */
  async rollBack(stop: Asked | null, since: number): Promise<void> {
    const { client } = this;
    if (client === null) return;
    const row = this.#open('run', stop ?? { number: 99, host: 'monitor', title: 'the end' }, '');
    const asked: Row = {
      ...row,
      did: stop === null ? 'asked for behind the last step' : 'asked for before this step',
    };
    this.#row = null;
    await this.#judge(asked);
    const status = await statusWithoutJournal(this.home);
    await this.through('rollback', { disturbed: false });
    await client.writes(90);
    const { missing, twice } = await client.compared(this.primary);
    const went = client.changes(since).map(({ to }) => to);
    asked.came.push(
      `${missing.length} of ${client.acks.length} acknowledged missing, ${twice.length} twice; served by ${[15, ...went].join(' → ')}; longest gap ${client.longestGap(since).toFixed(2)} s`,
    );
    const loses = status.rollback?.kind === 'loses-new-writes';
    if (loses !== missing.length > 0)
      asked.trouble = `it said “${status.rollback?.says}”, and ${missing.length} are missing`;
    if (twice.length > 0 || went.at(-1) === 17)
      asked.trouble = `served by ${went.join(' → ')}, ${twice.length} twice`;
    this.rows.push(asked);
    writeDown(asked);
    log(`asked for before ${stop?.title ?? 'the end'}: ${asked.came.join('; ')} ${asked.trouble ?? ''}`);
  }

  async #close(how: string): Promise<void> {
    const row = this.#row;
    if (row === null) return;
    this.#row = null;
    row.came.push(how);
    if (this.kind === 'ask') return;
    await this.#judge(row);
    writeDown(row);
    log(`  ${row.came.join('; ')} | ${row.verdicts.at(-1) ?? ''}`);
  }

  /** Nothing that was acknowledged is missing, or there twice; the service has gone from one version to the other as often as it was asked to. */
  async compare(what: string, since: number, changes: readonly number[]): Promise<void> {
    const { client, watch } = this;
    if (client === null) return;
    await client.writes(90);
    const { missing, twice } = await client.compared(this.primary);
    const went = client.changes(since);
    const summary = `${client.acks.length} acknowledged, ${missing.length} missing, ${twice.length} twice; ${went.map((one: Change) => `${one.from} → ${one.to} in ${(one.ms / 1000).toFixed(1)} s, `).join('')}the longest time without a write ${client.longestGap(since).toFixed(1)} s; ${watch?.rounds ?? 0} looks, ${watch?.both.length ?? 0} with two that took writes; load average ${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}`;
    log(`${what}: ${summary}`);
    const good = missing.length + twice.length + (watch?.both.length ?? 0) === 0;
    writeDown({
      kind: this.kind,
      command: what,
      number: 100,
      host: 'every host',
      title: 'the whole command',
      step: '',
      did: 'all of these',
      came: [summary],
      verdicts: [],
      trouble: good ? null : 'see there',
    });
    expect({ missing, twice, went: went.map((one) => one.to), both: watch?.both }).toEqual({
      missing: [],
      twice: [],
      went: changes,
      both: [],
    });
  }
}

const momentsWanted: readonly string[] = process.env.MOMENTS?.split(',') ?? moments;
const phaseIn = (text: string): string =>
  /^ {2}Phase: {2}(\w)/m.exec(text.slice(text.lastIndexOf('\nStep ')))?.[1] ?? '';
const lastAsked = (run: PlainRun): Asked => {
  const [, number = '0', of = '0', host = '', title = ''] =
    [...run.text.matchAll(/\nStep (\d+) of (\d+), (\S+): (.*)\n/g)].at(-1) ?? [];
  return { kind: 'confirm', number: Number(number), of: Number(of), host, title, together: false };
};
/** Behind “Next:”; the name of the host where it is asked for. */
const retry = async (run: PlainRun): Promise<void> => {
  const at = run.text.length;
  run.say('retry');
  const asks = /Type the name of the host \((\S+)\) to go on/;
  await run
    .until('what a retry asks', (text) => (text.length > at ? true : undefined), 5_000)
    .catch(() => undefined);
  await sleep(300);
  const [, name] = asks.exec(run.text.slice(at)) ?? [];
  if (name !== undefined) run.say(name);
};

let sweep: Sweep | null = null;
afterEach(async () => {
  await sweep?.run?.kill();
  await sweep?.client?.stop();
  await sweep?.watch?.stop();
  await sweep?.home.clear();
  sweep = null;
});

const begin = async (kind: Kind): Promise<{ at: Sweep; before: Truth }> => {
  const lab = await openLab({ snapshot: 'small' });
  const home = await createConsoleHome(lab);
  const at = new Sweep(lab, home, kind);
  sweep = at;
  await appendFile(home.args[0] ?? '', '\nname: lab\nupgrade: {method: online, largeObjects: leave}\n');
  if (kind === 'disk') {
    await withoutCandidates(lab, async () => {
      await onSmallDisks(lab, 'node1');
      await settledWith(lab, 'node1');
    });
  }
  // wal_level first: it ends with a promotion, behind which the next `prepare` goes on
  await at.through('prepare', { disturbed: false });
  // a failover makes a preparation void: what is asked here is whether it survives a restart
  if (kind === 'reboot')
    await lab.psql(
      'monitor',
      'pg_auto_failover',
      `update pgautofailover.node set candidatepriority = 0 where nodename <> (select nodename from pgautofailover.node where goalstate = 'primary')`,
    );
  const before = await recordTruth(lab);
  at.primary = before.primary;
  await promise(lab, at.primary);
  at.client = await AppClient.start(lab, at.primary);
  at.watch = new TwoServers(lab, at.primary);
  return { at, before };
};

const back = async (kind: Kind): Promise<void> => {
  const { at, before } = await begin(kind);
  const { lab } = at;
  const acks = () => at.client?.acks.length ?? 0;
  for (let round = 0; round < Number(ROUNDS); round += 1) {
    let since = acks();
    await at.through('prepare');
    await at.compare('prepare', since, []);
    since = acks();
    await at.through('run');
    await at.compare('run', since, [17]);
    since = acks();
    await at.through('rollback');
    await at.compare('rollback', since, [15]);
  }
  await at.client?.stop();
  await at.watch?.stop();
  await settledWith(lab, at.primary);
  await lab.psql(at.primary, 'app', 'drop table canary');
  await expectBack(lab, before, { primary: at.primary, sameIds: true });
  await expectWriteReaches(lab, at.primary);
};

/** There, and accepted: what the clean-up is disturbed by. */
const accept = async (kind: Kind): Promise<void> => {
  const { at, before } = await begin(kind);
  const { lab } = at;
  await at.through('prepare', { disturbed: false });
  await at.through('run', { disturbed: false });
  await at.compare('run', 0, [17]);
  await at.through('cleanup');
  await at.compare('cleanup', 0, [17]);
  await settledWith(lab, at.primary);
  const after = await recordTruth(lab);
  expect(after.nodes.map(({ id, name, reported }) => [id, name, reported])).toEqual(
    before.nodes.map(({ id, name, reported }) => [id, name, reported]),
  );
  for (const host of lab.hosts) expect(after.hosts[host]?.version, host).toMatch(/^17\./);
  await expectWriteReaches(lab, at.primary);
};

/** Where a rollback is asked for: before a step of `run` of that title, the console of the one before it killed; and behind the last. */
const points: readonly RegExp[] = [
  /^Cut over to/,
  /^Write new system identifier/,
  /^Return the server to pg_autoctl/,
  /^Let 15 follow/,
  /^Stop secondary, keep its data/,
  /^Point pg_autoctl at/,
  /$^/,
];

const ask = async (): Promise<void> => {
  const { at, before } = await begin('ask');
  const { lab } = at;
  for (const [index, point] of points.entries()) {
    if (index + 1 < from || index + 1 > to) continue;
    await at.through('prepare', { disturbed: false });
    const since = at.client?.acks.length ?? 0;
    let before: Asked | null = null;
    await at.through('run', {
      disturbed: true,
      until: (stop) => {
        if (!point.test(stop.title)) return false;
        before = stop;
        return true;
      },
    });
    await at.rollBack(before, since);
  }
  await at.client?.stop();
  await at.watch?.stop();
  await at.through('call-off', { disturbed: false });
  await settledWith(lab, at.primary);
  await lab.psql(at.primary, 'app', 'drop table canary');
  await expectBack(lab, before, { primary: at.primary, sameIds: true });
};

const wanted = kinds.filter((kind) => KIND === undefined || KIND.split(',').includes(kind));

for (const kind of wanted) {
  it(
    `${headings[kind]}: never both versions, never a lost row, one verdict, which is true`,
    async () => {
      await (kind === 'ask' ? ask() : JOURNEY === 'accept' ? accept(kind) : back(kind));
      expect(
        sweep?.rows
          .filter(({ trouble }) => trouble !== null)
          .map(({ command, number, title, trouble }) => `${command} ${number} ${title}: ${trouble}`),
      ).toEqual([]);
    },
    4 * 3_600_000,
  );
}
