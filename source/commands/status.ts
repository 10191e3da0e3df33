import { type Problem, problem } from '../cluster/result.ts';
import { connector } from '../discover/connector.ts';
import { stateHome } from '../engine/journal/journal.ts';
import { statusJson, statusText } from '../plain/status-report.ts';
import { connect } from '../remote/connect.ts';
import { readStatus } from '../usecases/status/status.ts';
import { terminalAsk } from './asking.ts';
import { calledAs } from './called-as.ts';
import { readConfig } from './read-config.ts';
import { print, sayDoing, sayProblems } from './say.ts';

export interface StatusArguments {
  readonly file: string;
  readonly json: boolean;
  /** As it was typed: the number of what was left to do, counted from 1. */
  readonly done: string | null;
}

/** `pgaf-upgrade status`: the current state, once. 0 printed, 2 not. */
export const status = async ({ file, json, done }: StatusArguments): Promise<number> => {
  const couldNot = (...problems: readonly Problem[]): 2 => {
    sayProblems(problems);
    if (json) print(`${JSON.stringify({ problems }, null, 2)}\n`, 'json');
    return 2;
  };
  if (done !== null && !/^[1-9][0-9]{0,5}$/.test(done))
    return couldNot(
      problem(
        `\`--done\` takes a number, not “${done}”.`,
        'Take the number that `pgaf-upgrade status` shows.',
      ),
    );
  const config = readConfig(file, 'status');
  if (!config.ok) return couldNot(...config.error);
  const asking = terminalAsk();
  const say = json ? () => undefined : sayDoing;
  const reach = connector(config.value, connect, asking.ask, say);
  const seen = await readStatus(config.value, reach, say, stateHome(process.env), {
    done: done === null ? null : Number(done),
  });
  asking.close();
  if (!seen.ok) return couldNot(seen.error);
  const { name } = config.value;
  if (json) print(statusJson(name, seen.value), 'json');
  else print(statusText(name, seen.value, file, calledAs()));
  return 0;
};
