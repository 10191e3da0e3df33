// The console over a pretended cluster, to look at it by hand and in terminal tests:
//   npx esbuild scripts/dev-console.tsx --bundle --platform=node --format=esm --packages=external --jsx=automatic --outfile=dist/dev/dev-console.mjs
//   node dist/dev/dev-console.mjs [--done=STEP] [--fail=STEP] [--parallel] [--line-ms=N] [--flood=N] [--question] [--passphrase] [--guard=SHOWN[,PRESSED]] [--stale] [--hostile] [--plain] [--yes=NAME]
// STEP is a number, or the id of a step: --done=D.node_1.pg-upgrade stands before it.

import { pagerIn } from '../source/commands/pager.ts';
import { runConsole } from '../source/console/run-console.tsx';
import { runPlain } from '../source/plain/run-plain.ts';
import { readlinePrompt } from '../source/plain/terminal-prompt.ts';
import type { Question } from '../source/remote/host.ts';
import { doneBefore, numberIn } from '../test/console/fake-cluster.ts';
import { FakeEngine } from '../test/console/fake-engine.ts';

const argument = (name: string): string | null => {
  const found = process.argv.find((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  return found === undefined ? null : (found.split('=')[1] ?? '');
};
const numeric = (name: string, otherwise: number): number => Number(argument(name) ?? otherwise);

const questions: Question[] = [];
if (argument('question') !== null) {
  questions.push({
    kind: 'unknown-host-key',
    alias: 'node_2',
    host: '10.0.0.12',
    keyType: 'ssh-ed25519',
    fingerprint: 'SHA256:Nq7Wlk2lV5c0HkG0cT3hJ9oYb1xq8mC2p7sQe4ZtR0A',
  });
}
if (argument('passphrase') !== null) {
  questions.push({ kind: 'passphrase', alias: 'node_1', identityFile: '/home/dba/.ssh/id_ed25519' });
}

const done = argument('done') ?? '0';
const failAt = argument('fail');
const isNumber = (text: string): boolean => /^\d+$/.test(text);
const engine = new FakeEngine({
  lineMs: numeric('line-ms', 150),
  done: isNumber(done) ? Number(done) : doneBefore(done),
  parallel: argument('parallel') !== null,
  flood: numeric('flood', 0),
  questions,
  ...(failAt === null ? {} : { failAt: isNumber(failAt) ? Number(failAt) : numberIn(failAt) }),
});

// Everything that a program could do to a terminal, and ten megabytes without a newline.
const hostile = Buffer.concat([
  Buffer.from('\x1b]52;c;ZXZpbA==\x07\x1b]0;EVIL TITLE\x07\x1b]2;EVIL\x1b\\\n'),
  Buffer.from('\x1b[2J\x1b[1;1HOVERWRITTEN\x1b[?1049l\x1b[?25l\x1b[999;999H\x1bc\x1b[6n\n'),
  Buffer.from([0x6e, 0x00, 0x75, 0x6c, 0xff, 0xfe, 0xc3, 0x28, 0x0a]),
  Buffer.alloc(10 * 1024 * 1024, 'x'),
  Buffer.from('\nhostile end\n'),
]);
if (argument('hostile') !== null) {
  const stop = engine.onChange(({ stage }) => {
    if (stage.kind !== 'running') return;
    stop();
    engine.print(stage.step, hostile);
  });
}

if (argument('stale') === null) setInterval(() => engine.beat(), 1000).unref();

const plain = argument('plain') !== null || process.env.TERM === 'dumb' || !process.stdout.isTTY;
if (plain) {
  const prompt = readlinePrompt(process.stdin, process.stdout);
  const yes = argument('yes');
  process.exitCode = await runPlain(engine, {
    write: (text) => process.stdout.write(text),
    prompt: prompt.ask,
    ...(yes === null ? {} : { yes }),
  });
  prompt.close();
  await engine.close();
} else {
  // `--guard=SHOWN,PRESSED` in milliseconds, or one number for both.
  const [shown, pressed] = argument('guard')?.split(',').map(Number) ?? [];
  const options = shown === undefined ? {} : { guard: { shown, pressed: pressed ?? shown } };
  const reason = await runConsole(
    engine,
    { stdin: process.stdin, stdout: process.stdout, env: process.env, pager: pagerIn(process.env) },
    options,
  );
  process.stdout.write(`exit: ${reason}\n`);
}
