import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Fragment, sh as fragment } from '../../source/cluster/fragment.ts';
import { shellQuoted } from '../../source/cluster/quote.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import {
  idleFunction,
  keepFunction,
  sameFileSystemFunction,
  wholeLines,
} from '../../source/runbook/shell/self-checks.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { onOtherFileSystem } from '../temporary-directory.ts';
import { linkedCluster } from './clusters.ts';
import { worldAt } from './worlds.ts';

let root = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pgaf proofs '));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

const run = (...lines: readonly (string | Fragment)[]) => {
  const { status, stdout, stderr } = spawnSync(
    'sh',
    [
      '-c',
      ['set -eu', ...lines.map((line) => (typeof line === 'string' ? line : line.text)), 'echo went on'].join(
        '\n',
      ),
    ],
    {
      encoding: 'utf8',
    },
  );
  return { code: status, out: stdout.trim(), err: stderr.trim() };
};
/** Without the waits in between; the last test has them. */
const idle = (...paths: readonly string[]) =>
  run(idleFunction, 'sleep() { :; }', `idle ${paths.map(shellQuoted).join(' ')}`);
const directory = (...parts: readonly string[]): string => {
  const path = join(root, ...parts);
  mkdirSync(path, { recursive: true });
  return path;
};
/** A process that does the shell lines and then sleeps; resolves once it sleeps. */
const holder = (...lines: readonly string[]): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', [...lines, 'echo ready', 'exec sleep 30'].join('\n')], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(child);
    child.once('error', reject);
    child.stdout.once('data', () => resolve(child));
  });

describe('idle', () => {
  test('passes over a directory that nobody has open, one that is absent, and several of them', () => {
    expect(idle(directory('data'), join(root, 'none'), directory('new'))).toEqual({
      code: 0,
      out: 'went on',
      err: '',
    });
    expect(idle(join(root, 'none'))).toMatchObject({ code: 0, out: 'went on' });
  });

  test('a pid file that names a living process ends the script, with the path and the process', () => {
    const data = directory('data');
    writeFileSync(join(data, 'postmaster.pid'), `${process.pid}\n${data}\n`);
    const ran = idle(directory('new'), data);
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain(`${data}/postmaster.pid names process ${process.pid} (`);
  });

  test('a single-user server’s pid file has its number negative', () => {
    const data = directory('data');
    writeFileSync(join(data, 'postmaster.pid'), `-${process.pid}\n`);
    expect(idle(data).code).toBe(1);
  });

  test.each(['', 'nonsense\n', '999999999\n'])('a pid file that names nobody (%j) stops nothing', (text) => {
    const data = directory('data');
    writeFileSync(join(data, 'postmaster.pid'), text);
    expect(idle(data)).toMatchObject({ code: 0, err: '' });
  });

  test.each(['data', 'pg[1] data*', 'what?', 'back\\slash', 'a\'b"c $d', '-n'])(
    'somebody with a file below %j open is named, and only his directory',
    async (name) => {
      const data = directory(name, 'base');
      writeFileSync(join(data, '1'), 'x');
      const child = await holder(`exec 9<${shellQuoted(join(data, '1'))}`);
      const ran = idle(directory('other'), join(root, name));
      expect(ran).toMatchObject({ code: 1, out: '' });
      expect(ran.err).toBe(`process ${child.pid} (sleep) has ${join(data, '1')} open: end it first`);
      expect(
        idle(directory('other'), directory(`${name}_bak`), directory(`${name.slice(0, -1)}x`)).code,
      ).toBe(0);
    },
  );

  test('somebody who works there is found, through a symbolic link too', async () => {
    const data = directory('data');
    symlinkSync(data, join(root, 'link'));
    const child = await holder(`cd ${shellQuoted(data)}`);
    expect(idle(join(root, 'link')).err).toBe(`process ${child.pid} (sleep) has ${data} open: end it first`);
    expect(idle(data).code).toBe(1);
  });

  test('who passes by holds nothing up', async () => {
    const data = directory('data');
    const child = await holder(`cd ${shellQuoted(data)}`);
    setTimeout(() => child.kill('SIGKILL'), 0);
    const ran = await new Promise((resolve) => {
      const script = spawn('sh', [
        '-c',
        ['set -eu', idleFunction.text, `idle ${shellQuoted(data)}`].join('\n'),
      ]);
      script.once('close', resolve);
    });
    expect(ran).toBe(0);
  });
});

describe('keep', () => {
  test('takes files with and without a directory, with spaces, and fails for one that is absent', () => {
    writeFileSync(join(root, 'a b'), 'x');
    expect(
      run(keepFunction, `keep ${shellQuoted(join(root, 'a b'))}`, `cd ${shellQuoted(root)}; keep 'a b'`).code,
    ).toBe(0);
    expect(run(keepFunction, `keep ${shellQuoted(join(root, 'none'))}`)).toMatchObject({
      code: 1,
      err: `${join(root, 'none')} is not there`,
    });
  });

  test('syncs the file and its directory, and everything where sync knows no files', () => {
    writeFileSync(join(root, 'f'), 'x');
    const asked = `sync() { echo "sync $*"; [ $# = 0 ]; }`;
    expect(run(keepFunction, asked, `keep ${shellQuoted(join(root, 'f'))}`).out.split('\n')).toEqual([
      `sync -- ${root}/f ${root}/`,
      'sync ',
      'went on',
    ]);
  });
});

describe('what a program prints, whole in a file', () => {
  test.runIf(existsSync('/dev/full'))('ends the script on a disk that is full', () => {
    // PostgreSQL's programs end with 0 whether what they print arrives or not.
    const silent = fragment`{ echo state 2>/dev/null; true; }`;
    expect(run(wholeLines(fragment`/dev/full`, silent)).code).not.toBe(0);
    const file = join(directory('there'), 'kept');
    expect(run(`cd ${shellQuoted(join(root, 'there'))}`, wholeLines(fragment`kept`, silent)).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe('state\n');
  });

  test('no script has pg_controldata write into a file by itself', () => {
    const facts = linkedCluster();
    const texts = (['prepared', 'primary back', 'finished'] as const).flatMap((at) => {
      const world = worldAt(at, facts);
      return [...upgradeRunbook(facts), ...rollbackRunbook(facts, world).steps].flatMap((step) => {
        const script = step.script(world);
        return script.kind === 'ready' ? [`${step.id}\n${script.text}`] : [];
      });
    });
    expect(texts.length).toBeGreaterThan(100);
    const straight = /^\s*(?:control |\S*pg_controldata )[^|\n]*[^2&]>(?! *\/dev\/null)/m;
    expect(texts.filter((text) => straight.test(text)).map((text) => text.split('\n')[0])).toEqual([]);
  });
});

describe('same_file_system', () => {
  test('by device and mount, of what is there or the directory above it', () => {
    const [a, b, other] = [directory('a'), join(root, 'b/c'), join(onOtherFileSystem(), 'none')];
    expect(run(sameFileSystemFunction, `same_file_system ${shellQuoted(a)} ${shellQuoted(b)}`).code).toBe(0);
    expect(
      run(sameFileSystemFunction, `same_file_system ${shellQuoted(a)} ${shellQuoted(other)}`),
    ).toMatchObject({
      code: 1,
      err: `${a} and ${other} are on different file systems`,
    });
  });
});
