import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommand } from './harness/check.ts';
import { type Lab, openLab } from './harness/lab.ts';
import { type ConsoleHome, createConsoleHome } from './harness/walk.ts';

/*
 * How people's hosts are reached, one way a host, so that none masks another: node_1 lets one session through a connection, node_2
 * is behind Match exec and ProxyCommand and its sudo wants a terminal, node_3 has a setting that ssh2 has no counterpart of.
 */
let lab: Lab;
let home: ConsoleHome;
beforeAll(async () => {
  lab = await openLab({ snapshot: process.env.SNAPSHOT ?? 'small' });
  home = await createConsoleHome(lab);
});
afterAll(async () => {
  await lab.root('node2', 'rm -f /etc/sudoers.d/requiretty');
  await home?.clear();
});

it('is reached as OpenSSH would reach it, and what sudo wants is named with its remedy', async () => {
  const [file = ''] = home.args;
  const text = await readFile(file, 'utf8');
  const at = (node: string): string => new RegExp(`${node}:.*?host: ([0-9.]+)`).exec(text)?.[1] ?? '';
  await lab.root(
    'node1',
    'echo MaxSessions 1 >/etc/ssh/sshd_config.d/sessions.conf && systemctl reload ssh && sshd -T | grep -i "^maxsessions 1$"',
  );
  await lab.root(
    'node2',
    'echo "Defaults requiretty" >/etc/sudoers.d/requiretty && chmod 440 /etc/sudoers.d/requiretty',
  );
  const relay = join(home.directory, 'relay.cjs');
  await writeFile(
    relay,
    "const s = require('net').connect(process.argv[3], process.argv[2]); process.stdin.pipe(s).pipe(process.stdout);\n",
  );
  await writeFile(
    join(home.directory, 'home/.ssh/config'),
    [
      `Match originalhost ${at('node_2')} exec "test -e ${relay}"`,
      `  ProxyCommand ${process.execPath} ${relay} %h %p`,
      `Host ${at('node_3')}`,
      '  AddressFamily inet',
      'Host *',
      '  StrictHostKeyChecking yes',
      '',
    ].join('\n'),
  );
  const ended = await runCommand(home, ['check', file, '--json']);
  const { findings, notSeen } = JSON.parse(ended.stdout);
  const about = (severity: string) =>
    findings.filter((one: { severity: string }) => one.severity === severity);
  expect(ended.stderr).toContain(
    `node_3 is reached by this machine's ssh: ssh_config says AddressFamily inet\n`,
  );
  expect(ended.stderr.match(/is reached by/g)).toHaveLength(1);
  expect(about('blocker')).toMatchObject([
    {
      check: 'sudo-postgres',
      host: 'node_2',
      found: expect.stringContaining('sudo there wants a terminal (requiretty)'),
      remedy: expect.stringContaining('`Defaults:dba !requiretty`'),
    },
  ]);
  // The others were inspected whole: with one session a connection, and by ssh.
  expect(
    notSeen.filter((one: { host: string | null }) => one.host === 'node_1' || one.host === 'node_3'),
  ).toEqual([]);
  expect(about('warning').map((one: { check: string; host: string }) => `${one.check} ${one.host}`)).toEqual(
    expect.arrayContaining(['unit-kill-mode node_1', 'unit-kill-mode node_3']),
  );
  expect(ended.code).toBe(1);
});
