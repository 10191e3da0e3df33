import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { sizeIn } from '../../source/inspect/kept/parse.ts';
import { sizesScript } from '../../source/inspect/kept/script.ts';
import { word } from '../runbook/word.ts';

const home = mkdtempSync(join(tmpdir(), 'pgaf-kept-'));
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('each directory is measured in a real shell; linked files are told, and what is not there is not known', () => {
  const [whole, linked, absent] = ['whole', 'linked it', 'absent'].map((name) => join(home, name));
  for (const path of [whole, linked]) {
    mkdirSync(join(path ?? '', 'base/1'), { recursive: true });
    writeFileSync(join(path ?? '', 'base/1/1259'), 'x'.repeat(300_000));
  }
  linkSync(join(linked ?? '', 'base/1/1259'), join(home, 'other'));
  const script = sizesScript([word(whole ?? ''), word(linked ?? ''), word(absent ?? '')]).text;
  const said = spawnSync('sh', ['-eu', '-c', script], { encoding: 'utf8' }).stdout.split('\n').map(sizeIn);
  expect(said[0]?.linked).toBe(false);
  expect(said[0]?.bytes).toBeGreaterThan(300_000);
  expect(said[1]).toEqual({ bytes: said[0]?.bytes, linked: true });
  expect(said[2]).toEqual({ bytes: null, linked: false });
});

test('what is no answer is none', () => {
  for (const line of [undefined, '', 'du: cannot read', '12', '-1 0', '12 7'])
    expect(sizeIn(line)).toBeNull();
});
