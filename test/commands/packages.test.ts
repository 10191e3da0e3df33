import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** What scripts/packages.mjs packs, with a small program instead of the executable. Packages of the real one are installed in test/package. */

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pgaf-packages-'));
  for (const one of ['scripts', 'release', 'docs']) mkdirSync(join(root, one));
  copyFileSync(join(import.meta.dirname, '../../scripts/packages.mjs'), join(root, 'scripts/packages.mjs'));
  const version = '1.0.0-rc.1';
  writeFileSync(join(root, 'package.json'), JSON.stringify({ version, description: 'd', license: 'MIT' }));
  for (const one of [
    'README.md',
    'CHANGELOG.md',
    'SECURITY.md',
    'LICENSE',
    'docs/a.md',
    'release/THIRD-PARTY-NOTICES.txt',
  ])
    writeFileSync(join(root, one), one, { mode: 0o600 });
  writeFileSync(
    join(root, `release/pgaf-upgrade-${version}-linux-${process.arch}`),
    '#!/bin/sh\necho "$@"\n',
    { mode: 0o700 },
  );
});
afterEach(() => rmSync(root, { recursive: true }));

const hasDpkg = spawnSync('dpkg-deb', ['--version']).error === undefined;

test.skipIf(!hasDpkg)(
  'made under umask 077 nobody but root could read its pages, and a release candidate was newer than its release',
  () => {
    const said = spawnSync('sh', ['-c', 'umask 077; exec "$0" scripts/packages.mjs deb', process.execPath], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(said.stderr).toBe('');
    const file = said.stdout.trim();
    expect(file).toMatch(/^release\/pgaf-upgrade_1\.0\.0~rc\.1_\w+\.deb$/);
    const listed = spawnSync('dpkg-deb', ['--contents', join(root, file)], { encoding: 'utf8' }).stdout;
    const modes = listed
      .trim()
      .split('\n')
      .map((line) => line.slice(0, 20).split(/\s/)[0]);
    expect(new Set(modes)).toEqual(new Set(['drwxr-xr-x', '-rw-r--r--', '-rwxr-xr-x']));
    expect(listed.match(/root\/root/g)).toHaveLength(modes.length);
    const older = ['--compare-versions', '1.0.0~rc.1', 'lt', '1.0.0'];
    expect(spawnSync('dpkg', older).status).toBe(0);
  },
);
