import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../cluster/result.ts';
import { type Demo, openDemo } from '../demo/open-demo.ts';
import { plainAnswers } from '../demo/plain-answers.ts';
import { type Scenario, scenarioNamed, scenarios } from '../demo/scenarios.ts';
import { wrapWords } from '../wording/text.ts';
import { calledAs } from './called-as.ts';
import { colleagueOf } from './demo-colleague.ts';
import { run } from './run.ts';
import { sayProblems } from './say.ts';
import { answer, askOn, columnsOfTerminal, showsScreens } from './terminal.ts';

export interface DemoArguments {
  readonly scenario: string | undefined;
  readonly plain: boolean;
  readonly yes?: string;
  /** The directory stays when the demo ends. */
  readonly keep: boolean;
  /** The directory of a demo that was kept. */
  readonly resume?: string;
}

const { write } = answer;

const refuse = (what: string, remedy: string): 2 => {
  sayProblems([{ what, remedy }]);
  return 2;
};

/** By words, as wide as the terminal; whoever reads it from a pipe gets whole lines. */
const wrapped = (text: string, indent: string): readonly string[] => {
  const columns = columnsOfTerminal();
  return (columns === null ? [text] : wrapWords(text, columns - indent.length)).map(
    (line) => `${indent}${line}`,
  );
};

const opening = (scenario: Scenario): string =>
  [
    '',
    ...wrapped(
      `DEMO, scenario ${scenario.name}: an embedded cluster in this process. No real server is touched.`,
      '',
    ),
    ...scenario.says.flatMap((line) => wrapped(line, '  ')),
    '',
  ].join('\n');

const whereItIs = ({ layout }: Demo): string =>
  `DEMO: it lies in ${layout.root}; in a second terminal, while it runs:\n  ${calledAs(process.argv, null)} status ${layout.clusterFile}\n`;

/** The full screen would hide what has just been said: Enter begins. False where there is no more input. */
const begin = async (): Promise<boolean> => {
  const prompt = askOn('answer');
  const given = await prompt.ask('Press Enter to begin. ');
  prompt.close();
  return given !== null;
};

const ended = (demo: Demo, keep: boolean): string =>
  keep
    ? `DEMO: kept in ${demo.layout.root}; go on with ${calledAs()} demo --resume ${demo.layout.root}\n`
    : 'DEMO: finished; everything removed.\n';

/** The console over an embedded cluster: everything but the servers is the real thing. Exit codes as of `run`. */
export const demo = async ({ scenario, plain, yes, keep, resume }: DemoArguments): Promise<number> => {
  const wanted = scenarioNamed(scenario ?? 'smooth');
  if (wanted === null)
    return refuse(
      `there is no scenario “${scenario ?? ''}”`,
      `one of: ${scenarios.map(({ name }) => name).join(', ')}`,
    );
  if (resume !== undefined && !existsSync(join(resume, 'demo.json')))
    return refuse(`${resume} is no directory of a demo`, 'the one that demo --keep has named');
  if (yes !== undefined && yes !== 'demo')
    return refuse(`--yes ${yes} does not name the demo’s cluster`, '--yes demo');
  const kept = keep || resume !== undefined;
  if (resume === undefined) write(opening(wanted));
  write('DEMO: making its cluster…\n');
  const inLines = plain || yes !== undefined || !showsScreens();
  const listeners = new Set<(text: string) => void>();
  const tell = (text: string): void => {
    for (const listener of listeners) listener(text);
  };
  let embedded: Demo;
  try {
    embedded = await openDemo({
      scenario: wanted,
      keep: kept,
      // For tests: a directory of programs that are not GNU's.
      programs: process.env.PGAF_UPGRADE_DEMO_PROGRAMS,
      tell,
      ...(resume === undefined ? {} : { directory: resume }),
    });
  } catch (thrown) {
    return refuse('the demo could not be made', `this is what came in between: ${messageOf(thrown)}`);
  }
  const running = embedded.scenario;
  // The journals of the demo are no journals of real runs.
  process.env.XDG_STATE_HOME = embedded.layout.stateHome;
  if (resume !== undefined) write(opening(running));
  write(whereItIs(embedded));
  const answers = plainAnswers(running, embedded.cluster);
  const lines = {
    prompt: answers.prompt,
    write: (text: string) => {
      answers.heard(text);
      write(text);
    },
  };
  const colleague = colleagueOf(
    running.colleague,
    { clusterFile: embedded.layout.clusterFile, stateHome: join(embedded.layout.root, 'colleague') },
    tell,
  );
  try {
    if (!inLines && !(await begin())) return 1;
    return await run({
      file: embedded.layout.clusterFile,
      direction: 'upgrade',
      plain: plain || yes !== undefined,
      banner: 'DEMO',
      fleeting: !kept,
      onEvent: colleague.hear,
      onStaged: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      ...(yes === undefined ? {} : { lines }),
    });
  } finally {
    await colleague.leave();
    await embedded.close();
    write(ended(embedded, kept));
  }
};
