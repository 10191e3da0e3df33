import { redactAll } from '../cluster/parse/redact.ts';
import { ok, type Problem, type Result } from '../cluster/result.ts';
import type { EngineController, EngineView } from '../engine/view/controller.ts';
import { happeningsBetween, type RunHappening, runEventSchema } from '../engine/view/run-events.ts';
import { farewell } from '../wording/farewell.ts';
import { type Append, openOwnFile } from './own-file.ts';

/** What writes the events of a run, and ends that. */
export interface EventsFile {
  /** `unattended`: every step is confirmed by `--yes`, so nobody is waited for. */
  readonly watch: (engine: Pick<EngineController, 'view' | 'onChange'>, unattended: boolean) => void;
  /** Closes it behind the last event; what kept it from being written whole, null: nothing. */
  readonly close: () => Problem | null;
}

/**
 * `--events FILE`: each event of the run is a line of JSON at the end of the file. After a line that cannot be written nothing more is
 * written, and the run goes on. Errors: as {@link openOwnFile}.
 */
export const openEventsFile = (file: string, append?: Append): Result<EventsFile> => {
  const opened = openOwnFile(file, '--events', (line) => runEventSchema.safeParse(line).success, append);
  if (!opened.ok) return opened;
  let last: EngineView | null = null;
  let forget = (): void => undefined;
  const write = (view: EngineView, happenings: readonly RunHappening[]): void => {
    for (const happening of happenings) {
      const { direction } = view;
      const event = { version: 1, at: new Date().toISOString(), cluster: view.cluster.name, direction };
      opened.value.append(JSON.stringify(redactAll({ ...event, ...happening })));
    }
  };
  return ok({
    watch: (engine, unattended) => {
      last = engine.view;
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
      return opened.value.close();
    },
  });
};
