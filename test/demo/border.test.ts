import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shellQuoted } from '../../source/cluster/quote.ts';
import { borderScript, mapCommand } from '../../source/demo/hosts/border.ts';
import { layoutIn } from '../../source/demo/layout.ts';
import { pack } from '../../source/remote/become.ts';

let root: string;
let here: string;
let script: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pgaf-border-'));
  const paths = layoutIn(root).host('node_1');
  ({ here } = paths);
  mkdirSync(here);
  script = join(here, 'border.sed');
  writeFileSync(script, borderScript(paths, script));
});
afterAll(() => rmSync(root, { recursive: true }));

const mapped = (text: string): string =>
  execFileSync('sed', ['-f', script], { input: text, encoding: 'utf8' });

test('a path that the product writes out leads into the host’s directory, wherever it stands', () => {
  for (const path of [
    '/proc/1/stat',
    '/etc/systemd/system/x.service',
    '/run/systemd/system/x',
    '/etc/crontab',
  ])
    for (const before of ['', 'cat ', '<', '"', "'", '$(cat ', '|'])
      expect(mapped(`${before}${path}\n`)).toBe(`${before}${here}${path}\n`);
});

test('a path below the host’s own directory, or of another place, is left alone', () => {
  for (const text of [
    `${here}/proc/1/stat`,
    `cp a ${here}/etc/systemd/system/x`,
    '/srv/proc/x',
    '/proceed',
    'a/proc/b',
  ])
    expect(mapped(`${text}\n`)).toBe(`${text}\n`);
});

test('both paths of one command are mapped, and the second time nothing is', () => {
  const once = mapped('grep -qs x /proc/net/tcp /proc/net/tcp6\n');
  expect(once).toBe(`grep -qs x ${here}/proc/net/tcp ${here}/proc/net/tcp6\n`);
  expect(mapped(once)).toBe(once);
});

test('the record that a host keeps stays as the console wrote it', () => {
  const record = `{"fragment": "/etc/systemd/system/x.service"}`;
  expect(mapped(`cat > a <<'RECORD'\n${record}\nRECORD\ncat /proc/1\n`)).toBe(
    `cat > a <<'RECORD'\n${record}\nRECORD\ncat ${here}/proc/1\n`,
  );
});

test('the record in a job’s script, quoted into what starts it, read back by a second console as it was', () => {
  const job = `cat > a <<'RECORD'\n{"fragment": "/etc/systemd/system/x.service"}\nRECORD\ncat /proc/1\n`;
  expect(mapped(`printf %s ${shellQuoted(job)} >script\n`)).toBe(
    `printf %s ${shellQuoted(job.replace('cat /proc', `cat ${here}/proc`))} >script\n`,
  );
});

/** As sshd would: the console's own command line, the script on its stdin. */
const send = (text: string): string => {
  const { inner, payload } = pack(text, undefined);
  return execFileSync('/bin/sh', ['-c', mapCommand(inner.text, script)], {
    input: payload,
    encoding: 'utf8',
    stdio: 'pipe',
  });
};

test('a script that comes over stdin is mapped as the shell reads it, and arrives whole', () => {
  mkdirSync(join(here, 'proc'), { recursive: true });
  writeFileSync(join(here, 'proc/answer'), 'of the host\n');
  const said = send(`cat /proc/answer\nprintf '%s\\n' "two  blanks" 'ü'\n`);
  expect(said.split('\n').slice(1)).toEqual(['of the host', 'two  blanks', 'ü', '']);
});
