import { hostname, userInfo } from 'node:os';
import type { NotifySettings } from '../cluster/notify-settings.ts';
import type { Problem } from '../cluster/result.ts';
import { runConsole } from '../console/run-console.tsx';
import { exitCodeOf, untilSignal } from '../console/signals.ts';
import { stateHome } from '../engine/journal/journal.ts';
import { Engine } from '../engine/run/engine.ts';
import type { Direction } from '../engine/view/controller.ts';
import type { RunHappening } from '../engine/view/run-events.ts';
import type { Prompt } from '../plain/prompt.ts';
import { runPlain } from '../plain/run-plain.ts';
import type { Forfeit } from '../plain/talk.ts';
import type { Connect } from '../remote/host.ts';
import type { RehearsalWanted } from '../runbook/verdict/rehearsal-asked.ts';
import { closeTelling } from '../wording/close-telling.ts';
import { farewell } from '../wording/farewell.ts';
import { calledAs } from './called-as.ts';
import { eventsTo, noLines, openEventsFile } from './events-file.ts';
import { type Notifier, notifierOf } from './notify.ts';
import { pagerIn } from './pager.ts';
import { readConfig, withOptions } from './read-config.ts';
import { recordSession, unrecorded } from './record-session.ts';
import { leaveUnread, sayProblems } from './say.ts';
import { answer, aside, askOn, screenStreams, showsScreens } from './terminal.ts';
import { unacceptable } from './unacceptable.ts';

export interface RunArguments {
  readonly file: string;
  readonly plain: boolean;
  readonly yes?: string;
  readonly direction: Direction;
  readonly rehearsal?: RehearsalWanted;
  /** What a run without a person may give up. */
  readonly forfeits?: ReadonlySet<Forfeit>;
  /** What must be said of the cluster wherever it is shown. */
  readonly banner?: string;
  /** The cluster, and the journal, are gone with the console. */
  readonly fleeting?: boolean;
  /** Where a demo tells what its scenario makes happen. */
  readonly onStaged?: (listener: (text: string) => void) => () => void;
  /** Hears of each event of the run. */
  readonly onEvent?: (happening: RunHappening) => void;
  /** The change that it belongs to, instead of what the cluster file says. */
  readonly ticket?: string;
  /** When the window ends, instead of what the cluster file says. */
  readonly end?: string;
  /** The file that its events go to. */
  readonly events?: string;
  /** Who answers in plain lines, and who hears them, instead of the terminal. */
  readonly lines?: { readonly prompt: Prompt; readonly write: (text: string) => void };
}

/** 2: it could not start, and nothing was changed on any host. */
const couldNotStart = (...problems: readonly Problem[]): 2 => {
  sayProblems(problems);
  return 2;
};

/** ssh2 takes a tenth of a second to load: that begins with the first host that is dialed. */
const connect: Connect = async (address, options) =>
  (await import('../remote/connect.ts')).connect(address, options);

const runWatched = async (
  {
    file,
    plain,
    yes,
    direction,
    rehearsal,
    forfeits,
    banner,
    fleeting = false,
    lines,
    onStaged,
    end,
    ticket,
  }: RunArguments,
  events: string | undefined,
  watch: (engine: Engine, unattended: boolean, notify: NotifySettings | undefined) => void,
): Promise<number> => {
  const read = readConfig(file, direction === 'upgrade' ? 'run' : direction);
  if (!read.ok) return couldNotStart(...read.error);
  const config = withOptions(read.value, end, ticket);
  if (!config.ok) return couldNotStart(config.error);
  if (yes !== undefined && yes !== config.value.name)
    return couldNotStart({
      what: `--yes ${yes} does not name the cluster in ${file}, which is ${config.value.name}`,
      remedy: `--yes ${config.value.name}, if that is the one you mean`,
    });
  // The rollback and the clean-up make no checks, and are not to be held up by what the checks may accept.
  const wrong = direction === 'upgrade' ? unacceptable(config.value.check.accept, file) : [];
  if (wrong.length > 0) return couldNotStart(...wrong);
  // Standard output is the events' then, and no screen's.
  const aloud = events === '-' ? aside : answer;
  const inLines = plain || lines !== undefined || yes !== undefined || aloud === aside || !showsScreens();
  const engine = new Engine({
    config: config.value,
    connect,
    direction,
    ...(rehearsal === undefined ? {} : { rehearsal }),
    ...(banner === undefined ? {} : { banner }),
    fleeting,
    called: calledAs(),
    stateHome: stateHome(process.env),
    operator: `${userInfo().username}@${hostname()}`,
    unattended: yes !== undefined,
  });
  watch(engine, yes !== undefined, config.value.notify);
  let work = Promise.resolve();
  if (inLines) {
    work = engine.start();
    // Nobody reads any more (`| head`): leave. A command that runs goes on on its host.
    if (aloud === answer) leaveUnread(1, 1);
    const prompt =
      yes === undefined && lines === undefined ? askOn(aloud === aside ? 'aside' : 'answer') : null;
    const write = lines?.write ?? prompt?.write ?? aloud.write;
    const forgetStaged = onStaged?.((text) => write(`${banner ?? ''}: ${text}\n`));
    const ending = untilSignal();
    const ended = await Promise.race([
      runPlain(engine, {
        write,
        ...(prompt === null ? {} : { prompt: prompt.ask }),
        ...(prompt?.typing == null ? {} : { typing: prompt.typing }),
        ...(lines === undefined ? {} : { prompt: lines.prompt }),
        ...(yes === undefined ? {} : { yes }),
        ...(forfeits === undefined ? {} : { forfeits }),
      }),
      ending.signal,
    ]);
    forgetStaged?.();
    prompt?.close();
    if (typeof ended === 'number') {
      await closeTelling(engine, (text) => aloud.write(text));
      await work;
      ending.forget();
      return ended;
    }
    aloud.write(`\n${ended}: ${farewell(engine.view)}\n`);
    await closeTelling(engine, (text) => aloud.write(text), ended);
    return exitCodeOf(ended);
  }
  const reason = await runConsole(
    engine,
    { ...screenStreams(), env: process.env, pager: pagerIn(process.env) },
    {
      opensWithRollback: direction === 'rollback',
      ...(onStaged === undefined ? {} : { onStaged }),
      // What reaching the hosts needs is loaded while the first frame is read.
      onShown: () => {
        work = engine.start();
      },
    },
  );
  if (reason !== 'finished' && reason !== 'stopped' && reason !== 'left') return exitCodeOf(reason);
  await work;
  return reason === 'finished' ? 0 : reason === 'stopped' ? 2 : 1;
};

const closed = (notifier: Notifier | null): Promise<readonly Problem[]> =>
  notifier === null ? Promise.resolve([]) : notifier.close();

/** `pgaf-upgrade run` and `rollback`: the console, or plain lines where there is no terminal for it. Gives the exit code. */
export const run = async (given: RunArguments): Promise<number> => {
  const opened = given.events === undefined ? null : openEventsFile(given.events);
  if (opened?.ok === false) return couldNotStart(opened.error);
  const events = opened?.value ?? eventsTo(noLines);
  let notifier: Notifier | null = null;
  let record = unrecorded;
  try {
    return await runWatched(given, given.events, (engine, unattended, notify) => {
      const told = notify === undefined ? null : notifierOf(notify);
      const recorded = recordSession(engine, given.events === '-' ? 'aside' : 'answer', process.env);
      notifier = told;
      record = recorded;
      events.watch(engine, unattended, (happening, line) => {
        told?.hear(happening, line);
        recorded.hear(happening);
        given.onEvent?.(happening);
      });
    });
  } finally {
    const cut = events.close();
    const short = record.close();
    const untold = await closed(notifier);
    // Not before: a screen may have been up.
    sayProblems([cut, short, ...untold].filter((one) => one !== null));
  }
};
