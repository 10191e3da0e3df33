import { fail, type Problem, problem } from '../cluster/result.ts';
import { connector } from '../discover/connector.ts';
import { stateHome } from '../engine/journal/journal.ts';
import { type OfCluster, statusesJson, statusTable } from '../plain/many-clusters.ts';
import { statusJson, statusText } from '../plain/status-report.ts';
import { connect } from '../remote/connect.ts';
import type { Ask } from '../remote/host.ts';
import { readStatus, type Status } from '../usecases/status/status.ts';
import { terminalAsk } from './asking.ts';
import { calledAs } from './called-as.ts';
import { answerOf, forEachCluster, sayingOf } from './each-cluster.ts';
import { readConfig, withWindowEnd } from './read-config.ts';
import { print, sayProblems } from './say.ts';

export interface StatusArguments {
  readonly files: readonly string[];
  readonly json: boolean;
  /** As it was typed: the number of what was left to do, counted from 1. */
  readonly done: string | null;
  /** When the window ends, instead of what the cluster file says. */
  readonly end?: string;
}

/** Asks one cluster where it stands. Errors: its file is wrong, or it could not be discovered. */
const statusOf = async (
  file: string,
  done: number | null,
  ask: Ask,
  sayOf: (name: string) => (doing: string) => void,
  end: string | undefined,
): Promise<OfCluster<Status>> => {
  const read = readConfig(file, 'status');
  if (!read.ok) return { file, name: null, answer: read };
  const config = withWindowEnd(read.value, end);
  if (!config.ok) return { file, name: null, answer: fail([config.error]) };
  const { name } = config.value;
  const say = sayOf(name);
  const reach = connector(config.value, connect, ask, say);
  const seen = await readStatus(config.value, reach, say, stateHome(process.env), { done });
  return { file, name, answer: seen.ok ? seen : fail([seen.error]) };
};

/** `pgaf-upgrade status`: the current state, once. 0 printed, 2 not, or not of every cluster. */
export const status = async ({ files, json, done, end }: StatusArguments): Promise<number> => {
  const couldNot = (problems: readonly Problem[]): 2 => {
    sayProblems(problems);
    if (json) print(`${JSON.stringify({ problems }, null, 2)}\n`, 'json');
    return 2;
  };
  const several = files.length > 1;
  if (done !== null && several)
    return couldNot([
      problem('`--done` goes with one cluster file.', 'Name the one whose list the number is of.'),
    ]);
  if (done !== null && !/^[1-9][0-9]{0,5}$/.test(done))
    return couldNot([
      problem(
        `\`--done\` takes a number, not “${done}”.`,
        'Take the number that `pgaf-upgrade status` shows.',
      ),
    ]);
  const asking = terminalAsk();
  const sayOf = json ? () => () => undefined : sayingOf(files);
  const seen = await forEachCluster(files, (file) =>
    answerOf(file, statusOf(file, done === null ? null : Number(done), asking.ask, sayOf, end)),
  );
  asking.close();
  const [only] = seen;
  if (several || only === undefined) {
    if (json) print(statusesJson(seen), 'json');
    else print(statusTable(seen, calledAs()));
    return seen.every(({ answer }) => answer.ok) ? 0 : 2;
  }
  const { file, name, answer } = only;
  if (!answer.ok) return couldNot(answer.error);
  if (json) print(statusJson(name ?? '', answer.value), 'json');
  else print(statusText(name ?? '', answer.value, file, calledAs()));
  return 0;
};
