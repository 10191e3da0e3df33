import { quiet } from '../demo/cluster/stage.ts';
import { openDemo } from '../demo/open-demo.ts';
import { run } from './run.ts';

export interface DemoArguments {
  readonly scenario: string;
  readonly plain: boolean;
  readonly yes?: string;
  readonly keep: boolean;
  readonly resume?: string;
}

export const demo = async ({ scenario, plain, yes, keep, resume }: DemoArguments): Promise<number> => {
  const embedded = await openDemo({
    scenario,
    hosts: ['monitor', 'node_1', 'node_2'],
    keep,
    stage: () => quiet,
    ...(resume === undefined ? {} : { directory: resume }),
  });
  process.env.XDG_STATE_HOME = embedded.layout.stateHome;
  process.stdout.write(`DEMO: ${embedded.layout.root}\n`);
  const code = await run({
    file: embedded.layout.clusterFile,
    direction: 'upgrade',
    plain,
    ...(yes === undefined ? {} : { yes }),
  });
  await embedded.close();
  return code;
};
