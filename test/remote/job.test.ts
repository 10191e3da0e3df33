import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newKeyPair } from '../../source/demo/hosts/key-pair.ts';
import type { JobOutcome } from '../../source/remote/host.ts';
import type { AnyHost, AnyJob } from './any-host.ts';
import { Bench } from './bench.ts';
import type { Sshd } from './sshd.ts';

// The contract of every transport.
describe.each(['ssh2', 'openssh'] as const)('by %s', (transport) => {
  let bench: Bench;
  let sshd: Sshd;
  beforeEach(async () => {
    bench = await Bench.open(transport);
    sshd = await bench.server();
  });
  afterEach(() => bench.close());

  interface Followed {
    readonly outcome: JobOutcome;
    readonly log: Buffer;
    readonly lines: string[];
    readonly ms: number;
  }

  /** Follows a job and checks that the offsets join without a gap. */
  const followed = async (
    host: AnyHost,
    spec: Omit<AnyJob, 'as'>,
    onChunk: (size: number) => void = () => undefined,
  ): Promise<Followed> => {
    const chunks: Buffer[] = [];
    const lines: string[] = [];
    let next = spec.fromOffset ?? 0;
    const began = performance.now();
    const outcome = await host.job(
      { as: 'postgres', ...spec },
      {
        onBytes: (chunk, offset) => {
          expect(offset).toBe(next);
          next += chunk.length;
          chunks.push(chunk);
          onChunk(next);
        },
        onLine: (line) => lines.push(line),
      },
    );
    return { outcome, log: Buffer.concat(chunks), lines, ms: performance.now() - began };
  };

  const jobs = () => join(sshd.home, '.pgaf-upgrade', 'jobs');

  test('runs a script in its own directory and tells its exit code', async () => {
    const host = await bench.reach(sshd);
    const script = `echo "it's $USER"; echo err >&2; read x || echo "no stdin"; echo $PGAF_UPGRADE_JOB\nprintf tail\nexit 7\n`;
    const { outcome, log } = await followed(host, { id: 'run-1/step.1', script });
    expect(outcome).toEqual({ kind: 'exited', code: 7 });
    expect(log.toString().replace(/^sudo.*\n/, '')).toBe("it's postgres\nerr\nno stdin\nrun-1/step.1\ntail");
    const directory = join(jobs(), 'run-1', 'step.1');
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect(await readFile(join(directory, 'script'), 'utf8')).toBe(script);
    expect(await readFile(join(directory, 'rc'), 'utf8')).toBe('7\n');
    expect((await readdir(directory)).sort()).toEqual([
      'ended',
      'log',
      'pid',
      'rc',
      'runner',
      'script',
      'started',
    ]);
    expect(await readdir(jobs())).toEqual(['run-1']);
  });

  test('asked again, attaches and never starts twice', async () => {
    const host = await bench.reach(sshd);
    const script = `echo ran >>${sshd.home}/count; sleep 0.2; echo done`;
    const both = await Promise.all([1, 2, 3].map(() => followed(host, { id: 'a/b', script })));
    const later = await followed(host, { id: 'a/b', script });
    for (const { outcome, log } of [...both, later]) {
      expect(outcome).toEqual({ kind: 'exited', code: 0 });
      expect(log.toString()).toContain('done\n');
    }
    expect(await readFile(join(sshd.home, 'count'), 'utf8')).toBe('ran\n');
    const rest = await followed(host, { id: 'a/b', script, fromOffset: later.log.length - 5 });
    expect(rest.log.toString()).toBe('done\n');
  });

  test('a line cut again and again neither loses nor doubles a byte', async () => {
    const host = await bench.reach(sshd);
    // Behind 60, 120, 180 and 240 lines it waits until the line was cut: all of the rest could have come in one piece.
    const script = `i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo "line $i of a long output"
      [ $((i % 60)) != 0 ] || [ $i = 300 ] || until [ -e '${sshd.home}'/cut-$((i / 60)) ] || [ ! -d '${sshd.home}' ]; do sleep 0.01; done
    done; exit 5`;
    let cuts = 0;
    const { outcome, log, lines } = await followed(host, { id: 'cut/1', script }, (size) => {
      if (cuts >= 4 || size < (cuts + 1) * 1_000) return;
      cuts += 1;
      sshd.cut();
      writeFileSync(join(sshd.home, `cut-${cuts}`), '');
    });
    expect(outcome).toEqual({ kind: 'exited', code: 5 });
    expect(cuts).toBe(4);
    const expected = Array.from({ length: 300 }, (_, index) => `line ${index + 1} of a long output\n`).join(
      '',
    );
    expect(log.toString().replace(/^sudo.*\n/, '')).toBe(expected);
    expect(lines.slice(0, 2)).toEqual(['lost', 'following']);
  });

  test('goes on while nobody is there', async () => {
    const first = await bench.reach(sshd);
    const script = `echo start; until [ -e ${sshd.home}/go ] || [ ! -d ${sshd.home} ]; do sleep 0.01; done; echo end; exit 4`;
    const seen = followed(first, { id: 'away/1', script }, () => void first.close());
    expect((await seen).outcome.kind).toBe('unknown');
    await writeFile(join(sshd.home, 'go'), '');
    const second = await bench.reach(sshd);
    const { outcome, log } = await followed(second, { id: 'away/1', script });
    expect(outcome).toEqual({ kind: 'exited', code: 4 });
    expect(log.toString()).toContain('start\nend\n');
  });

  test('a daemon that keeps the log open does not hold the end', async () => {
    const host = await bench.reach(sshd);
    const script = `setsid sleep 30 & echo $! >${sshd.home}/daemon; echo started`;
    const { outcome, ms } = await followed(host, { id: 'daemon/1', script });
    process.kill(Number(await readFile(join(sshd.home, 'daemon'), 'utf8')));
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
    expect(ms).toBeLessThan(5_000);
  });

  test('ten megabytes of binary without a newline arrive whole', async () => {
    const host = await bench.reach(sshd);
    const { outcome, log } = await followed(host, {
      id: 'big/1',
      script: `exec 2>/dev/null; head -c 10000000 /dev/urandom | tee ${sshd.home}/copy`,
    });
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
    const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex');
    const tail = log.subarray(log.length - 10_000_000);
    expect(digest(tail)).toBe(digest(await readFile(join(sshd.home, 'copy'))));
  });

  test('an unfinished line arrives before its end does', async () => {
    const host = await bench.reach(sshd);
    const script = `printf 'Restoring '; until [ -e ${sshd.home}/go ] || [ ! -d ${sshd.home} ]; do sleep 0.01; done; echo ok`;
    let seen = '';
    const outcome = await host.job(
      { id: 'dots/1', as: 'dba', script },
      {
        onBytes: (chunk) => {
          seen += chunk.toString();
          if (seen === 'Restoring ') void writeFile(join(sshd.home, 'go'), '');
        },
      },
    );
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
    expect(seen).toBe('Restoring ok\n');
  });

  test('what a hostile log says is output and nothing else', async () => {
    const host = await bench.reach(sshd);
    const script =
      'tail -n 1 /proc/$PPID/cmdline >/dev/null; for w in following "exited 0 1" vanished; do echo "0123456789abcdef $w"; echo "$w" >&2; done; exit 9';
    expect((await followed(host, { id: 'spoof/1', script })).outcome).toEqual({ kind: 'exited', code: 9 });
  });

  test('nothing of the script is in a process list', async () => {
    const host = await bench.reach(sshd);
    const script = `: the-secret-word; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 'the-secret-[w]ord'`;
    const { log } = await followed(host, { id: 'ps/1', script });
    expect(log.toString().replace(/^sudo.*\n/, '')).toBe('0\n');
  });

  test('a job whose process is gone without an exit code is unknown', async () => {
    const host = await bench.reach(sshd);
    const killed = await followed(host, {
      id: 'gone/1',
      script: 'kill -9 $(cat .pgaf-upgrade/jobs/gone/1/pid | cut -d" " -f1)',
    });
    expect(killed.outcome).toMatchObject({
      kind: 'unknown',
      problem: { what: expect.stringContaining('left no exit code') },
    });
    const directory = join(jobs(), 'gone', '2');
    await mkdir(directory);
    await writeFile(join(directory, 'log'), 'before\n');
    await writeFile(join(directory, 'pid'), `${process.pid} 1 another-boot\n`);
    const rebooted = await followed(host, { id: 'gone/2', script: 'echo twice' });
    expect(rebooted.outcome).toMatchObject({
      kind: 'unknown',
      problem: { what: expect.stringContaining('restarted') },
    });
    expect(rebooted.log.toString()).toBe('before\n');
  });

  test('a job that cannot be kept is not started, and says so', async () => {
    const host = await bench.reach(sshd);
    await writeFile(join(sshd.home, '.pgaf-upgrade'), 'in the way');
    const { outcome } = await followed(host, { id: 'a/1', script: 'echo never' });
    expect(outcome).toMatchObject({ kind: 'unknown', neverStarted: true });
    const strange = await followed(host, { id: '../a', script: 'echo never' });
    expect(strange.outcome).toMatchObject({ kind: 'unknown', neverStarted: true });
  });

  test('a refusal by sudo is no exit code of the script, whoever asks and however often', async () => {
    const host = await bench.reach(sshd);
    const denied = {
      kind: 'unknown',
      neverStarted: true,
      problem: { remedy: expect.stringContaining('NOPASSWD') },
    };
    const asForbidden = (id: string, script: string | null) =>
      host.job({ id, as: 'forbidden', script }, { onBytes: () => undefined });
    expect(await asForbidden('a/1', 'touch "$HOME/ran"')).toMatchObject(denied);
    expect(await asForbidden('a/2', '\n\ntouch "$HOME/ran"\n')).toMatchObject(denied);
    expect(await asForbidden('a/1', null)).toMatchObject(denied);
    expect(existsSync(join(sshd.home, 'ran'))).toBe(false);
    // The same exit code, by a script that ran.
    const failed = await followed(host, {
      id: 'a/3',
      script: 'echo "sudo: a password is required" >&2; exit 1',
    });
    expect(failed.outcome).toEqual({ kind: 'exited', code: 1 });
  });

  test('a script arrives as it is, whatever is in it', async () => {
    const host = await bench.reach(sshd);
    const all = Array.from({ length: 0x17f }, (_, code) => String.fromCharCode(code + 1)).join('');
    const script = `: <<'END' 'it''s' \\ %s $HOME \`id\`\n${all.replaceAll('\r', '')}“€”\n\nEND\nexit 7\n\n`;
    const { outcome } = await followed(host, { id: 'a/4', script });
    expect(outcome).toEqual({ kind: 'exited', code: 7 });
    expect(await readFile(join(sshd.home, '.pgaf-upgrade/jobs/a/4/script'), 'utf8')).toBe(script);
  });

  test('a host key that changes in mid-run ends the line for good', async () => {
    const host = await bench.reach(sshd);
    const script = `echo start; until [ -e ${sshd.home}/go ] || [ ! -d ${sshd.home} ]; do sleep 0.01; done`;
    const { outcome } = await followed(host, { id: 'key/1', script }, () => {
      sshd.hostKeys = [newKeyPair().private];
      sshd.cut();
    });
    expect(outcome).toMatchObject({
      kind: 'unknown',
      problem: { what: expect.stringContaining('known_hosts line 1') },
    });
    expect(host.line).toBe('closed');
    expect(host.trouble?.what).toContain('refused');
    expect(bench.questions).toHaveLength(1);
    await writeFile(join(sshd.home, 'go'), '');
  });
});
