import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ClusterFacts } from '../../source/cluster/facts.ts';
import { hostsOf, secondariesOf } from '../../source/cluster/facts.ts';
import { sqlProgram } from '../../source/cluster/superuser-sql.ts';
import { sendersScript } from '../../source/engine/step/base-backup-senders.ts';
import { serverScript } from '../../source/engine/step/host-activity.ts';
import { clientsScript, terminateClientsScript } from '../../source/inspect/clients/script.ts';
import { discoverScript } from '../../source/inspect/discovery/script.ts';
import { inventoryScript } from '../../source/inspect/inventory/script.ts';
import { stateScript } from '../../source/inspect/state/script.ts';
import { monitorQuery } from '../../source/monitor/query.ts';
import { dryRunScript } from '../../source/runbook/checks/dry-run-script.ts';
import { checkInspectionScript } from '../../source/runbook/checks/inspection/script.ts';
import { dropNodes } from '../../source/runbook/steps/rollback/drop-nodes.ts';
import { promoteFallbackCopy } from '../../source/runbook/steps/rollback/promote-copy.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import {
  citusCluster,
  debianCluster,
  labCluster,
  linkedCluster,
  linkedDebian,
  spacedCluster,
} from '../runbook/clusters.ts';
import { Model } from '../runbook/model.ts';
import { word } from '../runbook/word.ts';

/** Programs that open a connection, and so might run what somebody else has put into the database. */
const programs = 'psql|pg_dump|pg_dumpall|pg_restore|vacuumdb|clusterdb|reindexdb|createdb|dropdb';

/** Lines of a script that call one of them in another way than the one that is safe. */
const unsafe = (script: string): string[] =>
  script.split('\n').filter((line) => {
    const calls = [...line.matchAll(new RegExp(`/(?:${programs})["']?(?=\\s|$)`, 'g'))];
    const bare = new RegExp(
      `(?:^|[;|&({!]\\s*|\\b(?:do|then|else|exec|timeout \\d+) )(?:${programs})\\s`,
    ).test(line);
    const open = calls.some(
      // Quoted once more where it is a part of `sh -c '…'`.
      (call) =>
        !/PGOPTIONS='(?:\\'')?-c search_path=pg_catalog[^']*'(?:\\'')? [^;|&()]*$/.test(
          line.slice(0, call.index),
        ),
    );
    // After -d a name may be a connection string; a constant of ours is none.
    const named = calls.length > 0 && / (?:-d ?|--dbname[= ])(?!postgres |template1 )/.test(line);
    return bare || open || named;
  });

const stepScripts = (facts: ClusterFacts): (readonly [string, string])[] => {
  const model = new Model(facts);
  const upgrade = upgradeRunbook(facts).map((step) => {
    const script = step.script(model.world());
    model.run(step.id);
    return [step.id, script.kind === 'ready' ? script.text : ''] as const;
  });
  const [chosen] = secondariesOf(facts);
  if (chosen === undefined) return upgrade;
  const back = [dropNodes(chosen)(facts, 'S'), promoteFallbackCopy(chosen)(facts, 'T')];
  return [
    ...upgrade,
    ...back.map((step) => {
      const script = step.script(model.world());
      return [step.id, script.kind === 'ready' ? script.text : ''] as const;
    }),
  ];
};

const hostScripts = (facts: ClusterFacts): (readonly [string, string])[] =>
  hostsOf(facts).flatMap((host) => [
    [`${host.alias}: discovery`, discoverScript(host.newBindir, { port: host.port }).text],
    [`${host.alias}: look`, stateScript(host, facts.newMajor, monitorQuery(facts.formation)).text],
    [`${host.alias}: check`, checkInspectionScript(facts, host).text],
    [`${host.alias}: inventory`, inventoryScript(host).text],
    [`${host.alias}: dry run`, dryRunScript(facts, host, { keepNewDirectory: true }).text],
    [`${host.alias}: what it does`, serverScript(host).text],
    [`${host.alias}: base backups`, sendersScript(host).text],
    [`${host.alias}: clients`, clientsScript(host).text],
    [`${host.alias}: ends clients`, terminateClientsScript(host).text],
  ]);

describe.each([
  ['the lab’s cluster', labCluster()],
  ['blanks and quotes in every name', debianCluster()],
  ['hard links', linkedCluster()],
  ['hard links, blanks and quotes', linkedDebian()],
  ['tablespaces', spacedCluster()],
  ['two groups of Citus', citusCluster()],
] as const)('%s', (_, facts) => {
  test.each([...stepScripts(facts), ...hostScripts(facts)])('%s', (_name, script) => {
    expect(unsafe(script)).toEqual([]);
  });
});

test('the search sees what it looks for', () => {
  const safe = sqlProgram('psql', word('/opt/it’s here/bin'), word("o'brien")).text;
  expect(unsafe(`  ${safe} -Atc 'select 1'`)).toEqual([]);
  expect(
    unsafe(
      `x=$(${sqlProgram('psql', { variable: 'bin' }, { variable: 'database' }, { timeout: 5 }).text} -c 1)`,
    ),
  ).toEqual([]);
  for (const line of [
    '/usr/bin/psql -c 1',
    '"$new_bin/pg_dump" -f x',
    "'/opt/it'\\''s/bin/vacuumdb' --all",
    'psql -c 1',
    '[ -e x ] && psql -c 1',
    `PGOPTIONS='-c search_path=public' /bin/psql -c 1`,
    `${safe} -d "$database" -c 1`,
    `${safe} -c 1; /bin/psql -c 2`,
  ])
    expect(unsafe(line), line).toEqual([line]);
});

test('no other source writes such a call', () => {
  const source = resolve(import.meta.dirname, '../../source');
  const call = new RegExp(`/(?:${programs})\\b|inBin\\([^)]*'(?:${programs})'`);
  const found = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter(
      (name) =>
        /\.(?:tsx?|sh)$/.test(name) && !name.startsWith('demo/') && name !== 'cluster/superuser-sql.ts',
    )
    .flatMap((name) =>
      readFileSync(join(source, name), 'utf8')
        .split('\n')
        .filter((line) => call.test(line) && !/^\s*(?:import|\/?\*|\/\/|} from)/.test(line))
        .map((line) => `${name}: ${line.trim()}`),
    );
  // There a person is told what to try by hand.
  expect(found.map((line) => line.split(':')[0])).toEqual(['discover/host-facts.ts']);
});

test('a value of a setting stays one, whatever blank or backslash is in it', () => {
  expect(
    sqlProgram('psql', word('/bin'), null, { settings: { default_transaction_isolation: 'read committed' } })
      .text,
  ).toBe("PGOPTIONS='-c search_path=pg_catalog -c default_transaction_isolation=read\\ committed' /bin/psql");
});

test('a database’s name stays a name', () => {
  const hostile = 'host=evil port=5998 sslmode=disable';
  expect(sqlProgram('psql', word('/bin'), word(hostile)).text).toBe(
    `PGOPTIONS='-c search_path=pg_catalog' PGDATABASE='${hostile}' /bin/psql`,
  );
});
