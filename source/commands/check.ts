import { type Problem, problem } from '../cluster/result.ts';
import { localTime } from '../cluster/times.ts';
import { connector } from '../discover/connector.ts';
import { stateHome } from '../engine/journal/journal.ts';
import { keepCheck } from '../engine/journal/kept-check.ts';
import { newestRunOf } from '../engine/journal/of-cluster.ts';
import { openWindow } from '../engine/journal/open-window.ts';
import {
  catalogueJson,
  catalogueText,
  checkJson,
  checkText,
  couldNotInspectJson,
} from '../plain/check-report.ts';
import { connect } from '../remote/connect.ts';
import { check, toKeep } from '../usecases/check/check.ts';
import { terminalAsk } from './asking.ts';
import { calledAs } from './called-as.ts';
import { readConfig } from './read-config.ts';
import { print, sayDoing, sayProblems } from './say.ts';
import { unacceptable } from './unacceptable.ts';

export interface CheckArguments {
  readonly file: string;
  readonly json: boolean;
  readonly list: boolean;
  /** Keep the initialised new directories. */
  readonly prepare: boolean;
}

const exitCodes = { ready: 0, 'ready-with-warnings': 0, blocked: 1, unseen: 2 } as const;

/** In a window the monitor is stopped as planned: then that is why nothing answers, and not to be put right. */
const windowOpen = (cluster: string, file: string): readonly Problem[] => {
  const open = openWindow(newestRunOf(stateHome(process.env), cluster)?.records ?? []);
  return open === null
    ? []
    : [
        problem(
          `A window is open on ${cluster}, by this machine's journal, since ${localTime(Date.parse(open.since))}; the monitor may be stopped as planned.`,
          `Go on with: ${calledAs()} ${open.command} ${file}. \`check\` is for before the window.`,
        ),
      ];
};

/** `pgaf-upgrade check`: 0 ready, 1 blocked, 2 it could not be decided. */
export const runCheck = async ({ file, json, list, prepare }: CheckArguments): Promise<number> => {
  if (list) {
    print(json ? catalogueJson() : catalogueText(), json ? 'json' : 'text');
    return 0;
  }
  const couldNotInspect = (...problems: readonly Problem[]): 2 => {
    sayProblems(problems);
    if (json) print(couldNotInspectJson(problems), 'json');
    return 2;
  };
  const config = readConfig(file, 'check');
  if (!config.ok) return couldNotInspect(...config.error);
  const wrong = unacceptable(config.value.check.accept, file);
  if (wrong.length > 0) return couldNotInspect(...wrong);
  const asking = terminalAsk();
  const result = await check({
    config: config.value,
    open: connector(config.value, connect, asking.ask, sayDoing),
    say: sayDoing,
    keepNewDirectory: prepare,
  });
  asking.close();
  if (!result.ok) return couldNotInspect(...windowOpen(config.value.name, file), result.error);
  const { facts } = result.value;
  // Plan and window expect what was measured here, and no other check's.
  if (facts !== null) {
    const kept = keepCheck(stateHome(process.env), facts, ...toKeep(result.value, new Date().toISOString()));
    if (!kept.ok) sayProblems([kept.error]);
  }
  if (json) print(checkJson(config.value.name, result.value), 'json');
  else print(checkText(config.value.name, result.value));
  return exitCodes[result.value.judgment.outcome];
};
