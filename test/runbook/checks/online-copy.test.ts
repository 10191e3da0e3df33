import { describe, expect, test } from 'vitest';
import type { Evidence, OnlineServer } from '../../../source/cluster/checks/evidence.ts';
import type { MonitorNode } from '../../../source/cluster/monitor-state.ts';
import { judge } from '../../../source/runbook/checks/judge.ts';
import { labCluster } from '../clusters.ts';
import { word } from '../word.ts';
import { healthy, withHost, withInspection, withServer } from './healthy.ts';

const online = labCluster({ method: 'online', largeObjects: 'leave', keepWal: '8GB' });
const ready = withInspection('node_1', () => ({ fileSystem: 'ext2/ext3' }), healthy(online));
const seen = (evidence: Evidence): readonly string[] =>
  judge(evidence)
    .findings.filter((one) => one.check.startsWith('online-'))
    .map((one) => `${one.severity} ${one.check} ${one.host ?? 'cluster'}`);
const first = (evidence: Evidence, check: string) =>
  judge(evidence).findings.find((one) => one.check === check);
const withOnline = (change: Partial<OnlineServer>): Evidence =>
  withServer('node_1', ({ online: it }) => ({ online: it === null ? null : { ...it, ...change } }), ready);

describe('where the copy is taken from', () => {
  const from = (copyFrom: string, change: (evidence: Evidence) => Evidence = (one) => one) =>
    change(healthy({ ...online, copyFrom: word(copyFrom) }));
  const rowOf = (alias: string, row: Partial<MonitorNode>) => (evidence: Evidence) => ({
    ...evidence,
    state: evidence.state && {
      ...evidence.state,
      nodes: evidence.state.nodes.map((one) => (one.name === alias ? { ...one, ...row } : one)),
    },
  });
  const silent = (alias: string) => (evidence: Evidence) => ({
    ...withHost(
      alias,
      () => ({ reach: { kind: 'unreachable', problem: { what: 'no route', remedy: 'none' } }, facts: null }),
      evidence,
    ),
    facts: evidence.facts && {
      ...evidence.facts,
      nodes: evidence.facts.nodes.filter((one) => one.alias !== alias),
    },
  });

  test('a secondary that streams is as good as the primary', () => {
    expect(seen(from('node_2'))).toEqual([]);
  });

  test.each([
    ['a node that there is not', from('node_9'), /^upgrade\.copyFrom: node_9, and there is no node node_9$/],
    ['the primary', from('node_1'), /and node_1 is the primary$/],
    ['one that does not answer', from('node_2', silent('node_2')), /and node_2 does not answer$/],
    [
      'one that is in maintenance',
      from('node_2', rowOf('node_2', { reported: 'maintenance', assigned: 'maintenance' })),
      /and node_2 is maintenance → maintenance$/,
    ],
  ])('told only at the step, behind the freeze: %s', (_, evidence, found) => {
    expect(seen(evidence)).toEqual(['blocker online-copy-from node_1']);
    expect(first(evidence, 'online-copy-from')?.found).toMatch(found);
  });

  const line = (method: string, sure = true) => ({ line: 90, method, sure });
  const withLines = (...lines: readonly ReturnType<typeof line>[]) =>
    withOnline({ replicationLines: { errors: 0, lines: [...lines] } });

  test.each([
    ['no line at all', withLines(), 'blocker online-replication-line node_1'],
    ['refused', withLines(line('reject'), line('peer')), 'blocker online-replication-line node_1'],
    ['a password', withLines(line('scram-sha-256')), 'warning online-base-backup node_1'],
    [
      'only for a group that may be meant',
      withLines(line('md5', false)),
      'warning online-base-backup node_1',
    ],
    [
      'a file that cannot be read: the server may go by an earlier one',
      withOnline({ replicationLines: { errors: 1, lines: [] } }),
      'warning online-base-backup node_1',
    ],
  ])('pg_basebackup failed behind the freeze, by its line of pg_hba.conf: %s', (_, evidence, finding) => {
    expect(seen(evidence)).toEqual([finding]);
  });

  test.each(['xfs', 'btrfs', 'zfs', undefined])(
    'where the copy may be made by reflinks no base backup may be needed: a warning (%s)',
    (fileSystem) => {
      const evidence = withInspection(
        'node_1',
        (one) => ({ ...one, fileSystem: fileSystem ?? '' }),
        withLines(),
      );
      expect(seen(evidence)).toEqual(['warning online-base-backup node_1']);
    },
  );

  test.each([
    ['peer', withLines(line('peer'), line('reject'))],
    ['trust for a group', withLines(line('trust', false), line('scram-sha-256'))],
    ['not asked', ready],
    [
      'of a secondary’s copy: it comes over the network',
      { ...withLines(), facts: { ...online, copyFrom: word('node_2') } },
    ],
  ])('nothing to say: %s', (_, evidence) => {
    expect(seen(evidence)).toEqual([]);
  });

  test('of a cluster that is prepared nothing is asked any more', () => {
    const prepared = withInspection(
      'node_1',
      () => ({
        newDirectory: {
          kind: 'cluster',
          major: 17,
          databases: 3,
          running: true,
          control: null,
          madeFor: online.systemIdentifier,
        },
      }),
      { ...withLines(), facts: { ...online, copyFrom: word('node_9') } },
    );
    expect(seen(prepared).filter((one) => /copy-from|replication/.test(one))).toEqual([]);
  });
});
