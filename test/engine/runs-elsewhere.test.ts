import { expect, test } from 'vitest';
import { ok } from '../../source/cluster/result.ts';
import { hostName } from '../../source/cluster/words.ts';
import { inspectHost, runsElsewhere } from '../../source/discover/ask.ts';
import { parseFound } from '../../source/inspect/discovery/parse.ts';
import type { RemoteHost } from '../../source/remote/host.ts';
import { good } from '../cluster/recorded.ts';
import { word } from '../runbook/word.ts';
import { labConfig } from './harness.ts';

/** What the discovery prints on a host where it finds no pg_autoctl.cfg. */
const printed = (user: string, keepers: string): string =>
  `home\t/home/pg\nuser\t${user}\n${keepers === '' ? '' : `keepers\t${Buffer.from(keepers).toString('base64')}\n`}end\tyes\n`;
const found = (keepers: string) => good(parseFound('node_1', printed('postgres', keepers)));

/** A host that prints this for each user who looks, and whom it was asked as. */
const hostOf = (keepers: string) => {
  const asked: string[] = [];
  const host: RemoteHost = {
    alias: 'node_1',
    address: { alias: 'node_1', host: 'node1' },
    line: 'connected',
    run: async (_, { as }) => {
      asked.push(as);
      return ok({ code: 0, stdout: printed(as, as === 'pgtwo' ? '' : keepers), stderr: '' });
    },
    job: () => Promise.reject(new Error('no job')),
    jobs: () => Promise.reject(new Error('no job')),
    openStream: () => Promise.reject(new Error('no stream')),
    onLine: () => () => undefined,
    close: async () => undefined,
  };
  return { host, asked };
};

test('a host whose pg_autoctl is all another user’s is asked as that user, unless the cluster file names one', async () => {
  const { host, asked } = hostOf('pgtwo \n');
  expect(good(await inspectHost(host, labConfig(), undefined)).user).toBe('pgtwo');
  expect(asked).toEqual(['postgres', 'pgtwo']);
  const named = hostOf('pgone \n');
  expect(good(await inspectHost(named.host, labConfig(), { postgres: word('pgtwo') })).user).toBe('pgtwo');
  expect(named.asked).toEqual(['pgtwo']);
});

test.each(['pgone \npgtwo \n', 'root \n', 'pg;two \n'])('nobody is asked as one of %j', async (keepers) => {
  const { host, asked } = hostOf(keepers);
  const refused = await inspectHost(host, labConfig(), undefined);
  expect(asked).toEqual(['postgres']);
  expect(refused).toMatchObject({
    ok: false,
    error: { remedy: expect.stringContaining('Set nodes.node_1.postgres in the cluster file') },
  });
});

test('pg_autoctl of another user is named, and where to say so', () => {
  const problem = runsElsewhere('node_1', found('pgmon \n'));
  expect(problem?.what).toBe(
    'node_1: pg_autoctl runs there as pgmon, and nothing of pg_auto_failover belongs to postgres.',
  );
  expect(problem?.remedy).toContain('Set nodes.node_1.postgres in the cluster file');
});

test('files in another place are named', () => {
  expect(runsElsewhere('node_1', found('postgres /etc/pgaf conf\n'))?.what).toContain(
    'has its files in /etc/pgaf conf, where its service sets XDG_CONFIG_HOME',
  );
});

test('nothing is said where nothing of it runs, or nothing tells why', () => {
  expect([runsElsewhere('node_1', found('')), runsElsewhere('node_1', found('postgres \n'))]).toEqual([
    null,
    null,
  ]);
});

test('addresses of both kinds are taken', () => {
  for (const host of ['10.79.0.11', 'fd00::11', '[fd00::11]', 'db1.example.org'])
    expect(hostName.safeParse(host).success).toBe(true);
});
