import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isComplete, parseSections, type Sections } from '../../../source/cluster/checks/sections.ts';
import type { HostFacts } from '../../../source/cluster/facts.ts';
import { type DryRunOptions, dryRunScript } from '../../../source/runbook/checks/dry-run-script.ts';
import { parsePrimaryFiles, primaryFilesScript } from '../../../source/runbook/checks/primary-files.ts';
import { socketOf, throwawayOf } from '../../../source/runbook/checks/throwaway.ts';
import { debianCluster, labCluster } from '../clusters.ts';
import { Sandbox } from '../sandbox.ts';
import { word } from '../word.ts';

/** The dry run by a real shell, with programs that only pretend, in a directory with a blank and a quote. */
let host: Sandbox;
const [, second] = labCluster().nodes;
if (second === undefined) throw new Error('the lab has two nodes');

const secondary = (): HostFacts => {
  const found = host.facts.nodes[1];
  if (found === undefined) throw new Error('no secondary');
  return found;
};
/** The disk's speed is not this test's concern: nothing is written to it. */
const scriptOf = (facts: HostFacts, options?: DryRunOptions): string =>
  `dd() { :; }\n${dryRunScript(host.facts, facts, options).text}`;
const pretend = (): void => {
  const { oldBindir, newBindir } = host.node;
  host.cluster(host.node.data, 15, { 'postgresql.conf': 'x', 'pg_hba.conf': 'x' });
  host.program(
    join(oldBindir, 'psql'),
    "case $* in *'from pg_database'*) echo app ;; *probin*) echo '$libdir/hstore' ;; *shared_preload*) echo pg_stat_statements ;; esac",
  );
  host.program(
    join(newBindir, 'psql'),
    "case $* in *'from pg_database'*) printf 'template1\\napp\\n' ;; esac",
  );
  host.program(
    join(newBindir, 'initdb'),
    'for a; do case $a in --pgdata=*) d=$(printf %s "$a" | cut -c10-) ;; esac; done',
    'mkdir -p "$d"; echo 17 >"$d/PG_VERSION"; echo initdb done',
  );
  host.program(join(newBindir, 'postgres'), 'cat >/dev/null; echo "backend> "');
  for (const name of ['pg_upgrade', 'pg_ctl', 'pg_dumpall', 'pg_dump', 'pg_restore'])
    host.program(join(newBindir, name), `echo "${name} as wanted"`);
};
const rehearse = (facts: HostFacts = host.node, keepNewDirectory = false): Sections =>
  parseSections(host.sh(scriptOf(facts, { keepNewDirectory })).output);
const failed = (sections: Sections): readonly string[] =>
  [...sections].flatMap(([name, one]) => (one.code === 0 ? [] : [name]));
const left = (): readonly string[] =>
  readdirSync(dirname(host.node.data)).filter((name) => name.startsWith('pgaf-upgrade-check'));
const alive = (pid: number): boolean => existsSync(`/proc/${pid}`);
/** What proc(5) calls its state: `S` sleeps, `Z` was killed and is not yet waited for, which needs a turn of this process. */
const stateOf = (pid: number): string | undefined =>
  readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.[0];
const gone = async (pid: number): Promise<boolean> => {
  for (let tries = 0; tries < 100 && alive(pid); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 50));
  return !alive(pid);
};

beforeEach(() => {
  host = new Sandbox();
  pretend();
});
afterEach(() => host.remove());

test('on the primary everything is tried, in order, and nothing is left', () => {
  const sections = rehearse();
  expect([...sections.keys()]).toEqual([
    'begin',
    'initdb',
    'libraries',
    'configuration',
    'name maps',
    'pg upgrade',
    'dump globals',
    'databases',
    'start',
    'restore globals',
    'dump 1',
    'restore 1',
    'dump 2',
    'restore 2',
    'restart',
    'update 1',
    'statistics 1',
    'update 2',
    'statistics 2',
    'stop',
    'disk',
    'end',
  ]);
  expect(failed(sections)).toEqual([]);
  expect(isComplete(sections)).toBe(true);
  expect(sections.get('libraries')?.lines).toEqual([
    'library pg_stat_statements loads',
    'library $libdir/hstore loads',
    'library $libdir/plpgsql loads',
  ]);
  expect(left()).toEqual([]);
  expect(host.has(host.node.newData)).toBe(false);
});

test('on a secondary the libraries are loaded and its own configuration is tried, and nothing of pg_upgrade runs', () => {
  host.cluster(secondary().data, 15, { 'postgresql.conf': 'its own', 'pg_hba.conf': 'x' });
  host.program(
    join(host.node.newBindir, 'pg_ctl'),
    'for a; do case $a in */carried) cat "$a/postgresql.conf" >>"$HOME/tried" ;; esac; done',
  );
  const sections = rehearse(secondary());
  expect([...sections.keys()]).toEqual([
    'begin',
    'initdb',
    'libraries',
    'configuration',
    'name maps',
    'disk',
    'end',
  ]);
  expect(failed(sections)).toEqual([]);
  expect(host.read(join(host.node.home, 'tried'))).toMatch(/^its own\ndata_directory = '.*carried'$/m);
});

test('a database whose sessions are serializable: a standby refuses them, and no library was tried', () => {
  host.cluster(secondary().data, 15, { 'postgresql.conf': 'its own', 'pg_hba.conf': 'x' });
  host.program(
    join(host.node.oldBindir, 'psql'),
    "case $PGOPTIONS in *'default_transaction_isolation=read\\ committed'*) ;; *) echo 'ERROR:  cannot use serializable mode in a hot standby' >&2; exit 1 ;; esac",
  );
  expect(failed(rehearse(secondary()))).toEqual([]);
});

test('configuration files that are symbolic links: the dry run wrote into the running server’s own', () => {
  const outside = join(host.root, 'etc');
  const files = ['postgresql.conf', 'postgresql.auto.conf', 'pg_hba.conf'];
  host.cluster(secondary().data, 15, {});
  for (const name of files) {
    host.write(join(outside, name), `the running server’s ${name}\n`, 0o600);
    host.sh(`ln -sf "${outside}/${name}" "${secondary().data}/${name}"`);
  }
  for (const node of host.facts.nodes) Object.assign(node, { carry: files });
  host.program(
    join(host.node.newBindir, 'pg_ctl'),
    'for a; do case $a in */carried) cat "$a/postgresql.conf" "$a/pg_hba.conf" >>"$HOME/tried" ;; esac; done',
  );
  const sections = rehearse(secondary());
  for (const name of files) expect(host.read(join(outside, name))).toBe(`the running server’s ${name}\n`);
  expect(failed(sections)).toEqual([]);
  expect(host.read(join(host.node.home, 'tried'))).toMatch(
    /^the running server’s postgresql.conf\n\ndata_directory = '.*carried'\nthe running server’s pg_hba.conf$/m,
  );
});

describe('the server with the whole configuration', () => {
  /** pg_ctl that starts a server which says this in its log, and whether it comes up. */
  const serverSays = (line: string, code: number): void =>
    host.program(
      join(host.node.newBindir, 'pg_ctl'),
      'log=; for a; do [ "$log" = next ] && log=$a; [ "$a" = -l ] && log=next; case $a in */carried) at=$a ;; esac; done',
      `case $* in *carried*start) cp -p "$at/postgresql.auto.conf" "$HOME/auto.conf"; printf '${line}' >"$log"; env >"$HOME/environment"; exit ${code} ;; esac`,
    );

  test('what it says is told; it touches nothing that is not the throwaway’s', () => {
    host.write(join(host.node.data, 'server.key'), '-----BEGIN PRIVATE KEY-----\n');
    serverSays('FATAL:  private key file "server.key" has group or world access\n', 1);
    const sections = rehearse();
    expect(sections.get('configuration')?.lines.at(-1)).toBe(
      'FATAL:  private key file "server.key" has group or world access',
    );
    const settings = host.read(join(host.node.home, 'auto.conf'));
    for (const one of [
      "listen_addresses = ''",
      'archive_mode = off',
      'external_pid_file = ',
      'huge_pages = off',
    ])
      expect(settings).toContain(one);
    expect(failed(sections)).toEqual(['configuration']);
    expect(left()).toEqual([]);
  });

  test('a name map that it cannot read is a word of its own, for the server starts', () => {
    serverSays(
      'LOG:  invalid regular expression "("\nCONTEXT:  line 3 of configuration file "/x/pg_ident.conf"\n',
      0,
    );
    const sections = rehearse();
    expect(failed(sections)).toEqual(['name maps']);
    expect(sections.get('name maps')?.lines.join()).toContain('line 3 of configuration file');
  });

  test('it has the environment of the server that runs', () => {
    serverSays('', 0);
    host.program(join(host.root, 'run/postgres'), 'sleep 60');
    const server = spawn(join(host.root, 'run/postgres'), [], {
      env: { PATH: process.env.PATH, HOME: host.node.home, OF_THE_UNIT: "a 'b'\nc" },
      stdio: 'ignore',
      detached: true,
    });
    host.write(join(host.node.data, 'postmaster.pid'), `${server.pid}\n`);
    rehearse();
    if (server.pid !== undefined) process.kill(-server.pid);
    expect(host.read(join(host.node.home, 'environment'))).toContain("OF_THE_UNIT=a 'b'\nc");
  });
});

describe('what follows an upgrade, tried where the schema is restored', () => {
  const newPsql = (updates: string, then: string): void =>
    host.program(
      join(host.node.newBindir, 'psql'),
      `case $* in *'from pg_database'*) echo app ;; *pg_available_extensions*) printf '${updates}' ;; ${then} esac`,
    );

  test('each extension is updated by itself, and what is refused is told with its statement', () => {
    newPsql(
      'one\\t1.0\\t2.0\\talter extension one update\\ntwo\\t1.0\\t2.0\\talter extension two update\\n',
      `*'extension one update'*) printf 'ERROR:  no\\nDETAIL:  for a reason\\n' >&2; exit 3 ;; *'extension two update'*) echo two >>"$HOME/updated" ;;`,
    );
    const sections = rehearse();
    expect(failed(sections)).toEqual(['update 1']);
    expect(sections.get('update 1')?.lines).toEqual([
      'database\tapp',
      'extension\tone\t1.0\t2.0\talter extension one update\tERROR:  no DETAIL:  for a reason',
    ]);
    expect(host.read(join(host.node.home, 'updated'))).toBe('two\n');
  });

  test('one that would change rows is not judged: there are none', () => {
    newPsql(
      'one\\t1.0\\t2.0\\talter extension one update\\n',
      `*'extension one update'*) echo 'ERROR:  could not open file "base/5/1"' >&2; exit 3 ;;`,
    );
    expect(failed(rehearse())).toEqual([]);
  });

  test('functions that do not find what they name', () => {
    newPsql(
      '',
      `*pgaf_upgrade_trial*) printf 'NOTICE:  x\\nINFO:  statistics\\tindex i\\tno f\\talter function f() set search_path = public\\n' >&2 ;;`,
    );
    const sections = rehearse();
    expect(failed(sections)).toEqual(['statistics 1']);
    expect(sections.get('statistics 1')?.lines).toEqual([
      'database\tapp',
      'statistics\tindex i\tno f\talter function f() set search_path = public',
    ]);
  });
});

describe('libraries that are preloaded', () => {
  const refuses = (when: string): void =>
    host.program(
      join(host.node.newBindir, 'postgres'),
      `said=$(cat); echo "$*" >>"$HOME/single"; case "$* $said" in ${when}) echo "x [1] FATAL:  no" ;; esac`,
    );
  beforeEach(() => {
    host.program(
      join(host.node.oldBindir, 'psql'),
      "case $* in *'from pg_database'*) echo app ;; *probin*) echo '$libdir/pgaudit' ;; *preload_libraries*place*) printf 'one\\ntwo\\nodd name\\n' ;; esac",
    );
    host.program(join(host.node.newBindir, 'pg_upgrade'), 'for a; do echo "$a"; done');
  });

  test('all at once, in their order; those that load are preloaded for every other, and for pg_upgrade --check', () => {
    refuses('nothing');
    const sections = rehearse();
    expect(sections.get('libraries')?.lines).toEqual([
      'not tried, because of its name: library odd name',
      'library one loads',
      'library two loads',
      'library $libdir/pgaudit loads',
      'library $libdir/plpgsql loads',
    ]);
    expect(host.read(join(host.node.home, 'single'))).toMatch(/shared_preload_libraries=one,two template1$/m);
    expect(sections.get('pg upgrade')?.lines).toContain(
      '--new-options=-c max_worker_processes=0 -c jit=off -c shared_preload_libraries=one,two',
    );
  });

  test('where one does not load, it is named, and the others are preloaded', () => {
    refuses('*=one*');
    const sections = rehearse();
    expect(sections.get('libraries')?.lines).toContain('library one does not load: no');
    expect(sections.get('libraries')?.lines).toContain('library two loads');
    expect(sections.get('pg upgrade')?.lines.join()).toContain('shared_preload_libraries=two');
  });
});

test('the new directory is made and kept when that is asked for, and pg_upgrade --check is given it', () => {
  host.program(join(host.node.newBindir, 'pg_upgrade'), 'for a; do echo "$a"; done');
  const sections = rehearse(host.node, true);
  expect(host.read(join(host.node.newData, 'PG_VERSION'))).toBe('17\n');
  expect(sections.get('pg upgrade')?.lines).toContain(`--new-datadir=${host.node.newData}`);
  expect(rehearse(host.node, true).get('prepare')?.lines.join()).toContain('is there already');
  expect(left()).toEqual([]);
});

describe('somebody else’s PostgreSQL 17 in the new directory’s place', () => {
  test('stopped: pg_upgrade --check, which would start it without fsync, is not given it', () => {
    host.program(join(host.node.newBindir, 'pg_upgrade'), 'for a; do echo "$a"; done');
    host.cluster(host.node.newData, 17);
    for (const keep of [false, true]) {
      const { lines } = rehearse(host.node, keep).get('pg upgrade') ?? { lines: [] };
      expect(lines).toContain(`--new-datadir=${join(throwawayOf(host.node), 'new')}`);
      expect(lines).not.toContain(`--new-datadir=${host.node.newData}`);
    }
  });

  test.each(['the primary', 'a secondary'])('running, on %s: it runs on', async (where) => {
    const on = where === 'the primary' ? host.node : secondary();
    host.cluster(on.newData, 17);
    const server = spawn('sleep', ['300'], { cwd: on.newData, stdio: 'ignore' });
    const { pid } = server;
    if (pid === undefined) throw new Error('no server');
    const ended = new Promise<void>((resolve) => server.on('exit', () => resolve()));
    host.write(join(on.newData, 'postmaster.pid'), `${pid}\n${on.newData}\n`);
    expect(isComplete(parseSections(host.sh(scriptOf(on)).output))).toBe(true);
    expect(stateOf(pid)).toBe('S');
    server.kill();
    await ended;
    expect(server.signalCode).toBe('SIGTERM');
  });

  test('one that pg_upgrade has left running in a new directory of this cluster’s is ended', async () => {
    host.marked(host.node.newData, 17, {}, { ...host.facts, run: word('unnamed') });
    const server = spawn('sleep', ['300'], { cwd: host.node.newData, stdio: 'ignore' });
    const { pid } = server;
    if (pid === undefined) throw new Error('no server');
    const ended = new Promise<void>((resolve) => server.on('exit', () => resolve()));
    const pidFile = (port: number) => `${pid}\n${host.node.newData}\n1\n${port}\n`;
    // A person's own has another port.
    host.write(join(host.node.newData, 'postmaster.pid'), pidFile(5433));
    host.sh(scriptOf(host.node));
    expect(stateOf(pid)).toBe('S');
    expect(server.signalCode).toBe(null);
    host.write(join(host.node.newData, 'postmaster.pid'), pidFile(50432));
    host.sh(scriptOf(host.node));
    await ended;
    expect(server.signalCode).toBe('SIGQUIT');
  });
});

describe('what fails is told, and the rest is tried all the same', () => {
  test('a library that does not load', () => {
    host.program(
      join(host.node.newBindir, 'postgres'),
      'said=$(cat); case $said in *hstore*) echo "x [1] ERROR:  could not access file \\"hstore\\": No such file or directory" ;; esac',
    );
    const sections = rehearse();
    expect(failed(sections)).toEqual(['libraries']);
    expect(sections.get('libraries')?.lines).toContain(
      'library $libdir/hstore does not load: could not access file "hstore": No such file or directory',
    );
  });

  test('a restore that fails: the other databases are not tried, the disk is', () => {
    host.program(join(host.node.newBindir, 'pg_restore'), 'echo "pg_restore: error: no" >&2; exit 1');
    const sections = rehearse();
    expect(failed(sections)).toEqual(['restore 1']);
    expect(isComplete(sections)).toBe(true);
    expect(left()).toEqual([]);
  });

  test('initdb itself: nothing else makes sense', () => {
    host.program(join(host.node.newBindir, 'initdb'), 'echo "initdb: error: invalid locale" >&2; exit 1');
    const sections = rehearse();
    expect([...sections.keys()]).toEqual(['begin', 'initdb']);
    expect(left()).toEqual([]);
  });
});

describe('a secondary is tried with what its base backup brings', () => {
  const tried = (files: readonly string[] | null): Sections => {
    host.cluster(secondary().data, 15, { 'postgresql.conf': 'its own', 'pg_hba.conf': 'its own' });
    host.program(
      join(host.node.newBindir, 'pg_ctl'),
      'for a; do case $a in */carried) cp -R "$a" "$HOME/tried" ;; esac; done',
    );
    return parseSections(
      host.sh(scriptOf(secondary(), { keepNewDirectory: false, primaryFiles: files })).output,
    );
  };
  const files = (): readonly string[] | null => {
    const said = host.sh(primaryFilesScript(host.node).text);
    return said.code === 0 ? parsePrimaryFiles(said.output) : null;
  };
  const at = (name: string): string => join(host.node.home, 'tried', name);

  test('the primary’s files, whatever is in them, and no other', () => {
    const odd = 'a\ttab, $(touch here) and END-OF-FILES\nEND-OF-FILES\n';
    host.cluster(host.node.data, 15, {
      'postgresql.conf': odd,
      'postgresql.auto.conf': '',
      'conf.d/it is': 'x',
    });
    mkdirSync(join(host.node.data, 'empty'));
    host.facts.nodes.forEach((node) => {
      Object.assign(node, {
        carry: ['conf.d', 'empty', 'pg_hba.conf', 'postgresql.auto.conf', 'postgresql.conf'],
      });
    });
    const carried = files();
    expect(carried?.map((line) => line.split('\t').slice(0, 2).join(' '))).toEqual([
      'd ./conf.d',
      'f ./conf.d/it is',
      'd ./empty',
      'f ./pg_hba.conf',
      'f ./postgresql.auto.conf',
      'f ./postgresql.conf',
    ]);
    expect(failed(tried(carried))).toEqual([]);
    expect(readFileSync(at('postgresql.conf'), 'utf8')).toContain(odd);
    expect(readFileSync(at('pg_hba.conf'), 'utf8')).toBe('x');
    expect(readFileSync(at('conf.d/it is'), 'utf8')).toBe('x');
    expect(existsSync(at('empty'))).toBe(true);
  });

  test('a postgresql.conf that is a symbolic link on the primary is not brought, and that is said', () => {
    host.write(join(host.root, 'etc/postgresql.conf'), 'x');
    host.sh(`ln -sf "${host.root}/etc/postgresql.conf" "${host.node.data}/postgresql.conf"`);
    const sections = tried(files());
    expect(failed(sections)).toEqual(['configuration']);
    expect(sections.get('configuration')?.lines.join()).toContain(
      'a base backup brings no postgresql.conf: on node_1 it is a symbolic link',
    );
  });

  test('what is no such list is not unpacked', () => {
    for (const said of [
      '',
      'end',
      'f\t./x\tYQ==\n',
      'f\t../x\tYQ==\nend\n',
      'f\t./x\t$(id)\nend\n',
      'x\t./x\nend\n',
    ])
      expect([said, said === 'end' ? [] : null]).toEqual([said, parsePrimaryFiles(said)]);
  });
});

describe('nothing is left behind', () => {
  test('what a kill -9 has left is taken away by the next one: the directory, and the processes in it', async () => {
    const there = throwawayOf(host.node);
    mkdirSync(join(there, 'new'), { recursive: true });
    writeFileSync(join(there, 'owner'), '4194300 1\n');
    const stray = spawn('sleep', ['300'], { cwd: join(there, 'new'), stdio: 'ignore' });
    const { pid } = stray;
    if (pid === undefined) throw new Error('no stray process');
    const ran = host.sh(scriptOf(host.node));
    expect(ran.output).toContain('was left behind by an interrupted check: removed');
    expect(isComplete(parseSections(ran.output))).toBe(true);
    expect(await gone(pid)).toBe(true);
    expect(left()).toEqual([]);
  });

  test('a directory under its name that no check has made stays, and says so', () => {
    const there = throwawayOf(host.node);
    mkdirSync(there, { recursive: true });
    writeFileSync(join(there, 'PG_VERSION'), '17\n');
    utimesSync(there, 0, 0);
    const ran = host.sh(scriptOf(host.node));
    expect(ran.output).toMatch(/was not made by a check .*inspect it first/);
    expect([...parseSections(ran.output).keys()]).toEqual(['begin']);
    expect(readdirSync(there)).toEqual(['PG_VERSION']);
    rmSync(join(there, 'PG_VERSION'));
    utimesSync(there, 0, 0);
    expect(isComplete(parseSections(host.sh(scriptOf(host.node)).output))).toBe(true);
  });

  test('ended by a signal in the middle, it takes everything away', async () => {
    host.program(join(host.node.newBindir, 'pg_dumpall'), 'sleep 60');
    const child = spawn('sh', ['-c', scriptOf(host.node)], {
      env: { PATH: process.env.PATH, HOME: host.node.home },
      stdio: 'ignore',
      detached: true,
    });
    const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
    for (
      let tries = 0;
      tries < 200 && !existsSync(join(throwawayOf(host.node), 'new/PG_VERSION'));
      tries += 1
    )
      await new Promise((resolve) => setTimeout(resolve, 25));
    expect(left()).toHaveLength(1);
    // The whole session, as when a host shuts down.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    await ended;
    expect(left()).toEqual([]);
  });

  test('a second check waits for the first instead of taking its directory away', async () => {
    host.program(join(host.node.newBindir, 'pg_dumpall'), 'sleep 2');
    const child = spawn('sh', ['-c', scriptOf(host.node)], {
      env: { PATH: process.env.PATH, HOME: host.node.home },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let first = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      first += text;
    });
    const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
    for (let tries = 0; tries < 200 && !existsSync(join(throwawayOf(host.node), 'owner')); tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 25));
    const other = await new Promise<string>((resolve) => {
      const second = spawn('sh', ['-c', scriptOf(secondary())], {
        env: { PATH: process.env.PATH, HOME: host.node.home },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let text = '';
      second.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      second.on('close', () => resolve(text));
    });
    await ended;
    expect(isComplete(parseSections(first))).toBe(true);
    expect(other).toContain('another check is at work here');
    expect(isComplete(parseSections(other))).toBe(true);
  });
});

test('a socket’s path is short enough, whatever the data directory is called', () => {
  for (const one of [...labCluster().nodes, ...debianCluster().nodes])
    expect(Buffer.byteLength(`${socketOf(one)}/.s.PGSQL.50432`)).toBeLessThan(107);
  const [long] = labCluster().nodes;
  if (long === undefined) throw new Error('no node');
  expect(socketOf({ ...long, data: word(`/${'x'.repeat(200)}/data`) })).toMatch(
    /^\/tmp\/pgaf-upgrade-check\.[0-9a-f]{12}$/,
  );
});
