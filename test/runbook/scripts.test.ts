import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ClusterFacts } from '../../source/cluster/facts.ts';
import { hostsOf } from '../../source/cluster/facts.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { undoWords } from '../../source/runbook/language/undo.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import {
  debianCluster,
  labCluster,
  linkedCluster,
  linkedDebian,
  onEveryHost,
  spacedCluster,
  walCluster,
} from './clusters.ts';
import { Model } from './model.ts';
import { word } from './word.ts';

/** The scripts as they are when their turn comes: made from what the servers say then. */
const scriptsOf = (facts: ClusterFacts): { step: Step; text: string }[] => {
  const model = new Model(facts);
  return upgradeRunbook(facts).map((step) => {
    const script = step.script(model.world());
    model.run(step.id);
    if (script.kind !== 'ready') throw new Error(`${step.id} needs ${script.needs}`);
    return { step, text: script.text };
  });
};

/** The page that a DBA would print for the change ticket. */
const page = (facts: ClusterFacts): string =>
  scriptsOf(facts)
    .map(({ step, text }) =>
      [
        `════ ${step.id} · ${step.title}`,
        `on ${step.host} as ${step.as} · ${step.danger} · writes ${step.writes}${step.optional ? ' · optional' : ''}`,
        `why: ${step.reason}`,
        `guide: ${step.guide.step ?? 'nothing'}${step.guide.deviation === undefined ? '' : ` · differs: ${step.guide.deviation}`}`,
        ...step.before.map((one) => `before: ${one.text}`),
        '┌────',
        ...text
          .replace(/<<'RECORD'\n[\s\S]*?\nRECORD\n/, "<<'RECORD'\nTHE RECORD, as JSON\nRECORD\n")
          .trimEnd()
          .split('\n')
          .map((line) => `│ ${line}`),
        '└────',
        ...step.after.map((one) => `after, within ${step.settleSeconds} s: ${one.text}`),
        ...step.failureLogs.map((one) => `if it fails, see: ${one.title}`),
        `undo: ${undoWords(step.undo)}`,
        '',
      ].join('\n'),
    )
    .join('\n');

const clusters = [
  ['the lab’s cluster', labCluster()],
  ['Debian’s packages, no systemd, blanks and quotes in every name', debianCluster()],
  ['one secondary by hard links', linkedCluster()],
  ['two tablespaces', spacedCluster()],
  ['pg_wal on another disk', walCluster()],
  ['hard links, blanks and quotes in every name', linkedDebian()],
  [
    'a unit file that a package brought',
    onEveryHost(labCluster(), () => ({
      service: {
        kind: 'systemd',
        unit: 'pg@15.service',
        fragment: '/usr/lib/systemd/system/pg@15.service',
        enabled: true,
      },
    })),
  ],
] as const;

test('the whole upgrade of the lab’s cluster, as the DBA reads it', async () => {
  await expect(page(labCluster())).toMatchFileSnapshot('__snapshots__/lab.txt');
});

test('the whole upgrade where one secondary takes over the primary’s links', async () => {
  await expect(page(linkedCluster())).toMatchFileSnapshot('__snapshots__/linked.txt');
});

test('what is done about pg_wal on another disk', async () => {
  const steps = page(walCluster()).split(/^(?=════)/m);
  await expect(steps.filter((one) => /^════ \S+\.wal/.test(one)).join('')).toMatchFileSnapshot(
    '__snapshots__/wal.txt',
  );
});

test('the same with two tablespaces', async () => {
  await expect(page(spacedCluster())).toMatchFileSnapshot('__snapshots__/spaced.txt');
});

test('the whole upgrade of a cluster where nothing is usual', async () => {
  await expect(page(debianCluster())).toMatchFileSnapshot('__snapshots__/debian.txt');
});

const check = (program: string, args: readonly string[], input: string): string => {
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return status === 0 ? '' : `${stdout}${stderr}`;
};
const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;

describe.each(clusters)('%s', (_, facts) => {
  const texts = scriptsOf(facts).flatMap(({ step, text }) => [
    { name: step.id, text },
    ...step.failureLogs.map((cause) => ({
      name: `${step.id}, cause ${cause.title}`,
      text: cause.script.text,
    })),
  ]);

  const inFiles = (judge: (paths: readonly string[]) => string): string => {
    const directory = mkdtempSync(join(tmpdir(), 'pgaf-scripts-'));
    const files = new Map(texts.filter(({ text }) => text !== '').map(({ name, text }) => [text, name]));
    const paths = [...files].map(([text, name]) => {
      const path = join(directory, `${name.replaceAll(/[^A-Za-z0-9.-]/g, '_')}.sh`);
      writeFileSync(path, text);
      return path;
    });
    expect(paths.length).toBeGreaterThan(25);
    const said = judge(paths);
    rmSync(directory, { recursive: true });
    return said;
  };

  test('every script is POSIX shell', () => {
    const each = 'for file; do sh -n "$file" || echo "in $file"; done 2>&1';
    expect(inFiles((paths) => check('sh', ['-c', `${each}; exit 1`, 'sh', ...paths], ''))).toBe('');
  }, 60_000);

  test.runIf(hasShellcheck)(
    'shellcheck has nothing to say about any of them',
    () => {
      // SC2016: SQL in single quotes holds a $ on purpose.
      const options = ['-s', 'sh', '-S', 'warning', '-e', 'SC2016'];
      expect(inFiles((paths) => check('shellcheck', [...options, ...paths], ''))).toBe('');
    },
    60_000,
  );

  test('scripts stop at the first error, and say everything in English', () => {
    for (const { step, text } of scriptsOf(facts))
      expect([step.id, text.startsWith('set -eu\nexport LC_ALL=C\n')]).toEqual([step.id, true]);
  });

  test('only what systemd, unit files and a place beside a tablespace need runs as root', () => {
    for (const { step, text } of scriptsOf(facts)) {
      const systemd = /\bsystemctl (?!show|list-timers|is-active)|\bonly_root\b/m.test(text);
      expect([step.id, step.as]).toEqual([step.id, systemd ? 'root' : facts.postgres]);
    }
  });

  test('nothing is deleted but what the console made itself', () => {
    const own = hostsOf(facts).flatMap((host) => [
      host.workDir,
      host.newData,
      ...(host.wal === null ? [] : [host.wal.next, `${host.data}/pg_wal.moved`]),
    ]);
    for (const { step, text } of scriptsOf(facts))
      for (const [line] of text.matchAll(/^.*\brm -\w*r\w* .*$/gm))
        expect([
          step.id,
          line,
          /rm -rf ("\$|output|'?\/[^ ]*.*\/?"\$f")/.test(line) ||
            own.some((path) => line.includes(path.replaceAll("'", "'\\''"))),
        ]).toEqual([step.id, line, true]);
  });
});

const renamed = (facts: ClusterFacts): ClusterFacts => ({
  ...facts,
  nodes: facts.nodes.map((node) => ({
    ...node,
    alias: word(`x${node.nodeId}`),
    hostname: word(`xhost${node.nodeId}`),
  })),
  before: facts.before.map((row) => ({ ...row, name: word(`x${row.id}`), host: word(`xhost${row.id}`) })),
});

test('without its facts a script names no host, path or version of its own', () => {
  // Every fact replaced by a word that occurs nowhere else: what is left of the lab's names came from the code.
  const strange = onEveryHost(
    renamed(labCluster({ postgres: 'xpostgres', oldMajor: 93, newMajor: 94, systemIdentifier: '1234' })),
    () => ({
      pgdata: '/x/pgdata',
      data: '/x/data',
      newData: '/x/new/data',
      backupData: '/x/bak',
      port: 7777,
      socketDirectory: '/x/socket',
      oldBindir: '/x/old',
      newBindir: '/x/newbin',
      oldVersion: '93.1',
      newVersion: '94.2',
      oldAutoctl: '/x/old/pg_autoctl',
      newAutoctl: '/x/newbin/pg_autoctl',
      configFile: '/x/cfg',
      stateFile: '/x/state',
      pidFile: '/x/pid',
      home: '/x/home',
      workDir: '/x/home/work',
      service: {
        kind: 'systemd',
        unit: 'x.service',
        fragment: '/etc/systemd/system/x.service',
        enabled: true,
      },
      superuser: 'xsuper',
      carry: ['x.conf'],
    }),
  );
  const left = scriptsOf(strange).flatMap(({ step, text }) =>
    (
      text
        .replace(/<<'RECORD'\n[\s\S]*?\nRECORD\n/, '')
        .match(
          /\/var\/lib\/pgsql|\/usr\/(?!bin)|\/opt\/|5432\b|pgautofailover\.service|\bnode_?\d\b|\b15\b|\b17\b|postgres(?=\n| as)/g,
        ) ?? []
    ).map((found) => `${step.id}: ${found}`),
  );
  expect(left).toEqual([]);
});
