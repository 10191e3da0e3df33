import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answerQuestion } from '../../source/plain/answer-question.ts';
import { openHop } from '../../source/remote/hop.ts';
import type { Question } from '../../source/remote/host.ts';
import { proxyCommandFor, startProxy } from '../../source/remote/proxy-command.ts';
import type { AnyHost } from './any-host.ts';
import { Bench, unwrap } from './bench.ts';
import type { Sshd } from './sshd.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.close());

const lost = (host: AnyHost, cut: () => void): Promise<void> =>
  new Promise((resolve) => {
    const stop = host.onLine((now) => {
      if (now !== 'reconnecting') return;
      stop();
      resolve();
    });
    cut();
  });
const prompts = (): Extract<Question, { kind: 'prompt' }>[] =>
  bench.questions.filter((one) => one.kind === 'prompt');
const answering = (...answers: (string | null)[]) => {
  bench.answer = (question) => {
    if (question.kind !== 'prompt') return { kind: 'yes' };
    const next = answers.shift() ?? null;
    return next === null ? { kind: 'no' } : { kind: 'secret', secret: next };
  };
};

describe('what a host asks at login', () => {
  const code = { says: '', prompts: [{ prompt: 'Verification code: ', echo: false }] };

  test('a second factor beside the key is asked for, and again when the answer was wrong', async () => {
    const sshd = await bench.server();
    sshd.asks = [code];
    sshd.right = ([answer]) => answer === '123456';
    answering('000000', '123456');
    const host = await bench.reach(sshd);
    expect(unwrap(await host.run('echo in', { as: 'dba' })).stdout).toBe('in\n');
    expect(prompts()).toEqual(
      Array(2).fill({
        kind: 'prompt',
        alias: 'node_1',
        host: '127.0.0.1',
        says: '',
        prompt: 'Verification code:',
        echo: false,
      }),
    );
    expect(sshd.answers).toEqual([['000000'], ['123456']]);
  });

  test('a password that has expired: what was said before is shown with the question, without its control characters', async () => {
    const sshd = await bench.server();
    sshd.asks = [
      {
        says: 'You are required to change your password \u001b[2Jnow.',
        prompts: [
          { prompt: 'New password: ', echo: false },
          { prompt: 'Retype: ', echo: false },
        ],
      },
    ];
    answering('new', 'new');
    await bench.reach(sshd);
    expect(prompts().map(({ says, prompt }) => [says, prompt])).toEqual([
      ['You are required to change your password now.', 'New password:'],
      ['You are required to change your password now.', 'Retype:'],
    ]);
    expect(sshd.answers).toEqual([['new', 'new']]);
  });

  test('nobody answers: refused at once, by name', async () => {
    const sshd = await bench.server();
    sshd.asks = [code];
    answering(null);
    expect(await bench.connect(sshd)).toMatchObject({
      ok: false,
      error: {
        what: expect.stringMatching(/node_1 .*asks dba “Verification code:” at login, and nobody answered/),
        remedy: expect.stringContaining('Start the console in a terminal'),
      },
    });
    expect(prompts()).toHaveLength(1);
  });

  test('in plain lines without a terminal it is said, and the answer is no', async () => {
    let said = '';
    const question = {
      kind: 'prompt',
      alias: 'n',
      host: 'h',
      says: '',
      prompt: 'Code:',
      echo: false,
    } as const;
    const answer = await answerQuestion(
      question,
      (text) => {
        said += text;
      },
      undefined,
    );
    expect(answer).toEqual({ kind: 'no' });
    expect(said).toBe('n (h) asks at login: Code:\n  Nobody can be asked here: start it in a terminal.\n');
  });

  test('a lost connection asks again, and what was asked of it goes on', async () => {
    const sshd = await bench.server();
    sshd.asks = [code];
    answering('1', '2');
    const host = await bench.reach(sshd);
    await lost(host, () => sshd.cut());
    expect(unwrap(await host.run('echo back', { as: 'dba' })).stdout).toBe('back\n');
    expect(sshd.answers).toEqual([['1'], ['2']]);
  });
});

describe('ProxyCommand', () => {
  const reach = async (sshd: Sshd, command: string, more = '') => {
    const config = join(bench.directory, 'config');
    await writeFile(
      config,
      `Host inner\n HostName 127.0.0.1\n Port ${sshd.port}\n User dba\n IdentityFile ${bench.keyFile}\n ProxyCommand ${command}\n${more}`,
    );
    return bench.connectTo({ alias: 'node_1', host: 'inner' }, { sshConfigFile: config });
  };
  const relay = async (): Promise<string> => {
    const file = join(bench.directory, 'relay.cjs');
    await writeFile(
      file,
      "const s = require('net').connect(process.argv[3], process.argv[2]); process.stdin.pipe(s).pipe(process.stdout); require('fs').appendFileSync(__dirname + '/said', process.argv.slice(2).concat(process.pid).join(' ') + '\\n');\n",
    );
    return `${process.execPath} ${file}`;
  };
  const said = async (): Promise<string[][]> => {
    return (await readFile(join(bench.directory, 'said'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
  };
  const lives = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      // Gone: that is the answer.
      return false;
    }
  };

  test('carries the connection, its tokens filled in; a lost one runs it again; it ends with the connection', async () => {
    const sshd = await bench.server();
    const host = unwrap(await reach(sshd, `${await relay()} %h %p %r %n %%`));
    expect(unwrap(await host.run('echo through', { as: 'dba' })).stdout).toBe('through\n');
    const [first] = await said();
    expect(first?.slice(0, 5)).toEqual(['127.0.0.1', String(sshd.port), 'dba', 'inner', '%']);
    await lost(host, () => sshd.cut());
    expect(unwrap(await host.run('echo again', { as: 'dba' })).stdout).toBe('again\n');
    const runs = await said();
    // One for the question about the key, one for the connection, one for the next.
    expect(runs).toHaveLength(3);
    await host.close();
    await expect.poll(() => runs.map((run) => lives(Number(run.at(-1))))).toEqual([false, false, false]);
  });

  test('one that fails is named, with what it said', async () => {
    const sshd = await bench.server();
    expect(await reach(sshd, 'sh -c "echo no route to the bastion >&2; exit 7"')).toMatchObject({
      ok: false,
      error: {
        remedy: expect.stringContaining('ProxyCommand `sh -c "echo no route'),
        cause: expect.stringContaining('no route to the bastion; it ended with 7'),
      },
    });
  });

  const hop = {
    alias: 'node_1',
    host: '10.0.0.1',
    port: 22,
    user: 'dba',
    identityFiles: [],
    identitiesNamed: false,
    identitiesOnly: false,
    agentSocket: null,
    knownHostsFiles: [],
    timeoutMs: 1,
  };

  test('one that has ended before the handshake begins is told at once, not after the time limit', async () => {
    const carrier = new PassThrough();
    carrier.destroy();
    await once(carrier, 'close');
    const outcome = openHop({ ...hop, timeoutMs: 3_600_000 }, carrier, [], { list: [], skipped: [] });
    expect(await outcome).toMatchObject({
      kind: 'failed',
      failure: { problem: { cause: 'what carries the connection has ended' } },
    });
  });

  test('a name that a shell could read as more is never given to it', () => {
    for (const wrong of ['a;b', 'a$(touch /tmp/x)', '-oProxyCommand=x', 'a b', "a'b"])
      for (const change of [{ host: wrong }, { user: wrong }])
        expect(proxyCommandFor({ ...hop, ...change }, 'n', 'nc %h %r')).toMatchObject({
          ok: false,
          error: { what: expect.stringContaining('more than a name') },
        });
    expect(proxyCommandFor({ ...hop, host: 'fe80::1%eth0' }, 'n', 'nc %h')).toMatchObject({ ok: true });
  });

  test('none is none', () => {
    expect(startProxy(hop)).toBeNull();
  });
});

describe('MaxSessions 1', () => {
  test('what does not fit on the connection goes over another, and nothing hangs', async () => {
    const sshd = await bench.server();
    sshd.maxSessions = 1;
    const host = await bench.reach(sshd);
    const long = host.run('read x; echo "$x"', { as: 'dba', stdin: '' });
    expect(unwrap(await long).code).toBe(0);
    const waiting = host.run(`until [ -e ${sshd.home}/go ]; do sleep 0.02; done; echo long`, { as: 'dba' });
    // As a job that is followed: the lock is renewed and the job is ended while it runs.
    expect(unwrap(await host.run('echo beside', { as: 'dba' })).stdout).toBe('beside\n');
    const many = await Promise.all(
      Array.from({ length: 12 }, (_, index) => host.run(`echo ${index}`, { as: 'dba' })),
    );
    expect(many.map((one) => unwrap(one).stdout.trim())).toEqual(
      Array.from({ length: 12 }, (_, index) => String(index)),
    );
    unwrap(await host.run(`: >${sshd.home}/go`, { as: 'dba' }));
    expect(unwrap(await waiting).stdout).toBe('long\n');
    // The first one ended with the question about the key.
    expect(sshd.connections).toBeLessThanOrEqual(7);
    expect(bench.questions).toHaveLength(1);
    await host.close();
  });

  test('a check on hosts that let one session through did not end: every second of the further connections stayed open', async () => {
    const sshd = await bench.server();
    sshd.maxSessions = 1;
    const host = await bench.reach(sshd);
    const many = Array.from({ length: 4 }, () =>
      host.run(`until [ -e ${sshd.home}/go ]; do sleep 0.02; done`, { as: 'dba' }),
    );
    await expect.poll(() => sshd.open, { timeout: 10_000 }).toBe(4);
    await writeFile(join(sshd.home, 'go'), '');
    await Promise.all(many);
    await host.close();
    await expect.poll(() => sshd.open).toBe(0);
  });

  test('no session at all is said, not waited for', async () => {
    const sshd = await bench.server();
    sshd.maxSessions = 0;
    const host = await bench.reach(sshd);
    expect(await host.run('true', { as: 'dba', timeoutMs: 1_000 })).toMatchObject({
      ok: false,
      error: {
        what: 'node_1 did not open another SSH channel.',
        remedy: expect.stringContaining('MaxSessions'),
      },
    });
  });
});
