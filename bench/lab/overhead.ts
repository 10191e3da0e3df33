import type { Recorded } from '../../source/engine/journal/entry.ts';
import type { Lab, LabHost } from '../../test/lab/harness/lab.ts';
import { quote } from '../../test/lab/harness/lab.ts';
import { atMost, type Bench, measured, notMeasured } from '../report/figure.ts';
import { median, quantile } from '../report/statistics.ts';
import { labObstacle, labOf } from './open.ts';
import { upgrade } from './product.ts';

interface StepTimes {
  readonly step: string;
  /** From the confirmation to the command's end, as the console saw it. */
  readonly confirmedAt: number;
  readonly endedAt: number;
  readonly doneAt: number;
  readonly host: string;
  readonly job: string;
}

const timesOf = (journal: readonly Recorded[]): readonly StepTimes[] => {
  const steps = new Map<string, { confirmedAt: number; endedAt: number; host: string; job: string }>();
  const times: StepTimes[] = [];
  for (const record of journal) {
    if (!('entry' in record)) continue;
    const { entry } = record;
    const at = Date.parse(record.at);
    if (entry.kind === 'confirmed')
      steps.set(entry.step, { confirmedAt: at, endedAt: Number.NaN, host: entry.host, job: entry.job });
    const open = 'step' in entry ? steps.get(String(entry.step)) : undefined;
    if (open === undefined) continue;
    if (entry.kind === 'ended') open.endedAt = at;
    if (entry.kind === 'done' && entry.by === 'run') times.push({ step: entry.step, ...open, doneAt: at });
  }
  return times;
};

/** What each command took on its host, in milliseconds: from the writing of its process id to that of its exit code. */
const commandMs = async (lab: Lab, host: LabHost, run: string): Promise<ReadonlyMap<string, number>> => {
  const jobs = await lab.root(
    host,
    `cd /home/dba/.pgaf-upgrade/jobs/${quote(run)} 2>/dev/null || exit 0
for job in *; do [ -f "$job/rc" ] && echo "$job $(stat -c %.Y "$job/pid") $(stat -c %.Y "$job/rc")"; done; true`,
  );
  return new Map(
    jobs.split('\n').flatMap((line): readonly [string, number][] => {
      const [job, from, to] = line.split(' ');
      return job === undefined || to === undefined
        ? []
        : [[`${run}/${job}`, (Number(to) - Number(from)) * 1000]];
    }),
  );
};

export const overhead: Bench = {
  name: 'overhead',
  title: 'What the console adds to its commands',
  usualRuns: 3,
  async run({ runs, say }) {
    const obstacle = labObstacle();
    if (obstacle !== null) return notMeasured(obstacle);
    const lab = await labOf({ gigabytes: 2, manyTables: true, secondaries: 2 }, say);
    const rounds: { readonly share: number; readonly perStep: readonly number[]; readonly steps: number }[] =
      [];
    try {
      for (let round = 0; round < runs; round += 1) {
        await lab.reset();
        const { journal, run } = await upgrade(lab);
        const took = new Map<string, number>();
        for (const host of lab.hosts)
          for (const [job, ms] of await commandMs(lab, host, run)) took.set(job, ms);
        const times = timesOf(journal).flatMap((one) => {
          const command = took.get(one.job);
          return command === undefined ? [] : [{ ...one, command }];
        });
        const [first, last] = [times[0], times.at(-1)];
        if (first === undefined || last === undefined)
          throw new Error('no step of the run was found on the hosts');
        // What the servers take to get where they must be after a command is theirs, as is the command itself.
        const settling = times.reduce((sum, one) => sum + (one.doneAt - one.endedAt), 0);
        const commands = times.reduce((sum, one) => sum + one.command, 0);
        const wall = last.doneAt - first.confirmedAt;
        rounds.push({
          share: ((wall - commands - settling) / wall) * 100,
          perStep: times.map((one) => one.endedAt - one.confirmedAt - one.command),
          steps: times.length,
        });
        say(
          `${times.length} steps, ${Math.round(wall / 1000)} s, commands ${Math.round(commands / 1000)} s, settling ${Math.round(settling / 1000)} s`,
        );
      }
    } finally {
      await lab.run(['destroy']);
    }
    const perStep = rounds.flatMap((round) => round.perStep);
    return measured(
      {
        what: 'of a run’s wall time',
        value: median(rounds.map((round) => round.share)),
        unit: '%',
        target: atMost(3),
        note: `${rounds[0]?.steps} steps; without commands and the servers’ settling`,
      },
      { what: 'a step, median', value: median(perStep), unit: 'ms', target: atMost(150) },
      { what: 'a step, p90', value: quantile(perStep, 0.9), unit: 'ms' },
    );
  },
};
