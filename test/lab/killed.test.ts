import { expect, it } from 'vitest';
import { withCleanup } from './harness/cleanup.ts';
import { type Lab, type LabHost, openLab } from './harness/lab.ts';
import { PlainRun, type PlainStop } from './harness/plain.ts';
import { expectUpgraded, expectWriteReaches, recordTruth } from './harness/truth.ts';
import { createConsoleHome } from './harness/walk.ts';

const opened = withCleanup();

/** In the middle of these a console is killed, too: the step, where its program runs, and the program. */
const middles: readonly { readonly step: RegExp; readonly host: LabHost; readonly program: string }[] = [
  { step: /node_1: Create the new/, host: 'node1', program: 'initdb' },
  { step: /node_1: Run pg_upgrade --link/, host: 'node1', program: 'pg_upgrade' },
  { step: /node_1: Collect minimal statistics/, host: 'node1', program: 'vacuumdb' },
  { step: /monitor: Run pg_upgrade --copy/, host: 'monitor', program: 'pg_upgrade' },
  { step: /node_2: Disable maintenance, base backup/, host: 'node2', program: 'pg_basebackup' },
];

/** Steps that leave no trace on the servers. */
const repeatable = /^Checkpoint/;

/** Waits for a program on a host and holds it where it is, so that a kill of the console falls into its middle. */
const hold = (lab: Lab, host: LabHost, program: string): Promise<string> =>
  lab.root(
    host,
    `n=0; until pid=$(pgrep -xo ${program}); do n=$((n + 1)); [ $n -lt 3000 ] || exit 1; sleep 0.01; done; kill -STOP $pid; echo $pid`,
  );

it('is killed at every step boundary and in the middle of initdb, both pg_upgrades, vacuumdb and pg_basebackup, and ends as if undisturbed', async () => {
  const lab = await openLab({ snapshot: process.env.SWEEP_SNAPSHOT ?? 'small' });
  const at = await createConsoleHome(lab);
  opened.home = at;
  const before = await recordTruth(lab);
  const began = performance.now();
  let boundaries = 0;
  const inside: string[] = [];
  const confirmed: string[] = [];
  let run = new PlainRun(at);
  const restart = () => {
    run = new PlainRun(at);
    opened.console = run;
  };
  opened.console = run;
  let stop: PlainStop = await run.stop();
  while (stop.kind === 'confirm') {
    const name = `${stop.host}: ${stop.title}`;
    confirmed.push(`${stop.number} ${name}`);
    const middle = middles.find(({ step }) => step.test(name));
    if (middle !== undefined && !inside.includes(name)) {
      const held = hold(lab, middle.host, middle.program);
      await run.confirmOrSkip(stop);
      const pid = (await held).trim();
      await run.kill();
      inside.push(name);
      restart();
      // The new console follows what is held, or waits for the servers: it asks for nothing.
      await run.sees(/is still running; its output|ended while no console was connected/);
      await lab.root(middle.host, `kill -CONT ${pid}`);
    } else await run.confirmOrSkip(stop);
    stop = await run.stop();
    if (stop.kind !== 'confirm') break;
    // The step is over, the next one is asked for: a boundary.
    await run.kill();
    boundaries += 1;
    restart();
    let again = await run.stop();
    // Nothing on the servers tells that it was done: it is asked for again, harmlessly, and done once more.
    if (again.kind === 'confirm' && repeatable.test(again.title) && again.number < stop.number) {
      await run.confirm(again);
      again = await run.stop();
    }
    expect(again, `after ${name}`).toMatchObject({ kind: 'confirm', number: stop.number });
    stop = again;
  }
  expect(stop, run.text.slice(-3000)).toEqual({ kind: 'finished' });
  expect(inside).toHaveLength(middles.length);
  // No step was asked for twice, but where its console was killed before it.
  expect(new Set(confirmed).size).toBe(confirmed.length);
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(
    `killed with kill -9 at ${boundaries + inside.length} points: ${boundaries} step boundaries, and in the middle of ${inside.join('; ')} (${seconds} s)`,
  );
  expectUpgraded(before, await recordTruth(lab));
  await expectWriteReaches(lab, 'node1');
});

it('is killed while several hosts are at work at the same time, in the downtime and in the rebuild, and ends as if undisturbed', async () => {
  const lab = await openLab({ snapshot: process.env.SWEEP_SNAPSHOT ?? 'small' });
  const at = await createConsoleHome(lab);
  opened.home = at;
  const before = await recordTruth(lab);
  let run = new PlainRun(at);
  opened.console = run;
  /** Everything together, up to this step's question. */
  const goTo = async (wanted: RegExp): Promise<Extract<PlainStop, { kind: 'confirm' }>> => {
    for (;;) {
      const stop = await run.stop();
      if (stop.kind !== 'confirm') throw new Error(`${JSON.stringify(stop)}\n${run.text.slice(-3000)}`);
      if (wanted.test(`${stop.host}: ${stop.title}`)) return stop;
      await run.confirmTogether(stop);
    }
  };
  /** Confirms a group, kills the console while these programs stand still in it, and lets a new one go on. */
  const killIn = async (
    stop: Extract<PlainStop, { kind: 'confirm' }>,
    programs: readonly (readonly [LabHost, string])[],
  ): Promise<void> => {
    expect(stop.together).toBe(true);
    const holding = programs.map(async ([host, program]) => ({
      host,
      pid: (await hold(lab, host, program)).trim(),
    }));
    await run.confirmTogether(stop);
    const held = await Promise.all(holding);
    await run.kill();
    run = new PlainRun(at);
    opened.console = run;
    await run.sees(/is still running; its output|ended while no console was connected/);
    for (const { host, pid } of held) await lab.root(host, `kill -CONT ${pid}`);
  };
  await killIn(await goTo(/node_2: Stop secondary/), [['node1', 'pg_upgrade']]);
  await killIn(await goTo(/node_2: .*pg_ctl/), [
    ['node2', 'pg_basebackup'],
    ['node3', 'pg_basebackup'],
  ]);
  for (let stop = await run.stop(); stop.kind !== 'finished'; stop = await run.stop()) {
    if (stop.kind !== 'confirm') throw new Error(`${JSON.stringify(stop)}\n${run.text.slice(-3000)}`);
    if (/^Switch/.test(stop.title)) await run.confirmOrSkip(stop);
    else await run.confirmTogether(stop);
  }
  expectUpgraded(before, await recordTruth(lab));
  await expectWriteReaches(lab, 'node1');
});
