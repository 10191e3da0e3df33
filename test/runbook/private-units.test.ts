import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import {
  privateGoneLines,
  privateStartLines,
  privateUnitOf,
} from '../../source/runbook/shell/private-units.ts';
import { verbLines } from '../../source/runbook/shell/root-verbs.ts';
import { labCluster } from './clusters.ts';
import { word } from './word.ts';

const autoctl = word('pgautofailover.service');
const workDir = word('/srv/50% "pg" $HOME/@work');

test('a path is a path in a unit file, whatever is in it', () => {
  const { text } = privateStartLines(workDir, 'new', word('postgres'), autoctl);
  expect(text).toContain(String.raw`exec /bin/sh "$$1"' sh "/srv/50%% \"pg\" $$HOME/@work/online/serve-new"`);
  expect(text).toContain('ConditionPathExists=/srv/50%% "pg" $HOME/@work/online/serve-new');
  expect(text).toContain('User=postgres');
});

test('a server that has ended with a failure is not started again without its file: systemd asks the condition at its first start alone', () => {
  const { text } = privateStartLines(workDir, 'old', word('postgres'), autoctl);
  expect(text).toContain(`ExecStart=/bin/sh -c '[ ! -e "$$1" ] || exec /bin/sh "$$1"' sh `);
});

test('a server that a unit of ours starts has the limits and the surroundings that pg_autoctl’s unit gives it', () => {
  const { text } = privateStartLines(workDir, 'new', word('postgres'), autoctl);
  const [, program = ''] = /awk -F= ('(?:[^']|'\\\\'')*')/.exec(text) ?? [];
  const shown = [
    'Type=simple',
    'LimitNOFILE=524288',
    'LimitNOFILESoft=1024',
    'LimitMEMLOCK=infinity',
    'LimitMEMLOCKSoft=infinity',
    'LimitCORE=0',
    'OOMScoreAdjust=-900',
    'Environment=PGTZ=UTC "MOTTO=50% off"',
    'EnvironmentFiles=/etc/pg.env (ignore_errors=no)',
    'EnvironmentFiles=/etc/more.env (ignore_errors=yes)',
    'Delegate=no',
  ].join('\n');
  const ran = spawnSync('sh', ['-c', `awk -F= ${program}`], { encoding: 'utf8', input: shown });
  expect(ran.stdout.trim().split('\n').sort()).toEqual([
    'Environment=PGTZ=UTC "MOTTO=50%% off"',
    'EnvironmentFile=-/etc/more.env',
    'EnvironmentFile=/etc/pg.env',
    'LimitCORE=0',
    'LimitMEMLOCK=infinity:infinity',
    'LimitNOFILE=1024:524288',
    'OOMScoreAdjust=-900',
  ]);
});

test('a unit’s name is this data directory’s alone, and both go together', () => {
  const [one, other] = [privateUnitOf(workDir, 'new'), privateUnitOf(word('/srv/other/@work'), 'new')];
  expect(one).toMatch(/^pgaf-upgrade-[0-9a-f]{10}-new\.service$/);
  expect(one).not.toBe(other);
  for (const role of ['new', 'old'] as const)
    expect(privateGoneLines(workDir, word('/srv/data')).text).toContain(privateUnitOf(workDir, role));
});

test('root has the verbs only for a cluster with the online method, and as root nothing of postgres’s is read', () => {
  const [node] = labCluster().nodes;
  if (node === undefined) throw new Error('the lab has nodes');
  const online = verbLines(labCluster({ method: 'online' }), node);
  expect([...verbLines(labCluster(), node).keys()]).not.toContain('serve-new');
  expect([...online.keys()]).toEqual(
    expect.arrayContaining(['serve-new', 'serve-gone', 'cut-over', 'cut-back']),
  );
  for (const verb of ['serve-new', 'serve-gone', 'cut-over', 'cut-back'] as const)
    expect(online.get(verb)?.text).not.toMatch(/(?:cat|read|\.|source) [^>]*@work/);
});

test('a unit that has started the server which serves goes without stopping it', () => {
  const gone = privateGoneLines(word('/srv/@work'), word('/srv/data')).text;
  const asked = (commandLine: string): string =>
    spawnSync(
      'sh',
      [
        '-c',
        `proc=$(mktemp -d); mkdir "$proc/7"; printf '${commandLine}' >"$proc/7/cmdline"
systemctl() { case $* in show*) echo 7 ;; *) echo "systemctl $1" ;; esac; }
${gone.replaceAll('/proc/', '$proc/').replace('if [ -e ', 'if true || [ -e ')}
rm -r "$proc"`,
      ],
      { encoding: 'utf8' },
    ).stdout;
  expect(asked('postgres\\0-D\\0/srv/data\\0-p\\0005432\\0')).not.toContain('systemctl stop');
  expect(asked('postgres\\0-D\\0/srv/data_pg15_bak\\0-p\\0005432\\0')).toContain('systemctl stop');
});
