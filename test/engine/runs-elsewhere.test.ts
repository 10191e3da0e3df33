import { expect, test } from 'vitest';
import { hostName, nodeName } from '../../source/cluster/words.ts';
import { runsElsewhere } from '../../source/discover/ask.ts';
import { parseFound } from '../../source/inspect/discovery/parse.ts';
import { good } from '../cluster/recorded.ts';

/** What the discovery prints on a host where it finds no pg_autoctl.cfg. */
const found = (keepers: string) =>
  good(
    parseFound(
      'node_1',
      `home\t/home/pg\nuser\tpostgres\n${keepers === '' ? '' : `keepers\t${Buffer.from(keepers).toString('base64')}\n`}end\tyes\n`,
    ),
  );

test('pg_autoctl of another user is named, and that every host must have the same', () => {
  const problem = runsElsewhere('node_1', found('pgmon \n'));
  expect(problem?.what).toBe(
    'node_1: pg_autoctl runs there as pgmon, and nothing of pg_auto_failover belongs to postgres.',
  );
  expect(problem?.remedy).toContain('become.postgres');
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

test('a node’s name with a blank is refused by name; addresses of both kinds are taken', () => {
  expect(nodeName.safeParse('node one').error?.issues[0]?.message).toContain('must be a name of letters');
  for (const host of ['10.79.0.11', 'fd00::11', '[fd00::11]', 'db1.example.org'])
    expect(hostName.safeParse(host).success).toBe(true);
});
