import { fail, ok, type Problem, problem } from '../cluster/result.ts';
import { localTime } from '../cluster/times.ts';
import { connector } from '../discover/connector.ts';
import { stateHome } from '../engine/journal/journal.ts';
import { keepCheck } from '../engine/journal/kept-check.ts';
import { keptRehearsal } from '../engine/journal/kept-rehearsal.ts';
import { withStepTimes } from '../engine/journal/kept-steps.ts';
import { newestRunOf } from '../engine/journal/of-cluster.ts';
import { openWindow } from '../engine/journal/open-window.ts';
import {
  catalogueJson,
  catalogueText,
  checkJson,
  checkText,
  couldNotInspectJson,
} from '../plain/check-report.ts';
import { checksExitCode, checksJson, checkTable, type OfCluster } from '../plain/many-clusters.ts';
import { connect } from '../remote/connect.ts';
import type { Ask } from '../remote/host.ts';
import { type CheckResult, check, toKeep } from '../usecases/check/check.ts';
import { terminalAsk } from './asking.ts';
import { calledAs } from './called-as.ts';
import { answerOf, forEachCluster, sayingOf } from './each-cluster.ts';
import { readConfig } from './read-config.ts';
import { print, sayProblems } from './say.ts';
import { unacceptable } from './unacceptable.ts';

export interface CheckArguments {
  readonly files: readonly string[];
  readonly json: boolean;
  readonly list: boolean;
  /** Keep the initialised new directories. */
  readonly prepare: boolean;
}

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

/** Checks one cluster. Errors: its file is wrong, or it could not be inspected. */
const checkCluster = async (
  file: string,
  prepare: boolean,
  ask: Ask,
  sayOf: (name: string) => (doing: string) => void,
): Promise<OfCluster<CheckResult>> => {
  const config = readConfig(file, 'check');
  if (!config.ok) return { file, name: null, answer: config };
  const { name } = config.value;
  const failed = (...problems: readonly Problem[]) => ({ file, name, answer: fail(problems) });
  const wrong = unacceptable(config.value.check.accept, file);
  if (wrong.length > 0) return failed(...wrong);
  const say = sayOf(name);
  const result = await check({
    config: config.value,
    open: connector(config.value, connect, ask, say),
    say,
    keepNewDirectory: prepare,
  });
  if (!result.ok) return failed(...windowOpen(name, file), result.error);
  const { facts } = result.value;
  // Plan and window expect what was measured here, and no other check's.
  if (facts !== null) {
    const kept = keepCheck(stateHome(process.env), facts, ...toKeep(result.value, new Date().toISOString()));
    if (!kept.ok) sayProblems([kept.error]);
  }
  const rehearsal = facts === null ? null : keptRehearsal(stateHome(process.env), facts);
  const timed = facts === null ? null : withStepTimes(stateHome(process.env), facts);
  const answer = { ...result.value, facts: timed, evidence: { ...result.value.evidence, facts: timed } };
  return { file, name, answer: ok(rehearsal === null ? answer : { ...answer, rehearsal }) };
};

/** `pgaf-upgrade check`: 0 ready, 1 blocked, 2 it could not be decided. Of several clusters the worst counts. */
export const runCheck = async ({ files, json, list, prepare }: CheckArguments): Promise<number> => {
  if (list) {
    print(json ? catalogueJson() : catalogueText(), json ? 'json' : 'text');
    return 0;
  }
  const asking = terminalAsk();
  const several = files.length > 1;
  const checked = await forEachCluster(files, (file) =>
    answerOf(file, checkCluster(file, prepare, asking.ask, sayingOf(files))),
  );
  asking.close();
  const [only] = checked;
  if (several || only === undefined) {
    if (json) print(checksJson(checked), 'json');
    else print(checkTable(checked, calledAs()));
    return checksExitCode(checked);
  }
  const { name, answer } = only;
  if (!answer.ok) {
    sayProblems(answer.error);
    if (json) print(couldNotInspectJson(answer.error), 'json');
  } else if (json) print(checkJson(name ?? '', answer.value), 'json');
  else print(checkText(name ?? '', answer.value));
  return checksExitCode(checked);
};
