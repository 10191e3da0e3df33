import type { CustomStep } from '../../cluster/custom-steps.ts';
import { type ClusterFacts, isOutside, type NodeFacts } from '../../cluster/facts.ts';
import { type Fragment, quoted, sh } from '../../cluster/fragment.ts';
import { secureOptions } from '../../cluster/superuser-sql.ts';
import { privateSocket } from '../shell/shell.ts';
import type { CustomStepPlace } from './custom-place.ts';

/** The lines of custom steps' scripts: what the operator's commands find, and how they are run with their limit. */

/** In the rollback the old version serves, or nothing does. */
export const isBack = (step: CustomStep): boolean =>
  step.at === 'before-rollback' || step.at === 'rolled-back';

/** The new version's server is the one to be asked, if any is. */
const isNew = (step: CustomStep): boolean =>
  !isBack(step) && !['before-stop', 'stopping', 'stopped'].includes(step.at);

/** Where a step runs, who takes the writes there, and which secondary is back; null: it is about none. */
export interface CustomSetting {
  readonly host: CustomStepPlace;
  readonly primary: NodeFacts;
  readonly node: NodeFacts | null;
}

/** What the operator's commands find: the server of their host, if it has one now, and where in the window they are. */
export const environment = (
  facts: ClusterFacts,
  step: CustomStep,
  { host, primary, node }: CustomSetting,
): Fragment => {
  const isolated = step.at === 'before-open' && host === primary;
  const names = sh`
    export PGAF_CLUSTER=${facts.name} PGAF_STEP=${step.name} PGAF_AT=${quoted(step.at)}
    export PGAF_OLD=${facts.oldMajor} PGAF_NEW=${facts.newMajor} PGAF_PRIMARY=${primary.hostname}${node !== null && sh` PGAF_SECONDARY=${node.hostname}`}
  `;
  if (isOutside(host)) return names;
  // Which version serves where something has failed, nobody can say beforehand; and root looks for no program where another user may have laid one.
  return sh`
    ${names}
    ${step.as === undefined && step.at !== 'failed' && sh`export PATH=${isNew(step) ? host.newBindir : host.oldBindir}:"$PATH"`}
    # psql without options asks the server of this host${isolated && sh`, which nobody else reaches yet`}; names of a schema are to be written out
    export PGHOST=${isolated ? privateSocket(host) : host.socketDirectory} PGPORT=${host.port} PGOPTIONS=${quoted(secureOptions)}
  `;
};

export const shell = (text: string): Fragment => sh`sh -euc ${quoted(text)} </dev/null`;

/**
 * Runs it with its time limit, and leaves its exit code in `$code`; what it leaves running in its process group is ended with it.
 * `tooLong`: what is said when the limit has ended it, and nobody else, which has the same exit codes.
 */
const limited = (
  step: CustomStep,
  text: string,
  tooLong: string,
  then: Fragment | false = false,
): Fragment => sh`
  code=0 began=$(date +%s)
  timeout -k 10 ${step.timeout} ${shell(text)} || code=$?
  if { [ "$code" = 124 ] || [ "$code" = 137 ]; } && [ $(($(date +%s) - began)) -ge ${step.timeout} ]; then
    echo ${quoted(`${tooLong}: steps.${step.name}.timeout in the cluster file`)} >&2
    ${then}
  fi
`;

export const commands = (step: CustomStep, text: string): Fragment => sh`
  ${limited(step, text, `it was ended after ${step.timeout} s`)}
  if [ "$code" != 0 ]; then exit "$code"; fi
`;

/** Whether it is done. A probe that does not answer says neither yes nor no. */
export const askedDone = (step: CustomStep, probe: string): Fragment =>
  limited(step, probe, `steps.${step.name}.done did not answer within ${step.timeout} s`, sh`exit "$code"`);
