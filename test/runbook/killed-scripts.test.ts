import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { primaryOf } from '../../source/cluster/facts.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { recordedBytes } from '../cluster/recorded.ts';
import { onOtherFileSystem } from '../temporary-directory.ts';
import { laid, version, versions } from './kills/case.ts';
import { hasTablespaces } from './kills/cases.ts';
import { everyMoment } from './kills/every-moment.ts';
import { linkCases } from './kills/links.ts';
import { upgrade, upgradeCases } from './kills/upgrade.ts';
import { walCases } from './kills/wal.ts';
import { Sandbox } from './sandbox.ts';
import { word } from './word.ts';
import { modelAfter, stepOf } from './worlds.ts';

everyMoment([...upgradeCases, ...linkCases, ...walCases].filter((one) => !hasTablespaces(one)));

let host: Sandbox;

/** A sandbox as a case lays it, and its script. */
const begin = (step: string, among = upgradeCases): string => {
  const one = among.find((found) => found.step === step);
  if (one === undefined) throw new Error(`no case ${step}`);
  const { box, text } = laid(one);
  host = box;
  return text;
};

describe('a script that moves something proves first', () => {
  afterEach(() => host.remove());
  const beginSwap = () => begin('D.node_1.swap');
  const left = () => expect(versions(host)).toEqual(['15', '17', null]);

  test('a server that runs on a directory: the swap moved it all the same', () => {
    const text = beginSwap();
    host.write(join(host.node.data, 'postmaster.pid'), `${process.pid}\n`);
    expect(host.sh(text)).toMatchObject({
      code: 1,
      output: expect.stringContaining(`names process ${process.pid}`),
    });
    left();
  });

  test('15 has run since pg_upgrade: the swap put the outdated directory in its place', () => {
    const text = beginSwap();
    host.write(join(host.node.workDir, 'fingerprint-old'), `${host.control(15)}another moment\n`);
    expect(host.sh(text)).toMatchObject({ code: 1, output: expect.stringContaining('has run on') });
    left();
  });

  test('a fingerprint that a power cut has left empty is none', () => {
    const text = beginSwap();
    host.write(join(host.node.workDir, 'fingerprint-old'), '');
    expect(host.sh(text).code).toBe(1);
    left();
  });

  test('a new directory on another file system: it was copied in the downtime, and a half copy counted as done', () => {
    host = new Sandbox();
    const other = mkdtempSync(join(onOtherFileSystem(), 'pgaf-swap-'));
    const elsewhere = word(`${other}/data`);
    const facts = { ...host.facts, nodes: host.facts.nodes.map((node) => ({ ...node, newData: elsewhere })) };
    host.program(join(host.node.newBindir, 'postgres'), 'echo 100');
    host.cluster(host.node.data, 15);
    host.marked(elsewhere, 17);
    host.keepFingerprints(host.node.data, elsewhere);
    const script = stepOf(upgradeRunbook(facts), 'D.node_1.swap').script(modelAfter(facts, null).world());
    const ran = host.sh(script.kind === 'ready' ? script.text : '');
    const there = host.has(elsewhere);
    rmSync(other, { recursive: true });
    expect(ran).toMatchObject({ code: 1, output: expect.stringContaining('different file systems') });
    expect([there, version(host, host.node.data)]).toEqual([true, '15']);
  });

  test('a secondary’s directory of another system is left where it is', () => {
    const text = begin('H.node_2.aside');
    host.write(
      join(host.node.data, 'global/pg_control'),
      host.control(15).replace(/^(Database system identifier: +)\d+/m, '$142'),
    );
    expect(host.sh(text)).toMatchObject({ code: 1, output: expect.stringContaining('is not of the system') });
    expect(versions(host)).toEqual(['15', null, null]);
  });

  test('a retry of pg_upgrade removed a directory in which a server ran', () => {
    const text = begin('D.node_1.pg-upgrade', [upgrade('copy')]);
    host.write(join(host.node.workDir, 'pg_upgrade/tried'), 'x\n');
    host.write(join(host.node.newData, 'postmaster.pid'), `${process.pid}\n`);
    expect(host.sh(text).code).toBe(1);
    expect(version(host, host.node.newData)).toBe('17');
  });

  test('a new directory that 15 has outrun is made anew, with the stop that counts now', () => {
    const text = begin('D.node_1.pg-upgrade', [upgrade('copy')]);
    expect(host.sh(text).code).toBe(0);
    expect(host.sh(text)).toMatchObject({ code: 0, output: expect.stringContaining('has finished already') });
    // Somebody starts 15, and an application writes.
    const since = host.control(15).replace(/^(Latest checkpoint location: +).*$/m, '$10/99000028');
    host.write(join(host.node.data, 'global/pg_control'), since);
    host.write(join(host.node.data, 'base/16384/1'), 'rows of 15');
    const again = host.sh(text);
    expect(again).toMatchObject({ code: 0, output: expect.stringContaining('is made anew') });
    expect(host.read(join(host.node.workDir, 'stopped'))).toBe(since);
  });

  test('what pg_autoctl holds is not changed while it runs', () => {
    host = new Sandbox();
    host.write(host.node.stateFile, recordedBytes('pg_auto_failover-2.0/node1.state'));
    host.write(join(host.node.data, 'postmaster.pid'), `${process.pid}\n${host.node.data}\n1\n5432\n`);
    host.program(host.node.newAutoctl, 'echo "$*" >> "$HOME/asked"');
    expect(host.run('D.node_1.pg-ctl')).toMatchObject({
      code: 1,
      output: 'PostgreSQL runs on port 5432: stop it first\n',
    });
    expect(host.has(join(host.root, 'home/asked'))).toBe(false);
    expect(primaryOf(host.facts).port).toBe(5432);
  });
});
