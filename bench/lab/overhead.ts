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

/** From when to when each command ran on its host: from the writing of its process id to that of its exit code. The lab's hosts share this machine's clock. */
const commandTimes = async (lab: Lab, host: LabHost, run: string): Promise<ReadonlyMap<string, Span>> => {
  const jobs = await lab.root(
    host,
    `cd /home/dba/.pgaf-upgrade/jobs/${quote(run)} 2>/dev/null || exit 0
for job in *; do [ -f "$job/rc" ] && echo "$job $(stat -c %.Y "$job/pid") $(stat -c %.Y "$job/rc")"; done; true`,
  );
  return new Map(
    jobs.split('\n').flatMap((line): readonly [string, Span][] => {
      const [job, from, to] = line.split(' ');
      return job === undefined || to === undefined
        ? []
        : [[`${run}/${job}`, { from: Number(from) * 1000, to: Number(to) * 1000 }]];
    }),
  );
};

interface Span {
  readonly from: number;
  readonly to: number;
}

/** How long at least one of them lasts, in milliseconds: steps run side by side, and no second counts twice. */
const covered = (spans: readonly Span[]): number => {
  let [sum, end] = [0, Number.NEGATIVE_INFINITY];
  for (const { from, to } of [...spans].sort((one, other) => one.from - other.from)) {
    sum += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return sum;
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
        const took = new Map<string, Span>();
        for (const host of lab.hosts)
          for (const [job, span] of await commandTimes(lab, host, run)) took.set(job, span);
        const times = timesOf(journal).flatMap((one) => {
          const command = took.get(one.job);
          return command === undefined ? [] : [{ ...one, command }];
        });
        const [first, last] = [times[0], times.at(-1)];
        if (first === undefined || last === undefined)
          throw new Error('no step of the run was found on the hosts');
        // The look behind a command is the console's; what the servers take beyond it to get where they must be is theirs.
        const look = median(times.map((one) => one.doneAt - one.endedAt));
        const theirs = times.flatMap((one) => [one.command, { from: one.endedAt + look, to: one.doneAt }]);
        const wall = last.doneAt - first.confirmedAt;
        rounds.push({
          share: ((wall - covered(theirs)) / wall) * 100,
          perStep: times.map(
            (one) =>
              one.doneAt -
              one.confirmedAt -
              (one.command.to - one.command.from) -
              Math.max(0, one.doneAt - one.endedAt - look),
          ),
          steps: times.length,
        });
        say(`${times.length} steps, ${Math.round(wall / 1000)} s, a look ${Math.round(look)} ms`);
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
        note: `${rounds[0]?.steps} steps; the time in which no command runs and no server settles`,
      },
      { what: 'a step, median', value: median(perStep), unit: 'ms', target: atMost(150) },
      { what: 'a step, p90', value: quantile(perStep, 0.9), unit: 'ms' },
    );
  },
};
