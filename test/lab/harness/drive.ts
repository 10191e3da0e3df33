import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../../source/commands/read-config.ts';
import { Engine } from '../../../source/engine/run/engine.ts';
import type {
  Direction,
  EngineView,
  RollbackVerdict,
  StepView,
} from '../../../source/engine/view/controller.ts';
import { connect } from '../../../source/remote/connect.ts';
import type { ConsoleHome } from './walk.ts';

export interface DriveOptions {
  readonly direction?: Direction;
  /** Leaves before this step is confirmed. */
  readonly until?: (step: StepView, view: EngineView) => boolean;
  /** Called with each step that waits, before it is confirmed. */
  readonly onStep?: (step: StepView, view: EngineView) => void | Promise<void>;
  readonly timeoutMs?: number;
  /** Default: they are skipped. */
  readonly optional?: 'run' | 'skip';
}

export interface Driven {
  readonly end: 'finished' | 'stopped-before' | 'failed';
  /** The verdict at the end. */
  readonly verdict: RollbackVerdict;
  readonly view: EngineView;
  /** The steps that were run here, not those found done. */
  readonly ran: readonly string[];
}

const engineFor = (home: ConsoleHome, direction: Direction | undefined, stateHome: string): Engine => {
  const [file = ''] = home.args;
  const config = readConfig(file);
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const ssh = {
    ...config.value.ssh,
    knownHostsFile: join(home.directory, 'home/.ssh/known_hosts'),
    agent: false,
  };
  return new Engine({
    config: { ...config.value, ssh },
    connect,
    stateHome,
    operator: 'the lab test',
    ...(direction === undefined ? {} : { direction }),
  });
};

/** What a console says that knows no journal, from the disks alone: the verdict, and why it is that one. */
export const askWithoutJournal = async (
  home: ConsoleHome,
): Promise<{ verdict: RollbackVerdict; why: string }> => {
  const journalHome = await mkdtemp(join(tmpdir(), 'pgaf-no-journal-'));
  const engine = engineFor(home, undefined, journalHome);
  try {
    const work = engine.start();
    await new Promise<void>((resolve, reject) => {
      engine.onChange(({ stage }) => {
        if (stage.kind === 'stopped') reject(new Error(JSON.stringify(stage.problem)));
        // Failed: without a journal nobody here has seen how the last command ended. Watching: another one holds the lock.
        if (['confirm', 'failed', 'finished', 'watching'].includes(stage.kind)) resolve();
      });
      work.catch(reject);
    });
    const preview = await engine.previewRollback();
    if (preview === null) throw new Error('the cluster is not known');
    return preview;
  } finally {
    await engine.close();
    await rm(journalHome, { recursive: true, force: true });
  }
};

/** The real engine over real SSH, confirmed by this test: to bring the lab to a state, or back from it. */
export const drive = async (home: ConsoleHome, options: DriveOptions = {}): Promise<Driven> => {
  const engine = engineFor(home, options.direction, join(home.directory, 'state/pgaf-upgrade'));
  const ran: string[] = [];
  try {
    return await new Promise<Driven>((resolve, reject) => {
      const deadline = setTimeout(
        () => reject(new Error(`the drive took too long; it stood at ${JSON.stringify(engine.view.stage)}`)),
        options.timeoutMs ?? 400_000,
      );
      let asked = '';
      const over = (end: Driven['end']) => {
        clearTimeout(deadline);
        resolve({ end, verdict: engine.view.verdict, view: engine.view, ran });
      };
      const look = (view: EngineView) => {
        const { stage } = view;
        if (stage.kind === 'finished') return over('finished');
        if (stage.kind === 'stopped') return reject(new Error(JSON.stringify(stage.problem)));
        if (stage.kind === 'question') return reject(new Error('a question was asked'));
        if (stage.kind === 'failed') {
          if (options.until === undefined) return reject(new Error(JSON.stringify(stage, null, 1)));
          return over('failed');
        }
        if (stage.kind !== 'confirm' || asked === `${view.direction} ${stage.step}`) return undefined;
        asked = `${view.direction} ${stage.step}`;
        const step = view.steps.find((one) => one.id === stage.step);
        if (step === undefined) return reject(new Error(`no step ${stage.step}`));
        // The engine waits for the decision only once this listener has returned.
        const decide = async () => {
          await options.onStep?.(step, engine.view);
          if (options.until?.(step, engine.view) === true) return over('stopped-before');
          if (step.optional && options.optional !== 'run') engine.skip(step.id, '');
          else {
            ran.push(step.id);
            engine.confirm(step.id, step.asksName !== null ? step.host : undefined);
          }
          return undefined;
        };
        setImmediate(() => decide().catch(reject));
        return undefined;
      };
      engine.onChange(look);
      engine.start().catch(reject);
    });
  } finally {
    await engine.close();
  }
};
