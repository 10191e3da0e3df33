import { describe, expect, test } from 'vitest';
import { runPlain } from '../../source/plain/run-plain.ts';
import type { Forfeit } from '../../source/plain/talk.ts';
import { at, doneBefore, numberIn, stepCount } from './fake-cluster.ts';
import { FakeEngine, type FakeOptions } from './fake-engine.ts';

const question = {
  kind: 'unknown-host-key',
  alias: 'node_2',
  host: '10.0.0.12',
  keyType: 'ssh-ed25519',
  fingerprint: 'SHA256:Nq7',
} as const;

/** Runs in plain lines with these answers, in order; null ends the input. */
const run = async (
  options: FakeOptions,
  answers: readonly string[] | null,
  yes?: string,
  prepare: (engine: FakeEngine) => void = () => undefined,
  forfeits: ReadonlySet<Forfeit> = new Set(),
) => {
  const engine = new FakeEngine({ lineMs: 0, ...options });
  prepare(engine);
  const left = [...(answers ?? [])];
  let written = '';
  const exit = await runPlain(engine, {
    write: (text) => {
      written += text;
    },
    ...(answers === null
      ? {}
      : {
          prompt: async (text: string) => {
            written += `${text}\n`;
            return left.shift() ?? null;
          },
        }),
    ...(yes === undefined ? {} : { yes }),
    forfeits,
  });
  await engine.close();
  return { exit, written, asked: engine.asked };
};

test('with the name of the cluster it confirms everything, typed names too', async () => {
  const { exit, written, asked } = await run({}, null, 'shop');
  expect(exit).toBe(0);
  expect(asked).toHaveLength(stepCount);
  expect(asked).toContain(`confirm ${at.firstStart} node_1`);
  expect(written).toContain('node_1| Restoring database schemas in the new cluster                 ok\n');
  expect(written).toContain(`Steps: ${stepCount - 2} done, 2 skipped`);
});

/** Steps 4 to 6 may run at the same time. */
const together = (engine: FakeEngine): void => {
  const ids = engine.view.steps.slice(3, 6).map((step) => step.id);
  engine.set({ stage: { kind: 'confirm', step: ids[0] ?? '', together: ids } });
};

test('steps that may run at the same time are all shown with their scripts before the question', async () => {
  const { written, asked } = await run({ done: 3 }, ['x', 'y'], undefined, together);
  const question = written.indexOf(
    'Run steps 4–6 on node_3, monitor, node_1 together? [y/N/go/one/skip/rollback/quit]',
  );
  expect(question).toBeGreaterThan(0);
  for (const number of [4, 5, 6])
    expect(written.indexOf(`\nStep ${number} of ${stepCount}`)).toBeLessThan(question);
  expect(written.slice(0, question).match(/Script:/g)).toHaveLength(3);
  expect(written).toContain('Not run. y runs them, one only the first');
  expect(asked[0]).toMatch(/^confirm \S+ together$/);
});

test('of steps that may run at the same time, one can be run alone', async () => {
  const { asked } = await run({ done: 3 }, ['one'], undefined, together);
  expect(asked[0]).toMatch(/^confirm \S+$/);
});

test('an unattended run takes them together', async () => {
  const { asked } = await run({ done: 3 }, null, 'shop', together);
  expect(asked[0]).toMatch(/^confirm \S+ together$/);
});

test('with the name of another cluster it does nothing', async () => {
  const { exit, asked } = await run({}, null, 'shop2');
  expect([exit, asked]).toEqual([2, []]);
});

test('with the name of the cluster it still trusts no unknown key', async () => {
  const { exit, asked } = await run({ questions: [question] }, null, 'shop');
  expect([exit, asked]).toEqual([2, ['answer no']]);
});

test('a failure ends an unattended run, with its remedy', async () => {
  const { exit, written } = await run({ failAt: 7 }, null, 'shop');
  expect(exit).toBe(1);
  expect(written).toContain('Do:        Install postgresql-17-postgis-3');
});

test('a failure offers its choices to somebody who can be asked', async () => {
  const number = numberIn(at.final);
  const answers = ['y', 'what', 'skip', '', 'done', 's', '', 's', ''];
  const { exit, asked } = await run({ failAt: number, done: number - 1 }, answers);
  const skipped = [`skip ${at.switchover} `, 'skip I.monitor.switch-back '];
  expect(asked).toEqual([`confirm ${at.final}`, `probe ${at.final}`, ...skipped]);
  expect(exit).toBe(0);
});

test.each(['mark as done', 'done'])('a failed step is marked as done by “%s”', async (word) => {
  const number = numberIn(at.final);
  const { asked } = await run({ failAt: number, done: number - 1 }, ['y', word, 'quit']);
  expect(asked).toEqual([`confirm ${at.final}`, `probe ${at.final}`]);
});

test('an answer that is none is told what the answers are, and nothing is done', async () => {
  const number = numberIn(at.final);
  const { asked, written } = await run({ failAt: number, done: number - 1 }, ['y', 'what', 'quit']);
  expect(asked).toEqual([`confirm ${at.final}`]);
  expect(written).toContain('Not understood. retry runs the step again');
});

test.each([
  ['rollback', 'upgrade'],
  ['r', 'u'],
])('“%s” shows the rollback, and “%s” goes on with the upgrade', async (there, back) => {
  const { asked } = await run({ done: doneBefore(at.firstStart) }, [there, back, 'quit']);
  expect(asked.filter((one) => one.startsWith('turn'))).toEqual(['turn rollback', 'turn upgrade']);
});

test('nothing runs without y, the right name, or anybody to ask', async () => {
  expect((await run({ done: 3 }, ['', 'no', 'run', 'quit'])).asked).toEqual([]);
  const done = doneBefore(at.firstStart);
  expect((await run({ done }, ['y', 'node_2', 'y', 'yes'])).asked).toEqual([]);
  expect((await run({ done: 3 }, null)).exit).toBe(1);
  expect((await run({ done }, ['y', 'node_1'])).asked).toEqual([`confirm ${at.firstStart} node_1`]);
});

test('the rollback is said whole before its first step is asked for, and leads on to the upgrade again', async () => {
  const { written, asked } = await run({ done: doneBefore(at.firstStart) }, [
    'rollback',
    'n',
    'upgrade',
    'quit',
  ]);
  expect(asked).toEqual(['preview', 'turn rollback', 'preview', 'turn upgrade']);
  expect(written).toContain('Rollback: safe, no data loss');
  expect(written).toContain('of running time, 25 steps (16 more have nothing to do); no data is copied');
  expect(written).toMatch(/ {4}1\. \S+: \S/);
});

describe('what cannot be had again wants a word of its own', () => {
  const givesUp = (engine: FakeEngine, kind: 'writes' | 'last-copy' | 'abandoned'): void => {
    const [first, ...rest] = engine.view.steps;
    if (first === undefined) throw new Error('there are steps');
    const danger = 'point-of-no-return' as const;
    engine.set({ steps: [{ ...first, danger, givesUp: { kind, text: 'the last of it' } }, ...rest] });
  };

  test.each([
    ['writes', '--yes-lose-writes'],
    ['last-copy', '--yes-remove-last-copy'],
    ['abandoned', '--yes-remove-abandoned'],
  ] as const)('--yes NAME alone does not give up %s', async (kind, word) => {
    const { exit, written, asked } = await run({}, null, 'shop', (engine) => givesUp(engine, kind));
    expect(exit).toBe(1);
    expect(asked).toEqual([]);
    expect(written).toContain('Not run: it gives up the last of it. --yes shop does not cover that.');
    expect(written).toContain(word);
  });

  test('with its word it does', async () => {
    const set = new Set(['writes' as const]);
    const done = await run({}, null, 'shop', (engine) => givesUp(engine, 'writes'), set);
    expect(done.exit).toBe(0);
  });

  test('a rollback that loses writes stops before its first step, not half way', async () => {
    const { exit, written, asked } = await run({}, null, 'shop', (engine) =>
      engine.set({
        direction: 'rollback',
        verdict: {
          kind: 'loses-new-writes',
          says: 'possible, but what 17 wrote is lost',
          lost: 'what 17 wrote is lost',
        },
      }),
    );
    expect([exit, asked]).toEqual([1, ['preview']]);
    expect(written).toContain('what 17 wrote is lost');
    expect(written).toContain('--yes-lose-writes');
  });
});
