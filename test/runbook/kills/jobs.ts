import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { forgetJobScript } from '../../../source/usecases/check/forget-job.ts';
import type { Sandbox } from '../sandbox.ts';
import type { Case } from './case.ts';

/** The jobs of a check, which its own login removes. */

const jobs = (box: Sandbox): string => join(box.node.home, '.pgaf-upgrade/jobs');
const layJob = (box: Sandbox, job: string, process: string, ended: boolean): void => {
  for (const [name, text] of [
    ['script', 'true\n'],
    ['log', ''],
    ['pid', `${process}\n`],
    ...(ended ? [['rc', '0\n'] as const] : []),
  ] as const)
    box.write(join(jobs(box), job, name), text);
};

export const jobCases: readonly Case[] = [
  {
    step: 'check.node_1.forget-job',
    after: 'A.node_1.save',
    script: () => forgetJobScript('check-now/node_1'),
    lay: (box) => {
      const own = box.sh(`sed 's/.*) //' /proc/${process.pid}/stat | cut -d' ' -f20`).output.trim();
      layJob(box, 'check-now/node_1', '1 1 boot', true);
      layJob(box, 'check-earlier/node_1', '1 1 boot', true);
      layJob(box, 'check-killed/node_1', '1 1 boot', false);
      layJob(box, 'check-other/node_1', `${process.pid} ${own} boot`, false);
      layJob(box, 'run-of-last-week/D.node_1.swap', '1 1 boot', true);
    },
    ends: (box) => readdirSync(jobs(box), { recursive: true }).sort(),
    rows: null,
    always: (box) =>
      box.has(join(jobs(box), 'check-other/node_1/pid')) &&
      box.has(join(jobs(box), 'run-of-last-week/D.node_1.swap/rc'))
        ? null
        : 'a job that runs, or is of a run, was touched',
  },
];
