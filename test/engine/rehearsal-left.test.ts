import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runName } from '../../source/cluster/words.ts';
import { connector } from '../../source/discover/connector.ts';
import type { RunFile } from '../../source/inspect/lock/parse.ts';
import { releaseScript, takeLockScript } from '../../source/inspect/lock/scripts.ts';
import { parseRehearsalLeft } from '../../source/inspect/rehearsal/left.ts';
import { rehearsalRoot } from '../../source/runbook/steps/rehearsal/places.ts';
import { check } from '../../source/usecases/check/check.ts';
import { readStatus } from '../../source/usecases/status/status.ts';
import { good } from '../cluster/recorded.ts';
import { labCluster } from '../runbook/clusters.ts';
import { CheckServers } from './checks/servers.ts';
import { labConfig } from './harness.ts';

/** A rehearsal that was killed, or left for good: `status` and `check` say so, and how what it has left is removed. */

const facts = labCluster();
let { servers, connect } = new CheckServers(facts);
beforeEach(() => {
  ({ servers, connect } = new CheckServers(facts));
});
afterEach(() => servers.clear());

const config = labConfig();
const open = () => connector(config, connect, async () => ({ kind: 'no' }));
const say = () => undefined;
const found = async () => {
  const { rehearsalsLeft } = good(await readStatus(config, open(), say, servers.work));
  const { judgment } = good(await check({ config, open: open(), say, keepNewDirectory: false }));
  return [rehearsalsLeft.map(({ host }) => host), judgment.findings.map((one) => `${one.check} ${one.host}`)];
};

const holder = { operator: 'tess@here', since: '2026-11-27T12:00:00Z', token: 'abc', pid: 1 };
/** A console takes the lock for such a run, and gave its last sign of life so many seconds ago. */
const atWork = (direction: RunFile['direction'], secondsAgo = 0): void => {
  const run: RunFile = {
    ...{ id: runName.parse('20261127T120000Z-ab12'), operator: holder.operator, began: holder.since },
    ...{ direction, finished: null },
  };
  servers.answer('monitor', takeLockScript(facts.monitor.workDir, holder, run, null).text, undefined);
  const at = Date.now() / 1000 - secondsAgo;
  utimesSync(join(servers.work, 'lock/beat'), at, at);
};
const named = [['node_3'], ['rehearsal-left node_3']];

test('where nothing is left nothing is said', async () => {
  expect(await found()).toEqual([[], []]);
});

test('what is left is named, by its marker file alone: nobody has to remember that there was a rehearsal', async () => {
  servers.rehearsals.set('node_3', 'left\nserver\nend\n');
  expect(await found()).toEqual(named);
  const { rehearsalsLeft } = good(await readStatus(config, open(), say, servers.work));
  const [, , node] = facts.nodes;
  expect(rehearsalsLeft).toEqual([
    { host: 'node_3', directory: node === undefined ? '' : rehearsalRoot(node), server: true },
  ]);
});

test('not while somebody is at one; once the console was killed, or left, it is', async () => {
  servers.rehearsals.set('node_3', 'left\nend\n');
  atWork('rehearse');
  expect(await found()).toEqual([[], []]);
  const long = Date.now() / 1000 - 31;
  utimesSync(join(servers.work, 'lock/beat'), long, long);
  expect(await found()).toEqual(named);
  servers.answer('monitor', releaseScript(facts.monitor.workDir, holder.token).text, undefined);
  expect(await found()).toEqual(named);
});

test('a window that is under way is no rehearsal: what is left is left', async () => {
  servers.rehearsals.set('node_3', 'left\nend\n');
  atWork('upgrade');
  expect((await found())[0]).toEqual(['node_3']);
});

test('an answer that did not come to its end says nothing', () => {
  const [node] = facts.nodes;
  if (node === undefined) throw new Error('no node');
  expect(parseRehearsalLeft(node, 'left\n')).toBeNull();
  expect(parseRehearsalLeft(node, 'end\n')).toBeNull();
  expect(parseRehearsalLeft(node, 'left\nend\n')).toMatchObject({ server: false });
});
