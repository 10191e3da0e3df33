import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { notifyEvents, notifySchema } from '../../source/cluster/notify-settings.ts';
import { isTold, notifierOf } from '../../source/commands/notify.ts';
import { type RunHappening, runEventSchema } from '../../source/engine/view/run-events.ts';

/** A command that hears of events: beside the run, which never waits for it. */

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pgaf-notify-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const settings = (command: string, on?: readonly string[]) =>
  notifySchema.parse({ command, ...(on === undefined ? {} : { on }) });
const toSyslog = (on: readonly string[]) => notifySchema.parse({ syslog: 'local3', on });
const down: RunHappening = { event: 'writes-down', since: null };
const up: RunHappening = { event: 'writes-up', seconds: 6 };

test('each chosen event is a run of the command with its line on standard input, one behind the other', async () => {
  const file = join(directory, 'heard');
  const notifier = notifierOf(
    settings(`cat >>'${file}'; echo "$PGAF_EVENT" >>'${file}'`, ['writes-up', 'writes-down']),
  );
  notifier.hear(down, '{"a":1}');
  notifier.hear({ event: 'finished', says: '' }, '{"b":2}');
  notifier.hear(up, '{"c":3}');
  expect(await notifier.close()).toEqual([]);
  expect(readFileSync(file, 'utf8')).toBe('{"a":1}\nwrites-down\n{"c":3}\nwrites-up\n');
});

test('one that fails, or is ended by a signal, or does not read, holds nothing up, and is told once at the end', async () => {
  const failing = notifierOf(settings('echo no route >&2; exit 3'));
  failing.hear(down, 'x');
  failing.hear(up, 'x');
  expect(await failing.close()).toMatchObject([
    {
      what: expect.stringMatching(/did not hear of 2 events; the run went on without it\.$/),
      cause: 'exit code 3: no route',
    },
  ]);
  const killed = notifierOf(settings('kill -9 $$'));
  killed.hear(down, 'x');
  expect(await killed.close()).toMatchObject([{ cause: 'ended by SIGKILL' }]);
  const deaf = notifierOf(settings('exec true'));
  deaf.hear(down, 'x'.repeat(1_000_000));
  expect(await deaf.close()).toEqual([]);
  expect(existsSync(join(directory, 'heard'))).toBe(false);
});

test('one that hangs, and what waits behind it, kept the program from ending for half a minute each', async () => {
  const pids = join(directory, 'pids');
  const notifier = notifierOf(settings(`echo $$ >>'${pids}'; sleep 600 & sleep 600`), null, 200);
  for (let at = 0; at < 5; at += 1) notifier.hear(down, 'x');
  expect(await notifier.close()).toMatchObject([
    { what: expect.stringMatching(/did not hear of 5 events/), cause: 'it takes too long' },
  ]);
  const [pid = '', ...more] = readFileSync(pids, 'utf8').trim().split('\n');
  expect(more).toEqual([]);
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
});

test('one that leaves something in the background kept the program from ending until that had ended', () => {
  const notify = join(import.meta.dirname, '../../source/commands/notify.ts');
  const program = `
    const { notifierOf } = await import(${JSON.stringify(notify)});
    const told = notifierOf({ command: 'sleep 4 & exit 0', on: ['writes-down'] });
    told.hear({ event: 'writes-down', since: null }, '{}');
    console.log(JSON.stringify(await told.close()));`;
  const began = performance.now();
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  expect([stdout, stderr]).toEqual(['[]\n', '']);
  expect(performance.now() - began).toBeLessThan(3_500);
});

test('what may be named are the events of --events, and failure: of the ends of steps those that failed', () => {
  const options = JSON.stringify(z.toJSONSchema(runEventSchema));
  for (const name of notifyEvents) if (name !== 'failure') expect(options).toContain(`"${name}"`);
  const step = { id: 'a', number: 1, host: 'h', title: 't' };
  const ends = (result: 'done' | 'failed'): RunHappening => ({
    event: 'step-ends',
    step,
    result,
    seconds: null,
    why: null,
  });
  expect(isTold(ends('failed'), ['failure'])).toBe(true);
  expect(isTold(ends('done'), ['failure'])).toBe(false);
});

test.runIf(process.platform === 'linux')(
  'syslog hears of each chosen event by its own name, with facility and severity, on a real socket',
  async () => {
    const socket = join(directory, 'log');
    let heard = '';
    const syslog = createServer((peer) => {
      peer.setEncoding('utf8').on('data', (text: string) => {
        heard += text;
      });
    });
    await new Promise<void>((resolve) => syslog.listen(socket, resolve));
    const notifier = notifierOf(toSyslog(['writes-down', 'failure']), socket);
    notifier.hear(down, '{"event":"writes-down"}');
    notifier.hear(up, '{"event":"writes-up"}');
    const step = { id: 'a', number: 1, host: 'h', title: 't' };
    const why = 'ä"\\ '.repeat(2_000);
    const failed = { event: 'step-ends', step, result: 'failed', seconds: 1, why } as const;
    notifier.hear(failed, JSON.stringify(failed));
    expect(await notifier.close()).toEqual([]);
    await expect.poll(() => heard.split('pgaf-upgrade').length).toBe(3);
    await new Promise((resolve) => syslog.close(resolve));
    // local3 is 19, notice 5, err 3: 8 × facility + severity. Source: RFC 5424, 6.2.1.
    expect(heard).toMatch(/^<157>[^<]*pgaf-upgrade: \{"event":"writes-down"\}[\s\S]*<155>/);
    const [, cut = ''] = /<155>[^{]*(.*\})/.exec(heard) ?? [];
    expect(JSON.parse(cut)).toMatchObject({ step, why: expect.stringMatching(/^ä"\\ .*…$/) });
    expect(cut.length).toBeLessThan(900);
  },
);

test.runIf(process.platform === 'linux')(
  'a machine without syslog says so once, behind the run: logger itself would exit 0',
  async () => {
    const notifier = notifierOf(toSyslog(['writes-down', 'writes-up']), join(directory, 'none'));
    notifier.hear(down, '{}');
    notifier.hear(up, '{}');
    expect(await notifier.close()).toMatchObject([
      {
        what: 'Syslog did not hear of 2 events; the run went on without it.',
        cause: expect.stringMatching(/neither syslog nor journald listens$/),
      },
    ]);
  },
);

test('notify without a command and without syslog is told in a sentence', () => {
  expect(notifySchema.safeParse({ on: ['waits'] }).error?.issues).toMatchObject([
    { message: 'needs `command`, or `syslog`, or both' },
  ]);
  expect(notifySchema.safeParse({ syslog: 'mail' }).error?.issues[0]?.message).toMatch(
    /^must be one of user/,
  );
});
