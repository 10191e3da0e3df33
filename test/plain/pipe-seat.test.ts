import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { readlinePrompt } from '../../source/plain/terminal-prompt.ts';

const seated = () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let shown = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  const seat = readlinePrompt(input, output);
  const asked = async (question: string) => {
    for (let waited = 0; !shown.includes(question) && waited < 5000; waited += 5) await setTimeout(5);
  };
  return { input, seat, asked, shown: () => shown };
};

test('a line that came before its question is no answer to it, and that is said', async () => {
  const { input, seat, asked, shown } = seated();
  input.write('y\ny\n');
  const first = seat.ask('One? ');
  await asked('One? ');
  expect(shown()).toContain('2 lines came before the question below and are no answer to it.');
  input.write('no\nyes to the next\n');
  expect(await first).toBe('no');
  const second = seat.ask('Two? ');
  await asked('Two? ');
  expect(shown()).toContain('A line came before');
  input.write('later\r\n');
  expect(await second).toBe('later');
});

test('half a line that came before the question does not become an answer by its end', async () => {
  const { input, seat, asked } = seated();
  input.write('ye');
  const answer = seat.ask('One? ');
  await asked('One? ');
  input.write('s\nn\n');
  expect(await answer).toBe('n');
});

test('lines without end, as of `yes |`, are the end of the input: soon, in clear words, in little memory', async () => {
  const { input, seat, shown } = seated();
  const chunk = 'y\n'.repeat(32_768);
  let sent = 0;
  const flood = () => {
    while (sent < 20_000_000 && input.write(chunk)) sent += chunk.length;
  };
  input.on('drain', flood);
  const began = Date.now();
  const answer = seat.ask('One? ');
  flood();
  expect(await answer).toBeNull();
  expect(await seat.ask('Two? ')).toBeNull();
  expect(Date.now() - began).toBeLessThan(5000);
  expect(sent).toBeLessThan(5_000_000);
  expect(shown()).toContain('Answers come without end');
  seat.close();
});

test('an input at its end answers nothing', async () => {
  const { input, seat } = seated();
  input.end('y\n');
  expect(await seat.ask('One? ')).toBeNull();
});

test('what a host has in a question reaches no terminal as a control sequence', async () => {
  const { input, seat, shown } = seated();
  const answer = seat.ask('Type \u001b]52;c;x\u0007 to go on? ');
  input.end();
  await answer;
  seat.write('\u009b2J\u202e\n');
  expect(shown()).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
});

test('a console that is done ends, also while the other end of its pipe stays open', async () => {
  const bundled = await build({
    stdin: {
      contents: `import { readlinePrompt } from './terminal-prompt.ts';
const seat = readlinePrompt(process.stdin, process.stdout);
for (const question of ['One? ', 'Two? ']) console.log(await seat.ask(question));
seat.close();`,
      resolveDir: fileURLToPath(new URL('../../source/plain', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
  });
  const child = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    bundled.outputFiles[0]?.text ?? '',
  ]);
  const ended = once(child, 'close', { signal: AbortSignal.timeout(10_000) });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    // Each answer once, behind its question; the pipe is not closed.
    if (text.includes('? ')) child.stdin.write('yes\n');
  });
  try {
    expect((await ended)[0]).toBe(0);
  } finally {
    child.kill();
  }
  expect(shown).toBe('One? yes\nTwo? yes\n');
});
