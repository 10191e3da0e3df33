import { redactAll } from '../cluster/parse/redact.ts';
import { safeJson } from '../cluster/parse/terminal-text.ts';
import { ok, type Problem, problem, type Result } from '../cluster/result.ts';
import type { EngineController, EngineView } from '../engine/view/controller.ts';
import { happeningsBetween, type RunHappening, runEventSchema } from '../engine/view/run-events.ts';
import { farewell } from '../wording/farewell.ts';
import { type Append, openOwnFile } from './own-file.ts';
import { eventsOutlet } from './terminal.ts';

/** What hears of the events of a run, and ends that. */
export interface EventsFile {
  /** `unattended`: every step is confirmed by `--yes`, so nobody is waited for. `also` hears of each as well. */
  readonly watch: (
    engine: Pick<EngineController, 'view' | 'onChange'>,
    unattended: boolean,
    also?: (happening: RunHappening, line: string) => void,
  ) => void;
  /** Closes it behind the last event; what kept it from being written whole, null: nothing. */
  readonly close: () => Problem | null;
}

/** Where a line goes; `close` says why it is cut short, null: it is whole. */
export interface EventLines {
  readonly append: (line: string) => void;
  readonly close: () => Problem | null;
}

/** Nobody but `notify` hears of them. */
export const noLines: EventLines = { append: () => undefined, close: () => null };

/** `--events -`: to standard output, where nothing else goes then. After a line that nobody reads nothing more is written, and the run goes on. */
const standardOutput = (): EventLines => {
  const outlet = eventsOutlet();
  return {
    append: outlet.write,
    close: () =>
      outlet.trouble() === null
        ? null
        : problem(
            'Standard output has not taken every event: the run went on without it.',
            'Keep what it has.',
            outlet.trouble() ?? '',
          ),
  };
};

/** Hears of the run, and writes each event as a line of JSON. */
export const eventsTo = (lines: EventLines): EventsFile => {
  let last: EngineView | null = null;
  let forget = (): void => undefined;
  let tell = (_happening: RunHappening, _line: string): void => undefined;
  const write = (view: EngineView, happenings: readonly RunHappening[]): void => {
    for (const happening of happenings) {
      const { direction } = view;
      const ticket = view.ticket === undefined ? {} : { ticket: view.ticket };
      const event = {
        version: 1,
        at: new Date().toISOString(),
        cluster: view.cluster.name,
        direction,
        ...ticket,
      };
      // Wherever it is read: `tail -f` on a terminal, a pager of syslog's.
      const line = safeJson(JSON.stringify(redactAll({ ...event, ...happening })));
      lines.append(line);
      tell(happening, line);
    }
  };
  return {
    watch: (engine, unattended, also) => {
      last = engine.view;
      tell = also ?? tell;
      forget = engine.onChange((view) => {
        const happenings = happeningsBetween(last, view);
        write(view, unattended ? happenings.filter(({ event }) => event !== 'waits') : happenings);
        last = view;
      });
    },
    close: () => {
      forget();
      if (last !== null && last.stage.kind !== 'finished' && last.stage.kind !== 'stopped')
        write(last, [{ event: 'left', says: farewell(last) }]);
      return lines.close();
    },
  };
};

/**
 * `--events FILE`: each event of the run is a line of JSON at the end of the file; `-`: on standard output. After a line that cannot be
 * written nothing more is written, and the run goes on. Errors: as {@link openOwnFile}.
 */
export const openEventsFile = (file: string, append?: Append): Result<EventsFile> => {
  if (file === '-') return ok(eventsTo(standardOutput()));
  const opened = openOwnFile(file, '--events', (line) => runEventSchema.safeParse(line).success, append);
  return opened.ok ? ok(eventsTo(opened.value)) : opened;
};
