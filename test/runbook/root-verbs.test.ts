import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClusterFacts, hostsOf } from '../../source/cluster/facts.ts';
import { sh as fragment } from '../../source/cluster/fragment.ts';
import { theLogin } from '../../source/cluster/login.ts';
import { parseCrontabs } from '../../source/inspect/checks/parse.ts';
import { cleanupRunbook } from '../../source/runbook/cleanup.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { helperChecksum, helperText, sudoersText } from '../../source/runbook/shell/root-helper.ts';
import { rootHosts } from '../../source/runbook/shell/root-hosts.ts';
import { helperPath, rootScript, verbLines } from '../../source/runbook/shell/root-verbs.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { labCluster, onEveryHost, spacedCluster } from './clusters.ts';
import { Model } from './model.ts';
import { word } from './word.ts';
import { worldAt } from './worlds.ts';

const asRoot = process.getuid?.() === 0;
const sh = (text: string, ...args: readonly string[]) => {
  const ran = spawnSync('sh', ['-s', ...args], { input: text, encoding: 'utf8', timeout: 30_000 });
  return { code: ran.status, output: `${ran.stdout}${ran.stderr}` };
};

let root: string;
beforeEach(() => {
  root = mkdtempSync('/root-verbs-'.replace(/^/, process.env.TMPDIR ?? tmpdir()));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Proofs that look into what is postgres's, as postgres. */
const asPostgres = /^(runuser|sudo -n) -u postgres -- sh -c '[\s\S]*?\n'\n/m;

/** Every step as root, of every direction, with its script. */
const rootSteps = (facts: ClusterFacts): { step: Step; text: string }[] => {
  const model = new Model(facts);
  const steps = upgradeRunbook(facts).map((step) => {
    const script = step.script(model.world());
    model.run(step.id);
    return { step, text: script.kind === 'ready' ? script.text : '' };
  });
  const worlds = (['primary back', 'finished'] as const).map((at) => worldAt(at, facts));
  for (const world of worlds)
    for (const step of [...rollbackRunbook(facts, world).steps, ...cleanupRunbook(facts, world)]) {
      const script = step.script(world);
      steps.push({ step, text: script.kind === 'ready' ? script.text : '' });
    }
  return steps.filter(({ step }) => step.as === 'root' || step.as === theLogin);
};

describe.each([
  ['the lab’s cluster', labCluster()],
  ['two tablespaces', spacedCluster()],
])('%s', (_, facts) => {
  const helped: ClusterFacts = { ...facts, root: 'helper' };

  test('what runs as root is made of the helper’s verbs alone, line by line', () => {
    const steps = rootSteps(facts);
    expect(steps.length).toBeGreaterThan(20);
    for (const { step, text } of steps) {
      const host = hostsOf(facts).find((one) => one.alias === step.host);
      if (host === undefined) throw new Error(step.id);
      const all = [...verbLines(facts, host).values()].map((one) => one.text);
      let rest = text.replace('set -eu\nexport LC_ALL=C\n', '').replace(asPostgres, '').trimEnd();
      while (rest !== '') {
        const verb = all.find((lines) => rest === lines || rest.startsWith(`${lines}\n`));
        expect([step.id, rest, verb === undefined]).toEqual([step.id, rest, false]);
        rest = rest.slice((verb ?? rest).length + 1);
      }
    }
  });

  test('with a helper every such step only calls it, and nothing is run as root', () => {
    const steps = rootSteps(helped);
    expect(steps.map(({ step }) => step.id)).toEqual(rootSteps(facts).map(({ step }) => step.id));
    for (const { step, text } of steps) {
      expect([step.id, step.as]).toEqual([step.id, theLogin]);
      expect(text.replace(asPostgres, '')).toMatch(
        /^set -eu\nexport LC_ALL=C\n(sudo -n \/usr\/local\/sbin\/pgaf-upgrade-root [a-z-]+\n)+$/,
      );
    }
    const every = [...upgradeRunbook(helped), ...rollbackRunbook(helped, worldAt('finished', helped)).steps];
    expect(every.filter((step) => step.as === 'root')).toEqual([]);
    for (const step of every) expect(step.failureLogs.filter((one) => one.as === 'root')).toEqual([]);
  });

  test('each verb of the helper has the very lines of the step', () => {
    for (const host of rootHosts(helped)) {
      const text = helperText(helped, host);
      for (const [verb, lines] of verbLines(helped, host))
        expect(text).toContain(`\n${verb})\n${fragment`  ${lines}`.text}\n  ;;\n`);
    }
  });
});

test('root’s and other users’ crontabs were not read; what is in them is text, whoever wrote it', () => {
  const [node] = labCluster().nodes;
  if (node === undefined) throw new Error('no node');
  const file = (name: string, text: string): void => {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  file(
    'var/spool/cron/crontabs/root',
    '# pg_ctl\n\n*/5 * * * * systemctl start pgautofailover\n@daily true\n',
  );
  file(
    'var/spool/cron/crontabs/o|p$(id)',
    `* * * * * pg_ctl \u001b[2J$(touch ${root}/ran) ${'x'.repeat(600)}\n`,
  );
  file('var/spool/cron/oracle', '* * * * * psql "password=secret host=x"\n');
  file('etc/cron.d/watch', '* * * * * root systemctl restart pgautofailover-other\n');
  file('etc/monit/monitrc', 'start program = "/bin/systemctl start pgautofailover"\n');
  symlinkSync('/etc/passwd', join(root, 'var/spool/cron/crontabs/linked'));
  const text = rootScript(
    { root: 'sh', postgres: word('postgres') },
    { ...node, data: node.data },
    'crontabs',
  ).text;
  const ran = sh(text.replaceAll(' /var/', ` ${root}/var/`).replaceAll(' /etc/', ` ${root}/etc/`));
  expect(ran.code).toBe(0);
  const lines = parseCrontabs(ran.output.replaceAll(root, ''));
  expect(lines[0]).toMatch(/^crontab of opid: \* \* \* \* \* pg_ctl \[2J\$\(touch .*x$/);
  expect(lines[0]?.length).toBeLessThan(501);
  expect(lines.slice(1)).toEqual([
    'crontab of root: */5 * * * * systemctl start pgautofailover',
    expect.stringMatching(/^crontab of oracle: .* psql "password=\*{4}/),
    '/etc/monit/monitrc: start program = "/bin/systemctl start pgautofailover"',
  ]);
  expect(existsSync(join(root, 'ran'))).toBe(false);
});

test('the helper of a host, and its rule', () => {
  const facts: ClusterFacts = { ...spacedCluster(), root: 'helper' };
  const [host] = facts.nodes;
  if (host === undefined) throw new Error('a primary');
  expect(`${helperText(facts, host)}──── sudoers\n${sudoersText(facts, host, 'dba')}`).toMatchSnapshot();
  // It is the same whichever way the cluster file names, and another where a constant is another.
  expect(helperChecksum({ ...facts, root: 'sh' }, host)).toBe(helperChecksum(facts, host));
  expect(helperChecksum(facts, { ...host, newAutoctl: word('/opt/18/bin/pg_autoctl') })).not.toBe(
    helperChecksum(facts, host),
  );
});

test('what forbids a start until the console’s own outlives a reboot, and so does its end', () => {
  const facts = labCluster();
  for (const host of hostsOf(facts)) {
    const [guard, stop, start] = (['guard', 'stop', 'start'] as const).map(
      (verb) => rootScript(facts, host, verb).text,
    );
    const directory = '/etc/systemd/system/pgautofailover.service.d';
    const hold = `${directory}/pgaf-upgrade.hold`;
    expect(guard).toContain(`ConditionPathExists=!${hold}`);
    expect(guard).toContain(`> ${directory}/pgaf-upgrade.conf\nsync ${directory}/pgaf-upgrade.conf`);
    expect(stop).toMatch(
      /> \S+pgaf-upgrade\.hold\nsync \S+\.d \|\| sync\n# .*\nsystemctl stop --job-mode=replace-irreversibly /,
    );
    expect(start).toContain(`rm -f ${hold}; sync ${directory} || sync`);
    for (const text of [guard, stop, start]) expect(text).not.toContain('/run/');
  }
});

test('what went down with the unit comes back with it, once, and holds up nothing', () => {
  const [host] = labCluster().nodes;
  if (host === undefined) throw new Error('a node');
  const unit = 'pgautofailover.service';
  // A pooler is bound to the unit, an application requires the pooler; an exporter that is part of it is not active, another does not start.
  const systemctl = `systemctl() { case "$*" in
    *"-p BoundBy"*" ${unit}") echo BoundBy=pooler.service; echo ConsistsOf=exporter.service broken.service; echo RequiredBy=some.target ;;
    *"-p BoundBy"*) echo RequiredBy=app.service; echo BoundBy=; echo ConsistsOf=pooler.service ;;
    "show -p Id"*) for one in pooler exporter broken app; do echo Id=$one.service; if [ $one = exporter ]; then echo ActiveState=inactive; else echo ActiveState=active; fi; echo; done ;;
    *broken*) return 1 ;; *) echo "systemctl $*" ;; esac; }`;
  const run = (verb: 'stop' | 'start') =>
    sh(
      rootScript({ root: 'sh', postgres: labCluster().postgres }, host, verb)
        .text.replace('set -eu\n', `set -eu\n${systemctl}\n`)
        .replaceAll('/etc/systemd', join(root, 'etc'))
        .replaceAll('/var/lib/pgaf-upgrade', join(root, 'kept')),
    );
  // A second stop finds nothing active any more, and forgets nothing.
  for (const _ of [1, 2]) expect(run('stop').code).toBe(0);
  const first = run('start');
  expect(first.code).toBe(0);
  expect(first.output.split('\n').filter((line) => /systemctl start|does not start/.test(line))).toEqual([
    `systemctl start ${unit}`,
    'systemctl start --no-block pooler.service',
    'broken.service does not start: systemctl status broken.service',
    'systemctl start --no-block app.service',
  ]);
  expect(run('start').output).not.toContain('--no-block');
});

test('two units of a host have a helper each', () => {
  const at = (unit: string) =>
    helperPath({
      ...(labCluster().nodes[0] ?? labCluster().monitor),
      service: {
        kind: 'systemd',
        unit: word(unit),
        fragment: word(`/etc/systemd/system/${unit}`),
        enabled: true,
        dropIns: [],
      },
    });
  expect(at('pgautofailover.service')).toBe('/usr/local/sbin/pgaf-upgrade-root');
  expect(at('pgaf-pay.service')).toBe('/usr/local/sbin/pgaf-upgrade-root-pgaf-pay');
  expect(at('pg@a\\x2d=b:c.service')).toBe('/usr/local/sbin/pgaf-upgrade-root-pg_a_x2d_b_c');
});

test('it refuses whatever is no verb, more than one word, and believes no environment', () => {
  const facts: ClusterFacts = { ...labCluster(), root: 'helper' };
  const text = helperText(facts, facts.monitor).replace(
    'case $1 in\n',
    'if [ "$1" = show ]; then env | sort; exit; fi\ncase $1 in\n',
  );
  for (const args of [[], ['stop', 'it'], ['stop;id'], ['../stop'], ['--clean'], ['']])
    expect([args, sh(text, ...args).code]).toEqual([args, 2]);
  if (!asRoot) return;
  const file = join(root, 'helper');
  writeFileSync(file, text, { mode: 0o755 });
  const ran = spawnSync(file, ['show'], {
    encoding: 'utf8',
    env: {
      PATH: `${root}:/usr/bin:/bin`,
      SYSTEMD_PAGER: 'x',
      TMPDIR: '/x',
      IFS: 'x',
      'BASH_FUNC_x%%': '() { :; }',
    },
  });
  expect(ran.stdout).not.toMatch(/SYSTEMD_PAGER|TMPDIR|IFS=/);
  expect(ran.stdout).toContain('PATH=/usr/sbin:/usr/bin:/sbin:/bin\n');
});

test.runIf(asRoot && spawnSync('sh', ['-c', 'command -v shellcheck']).status === 0)(
  'shellcheck has nothing against it',
  () => {
    const facts: ClusterFacts = { ...spacedCluster(), root: 'helper' };
    for (const host of rootHosts(facts)) {
      const ran = spawnSync('shellcheck', ['-s', 'sh', '-S', 'warning', '-'], {
        input: helperText(facts, host),
        encoding: 'utf8',
      });
      expect(ran.stdout).toBe('');
    }
  },
);

describe.runIf(asRoot)('the place beside a tablespace, as root', () => {
  /** The verb's script for a tablespace, postgres being nobody. */
  const verb = (own: string, which: 'places' | 'places-gone'): string => {
    const facts = onEveryHost({ ...labCluster(), postgres: 'nobody' }, () => ({ tablespaces: [own] }));
    return rootScript(facts, facts.nodes[0] ?? facts.monitor, which).text;
  };
  // /tmp is everybody's; what is only root's begins at the root directory.
  let top: string;
  beforeEach(() => {
    top = mkdtempSync('/pgaf-places-');
    spawnSync('chmod', ['755', top]);
  });
  afterEach(() => rmSync(top, { recursive: true, force: true }));

  test('where nobody but root may write it is made, and goes again', () => {
    mkdirSync(join(top, 'fast'));
    expect(sh(verb(join(top, 'fast'), 'places')).code).toBe(0);
    const place = join(top, 'fast_aside');
    expect(statSync(place).uid).not.toBe(0);
    expect((statSync(place).mode & 0o777).toString(8)).toBe('700');
    expect(sh(verb(join(top, 'fast'), 'places')).code).toBe(0);
    expect(sh(verb(join(top, 'fast'), 'places-gone')).code).toBe(0);
    expect(existsSync(place)).toBe(false);
  });

  test('where postgres may write, or could put a link above it, root does nothing', () => {
    for (const owner of ['nobody:', 'root:']) {
      const above = join(top, owner === 'root:' ? 'open' : 'theirs');
      mkdirSync(join(above, 'deep/fast'), { recursive: true });
      spawnSync('chown', [owner, above]);
      if (owner === 'root:') spawnSync('chmod', ['1777', above]);
      const ran = sh(verb(join(above, 'deep/fast'), 'places'));
      expect(ran).toEqual({ code: 1, output: expect.stringContaining('is not root’s alone') });
      expect(existsSync(join(above, 'deep/fast_aside'))).toBe(false);
    }
  });

  test('a symbolic link in its place is not followed', () => {
    mkdirSync(join(top, 'fast'));
    mkdirSync(join(top, 'secret'), { mode: 0o700 });
    symlinkSync(join(top, 'secret'), join(top, 'fast_aside'));
    expect(sh(verb(join(top, 'fast'), 'places')).code).not.toBe(0);
    expect(statSync(join(top, 'secret')).uid).toBe(0);
    expect(lstatSync(join(top, 'fast_aside')).isSymbolicLink()).toBe(true);
  });

  test('raced: postgres swaps a directory and a link above the tablespace, and gets nothing of root’s', async () => {
    const theirs = join(top, 'theirs');
    mkdirSync(join(theirs, 'fast'), { recursive: true });
    mkdirSync(join(top, 'secret'), { mode: 0o700 });
    spawnSync('chown', ['-R', 'nobody:', theirs]);
    const racing = spawn(
      'setpriv',
      [
        '--reuid=nobody',
        '--clear-groups',
        'sh',
        '-c',
        `cd ${theirs}; while :; do ln -s ${top}/secret fast_aside; rm -f fast_aside; mkdir fast_aside; rmdir fast_aside; done 2>/dev/null`,
      ],
      { stdio: 'ignore' },
    );
    try {
      for (let tries = 0; tries < 8; tries += 1) {
        sh(verb(join(theirs, 'fast'), 'places'));
        sh(verb(join(theirs, 'fast'), 'places-gone'));
      }
    } finally {
      racing.kill('SIGKILL');
    }
    expect(statSync(join(top, 'secret')).uid).toBe(0);
    expect(existsSync(join(top, 'secret'))).toBe(true);
  });
});

describe('the unit', () => {
  /** Units in a directory of the test's, root's copies too; systemctl only says what it was asked. */
  const unit = (
    which: 'unit-new' | 'unit-old',
    fragment?: string,
    dropIns: readonly string[] = [],
  ): string => {
    const facts = onEveryHost(labCluster(), () => ({
      service: {
        kind: 'systemd',
        unit: 'pg.service',
        fragment: fragment ?? '/etc/systemd/system/pg.service',
        enabled: true,
        dropIns: [...dropIns],
      },
    }));
    return rootScript(facts, facts.nodes[0] ?? facts.monitor, which)
      .text.replaceAll('/etc/systemd/system/pg.service', own())
      .replaceAll('/var/lib/pgaf-upgrade', join(root, 'kept'))
      .replace('set -eu\n', 'set -eu\nsystemctl() { :; }\n');
  };
  const own = () => join(root, 'etc/pg.service');
  const was =
    'ExecStart=/opt/vmware/postgres/15/bin/pg_autoctl run\nEnvironment=PATH=/opt/vmware/postgres/17/bin/:/usr/bin\n';
  beforeEach(() => {
    mkdirSync(join(root, 'etc'));
    writeFileSync(own(), was);
  });

  test('to the new version and back, byte for byte, where both directories stand in it', () => {
    for (const _ of [1, 2]) expect(sh(unit('unit-new')).code).toBe(0);
    expect(readFileSync(own(), 'utf8')).toContain('ExecStart=/opt/vmware/postgres/17/bin/pg_autoctl run');
    for (const _ of [1, 2]) {
      expect(sh(unit('unit-old')).code).toBe(0);
      expect(readFileSync(own(), 'utf8')).toBe(was);
    }
  });

  test('a drop-in that names the program goes with it, and comes back, bytes and mode', () => {
    mkdirSync(join(root, 'etc/pg.service.d'));
    const dropIn = join(root, 'etc/pg.service.d/x.conf');
    const text = '[Service]\nExecStart=\nExecStart=/opt/vmware/postgres/15/bin/pg_autoctl run\n';
    writeFileSync(dropIn, text, { mode: 0o640 });
    const named = '/etc/systemd/system/pg.service.d/x.conf';
    for (const _ of [1, 2]) expect(sh(unit('unit-new', undefined, [named])).code).toBe(0);
    expect(readFileSync(dropIn, 'utf8')).toBe(text.replace('/15/', '/17/'));
    expect(statSync(dropIn).mode & 0o777).toBe(0o640);
    expect(readFileSync(own(), 'utf8')).toContain('ExecStart=/opt/vmware/postgres/17/bin/pg_autoctl run');
    for (const _ of [1, 2]) {
      expect(sh(unit('unit-old', undefined, [named])).code).toBe(0);
      expect([readFileSync(dropIn, 'utf8'), readFileSync(own(), 'utf8')]).toEqual([text, was]);
      expect(statSync(dropIn).mode & 0o777).toBe(0o640);
    }
  });

  test('a drop-in of a package, or of every unit of a template, stays: one of its name goes before it', () => {
    mkdirSync(join(root, 'lib/pg@.service.d'), { recursive: true });
    const theirs = join(root, 'lib/pg@.service.d/x.conf');
    writeFileSync(theirs, was);
    expect(sh(unit('unit-new', undefined, [theirs])).code).toBe(0);
    const before = join(root, 'etc/pg.service.d/x.conf');
    expect(readFileSync(before, 'utf8')).toContain('ExecStart=/opt/vmware/postgres/17/bin/pg_autoctl run');
    expect(readFileSync(theirs, 'utf8')).toBe(was);
    for (const _ of [1, 2]) expect(sh(unit('unit-old', undefined, [theirs])).code).toBe(0);
    expect(existsSync(before)).toBe(false);
  });

  test('what somebody has edited since stays: the directory alone goes back', () => {
    sh(unit('unit-new'));
    writeFileSync(own(), `${readFileSync(own(), 'utf8')}Nice=5\n`);
    expect(sh(unit('unit-old')).code).toBe(0);
    expect(readFileSync(own(), 'utf8')).toContain('ExecStart=/opt/vmware/postgres/15/bin/pg_autoctl run');
    expect(readFileSync(own(), 'utf8')).toContain('Nice=5');
  });

  test('nothing that postgres can write is read: not the copy in its work directory', () => {
    const { monitor } = labCluster();
    for (const which of ['unit-new', 'unit-old'] as const) expect(unit(which)).not.toContain(monitor.home);
  });

  test('the package’s own file stays, and counts again', () => {
    rmSync(own());
    const fragment = join(root, 'lib.service');
    writeFileSync(fragment, was);
    expect(sh(unit('unit-new', fragment)).code).toBe(0);
    expect(readFileSync(own(), 'utf8')).toContain('ExecStart=/opt/vmware/postgres/17/bin/pg_autoctl run');
    expect(readFileSync(fragment, 'utf8')).toBe(was);
    for (const _ of [1, 2]) expect(sh(unit('unit-old', fragment)).code).toBe(0);
    expect(existsSync(own())).toBe(false);
  });

  test('one beside the package’s that somebody has made, or edited since, is neither written over nor removed', () => {
    const fragment = join(root, 'lib.service');
    writeFileSync(fragment, was);
    const theirs = `${was}Nice=5\n`;
    writeFileSync(own(), theirs);
    for (const _ of [1, 2]) expect(sh(unit('unit-new', fragment)).code).toBe(0);
    const edited = readFileSync(own(), 'utf8');
    expect(edited).toContain('ExecStart=/opt/vmware/postgres/17/bin/pg_autoctl run');
    expect(edited).toContain('Nice=5');
    for (const _ of [1, 2]) expect(sh(unit('unit-old', fragment)).code).toBe(0);
    expect(readFileSync(own(), 'utf8')).toBe(theirs);
    // Made by us, and edited in the window.
    rmSync(own());
    sh(unit('unit-new', fragment));
    writeFileSync(own(), `${readFileSync(own(), 'utf8')}Nice=6\n`);
    sh(unit('unit-new', fragment));
    expect(readFileSync(own(), 'utf8')).toContain('Nice=6');
    expect(sh(unit('unit-old', fragment)).code).toBe(0);
    expect(readFileSync(own(), 'utf8')).toContain('Nice=6');
    expect(readFileSync(own(), 'utf8')).toContain('ExecStart=/opt/vmware/postgres/15/bin/pg_autoctl run');
  });
});
