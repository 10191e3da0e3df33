import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pagerIn } from '../../source/commands/pager.ts';
import { pagerCommand, pagerEnvironment } from '../../source/commands/pager-command.ts';

describe('which pager', () => {
  test.each([
    [undefined, 'less', ['-R']],
    ['', 'less', ['-R']],
    ['  most -w ', 'most', ['-w']],
    ["'/opt/my tools/less' -S", '/opt/my tools/less', ['-S']],
    ['less "-P two words"', 'less', ['-P two words']],
  ])('%s', (asked, program, args) => {
    expect(pagerCommand(asked, '')).toMatchObject({ program, args });
  });

  test('a shell only where its words need one', () => {
    for (const asked of ['sed s/a/b/ | less', 'less; true', 'less $MORE', "it's less"])
      expect(pagerCommand(asked, '')).toMatchObject({ program: 'sh', args: ['-c', asked] });
  });

  test('less goes to what was looked for, as text', () => {
    expect(pagerCommand('less', 'a.b(c')).toMatchObject({ args: ['-I', '-p', 'a\\.b\\(c'] });
    expect(pagerCommand('more', 'a.b')).toMatchObject({ args: [] });
  });

  test('less starts no programs, does not end by itself, and says how to leave', () => {
    const { LESS, LESSSECURE } = pagerEnvironment({ LESS: '-FX' }, 'step 27 on node_1$(evil)');
    expect(LESSSECURE).toBe('1');
    expect(LESS).toBe('-FX -R -+F -+E -Psstep 27 on node_1evil, q goes back to the console$');
  });
});

describe('a pager', () => {
  const text = async function* (count: number): AsyncGenerator<readonly string[]> {
    for (let at = 0; at < count; at += 1) yield [`line ${at}`, 'x'.repeat(1000)];
  };
  const options = { title: 'step 1 on monitor', needle: '', signal: new AbortController().signal };

  test('that is not there is said', async () => {
    expect(await pagerIn({ PATH: process.env.PATH, PAGER: 'no-such-pager' })(text(3), options)).toContain(
      'The pager “no-such-pager” did not start',
    );
  });

  test('gets every line; one that reads nothing ends all the same', async () => {
    const home = mkdtempSync(join(tmpdir(), 'pgaf-pager-'));
    try {
      const kept = join(home, 'kept');
      // Slow enough to count as one that was read: no question follows, for nobody is here to answer.
      const slow = `${process.execPath} ${join(import.meta.dirname, 'slow-pager.mjs')} ${kept}`;
      expect(await pagerIn({ PATH: process.env.PATH, PAGER: slow })(text(500), options)).toBeNull();
      expect(readFileSync(kept, 'utf8').split('\n')).toHaveLength(1001);
      const deaf = `${process.execPath} ${join(import.meta.dirname, 'slow-pager.mjs')}`;
      expect(await pagerIn({ PATH: process.env.PATH, PAGER: deaf })(text(5000), options)).toBeNull();
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});
