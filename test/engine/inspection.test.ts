import { describe, expect, test } from 'vitest';
import { primaryOf } from '../../source/cluster/facts.ts';
import type { Observations } from '../../source/cluster/observations.ts';
import { parseState } from '../../source/inspect/state/parse.ts';
import { judgmentOn } from '../../source/runbook/checks/in-world.ts';
import { everyNodeSettled } from '../../source/runbook/language/conditions.ts';
import { good, recorded } from '../cluster/recorded.ts';
import { labCluster } from '../runbook/clusters.ts';
import { type Moment, modelAt } from '../runbook/worlds.ts';
import { but, inspectionLines, joined, printed } from './answers.ts';
import { checksLines } from './checks/inspection-lines.ts';

/** What the lab's hosts really printed: on 15 again, through the fallback copy of node_2, after 17 had been started on node_1. */
/** The model does not tell where a checkpoint's redo begins; test/cluster/parse/control-data.test.ts does. */
const withoutRedo = (seen: unknown): unknown =>
  JSON.parse(JSON.stringify(seen, (key, value: unknown) => (key === 'redo' ? undefined : value)));

describe('an inspection of the lab after a rollback, recorded', () => {
  /** The script of those days sent its texts as base64. */
  const texts =
    /^([a-z]+\.control|pg_ctl|fingerprint|stopped|markers|delete_scripts|unit|server|monitor)\t(.*)$/gm;
  const sentNow = (output: string): string =>
    output.replace(
      texts,
      (_, key: string, text: string) => `${key}\t${joined(Buffer.from(text, 'base64').toString())}`,
    );
  const look = (alias: string) =>
    good(parseState(alias, sentNow(recorded(`looks/rolled-back-${alias}.tsv`))));

  test('node_2 is the primary now, and both others stream from it under new ids', () => {
    const seen = look('node_2');
    expect(seen.data).toMatchObject({
      kind: 'cluster',
      major: 15,
      running: true,
      standby: false,
      controlRenamed: false,
    });
    expect(seen.data).toMatchObject({
      hasConfiguration: true,
      databases: 1,
      control: { state: 'in production', timeline: 2 },
    });
    expect(seen.newData).toEqual({ kind: 'absent' });
    expect(seen.server).toMatchObject({ inRecovery: false, readOnly: false, listenAddresses: '*' });
    expect(seen.server?.version).toMatch(/^15\.20/);
    expect(seen.server?.nextXid).toMatch(/^\d+$/);
    expect(seen.server?.startedAt).toMatch(/^2026-11-23T\d\d:\d\d:\d\dZ$/);
    expect(seen.server?.senders.map((one) => [one.name, one.state])).toEqual([
      ['pgautofailover_standby_5', 'streaming'],
      ['pgautofailover_standby_6', 'streaming'],
    ]);
    expect(seen.unit).toMatchObject({ active: true, program: '/opt/vmware/postgres/15/bin/pg_autoctl' });
    expect(seen.pgCtl).toBe('/opt/vmware/postgres/15/bin/pg_ctl');
    expect([seen.pgAutoctl, seen.upgradePortBusy]).toEqual(['runs', false]);
  });

  test('the linked directory beside node_1 can still be told, its control file read under its other name', () => {
    const seen = look('node_1');
    expect(seen.backupData).toMatchObject({
      kind: 'cluster',
      major: 15,
      controlRenamed: true,
      running: false,
    });
    expect(seen.backupData).toMatchObject({ control: { state: 'shut down' } });
    expect(seen.fingerprint?.state).toBe('shut down');
    expect(seen.fingerprint?.systemIdentifier).not.toBe(seen.stopped?.systemIdentifier);
  });

  test.each(['node_1', 'node_3'])(
    '%s is a standby of the same system, with a position it has received',
    (alias) => {
      const seen = look(alias);
      expect(seen.data).toMatchObject({ standby: true, running: true });
      expect(seen.server?.inRecovery).toBe(true);
      expect(seen.server?.lsn).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
      expect(seen.stateIdentifier).toBe(look('node_2').stateIdentifier);
      expect(seen.data).toMatchObject({ control: { systemIdentifier: seen.stateIdentifier } });
      expect(seen.monitor).toBeNull();
    },
  );

  test('the monitor says what the formation is made of', () => {
    const seen = look('monitor');
    expect(seen.monitor?.nodes.map((node) => [node.id, node.name, node.reported])).toEqual([
      [4, 'node_2', 'primary'],
      [5, 'node_3', 'secondary'],
      [6, 'node_1', 'secondary'],
    ]);
    expect(seen.monitor?.numberSyncStandbys).toBe(1);
    expect(seen.stateIdentifier).toBeNull();
  });
});

test.each([
  'running',
  'fenced',
  'all stopped',
  'linked',
  'swapped',
  'started',
  'verified',
  'primary back',
  'secondary aside',
  'finished',
] as const satisfies readonly Moment[])('what is printed at “%s” is what was there', (moment) => {
  const model = modelAt(moment, labCluster());
  for (const alias of model.hosts.keys()) {
    const view = model.host(alias);
    expect(withoutRedo(good(parseState(alias, printed(inspectionLines(view)))))).toEqual({
      ...view,
      markers: [...view.markers].sort(),
      checks: null,
    });
  }
});

test('what the window’s checks have kept on a host is read with the inspection, and judged', () => {
  const facts = labCluster();
  const lines = [...inspectionLines(modelAt('running').host('node_1')), ...checksLines(primaryOf(facts))];
  const world: Observations = {
    hosts: { node_1: { kind: 'seen', at: 0, host: good(parseState('node_1', printed(lines))) } },
  };
  expect(judgmentOn(facts, primaryOf(facts), world, false)).toEqual({
    findings: [],
    accepted: [],
    notSeen: [],
  });
  expect(judgmentOn(facts, primaryOf(facts), { hosts: {} }, false).notSeen.length).toBeGreaterThan(10);
});

describe('an answer that is not to be trusted', () => {
  const view = modelAt('running').host('node_1');
  const lines = inspectionLines(view);

  test('a monitor whose answer does not fit has answered: the field is named, and no condition calls it silent', () => {
    const { monitor } = modelAt('running').host('monitor');
    const [first, ...others] = monitor?.nodes ?? [];
    const nodes = [{ ...first, host: '-oProxyCommand=id' }, ...others];
    const lines = but(inspectionLines(modelAt('running').host('monitor')), {
      monitor: joined(JSON.stringify({ ...monitor, nodes })),
    });
    const host = good(parseState('monitor', printed(lines)));
    expect(host.monitor).toBeNull();
    expect(host.misfit).toMatch(
      /^the monitor’s answer: nodes\.0\.host must be a host name.*-oProxyCommand=id/,
    );
    const world: Observations = { hosts: { monitor: { kind: 'seen', at: 0, host } } };
    expect(everyNodeSettled.holds(world)).toEqual({ holds: false, found: host.misfit });
  });

  test('an inspection that was cut off is none, however much of it arrived', () => {
    const whole = printed(lines);
    for (let cut = 0; cut < whole.length - 1; cut += 97) {
      const seen = parseState('node_1', whole.slice(0, cut));
      expect([cut, seen.ok]).toEqual([cut, false]);
    }
    expect(parseState('node_1', whole.slice(0, -5))).toMatchObject({
      ok: false,
      error: { what: 'node_1: the inspection of the host ended early.' },
    });
  });

  test('the first of a key counts: nothing printed later can replace it', () => {
    const seen = good(parseState('node_1', `${printed(lines)}data\tabsent\nautoctl\tno\nstate\t1\n`));
    expect(withoutRedo(seen)).toEqual(view);
  });

  test.each([
    ['JSON of another shape', '{"version": 17}'],
    ['an array', '[]'],
    ['half of a document', '{"version": "17.12", '],
    ['psql’s error', 'psql: error: connection refused'],
    ['binary', '\u0000\u0001\u0002\ufffd'],
    ['something very large', `"${'x'.repeat(3_000_000)}"`],
    ['a prototype', '{"__proto__": {"version": "17"}}'],
  ])('a server that answers with %s is a server that does not answer', (_, answer) => {
    const seen = good(parseState('node_1', printed(but(lines, { server: joined(answer) }))));
    expect(seen.server).toBeNull();
  });

  test('values that cannot be are left out, not guessed', () => {
    const broken = but(lines, {
      'data.control': joined('Database cluster state: shut down'),
      'data.major': 'fifteen',
      unit: joined('no unit at all'),
      'handed-over.at': 'yesterday',
    });
    const seen = good(parseState('node_1', printed(broken)));
    expect(seen.data).toMatchObject({ major: 0, control: null });
    expect(seen.unit).toBeNull();
    expect(seen.handedOver).toBeNull();
  });

  test('a control file whose checksum is wrong says nothing about the cluster', () => {
    const damaged = but(lines, {
      'data.control': joined(
        'WARNING: Calculated CRC checksum does not match value stored in file.\nDatabase cluster state: shut down\n',
      ),
    });
    expect(good(parseState('node_1', printed(damaged))).data).toMatchObject({ control: null });
  });

  test('megabytes of noise between the lines change nothing and take no time', () => {
    const noise = `${'no tab in this line\n'.repeat(100_000)}\t\t\t\n${'\u0007'.repeat(1000)}\n`;
    const began = performance.now();
    expect(withoutRedo(good(parseState('node_1', noise + printed(lines))))).toEqual(view);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});
