import { mkdirSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { quoted, sh } from '../cluster/fragment.ts';
import { theLogin } from '../cluster/login.ts';
import { messageOf, type Problem, problem } from '../cluster/result.ts';
import type { Alias, Path } from '../cluster/words.ts';
import { connector } from '../discover/connector.ts';
import { discover } from '../discover/discover.ts';
import { connect } from '../remote/connect.ts';
import { helperText, sudoersPath, sudoersText } from '../runbook/shell/root-helper.ts';
import { rootHosts } from '../runbook/shell/root-hosts.ts';
import { helperPath } from '../runbook/shell/root-verbs.ts';
import { terminalAsk } from './asking.ts';
import { readConfig } from './read-config.ts';
import { print, sayDoing, sayProblems } from './say.ts';

export interface HelperArguments {
  readonly file: string;
  /** The directory that the files go to; null: standard output. */
  readonly out: string | null;
}

interface Installation {
  readonly alias: Alias;
  readonly login: string;
  readonly path: Path;
  /** Where its sudoers rule goes. */
  readonly rule: Path;
  readonly text: string;
  readonly sudoers: string;
}

const commandsOf = (one: Installation, from: string): string =>
  sh`
    # as root on ${one.alias}:
    install -o root -g root -m 755 ${quoted(from)} ${one.path}
    install -o root -g root -m 440 ${quoted(from)}.sudoers ${one.rule}
    visudo -c
    # when the upgrade is accepted: rm ${one.path} ${one.rule}

  `.text;

const printed = (one: Installation): string =>
  [
    `──── ${one.alias}: ${one.path}`,
    one.text,
    `──── ${one.alias}: ${one.rule}, for the login ${one.login}`,
    one.sudoers,
    `──── ${one.alias}: how to install both (--out DIR writes them to files)`,
    commandsOf(one, posix.basename(one.path)),
    '',
  ].join('\n');

/**
 * `pgaf-upgrade helper`: for each host the script of fixed verbs that root may install, so that the login needs no shell
 * as root, and the sudoers rule for it. Reads the cluster by discovery; changes nothing. 0 printed, 2 not.
 */
export const helper = async ({ file, out }: HelperArguments): Promise<number> => {
  const couldNot = (...problems: readonly Problem[]): 2 => {
    sayProblems(problems);
    return 2;
  };
  const config = readConfig(file, 'helper');
  if (!config.ok) return couldNot(...config.error);
  const asking = terminalAsk();
  const found = await discover(
    config.value,
    connector(config.value, connect, asking.ask, sayDoing),
    sayDoing,
  );
  asking.close();
  if (!found.ok) return couldNot(found.error);
  const { facts, hosts } = found.value;
  const way = { root: 'helper', postgres: facts.postgres } as const;
  const installations: Installation[] = [];
  for (const its of rootHosts(facts)) {
    const asked = await hosts.get(its.alias)?.run(sh`id -un`.text, { as: theLogin, timeoutMs: 30_000 });
    const login = asked?.ok ? asked.value.stdout.trim() : '';
    if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(login)) {
      await Promise.all([...hosts.values()].map((host) => host.close()));
      return couldNot(
        asked !== undefined && !asked.ok
          ? asked.error
          : problem(`${its.alias}: who logs in there is not known.`, 'Check the connection, then retry.'),
      );
    }
    installations.push({
      alias: its.alias,
      login,
      path: helperPath(its),
      rule: sudoersPath(its),
      text: helperText(way, its),
      sudoers: sudoersText(way, its, login),
    });
  }
  await Promise.all([...hosts.values()].map((host) => host.close()));
  const then = facts.root === 'helper' ? '' : '\nThen say so in the cluster file: become: { root: helper }\n';
  if (out === null) {
    print(`${installations.map(printed).join('')}${then}`);
    return 0;
  }
  try {
    for (const one of installations) {
      const directory = join(out, one.alias);
      mkdirSync(directory, { recursive: true });
      const name = join(directory, posix.basename(one.path));
      writeFileSync(name, one.text, { mode: 0o755 });
      writeFileSync(`${name}.sudoers`, one.sudoers, { mode: 0o440 });
    }
  } catch (thrown) {
    return couldNot(
      problem(`The helpers were not written to ${out}.`, 'Name another directory.', messageOf(thrown)),
    );
  }
  print(
    `${installations.map((one) => commandsOf(one, join(one.alias, posix.basename(one.path)))).join('\n')}${then}`,
  );
  return 0;
};
