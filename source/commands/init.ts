import { writeFileSync } from 'node:fs';
import { parseConfig } from '../cluster/config.ts';
import { messageOf, type Problem, problem } from '../cluster/result.ts';
import { connector } from '../discover/connector.ts';
import { connect } from '../remote/connect.ts';
import { clusterFile, type MonitorAddress } from '../usecases/init/cluster-file.ts';
import { outline } from '../usecases/init/outline.ts';
import { terminalAsk } from './asking.ts';
import { calledAs } from './called-as.ts';
import { sayDoing, sayProblems } from './say.ts';
import { answer as answerTo, aside, askOn } from './terminal.ts';

export interface InitArguments {
  /** `ssh://user@monitor:port`, or a bare host name. */
  readonly address?: string;
  readonly file?: string;
}

/** `ssh://dba@monitor:2222`, `dba@monitor`, `monitor`. Null where it is none of these. */
export const parseAddress = (text: string): MonitorAddress | null => {
  const [, user, host, port] =
    /^(?:ssh:\/\/)?(?:([A-Za-z0-9_.][A-Za-z0-9_.@-]*)@)?(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9_.][A-Za-z0-9_.-]*)(?::(\d{1,5}))?\/?$/.exec(
      text,
    ) ?? [];
  if (host === undefined || Number(port ?? '1') > 65_535 || Number(port ?? '1') < 1) return null;
  return {
    host: host.replace(/^\[|\]$/g, ''),
    user: user ?? null,
    port: port === undefined ? null : Number(port),
  };
};

/** The cluster file that discovery runs with: the address, and a target that is still to be found. */
const provisional = ({ host, user, port }: MonitorAddress): string =>
  JSON.stringify({
    monitor: { host },
    ssh: { ...(user === null ? {} : { user }), ...(port === null ? {} : { port }) },
    target: { bindir: '/nonexistent' },
  });

const asked = async (): Promise<string | null> => {
  if (!process.stdin.isTTY) return null;
  const prompt = askOn('aside');
  const answer = await prompt.ask('Where is the monitor? ssh://USER@HOST[:PORT] ');
  prompt.close();
  return answer?.trim() ?? null;
};

/** `pgaf-upgrade init`: discovers the cluster behind a monitor and writes cluster.yaml. 0 written, 2 not. */
export const init = async ({ address, file = 'cluster.yaml' }: InitArguments): Promise<number> => {
  const refuse = (...problems: readonly Problem[]): 2 => {
    sayProblems(problems);
    return 2;
  };
  const text = address ?? (await asked());
  if (text === null || text === '')
    return refuse(
      problem(
        'Nobody can be asked where the monitor is.',
        `Name it: \`${calledAs()} init ssh://USER@MONITOR\`.`,
      ),
    );
  const monitor = parseAddress(text);
  if (monitor === null)
    return refuse(
      problem(`${text} is no address.`, 'Write it as ssh://USER@MONITOR, with :PORT where it is not 22.'),
    );
  const config = parseConfig(provisional(monitor), 'the address');
  if (!config.ok) return refuse(...config.error);
  const asking = terminalAsk();
  const found = await outline(config.value, connector(config.value, connect, asking.ask, sayDoing), sayDoing);
  asking.close();
  if (!found.ok) return refuse(found.error);
  try {
    // `wx`: a file that somebody has edited is never overwritten.
    writeFileSync(file, clusterFile(monitor, found.value, new Date().toISOString().slice(0, 10)), {
      flag: 'wx',
    });
  } catch (thrown) {
    return refuse(
      problem(`${file} was not written.`, 'Move it away, or work in another directory.', messageOf(thrown)),
    );
  }
  const unreached = found.value.nodes.filter((node) => node.problem !== null);
  for (const node of unreached) if (node.problem !== null) sayProblems([node.problem]);
  if (found.value.target === null)
    aside.write('No later version is installed on every host: see target.bindir in the file.\n');
  answerTo.write(
    `${file} is written: ${found.value.nodes.length} nodes. Read it, then: ${calledAs()} check ${file}\n`,
  );
  return 0;
};
