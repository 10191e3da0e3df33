import type { Problem } from '../cluster/result.ts';
import type { EngineController } from '../engine/view/controller.ts';
import type { RunHappening } from '../engine/view/run-events.ts';
import { sessionRecord } from './session-record.ts';
import { overhear, sizeOfTerminal } from './terminal.ts';

export interface RecordedSession {
  /** Each step that begins is a place to jump to. */
  readonly hear: (happening: RunHappening) => void;
  /** What kept the record from being whole; null: nothing. */
  readonly close: () => Problem | null;
}

/** Nobody records. */
export const unrecorded: RecordedSession = { hear: () => undefined, close: () => null };

const isOff = (said: string | undefined): boolean => /^(off|no|0|false)$/i.test(said ?? '');

/** Keeps what a run's terminal shows beside its journal from now on; `PGAF_UPGRADE_RECORD=off` keeps nothing. */
export const recordSession = (
  engine: Pick<EngineController, 'view' | 'onChange'>,
  where: 'answer' | 'aside',
  env: Readonly<Record<string, string | undefined>>,
): RecordedSession => {
  if (isOff(env.PGAF_UPGRADE_RECORD)) return unrecorded;
  const record = sessionRecord({
    ...sizeOfTerminal(where),
    title: `pgaf-upgrade: ${engine.view.cluster.name}`,
    term: env.TERM ?? 'dumb',
  });
  const forget = [
    overhear(where, { written: record.hear, resized: record.resized }),
    engine.onChange(({ runDirectory }) => {
      if (runDirectory !== null) record.begin(runDirectory);
    }),
  ];
  return {
    hear: (happening) => {
      if (happening.event !== 'step-begins') return;
      const { number, host, title } = happening.step;
      record.mark(`Step ${number} on ${host}: ${title}`);
    },
    close: () => {
      for (const one of forget) one();
      return record.close();
    },
  };
};
