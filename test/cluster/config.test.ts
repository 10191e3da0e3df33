import { describe, expect, it } from 'vitest';
import { nearestKey } from '../../source/cluster/config/nearest.ts';
import { nodeSettings, parseConfig, rebuildOf, sshSettingsFor } from '../../source/cluster/config.ts';
import { good } from './recorded.ts';

const least = 'monitor: { host: monitor.example.com }\ntarget: { bindir: /opt/vmware/postgres/17/bin }\n';

const config = (text: string) => good(parseConfig(text, 'prod.yaml'));

const problems = (text: string): readonly string[] => {
  const result = parseConfig(text, 'prod.yaml');
  return result.ok ? [] : result.error.map(({ what, remedy }) => `${what} → ${remedy}`);
};

describe('parseConfig', () => {
  it('needs no more than the monitor and the target', () => {
    expect(config(least)).toEqual({
      name: 'monitor.example.com',
      monitor: { host: 'monitor.example.com' },
      ssh: { agent: true },
      become: { method: 'sudo', postgres: 'postgres', root: 'sh' },
      target: { bindir: '/opt/vmware/postgres/17/bin' },
      formation: 'default',
      upgrade: { method: 'pg_upgrade', mode: 'link', secondaries: 'base-backup' },
      check: { accept: [] },
      nodes: {},
      formations: {},
      hosts: {},
      steps: [],
      approve: [],
      window: {},
    });
  });

  it('takes everything', () => {
    const text = `
name: prod
monitor: { host: monitor, ssh: { host: 10.0.0.9, port: 2222 }, pgdata: /srv/monitor/, port: 5433, unit: pgaf.service, oldBindir: /usr/pgsql-15/bin }
ssh: { user: dba, port: 22, identityFile: ~/.ssh/id_ed25519, configFile: /etc/ssh/ssh_config, knownHostsFile: ~/.ssh/known_hosts, agent: false }
become: { method: none, postgres: pg }
target: { bindir: /opt//pg/17/bin }
formation: sales
upgrade: { mode: clone, jobs: 4 }
nodes:
  node_1: { ssh: { host: "fe80::1%eth0", user: x }, pgdata: /data, port: 5432, unit: u, oldBindir: /a, newBindir: /b, newData: /c }
`;
    const all = config(text);
    expect(all.name).toBe('prod');
    expect(all.monitor).toMatchObject({ pgdata: '/srv/monitor', unit: 'pgaf', port: 5433 });
    expect(all.target.bindir).toBe('/opt/pg/17/bin');
    expect(all.upgrade).toEqual({
      method: 'pg_upgrade',
      mode: 'clone',
      jobs: 4,
      secondaries: 'base-backup',
    });
    expect(nodeSettings(all, 'node_1')?.newData).toBe('/c');
  });

  it('rebuilds secondaries as it is told, for all and for one', () => {
    const all = config(`${least}upgrade: { secondaries: hard-link }\nnodes: { b: { rebuild: base-backup } }`);
    expect([rebuildOf(all, 'a'), rebuildOf(all, 'b')]).toEqual(['hard-link', 'base-backup']);
    expect(rebuildOf(config(least), 'a')).toBe('base-backup');
    const other = `${least}upgrade: { mode: clone }\nnodes: { a: { rebuild: hard-link } }`;
    expect(problems(other)).toEqual([
      'prod.yaml:4: nodes.a.rebuild is hard-link, and upgrade.mode clone: the links that a secondary takes over are those that pg_upgrade --link makes on the primary. → Set upgrade.mode to link, or rebuild the secondaries by base-backup.',
    ]);
    expect(problems(`${least}nodes: { a: { rebuild: copy } }`)[0]).toContain(
      'must be base-backup or hard-link',
    );
  });

  it('takes the online method by links and with base backups alone, and its large objects with it', () => {
    const all = config(`${least}upgrade: { method: online, largeObjects: leave }`);
    expect(all.upgrade).toMatchObject({ method: 'online', largeObjects: 'leave', mode: 'link' });
    expect(problems(`${least}upgrade: { method: online, mode: copy }`)).toEqual([
      'prod.yaml:3: upgrade.mode is copy, and upgrade.method online: it is a copy of the old cluster that pg_upgrade takes over, by links. → Leave upgrade.mode out.',
    ]);
    expect(problems(`${least}upgrade: { method: online }\nnodes: { a: { rebuild: hard-link } }`)).toEqual([
      'prod.yaml:4: nodes.a.rebuild is hard-link, and upgrade.method online: each secondary keeps its old directory, to stream on in a rollback. → Rebuild the secondaries by base-backup, or set upgrade.method to pg_upgrade.',
    ]);
    expect(
      config(`${least}upgrade: { method: online, copyFrom: node 2, copyRate: 20M }`).upgrade,
    ).toMatchObject({ copyFrom: 'node 2', copyRate: '20M' });
    expect(problems(`${least}upgrade: { copyFrom: node_2 }`)).toEqual([
      'prod.yaml:3: upgrade.copyFrom says where the online method has its copy from, and upgrade.method is pg_upgrade: it makes none. → Remove it.',
    ]);
    for (const rate of ['31k', '1025M', '2G', '20'])
      expect(problems(`${least}upgrade: { method: online, copyRate: "${rate}" }`)[0]).toContain(
        'pg_basebackup --max-rate takes: 32k to 1024M',
      );
    expect(problems(`${least}upgrade: { largeObjects: leave }`)).toEqual([
      'prod.yaml:3: upgrade.largeObjects says what the online method does, and upgrade.method is pg_upgrade: it takes large objects over like everything else. → Remove it.',
    ]);
    expect(config(`${least}upgrade: { method: online, keepWal: 50GB }`).upgrade.keepWal).toBe('50GB');
    expect(problems(`${least}upgrade: { keepWal: 50GB }`)).toEqual([
      'prod.yaml:3: upgrade.keepWal says how much WAL the online method may hold, and upgrade.method is pg_upgrade: it holds none. → Remove it.',
    ]);
    for (const size of ["'50'", '50gb', "'-1'", '0GB', '50 GB', "'50GB; x'"])
      expect(problems(`${least}upgrade: { method: online, keepWal: ${size} }`)[0], size).toContain(
        'must be a size: 500MB, 50GB, 1TB',
      );
    expect(problems(`${least}upgrade: { method: logical }`)[0]).toContain(
      'must be one of pg_upgrade, online',
    );
  });

  it('lays a host’s own ssh settings over those for all', () => {
    const all = config(
      `${least}ssh: { user: dba, port: 22 }\nnodes: { n: { ssh: { host: 10.0.0.1, port: 2222 } } }`,
    );
    expect(sshSettingsFor(all, 'n.example.com', nodeSettings(all, 'n'))).toEqual({
      agent: true,
      host: '10.0.0.1',
      port: 2222,
      user: 'dba',
    });
    expect(sshSettingsFor(all, 'other', undefined)).toMatchObject({ host: 'other', port: 22 });
  });

  it('takes an IPv6 address with and without brackets', () => {
    for (const host of ['fd00::10', '"fd00::10"', '"[fd00::10]"', '::1', '"fe80::1%eth0"'])
      expect(config(`monitor: { host: ${host} }\ntarget: { bindir: /opt/17/bin }`).monitor.host).toBe(
        host.replaceAll(/["[\]]/g, ''),
      );
  });

  it('takes a section with nothing in it for an absent one', () => {
    expect(config(`${least}ssh:\nnodes:\n  # node_1:\n`)).toMatchObject({ ssh: { agent: true }, nodes: {} });
  });
});

describe('problems', () => {
  it('name file, line, and the right key for a misspelt one, all at once', () => {
    expect(
      problems(
        'monitor:\n  host: m\n  ssh: {usr: x}\ntarget:\n  bin_dir: /opt\nnodes:\n  node_1:\n    ssh: { prot: 1 }\n',
      ),
    ).toEqual([
      'prod.yaml:3: unknown key usr in monitor.ssh. → Did you mean user?',
      'prod.yaml:4: target.bindir is required. → Add target.bindir; docs/config.md has an example.',
      'prod.yaml:5: unknown key bin_dir in target. → Did you mean bindir?',
      'prod.yaml:8: unknown key prot in nodes.node_1.ssh. → Did you mean port?',
    ]);
  });

  it('list the right keys where nothing is near', () => {
    expect(problems(`${least}bogus: 1`)).toEqual([
      'prod.yaml:3: unknown key bogus. → Remove it. The keys here are: name, monitor, ssh, become, target, formation, upgrade, check, nodes, formations, hosts, approve, ticket, notify, window, steps.',
    ]);
  });

  it('takes custom steps, in their order', () => {
    const steps = `steps:
  smoke-test:
    at: before-open
    title: Smoke test
    run: |
      psql -c "select 1"
  pause: { at: before-stop, on: node_2, run: echo PAUSE, undo: echo RESUME, timeout: 5, expect: 0 }
`;
    expect(good(parseConfig(`${least}${steps}`, 'prod.yaml')).steps).toEqual([
      {
        name: 'smoke-test',
        at: 'before-open',
        title: 'Smoke test',
        on: 'primary',
        run: 'psql -c "select 1"\n',
        timeout: 600,
      },
      {
        name: 'pause',
        at: 'before-stop',
        on: 'node_2',
        run: 'echo PAUSE',
        undo: 'echo RESUME',
        timeout: 5,
        expect: 0,
      },
    ]);
  });

  it.each([
    ['steps: { one: { at: opened } }', 'steps.one.run is required. → Add steps.one.run'],
    ['steps: { one: { run: x } }', 'steps.one.at is required. → Add steps.one.at'],
    [
      'steps: { one: { at: openend, run: x } }',
      'steps.one.at must be one of before-stop, stopping, stopped, before-open, opened, secondary-back, finished, before-rollback, rolled-back, failed. → Correct',
    ],
    [
      'steps: { one: { at: opened, run: x, tiemout: 3 } }',
      'unknown key tiemout in steps.one. → Did you mean timeout?',
    ],
    ['steps: { One: { at: opened, run: x } }', 'steps.One must be a name of small letters'],
    [
      'steps: { one: { at: opened, run: x, when: shown } }',
      'steps.one has when, and is at opened. → Take when out: it belongs to steps at failed',
    ],
    [
      'steps: { one: { at: failed, run: x, undo: y } }',
      'steps.one is at failed, where nothing is undone. → Take undo out',
    ],
    ['hosts: { console: { host: x } }', 'hosts.console must not be primary, monitor, console'],
    ['hosts: { lb: {} }', 'hosts.lb.host is required'],
    ['hosts: { lb: { host: x, sssh: {} } }', 'unknown key sssh in hosts.lb. → Did you mean ssh?'],
    ['steps: { one: { at: opened, run: x, as: haproxy } }', 'steps.one.as must be root, or left out'],
    [
      'steps: { one: { at: opened, run: x, on: console, as: root } }',
      'steps.one runs on this machine as you are logged in here: it cannot be run as root. → Leave as out, and write sudo',
    ],
    [
      'become: { root: helper }\nsteps: { one: { at: opened, run: x, as: root } }',
      'steps.one is to run as root, and become.root is helper: the helper does its fixed verbs and nothing else. → Leave as out, allow that one command in sudoers',
    ],
    ['steps: { one: { at: opened, run: " " } }', 'steps.one.run must be shell commands: not empty'],
    ['steps: { one: { at: opened, run: "a\\0b" } }', 'steps.one.run must be shell commands'],
    [
      'steps: { one: { at: opened, run: x, timeout: 0 } }',
      'steps.one.timeout must be whole seconds, 1 to 86400',
    ],
  ])('name what is wrong in a custom step: %s', (text, said) => {
    expect(problems(`${least}${text}`).map((one) => one.replace('prod.yaml:3: ', ''))).toEqual([
      expect.stringContaining(said),
    ]);
  });

  it.each([
    [
      'monitor: { host: m }\ntarget: { bindir: opt/bin }',
      'prod.yaml:2: target.bindir must be an absolute path on the server',
    ],
    [
      'monitor: { host: m }\ntarget: { bindir: /opt/../bin }',
      'prod.yaml:2: target.bindir must not contain . or ..',
    ],
    [
      'monitor: { host: m }\ntarget: { bindir: / }',
      'prod.yaml:2: target.bindir must not be the root directory',
    ],
    ['monitor: { host: m }\ntarget:\n  bindir:\n', 'prod.yaml:3: target.bindir is required'],
    [
      'monitor: { host: -oProxyCommand=x }\ntarget: { bindir: /b }',
      'prod.yaml:1: monitor.host must be a host name',
    ],
    ['monitor: { host: -v }\ntarget: { bindir: /b }', 'prod.yaml:1: monitor.host must be a host name'],
    ['monitor: { host: 1 }\ntarget: { bindir: /b }', 'prod.yaml:1: monitor.host must be text'],
    [`${least}ssh: { port: 70000 }`, 'prod.yaml:3: ssh.port must be a port number'],
    [`${least}ssh: { port: "22" }`, 'prod.yaml:3: ssh.port must be a port number'],
    [
      `${least}ssh: { identityFile: id_rsa }`,
      'prod.yaml:3: ssh.identityFile must be an absolute path on this machine',
    ],
    [`${least}ssh: 3`, 'prod.yaml:3: ssh must be a group of keys'],
    [`${least}upgrade: { mode: swap }`, 'prod.yaml:3: upgrade.mode must be one of link, clone, copy'],
    [`${least}upgrade: { jobs: 0 }`, 'prod.yaml:3: upgrade.jobs must be a whole number'],
    [`${least}nodes: [node_1]`, 'prod.yaml:3: nodes must be a group of keys'],
    [`${least}monitor: { host: again }`, 'prod.yaml:3: the key monitor stands here a second time'],
    ['monitor: [', 'prod.yaml:1: not valid YAML'],
    ['', 'prod.yaml:1: the file is empty'],
    ['- 1', 'prod.yaml:1: the file must be a group of keys'],
    ['monitor: *nowhere', 'prod.yaml:1: not valid YAML'],
  ])('%j', (text, expected) => {
    const [first, ...rest] = problems(text);
    expect(first).toContain(expected);
    expect(rest).toEqual([]);
  });

  it('are no way for a key to pollute objects', () => {
    expect(problems(`${least}__proto__: { name: x }`)[0]).toContain('prod.yaml:3: unknown key __proto__');
  });

  it('end at once with aliases that multiply', () => {
    const bomb = [
      'a: &a [1,1,1,1,1,1,1,1,1]',
      ...[...'bcdefghi'].map((key, index) => `${key}: &${key} [${Array(9).fill(`*${'abcdefgh'[index]}`)}]`),
    ];
    expect(problems(bomb.join('\n'))[0]).toContain('not valid YAML');
  });
});

describe('nearestKey', () => {
  it.each([
    ['identity_file', 'identityFile'],
    ['indentityFile', 'identityFile'],
    ['KnownHostsFile', 'knownHostsFile'],
    ['agnet', 'agent'],
    ['completelyElse', null],
    ['x'.repeat(100_000), null],
  ])('%s', (wrong, right) => {
    expect(nearestKey(wrong, ['user', 'port', 'identityFile', 'configFile', 'knownHostsFile', 'agent'])).toBe(
      right,
    );
  });
});
