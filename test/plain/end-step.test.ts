import { PassThrough } from 'node:stream';
import { afterEach, expect, test, vi } from 'vitest';
import { runPlain } from '../../source/plain/run-plain.ts';
import { readlinePrompt } from '../../source/plain/terminal-prompt.ts';
import { at, doneBefore, numberIn } from '../console/fake-cluster.ts';
import { FakeEngine } from '../console/fake-engine.ts';

/** Plain lines at a terminal, on the step before pg_upgrade; keys are typed, steps end when the test says so. */
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const sit = () => {
  const engine = new FakeEngine({ lineMs: null, done: doneBefore(at.pgUpgrade) });
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const output = new PassThrough();
  let shown = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  const { ask, typing, write, close } = readlinePrompt(input, output);
  if (typing === null) throw new Error('a terminal has somebody who types');
  const done = runPlain(engine, { write, prompt: ask, typing });
  let read = 0;
  const until = async (text: string): Promise<void> => {
    await vi.waitFor(() => expect(shown.slice(read)).toContain(text), 20_000);
    read = shown.indexOf(text, read) + text.length;
  };
  open.push(async () => {
    close();
    await engine.close();
    engine.finishStep();
    await done;
  });
  return {
    engine,
    title: engine.view.steps.find(({ id }) => id === at.pgUpgrade)?.title ?? '',
    until,
    type: (text: string) => input.write(text),
    say: (text: string) => input.write(`${text}\r`),
    get rest() {
      return shown.slice(read);
    },
  };
};

const running = async () => {
  const desk = sit();
  await desk.until('Run this step on node_1?');
  desk.say('y');
  await vi.waitFor(() => expect(desk.engine.view.stage.kind).toBe('running'), 20_000);
  return desk;
};

test('while a step runs, `end` asks for the host’s name, and that name ends the step', async () => {
  const desk = await running();
  desk.say('end');
  await desk.until(`This ends step ${numberIn(at.pgUpgrade)}, “${desk.title}” on node_1`);
  await desk.until('Type the name of the host (node_1) to end it, Enter lets it run: ');
  expect(desk.engine.asked.at(-1)).toBe(`confirm ${at.pgUpgrade}`);
  desk.say('node_1');
  await desk.until('It is being ended.');
  expect(desk.engine.asked.at(-1)).toBe(`cancel ${at.pgUpgrade} node_1`);
});

test('Enter alone lets it run, whatever else is typed is no word of ours, and says which is', async () => {
  const desk = await running();
  desk.say('stop');
  await desk.until('Nothing is asked now. While a step runs: type end and Enter');
  desk.say('end');
  await desk.until('Enter lets it run: ');
  desk.say('');
  await desk.until('It goes on.');
  expect(desk.engine.asked).toEqual([`confirm ${at.pgUpgrade}`]);
});

test('of several steps that run, the number says which', async () => {
  const number = numberIn(at.pgUpgrade);
  const desk = await running();
  const { engine } = desk;
  engine.set({ stage: { kind: 'running', step: at.pgUpgrade, beside: [engine.view.steps[23]?.id ?? ''] } });
  desk.say('end');
  await desk.until('Several steps run:');
  await desk.until(`  end ${number}  ends step ${number}`);
  await desk.until('  end 24  ends step 24');
  desk.say('end 3');
  await desk.until('Step 3 does not run.');
  desk.say(`end ${number}`);
  await desk.until('Type the name of the host (node_1)');
});

test('a step that ends by itself takes the question with it: what was half typed answers nothing else', async () => {
  const desk = await running();
  desk.say('end');
  await desk.until('Enter lets it run: ');
  desk.type('y');
  desk.engine.finishStep();
  await desk.until('It has ended by itself: nothing was ended.');
  await desk.until('? [y/N/go/skip/rollback/quit] ');
  const before = desk.engine.asked.length;
  desk.say('');
  await desk.until('Not run.');
  expect(desk.engine.asked.length).toBe(before);
});

test('what the step prints waits while the question stands there, which so is the last line; it follows the answer', async () => {
  const desk = await running();
  const { engine } = desk;
  engine.print(at.pgUpgrade, 'before it is asked\n');
  await desk.until('node_1| before it is asked\n');
  desk.say('end');
  await desk.until('Its output waits for your answer.\n');
  await desk.until('Enter lets it run: ');
  engine.print(at.pgUpgrade, 'while it is asked\n');
  engine.print(at.pgUpgrade, 'and once more, without an end');
  expect(desk.rest).toBe('');
  desk.say('');
  await desk.until('It goes on.\n');
  await desk.until('node_1| while it is asked\n');
  engine.print(at.pgUpgrade, '; here it is\n');
  await desk.until('node_1| and once more, without an end; here it is\n');
});

test('so it does when the step ends by itself, the line without an end too', async () => {
  const desk = await running();
  desk.say('end');
  await desk.until('Enter lets it run: ');
  desk.engine.print(at.pgUpgrade, 'the last line has no end');
  desk.engine.finishStep();
  await desk.until('It has ended by itself: nothing was ended.\n');
  await desk.until('node_1| the last line has no end\n');
  await desk.until('? [y/N/go/skip/rollback/quit] ');
});

test('news are heard while a question stands there: it is put again below them, with what is typed already', async () => {
  const desk = await running();
  desk.say('end');
  await desk.until('Enter lets it run: ');
  desk.type('node');
  await desk.until('node');
  desk.engine.set({ notices: [{ at: 1, text: 'node_1: the line is lost; the command goes on there' }] });
  await desk.until('\n* node_1: the line is lost; the command goes on there\n');
  await desk.until('Type the name of the host (node_1) to end it, Enter lets it run: node');
  expect(desk.rest).toBe('');
  desk.say('_1');
  await desk.until('It is being ended.');
  expect(desk.engine.asked.at(-1)).toBe(`cancel ${at.pgUpgrade} node_1`);
});

test('a letter that is taken back leaves the question where it is', async () => {
  const desk = await running();
  desk.say('end');
  await desk.until('Enter lets it run: ');
  desk.type('x\x7f');
  await desk.until('Type the name of the host (node_1) to end it, Enter lets it run: ');
});

test('a step that prints nothing says how it is ended', async () => {
  const desk = await running();
  const { engine } = desk;
  const quiet = { since: 1, at: 2, found: ['nothing of it runs'] };
  const [step] = engine.view.steps.filter(({ status }) => status.kind === 'running');
  engine.set({
    steps: engine.view.steps.map((one) =>
      one === step ? { ...one, status: { kind: 'running', since: 0, quiet } } : one,
    ),
  });
  await desk.until('node_1 is doing:');
  await desk.until('type end and Enter to end it');
});

test('over a pipe a question is put once: whoever answers by a script answers each once', async () => {
  const output = new PassThrough();
  let shown = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  const { ask, write, close } = readlinePrompt(new PassThrough(), output);
  const answer = ask('Run this step? ');
  await vi.waitFor(() => expect(shown).toBe('Run this step? '), 20_000);
  write('* news\n');
  close();
  expect(await answer).toBeNull();
  await vi.waitFor(() => expect(shown).toBe('Run this step? * news\n'), 20_000);
});

test('over a pipe nobody sits who could end a step by a word', () => {
  expect(readlinePrompt(new PassThrough(), new PassThrough()).typing).toBeNull();
});
