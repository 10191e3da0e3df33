import { linkSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sh } from '../../source/cluster/fragment.ts';
import { callOffRunbook, prepareRunbook } from '../../source/runbook/online.ts';
import { markFile } from '../../source/runbook/shell/ownership.ts';
import { handedBodies } from '../../source/runbook/steps/online/changing-places.ts';
import { back, there } from '../../source/runbook/steps/online/cut-over.ts';
import { arrivingFile, copyAside } from '../../source/runbook/steps/online/names.ts';
import { spacedOnlineCluster } from './clusters.ts';
import { initdb, lay15, layControls, layParts, pgUpgrade } from './kills/lay.ts';
import { OnlineModel } from './online-model.ts';
import { Sandbox } from './sandbox.ts';

/** A server with two tablespaces, one with a blank in its name; the copy of it on the same host. Another server’s part lies in the first. */
let host: Sandbox;
let copy: string;
const places = () => host.node.tablespaces;

beforeEach(() => {
  host = new Sandbox(spacedOnlineCluster());
  const { node } = host;
  copy = copyAside(host.facts);
  lay15(host);
  layControls(host);
  host.write(join(node.data, 'postgresql.conf'), 'port = 5432\n');
  layParts(host, node.data, 15, '');
  host.write(join(places()[0] ?? '', 'PG_13_2022/rows'), 'theirs');
  const last = 'for last; do :; done';
  host.program(
    join(node.oldBindir, 'psql'),
    last,
    'case $last in',
    '  "select oid ||"*) printf "16384\\tapp\\n" ;;',
    '  "select exists"*) echo t ;;',
    `  "select oid from pg_tablespace"*) printf "16400\\n16401\\n"; cat "${node.home}/late" 2>/dev/null || true ;;`,
    'esac',
  );
  // as the real one: each part to where it is mapped, and the copy’s links lead there
  host.program(
    join(node.oldBindir, 'pg_basebackup'),
    `for one; do case $one in --pgdata=*) to=\${one#*=} ;; esac; done`,
    `cp -R "${node.data}" "$to"; rm "$to"/pg_tblspc/*`,
    'for one; do case $one in --tablespace-mapping=*)',
    `  pair=\${one#*=} from=\${pair%%=*} at=\${pair#*=}`,
    '  mkdir "$at"; cp -R "$from"/PG_15_* "$at"',
    `  for link in "${node.data}"/pg_tblspc/*; do [ "$(readlink "$link")" != "$from" ] || ln -s "$at" "$to/pg_tblspc/\${link##*/}"; done`,
    `  [ ! -e "${node.home}/no-room" ] || { echo "No space left on device" >&2; exit 1; }`,
    'esac; done',
  );
  host.program(
    join(node.oldBindir, 'pg_ctl'),
    `for one; do case $one in --pgdata=*) at=\${one#*=} ;; esac; done`,
    last,
    `case $last in`,
    `  status) exit 3 ;;`,
    `  start) echo x >>"${node.home}/started" ;;`,
    '  promote) rm "$at/standby.signal"; mkdir -p "$at/pg_wal"; printf "2\\t0/C000000\\tno\\n" >"$at/pg_wal/00000003.history"',
    `    sed "s/^\\(Latest checkpoint's TimeLineID: *\\).*/\\13/" "$at/global/pg_control" >"$at/c"; mv "$at/c" "$at/global/pg_control" ;;`,
    'esac',
  );
  host.program(join(node.newBindir, 'initdb'), ...initdb);
  host.program(join(node.newBindir, 'pg_upgrade'), ...pgUpgrade(true));
  for (const bindir of [node.oldBindir, node.newBindir]) host.program(join(bindir, 'postgres'), 'true');
});
afterEach(() => host.remove());

const run = (id: string) => {
  const world = new OnlineModel(host.facts).world();
  const all = [...prepareRunbook(host.facts, world), ...callOffRunbook(host.facts, world)];
  const script = all.find((one) => one.id.endsWith(`.${id}`))?.script(world);
  if (script?.kind !== 'ready') throw new Error(`no script ${id}`);
  return host.sh(script.text);
};
const fine = { code: 0 };
const prepared = () => {
  for (const id of ['copy', 'promote-copy', 'upgrade-copy']) {
    const { code, output } = run(id);
    expect({ id, code }, output).toEqual({ id, code: 0 });
  }
};
/** What lies in each tablespace’s own directory, and by place beside it. */
const parts = () =>
  places().map((own) => [
    ...readdirSync(own).sort(),
    ...(host.has(`${own}_aside`)
      ? readdirSync(`${own}_aside`)
          .sort()
          .map(
            (name) =>
              `${name}: ${readdirSync(join(`${own}_aside`, name))
                .sort()
                .join(' ')}`,
          )
      : []),
  ]);
const linksOf = (directory: string) =>
  readdirSync(join(directory, 'pg_tblspc')).map((name) => readlinkSync(join(directory, 'pg_tblspc', name)));
const aside = (name: string) => places().map((own) => `${own}_aside/${name}`);
const theirs = ['PG_13_2022'];
const both = ['PG_15_2022', 'PG_17_2022'];

describe('the copy', () => {
  test('has its parts beside each tablespace, with our mark, and leads there', () => {
    expect(run('copy')).toMatchObject(fine);
    expect(linksOf(copy)).toEqual(aside('pg15_copy'));
    expect(parts()).toEqual([
      [...theirs, 'PG_15_2022', `pg15_copy: ${markFile} PG_15_2022`],
      ['PG_15_2022', `pg15_copy: ${markFile} PG_15_2022`],
    ]);
    expect(linksOf(host.node.data)).toEqual(places());
  });

  test('broken off, by whichever run, it begins again without anything of that; and called off nothing of it is left', () => {
    host.write(join(host.node.home, 'no-room'), 'x');
    expect(run('copy').code).toBe(1);
    const earlier = '20250101T000000Z-0000';
    host.sh(
      `mv "${copy}.${host.facts.run}" "${copy}.${earlier}"; echo ${earlier} >> "${arrivingFile(host.node)}"`,
    );
    expect(run('remove-copies')).toMatchObject(fine);
    expect(parts()).toEqual([[...theirs, 'PG_15_2022'], ['PG_15_2022']]);
    expect(host.has(`${copy}.${earlier}`)).toBe(false);
    expect(run('copy').code).toBe(1);
    host.sh(`rm "${host.node.home}/no-room"`);
    expect(run('copy')).toMatchObject(fine);
    expect(host.has(arrivingFile(host.node))).toBe(false);
  });

  test('somebody else’s directory in its place beside a tablespace is left as it is', () => {
    host.write(join(aside('pg15_copy')[1] ?? '', 'theirs'), 'rows');
    for (const id of ['copy', 'remove-copies'])
      expect(run(id)).toMatchObject({ code: 1, output: expect.stringContaining('has no marker file') });
    expect(host.read(join(aside('pg15_copy')[1] ?? '', 'theirs'))).toBe('rows');
    expect(host.has(copy)).toBe(false);
  });

  test('a tablespace that was made while it was taken: it is never started, for it would replay into the directory that is in use', () => {
    run('copy');
    host.write(join(host.node.home, 'late'), '16500\n');
    expect(run('promote-copy')).toMatchObject({
      code: 1,
      output: expect.stringContaining('tablespace 16500 was made while the copy was taken'),
    });
    expect(host.has(join(host.node.home, 'started'))).toBe(false);
  });

  test('whose link leads elsewhere is never started', () => {
    run('copy');
    host.sh(`ln -sfn "${places()[0]}" "${copy}/pg_tblspc/16400"`);
    expect(run('promote-copy')).toMatchObject({
      code: 1,
      output: expect.stringContaining('is not a place of the copy’s'),
    });
    expect(host.has(join(host.node.home, 'started'))).toBe(false);
  });
});

describe('pg_upgrade of the copy', () => {
  test('the new version’s parts are at home behind it, the old one’s where they were', () => {
    prepared();
    expect(linksOf(host.node.newData)).toEqual(places());
    expect(parts()).toEqual([
      [...theirs, ...both, `pg15_copy: ${markFile} PG_15_2022`],
      [...both, `pg15_copy: ${markFile} PG_15_2022`],
    ]);
    expect(run('upgrade-copy')).toMatchObject({ output: expect.stringContaining('finished already') });
  });

  test('tried again where it has failed, it begins without the parts of the first try', () => {
    run('copy');
    run('promote-copy');
    host.program(join(host.node.newBindir, 'pg_upgrade'), ...pgUpgrade(true), 'exit 1');
    expect(run('upgrade-copy').code).toBe(1);
    host.program(join(host.node.newBindir, 'pg_upgrade'), ...pgUpgrade(true));
    expect(run('upgrade-copy')).toMatchObject(fine);
    expect(parts()[1]).toEqual([...both, `pg15_copy: ${markFile} PG_15_2022`]);
  });

  test('a part of the new version’s that is somebody else’s ends it', () => {
    run('copy');
    run('promote-copy');
    host.write(join(places()[0] ?? '', 'PG_17_2022/rows'), 'theirs');
    expect(run('upgrade-copy')).toMatchObject({
      code: 1,
      output: expect.stringContaining('may be another cluster'),
    });
    expect(run('remove-copies')).toMatchObject(fine);
    expect(host.read(join(places()[0] ?? '', 'PG_17_2022/rows'))).toBe('theirs');
  });
});

test('called off: the server’s own parts are what is left', () => {
  prepared();
  expect(run('remove-copies')).toMatchObject(fine);
  expect(parts()).toEqual([[...theirs, 'PG_15_2022'], ['PG_15_2022']]);
  expect(host.read(join(places()[0] ?? '', 'PG_15_2022/16384/2'))).toBe('rows of 15');
});

describe('the change of places', () => {
  const bodies = (which: 'there' | 'back') => {
    const model = new OnlineModel(host.facts);
    for (const step of ['upgrade-copy', 'start-follower']) model.run(step);
    const way = (which === 'there' ? there : back)(host.facts, model.world());
    if (way === null) throw new Error('the new version has an identifier');
    return handedBodies(host.facts, way);
  };
  const runs = (which: 'there' | 'back', ...files: readonly ('aside' | 'in-place' | 'home')[]) => {
    host.write(join(host.node.workDir, 'online/stops'), which === 'there' ? 'cut-over\n' : 'way-back\n');
    for (const file of files) {
      const { code, output } = host.sh(
        sh`set -eu
${bodies(which)[file]}`.text,
      );
      expect({ file, code }, output).toEqual({ file, code: 0 });
    }
  };
  const begins = () => {
    prepared();
    host.sh(`mkdir -p "${host.node.workDir}/online"`);
    const file = join(host.node.workDir, 'online/serve-new');
    host.write(file, 'follows');
  };
  const copyPart = `pg15_copy: ${markFile} PG_15_2022`;
  const away = [
    [...theirs, 'PG_17_2022', 'pg15_bak: PG_15_2022', copyPart],
    ['PG_17_2022', 'pg15_bak: PG_15_2022', copyPart],
  ];
  const atHome = [
    [...theirs, ...both, copyPart],
    [...both, copyPart],
  ];

  test('there: the old version’s parts go aside with it; and back: they come home, before it does', () => {
    begins();
    runs('there', 'aside', 'aside', 'in-place', 'in-place');
    expect(parts()).toEqual(away);
    expect(linksOf(host.node.backupData)).toEqual(aside('pg15_bak'));
    expect(linksOf(host.node.data)).toEqual(places());
    host.write(join(host.node.workDir, 'online/serve-old'), 'follows');
    runs('back', 'aside', 'in-place', 'in-place');
    expect(parts()).toEqual(atHome);
    expect(linksOf(host.node.data)).toEqual(places());
    expect(linksOf(host.node.newData)).toEqual(places());
  });

  test('turned back, it comes home as it was', () => {
    begins();
    runs('there', 'aside', 'home');
    expect(parts()).toEqual(atHome);
    expect(linksOf(host.node.data)).toEqual(places());
  });

  test('back, turned back behind its last rename: the old version goes aside once more, and follows on', () => {
    begins();
    runs('there', 'aside', 'in-place');
    host.write(join(host.node.workDir, 'online/serve-old'), 'follows');
    runs('back', 'aside', 'in-place', 'home');
    expect(parts()).toEqual(away);
    expect(linksOf(host.node.backupData)).toEqual(aside('pg15_bak'));
  });

  test('ended on its way aside, its parts are at home before it is started', () => {
    begins();
    const own = places()[0] ?? '';
    host.sh(`mkdir "${own}_aside/pg15_bak"; mv "${own}"/PG_15_* "${own}_aside/pg15_bak"`);
    runs('back', 'in-place');
    expect(parts()).toEqual(atHome);
    expect(linksOf(host.node.data)).toEqual(places());
  });
});

test('the copy’s files are the new version’s, by links', () => {
  prepared();
  linkSync(join(places()[1] ?? '', 'PG_17_2022/16384/2'), join(host.root, 'one'));
  host.sh(`printf changed > "${host.root}/one"`);
  expect(host.read(join(aside('pg15_copy')[1] ?? '', 'PG_15_2022/16384/2'))).toBe('changed');
  expect(host.read(join(places()[1] ?? '', 'PG_15_2022/16384/2'))).toBe('rows of 15');
});
