import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { NodeFacts } from '../../source/cluster/facts.ts';
import { sqlProgram } from '../../source/cluster/superuser-sql.ts';
import { parseCheckLook } from '../../source/engine/checks/parse.ts';
import { parseInventory } from '../../source/engine/inventory/parse.ts';
import { inventoryScript } from '../../source/engine/inventory/script.ts';
import { checkLookScript } from '../../source/runbook/checks/look-script.ts';
import { verifyStep } from '../../source/runbook/phases/verify.ts';
import { privateSocket } from '../../source/runbook/shell.ts';
import { labCluster } from '../runbook/clusters.ts';
import { worldAt } from '../runbook/worlds.ts';
import { type Lab, openLab } from './harness/lab.ts';

/** Somebody who may create functions lies in wait for the superuser; nothing that the console asks may wake them. */

const proof = '/tmp/pgaf-somebody-else-ran-this';
/** libpq takes it for a connection string wherever a name may be one: nobody listens there. */
const misleading = 'host=127.0.0.1 port=5998 sslmode=disable';
const secure = `-v ON_ERROR_STOP=1 -X -Atq`;
/** Functions and an operator that fit the console's statements better than pg_catalog's. */
const traps = `
  create role app login; grant create, usage on schema public to app; set role app;
  create table public.mine (a int); insert into public.mine values (1), (2); create unlogged table public.unlogged (a int);
  create function public.trap() returns void language plpgsql as $f$ begin
    if current_setting('is_superuser') = 'on' then execute $x$copy (select 1) to program 'id >>${proof}'$x$; end if; end $f$;
  create function public.format(text, name, name) returns text language plpgsql as $f$ begin
    perform public.trap(); return pg_catalog.format($1, $2, $3); end $f$;
  create function public.pg_total_relation_size(oid) returns bigint language plpgsql as $f$ begin
    perform public.trap(); return 1; end $f$;
  create function public.same("char", "char") returns boolean language plpgsql as $f$ begin
    perform public.trap(); return $1::text operator(pg_catalog.=) $2::text; end $f$;
  create operator public.= (leftarg = "char", rightarg = "char", function = public.same);
  reset role; alter database DATABASE set search_path = public, pg_catalog;`;

let lab: Lab;
let node: NodeFacts;
let facts = labCluster();

const run = async (script: string): Promise<string> => lab.pg('node1', script);
const ranElse = async (): Promise<string> => (await run(`cat ${proof} 2>/dev/null; rm -f ${proof}`)).trim();

beforeAll(async () => {
  lab = await openLab({ snapshot: 'small' });
  const { oldBin, newBin, pgdata, port } = lab.settings;
  const [first] = facts.nodes;
  if (first === undefined) throw new Error('a cluster without a node');
  const home = '/tmp/pgaf-words';
  node = { ...first, oldBindir: oldBin, newBindir: newBin, data: pgdata, port, home, workDir: home };
  facts = { ...facts, nodes: [node, ...facts.nodes.slice(1)] };
  // The socket stands in for the private server's, and pg_upgrade has left something to update.
  await run(`mkdir -p /tmp/pgaf-words/pg_upgrade ${dirname(privateSocket(node))}; ln -sfn ${node.socketDirectory} ${privateSocket(node)}
cat >/tmp/pgaf-words/pg_upgrade/update_extensions.sql <<'SQL'
\\connect -reuse-previous=on "dbname='${misleading}'"
ALTER EXTENSION "pg_stat_statements" UPDATE;
\\connect app
ALTER EXTENSION "plpgsql" UPDATE;
SQL
`);
  await lab.psql('node1', 'app', traps.replace('DATABASE', 'app').replaceAll('create role app login;', ''));
  await lab.psql('node1', 'postgres', `create database "${misleading}"`);
  const at = sqlProgram('psql', node.oldBindir, misleading);
  await run(
    `${at} ${secure} -p ${port} -c 'create extension pg_stat_statements schema public' -c 'create table public.here (a int)' -c 'insert into public.here values (7)'`,
  );
});

test('the trap works: without a search path of its own a superuser’s session runs it', async () => {
  await lab.psql('node1', 'app', `select format('%I.%I', 'a'::name, 'b'::name)`);
  expect(await ranElse()).toContain('postgres');
});

test('the inventory wakes nobody, and reads a database whose name is a connection string', async () => {
  const read = parseInventory('node_1', await run(inventoryScript(node).text));
  expect(await ranElse()).toBe('');
  if (!read.ok) throw new Error(read.error.what);
  const found = read.value.databases.find((one) => one.name === misleading);
  expect(found?.rows.map(({ name, rows }) => [name, rows])).toEqual([['public.here', 1]]);
  const mine = read.value.databases.find((one) => one.name === 'app')?.rows;
  expect(mine?.find((table) => table.name === 'public.mine')?.rows).toBe(2);
});

test('the look of the check wakes nobody', async () => {
  const read = parseCheckLook('node_1', await run(checkLookScript(facts, node).text));
  expect(await ranElse()).toBe('');
  if (!read.ok) throw new Error(read.error.what);
  expect(read.value.databases.map((one) => one.name)).toContain(misleading);
  expect(read.value.server).not.toBeNull();
});

test('the verification wakes nobody, and updates extensions where pg_upgrade says', async () => {
  const script = verifyStep(facts).script(worldAt('prepared', facts));
  if (script.kind !== 'ready') throw new Error(script.needs);
  const said = await run(script.text);
  expect(await ranElse()).toBe('');
  expect(said).toContain(`${misleading}: 1 tables`);
  expect(said.match(/^ALTER EXTENSION$/gm)).toHaveLength(2);
  expect(await run(`ls ${join(node.workDir, 'done')}`)).toContain('verify');
});

test('a table that became a view since it was listed is not counted', async () => {
  await lab.psql('node1', 'app', 'create view public.woken as select 1 from public.trap()');
  expect(await ranElse()).toBe('');
  const at = sqlProgram('psql', node.oldBindir, 'app');
  const count = `${at} ${secure} -p ${node.port} -c 'select count(*) from only public.woken'`;
  await run(count);
  expect(await ranElse()).toContain('postgres');
  const said = await run(
    `${count.replace("woken'", "woken tablesample pg_catalog.system (100)'")} 2>&1 || true`,
  );
  expect(said).toContain('TABLESAMPLE clause can only be applied to tables and materialized views');
  expect(await ranElse()).toBe('');
});

test('pg_auto_failover’s own functions work under that search path', async () => {
  const at = sqlProgram('psql', node.oldBindir, 'pg_auto_failover');
  const set = (wanted: number): Promise<string> =>
    lab.pg(
      'monitor',
      `${at} ${secure} -p ${node.port} -c "select pgautofailover.set_formation_number_sync_standbys('default', ${wanted})"
${at} ${secure} -p ${node.port} -c 'begin' -c "update pgautofailover.node set sysidentifier = 7711180000000000017 where formationid = 'default' and groupid = 0" -c 'rollback'
${at} ${secure} -p ${node.port} -c 'select number_sync_standbys from pgautofailover.formation'`,
    );
  expect((await set(0)).trim().split('\n')).toEqual(['t', '0']);
});
