import type { ClusterFacts } from '../cluster/facts.ts';
import { sh } from '../cluster/fragment.ts';
import { theLogin } from '../cluster/login.ts';
import { type Problem, problem } from '../cluster/result.ts';
import { terminalRemedy, wantsTerminal } from '../remote/become.ts';
import type { RemoteHost } from '../remote/host.ts';
import { helperChecksum } from '../runbook/shell/root-helper.ts';
import { rootHosts } from '../runbook/shell/root-hosts.ts';
import { helperPath, type RootHost, type RootWay, verbLines } from '../runbook/shell/root-verbs.ts';

/**
 * Whether the helper on a host may be called, and is the text that this version makes for this host: the constants in it
 * are then those that discovery has found. Null: it is. Reads only.
 */
export const helperProblem = async (
  host: RemoteHost,
  way: RootWay,
  its: RootHost,
): Promise<Problem | null> => {
  if (verbLines(way, its).size === 0) return null;
  const path = helperPath(its);
  const print = 'pgaf-upgrade helper prints it, and how to install it';
  const asked = await host.run(sh`sudo -n ${path} version`.text, { as: theLogin, timeoutMs: 30_000 });
  if (!asked.ok) return asked.error;
  const { code, stdout, stderr } = asked.value;
  const cause = stderr.trim().slice(0, 400) || `exit code ${code}`;
  if (code === 0)
    return stdout.trim() === helperChecksum(way, its)
      ? null
      : problem(
          `${host.alias}: ${path} is not the text that this version makes for this host.`,
          `Install it anew: ${print}. Look at what is there before: it may be an older version’s, or somebody has changed it.`,
        );
  const user = /^[A-Za-z_][A-Za-z0-9_.-]*$/.exec(host.address.user ?? '')?.[0] ?? 'LOGIN';
  if (wantsTerminal(cause))
    return problem(
      `${host.alias}: the login may not run ${path}: sudo there wants a terminal (requiretty), which no command of the console has.`,
      terminalRemedy(user),
      cause,
    );
  return problem(
    `${host.alias}: the login may not run ${path} as root, or it is not there.`,
    `Install it, with its rule: ${print}. Or let the console run root’s scripts itself: become: { root: sh }.`,
    cause,
  );
};

/** Every host of a run, side by side; the first trouble. A host without a connection is not asked. */
export const helperTroubles = async (
  facts: ClusterFacts,
  hosts: ReadonlyMap<string, RemoteHost>,
): Promise<Problem | null> => {
  if (facts.root !== 'helper') return null;
  const found = await Promise.all(
    rootHosts(facts).map((its) => {
      const host = hosts.get(its.alias);
      return host === undefined ? null : helperProblem(host, facts, its);
    }),
  );
  return found.find((one) => one !== null) ?? null;
};
