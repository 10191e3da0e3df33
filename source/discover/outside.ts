import type { Config } from '../cluster/config.ts';
import { consolePlace } from '../cluster/custom-steps.ts';
import { type ClusterFacts, type Outside, outsideSchema } from '../cluster/facts.ts';
import { sh } from '../cluster/fragment.ts';
import { theLogin } from '../cluster/login.ts';
import { type Problem, problem, type Result } from '../cluster/result.ts';
import type { RemoteHost } from '../remote/host.ts';
import { thisMachine } from '../remote/this-machine.ts';
import { homeIsOwn, runsAs, usersAt } from '../runbook/steps/custom-place.ts';
import { addressOf, type OpenHost } from './reach.ts';

/** Places outside the cluster that its custom steps run on: hosts of the cluster file's own, and the operator's machine. */

const entryOf = (config: Config, name: string) =>
  Object.entries(config.hosts).find(([own]) => own === name)?.[1];

/** Those that a step names. */
export const outsideOf = (config: Config): Outside[] => {
  const named = [...new Set(config.steps.map((step) => String(step.on)))];
  return named.flatMap((alias) => {
    if (alias === consolePlace) return [outsideSchema.parse({ alias, kind: consolePlace })];
    return entryOf(config, alias) === undefined ? [] : [outsideSchema.parse({ alias, kind: 'ssh' })];
  });
};

const openOutside = (
  config: Config,
  open: OpenHost,
  { alias, kind }: Outside,
  evenIfSilent: boolean,
): Promise<Result<RemoteHost>> => {
  if (kind === consolePlace) return thisMachine(alias);
  const its = entryOf(config, alias);
  const { ssh } = its ?? {};
  return open(addressOf(config, alias, its?.host ?? alias, ssh === undefined ? {} : { ssh }), {
    evenIfSilent,
  });
};

/** Connects to them and adds their connections. One that does not answer holds up its own steps alone: of these the first come before the window. */
export const reachOutside = async (
  config: Config,
  open: OpenHost,
  facts: Pick<ClusterFacts, 'outside'>,
  hosts: Map<string, RemoteHost>,
): Promise<void> => {
  await Promise.all(
    facts.outside.map(async (place) => {
      const opened = await openOutside(config, open, place, true);
      if (opened.ok) hosts.set(place.alias, opened.value);
    }),
  );
};

/** Why custom steps cannot run there, of each place; it answers, and the login becomes who runs them. For `check`: every connection is closed. */
export const outsideTroubles = async (
  config: Config,
  open: OpenHost,
  facts: ClusterFacts,
): Promise<readonly { readonly alias: string; readonly problem: Problem }[]> => {
  const troubles = facts.outside.map(async (place) => {
    const host = await openOutside(config, open, place, false);
    if (!host.ok) return [{ alias: place.alias, problem: host.error }];
    const users = usersAt(facts, place).map((as) => runsAs(facts, place, as));
    const answers = await Promise.all(
      [...new Set([theLogin, ...users])].map(async (as) => {
        const answer = await host.value.run(
          sh`mkdir -p "$HOME"/.pgaf-upgrade && [ -w "$HOME"/.pgaf-upgrade ] && ${homeIsOwn} && command -v timeout >/dev/null`
            .text,
          {
            as,
            timeoutMs: 30_000,
          },
        );
        if (!answer.ok) return answer.error;
        return answer.value.code === 0
          ? null
          : problem(
              `${place.alias}: ${as} has no program timeout, or no ~/.pgaf-upgrade of its own to write to.`,
              'Install coreutils there; give that user a home of its own, and what is in it: `ls -ld ~/.pgaf-upgrade`.',
              answer.value.stderr.trim(),
            );
      }),
    );
    await host.value.close();
    return answers.flatMap((one) => (one === null ? [] : [{ alias: place.alias, problem: one }]));
  });
  return (await Promise.all(troubles)).flat();
};
