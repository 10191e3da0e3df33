import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { NodeFacts } from '../../../source/cluster/facts.ts';
import { sqlProgram } from '../../../source/cluster/superuser-sql.ts';
import { parseCheckInspection } from '../../../source/inspect/checks/parse.ts';
import { parseInventory } from '../../../source/inspect/inventory/parse.ts';
import { inventoryScript } from '../../../source/inspect/inventory/script.ts';
import { checkInspectionScript } from '../../../source/runbook/checks/inspection/script.ts';
import { privateSocket } from '../../../source/runbook/shell/shell.ts';
import { verifyDatabases } from '../../../source/runbook/steps/verify-databases.ts';
import { labCluster } from '../../runbook/clusters.ts';
import { word } from '../../runbook/word.ts';
import { worldAt } from '../../runbook/worlds.ts';
import type { Lab } from './lab.ts';
import { settledWith } from './truth.ts';

/** Somebody who may create functions lies in wait for the superuser, in the database app, in whose search path pg_catalog comes last. */

/** Not in /tmp: the server's own may be another. */
const proof = '/var/lib/pgsql/somebody-else-ran-this';
/** libpq takes it for a connection string wherever a name may be one: nobody listens there. */
export const misleading = 'host=127.0.0.1 port=5998 sslmode=disable';
const secure = '-v ON_ERROR_STOP=1 -X -Atq';
/** Functions and an operator that fit the console's statements better than pg_catalog's. */
const traps = `
  grant create, usage on schema public to app; set role app;
  create table public.mine (a int); insert into public.mine values (1), (2); create unlogged table public.unlogged (a int);
  create function public.trap() returns void language plpgsql as $f$ begin
    if current_setting('is_superuser') = 'on' then execute $x$copy (select 1) to program 'cat >/dev/null; id >>${proof}'$x$; end if; end $f$;
  create function public.format(text, name, name) returns text language plpgsql as $f$ begin
    perform public.trap(); return pg_catalog.format($1, $2, $3); end $f$;
  create function public.pg_total_relation_size(oid) returns bigint language plpgsql as $f$ begin
    perform public.trap(); return 1; end $f$;
  create function public.same("char", "char") returns boolean language plpgsql as $f$ begin
    perform public.trap(); return $1::text operator(pg_catalog.=) $2::text; end $f$;
  create operator public.= (leftarg = "char", rightarg = "char", function = public.same);
  reset role; alter database app set search_path = public, pg_catalog;`;

/** What somebody else ran as a superuser, on any host; taken away. */
export const woken = async (lab: Lab): Promise<string> =>
  (await Promise.all(lab.hosts.map((host) => lab.pg(host, `cat ${proof} 2>/dev/null; rm -f ${proof}`)))).join(
    '',
  );

export const layTraps = async (lab: Lab): Promise<void> => {
  await lab.psql('node1', 'app', traps);
  await lab.psql('node1', 'postgres', `create database "${misleading}"`);
  await lab.psql(
    'node1',
    misleading,
    'create extension pg_stat_statements schema public; create table public.here (a int); insert into public.here values (7)',
  );
};

/** Each statement that the console has for a superuser, against the server that serves, with what it gives. */
export const expectNobodyWoken = async (lab: Lab): Promise<void> => {
  const { oldBin, newBin, pgdata, port } = lab.settings;
  const home = '/tmp/pgaf-words';
  const known = labCluster();
  const [first] = known.nodes;
  if (first === undefined) throw new Error('a cluster without a node');
  const node: NodeFacts = {
    ...first,
    oldBindir: word(oldBin),
    newBindir: word(newBin),
    data: word(pgdata),
    port,
    home: word(home),
    workDir: word(home),
  };
  const facts = { ...known, nodes: [node, ...known.nodes.slice(1)] };
  const run = (script: string): Promise<string> => lab.pg('node1', script);

  // The traps work: without a search path of its own a superuser's session runs them.
  await lab.psql('node1', 'app', `select format('%I.%I', 'a'::name, 'b'::name)`);
  expect(await woken(lab)).toContain('postgres');

  const inventory = parseInventory('node_1', await run(inventoryScript(node).text));
  expect(await woken(lab)).toBe('');
  if (!inventory.ok) throw new Error(inventory.error.what);
  const tablesOf = (name: string) => inventory.value.databases.find((one) => one.name === name)?.rows;
  expect(tablesOf(misleading)?.map(({ name, rows }) => [name, rows])).toEqual([['public.here', 1]]);
  expect(tablesOf('app')?.find((table) => table.name === 'public.mine')?.rows).toBe(2);

  const looked = parseCheckInspection('node_1', await run(checkInspectionScript(facts, node).text));
  expect(await woken(lab)).toBe('');
  if (!looked.ok) throw new Error(looked.error.what);
  expect(looked.value.databases.map((one) => one.name)).toContain(misleading);
  expect(looked.value.server).not.toBeNull();

  // The verification: its socket stands in for the private server's.
  await run(
    `mkdir -p ${dirname(privateSocket(node))}; ln -sfn ${node.socketDirectory} ${privateSocket(node)}`,
  );
  const script = verifyDatabases(facts, 'E').script(worldAt('prepared', facts));
  if (script.kind !== 'ready') throw new Error(script.needs);
  const said = await run(script.text);
  expect(await woken(lab)).toBe('');
  expect(said).toContain(`${misleading}: 1 tables`);
  expect(said).not.toMatch(/left to do|ERROR/);
  expect(await run(`ls ${join(node.workDir, 'done')}`)).toContain('verify');

  // A table that became a view since it was listed is not counted.
  await lab.psql('node1', 'app', 'create view public.woken as select 1 from public.trap()');
  expect(await woken(lab)).toBe('');
  const count = `${sqlProgram('psql', node.oldBindir, word('app')).text} ${secure} -p ${node.port} -c 'select count(*) from only public.woken'`;
  await run(count);
  expect(await woken(lab)).toContain('postgres');
  expect(
    await run(`${count.replace("woken'", "woken tablesample pg_catalog.system (100)'")} 2>&1 || true`),
  ).toContain('TABLESAMPLE clause can only be applied to tables and materialized views');
  expect(await woken(lab)).toBe('');

  // pg_auto_failover's own functions work under that search path; the number goes back to what it is.
  const monitor = `${sqlProgram('psql', node.oldBindir, word('pg_auto_failover')).text} ${secure} -p ${node.port}`;
  const set = async (wanted: number): Promise<readonly string[]> =>
    (
      await lab.pg(
        'monitor',
        `${monitor} -c "select pgautofailover.set_formation_number_sync_standbys('default', ${wanted})"
${monitor} -c 'begin' -c "update pgautofailover.node set sysidentifier = 7711180000000000017 where formationid = 'default' and groupid = 0" -c 'rollback'
${monitor} -c "select number_sync_standbys from pgautofailover.formation where formationid = 'default'"`,
      )
    )
      .trim()
      .split('\n');
  // Refused while the primary applies the number before.
  for (const wanted of [0, 1]) {
    await settledWith(lab, 'node1');
    expect(await set(wanted)).toEqual(['t', String(wanted)]);
  }
};
