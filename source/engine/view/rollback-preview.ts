import { type ClusterFacts, type NodeFacts, userOn } from '../../cluster/facts.ts';
import { lines, sh, word } from '../../cluster/fragment.ts';
import type { Observations } from '../../cluster/observations.ts';
import type { RemoteHost } from '../../remote/host.ts';
import { rateOf } from '../../runbook/checks/rates.ts';
import { oldDirectory } from '../../runbook/language/fallback-copies.ts';
import type { Step } from '../../runbook/language/step.ts';
import { type Copies, rollbackRunbook } from '../../runbook/rollback.ts';
import { reportSecondsOf, usualSeconds } from '../../runbook/timing/step-seconds.ts';
import type { Route } from '../../runbook/verdict/route.ts';
import { rollbackVerdict } from '../../runbook/verdict/verdict.ts';
import type { RollbackPreview } from './controller.ts';
import { viewOf } from './step-view.ts';

/** What going back would be, from one look at the hosts: verdict, reason, steps, time. */

const why = (facts: ClusterFacts, route: Route, loses: boolean): string => {
  const kept = loses
    ? ` What ${facts.newMajor} wrote stays in the directory that is kept aside (…_pg${facts.newMajor}_abandoned), from where it can be taken by hand.`
    : '';
  switch (route.kind) {
    case 'unknown':
      return route.why;
    case 'nothing':
      return `Every node runs PostgreSQL ${facts.oldMajor} as before the window.`;
    case 'backup':
      return `PostgreSQL ${facts.newMajor} has run on the primary’s files, and no secondary holds a complete fallback copy of ${facts.oldMajor} any more.`;
    case 'own':
      return route.linked
        ? `The files are shared by links, and the fingerprint on the disk shows that ${facts.newMajor} has never been started on them.`
        : `The primary’s own ${facts.oldMajor} directory is whole and shares no file with ${facts.newMajor}.${kept}`;
    case 'fallback-copy':
      if (route.uncompared === true)
        return `The primary’s host does not answer. ${route.node.alias} was stopped at a shutdown of its primary, and no other secondary has got further: it becomes the primary. Keep the old primary’s host off, or off the network, until its steps are asked for: nothing may write there any more.`;
      return `${facts.newMajor} has run on files that it shares with the primary’s old directory, so that must never start again: ${facts.oldMajor} would start without an error and lose tables. ${route.node.alias} was stopped at the primary’s last checkpoint: its directory is the cluster as it was. It becomes the primary; node ids are new.${kept}`;
  }
};

/** What a rollback takes without its base backups, which are counted by their size: the same numbers as the estimates’. */
export const secondsOfSteps = (facts: ClusterFacts, steps: readonly Step[]): number =>
  steps.reduce(
    (sum, step) => sum + (step.expectedSeconds ?? usualSeconds(step.id)) + reportSecondsOf(facts, step),
    0,
  );

/** What is done now and will not be any more once its host has been stopped, a start for one, is ahead too. */
export const stepsAhead = (steps: readonly Step[], world: Observations): readonly Step[] => {
  const pending = (step: Step) => step.probe(world).state !== 'done';
  const stopped = new Set(
    steps.filter((step) => step.phase === 'R' && pending(step)).map((step) => step.host),
  );
  return steps.filter((step) => pending(step) || (step.phase !== 'R' && stopped.has(step.host)));
};

const measureTimeoutMs = 15_000;

/** The size of a stopped directory, or of a running one; null where it could not be told in time. */
const sizeOf = async (
  facts: ClusterFacts,
  node: NodeFacts,
  world: Observations,
  host: RemoteHost | undefined,
): Promise<number | null> => {
  if (host === undefined) return null;
  const candidates = oldDirectory(facts, node, world) === null ? [node.data] : [node.data, node.backupData];
  const sizes = candidates.map(
    (path) => sh`if [ -r ${word`${path}/PG_VERSION`} ]; then du -skL ${path} 2>/dev/null; exit 0; fi`,
  );
  const answer = await host.run(lines(sh`export LC_ALL=C`, ...sizes, sh``).text, {
    as: userOn(facts, node.alias),
    timeoutMs: measureTimeoutMs,
  });
  const kilobytes = answer.ok ? /^(\d+)\s/.exec(answer.value.stdout)?.[1] : undefined;
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
};

const backupRateOf = async (
  facts: ClusterFacts,
  node: NodeFacts,
  host: RemoteHost | undefined,
): Promise<number> => {
  const files = sh`${word`${node.workDir}/saved/pg_autoctl.cfg`} ${node.configFile}`;
  const answer = await host?.run(
    sh`for f in ${files}; do if [ -r "$f" ]; then sed -n 's/^maximum_backup_rate *= *//p' "$f" | head -n 1; exit 0; fi; done`
      .text,
    { as: userOn(facts, node.alias), timeoutMs: measureTimeoutMs },
  );
  return rateOf(answer?.ok === true ? answer.value.stdout : null);
};

const measureCopies = async (
  facts: ClusterFacts,
  world: Observations,
  copies: Copies,
  hosts: ReadonlyMap<string, RemoteHost>,
): Promise<RollbackPreview['copies']> => {
  if (copies.to.length === 0) return [];
  const size = await sizeOf(facts, copies.from, world, hosts.get(copies.from.alias));
  return Promise.all(
    copies.to.map(async (node) => {
      const rate = await backupRateOf(facts, node, hosts.get(node.alias));
      return { host: node.alias, bytes: size, seconds: size === null ? null : Math.ceil(size / rate) };
    }),
  );
};

/** Looks at nothing but sizes; `world` is the look that everything else follows from. */
export const previewOf = async (
  facts: ClusterFacts,
  world: Observations,
  hosts: ReadonlyMap<string, RemoteHost>,
  journalSays: string | null,
): Promise<RollbackPreview> => {
  const { steps, route, copies } = rollbackRunbook(facts, world);
  const ahead = stepsAhead(steps, world);
  const verdict = rollbackVerdict(facts, world);
  const measured = await measureCopies(facts, world, copies, hosts);
  return {
    verdict,
    why: why(facts, route, verdict.kind === 'loses-new-writes'),
    journalSays,
    steps: ahead.map((step) => viewOf(step, world, { kind: 'waiting' }, { direction: 'rollback' })),
    doneAlready: steps.length - ahead.length,
    copies: measured,
    estimateSeconds:
      Math.ceil(secondsOfSteps(facts, ahead)) + measured.reduce((sum, copy) => sum + (copy.seconds ?? 0), 0),
  };
};
