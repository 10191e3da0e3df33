import type { EngineView, Stage } from '../engine/view/controller.ts';
import type { ConsoleStore } from './state/console-store.ts';
import { stepNumber, stepOf } from './state/selectors.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Who has decided something so short a time ago still sits there: no bell for the next step. */
const presentMs = 3_000;

const stepWords = (view: EngineView, id: string): string => {
  const host = stepOf(view, id)?.host ?? '';
  return `step ${stepNumber(view, id)}${host === '' ? '' : ` on ${host}`}`;
};

const stageWords = (view: EngineView): string => {
  const { stage } = view;
  switch (stage.kind) {
    case 'connecting':
      return 'connecting';
    case 'question':
      return 'A QUESTION WAITS';
    case 'stopped':
      return 'CANNOT START';
    case 'confirm':
      return `${stepWords(view, stage.step)} waits for you`;
    case 'running':
      return `${stepWords(view, stage.step)} is running`;
    case 'failed':
      return `${stepWords(view, stage.step)} FAILED`;
    case 'finished':
      return 'finished';
    case 'watching':
      return 'read-only';
  }
};

/** What the terminal's title says: where the run stands. Only names that were parsed, never a host's text. */
export const titleOf = (view: EngineView): string => {
  const said = `${view.cluster.name === '' ? 'pgaf-upgrade' : view.cluster.name}: ${stageWords(view)}`;
  return said.replace(/[^\p{L}\p{N} ._:@-]/gu, '').slice(0, 100);
};

/** Whether a bell is worth it: somebody has to come and look, and may have gone away. */
const rings = (stage: Stage, since: number): boolean => {
  switch (stage.kind) {
    case 'failed':
    case 'stopped':
    case 'question':
    case 'finished':
      return true;
    case 'confirm':
      return since >= presentMs;
    default:
      return false;
  }
};

/** Terminals without titles: what is meant as one would be seen as letters, or worse. */
const titleless = (env: Env): boolean => ['dumb', 'linux', 'vt100', 'vt220', ''].includes(env.TERM ?? '');

/**
 * The terminal's title follows the run, and its bell rings when a step waits, fails, or everything is done; each once, when
 * it changes. `PGAF_UPGRADE_BELL=off` keeps it silent. Gives what puts the old title back.
 * Source: xterm, Control Sequences, OSC 2 and CSI 22 t, 23 t.
 */
export const attend = (
  store: ConsoleStore,
  write: (text: string) => void,
  env: Env,
  now: () => number = () => performance.now(),
): (() => void) => {
  const silent = /^(off|no|0|false)$/i.test(env.PGAF_UPGRADE_BELL ?? '');
  const titled = !titleless(env);
  let title = '';
  let changedAt = now();
  const tell = () => {
    const { view } = store.state.getState();
    const next = titleOf(view);
    if (next === title) return;
    title = next;
    if (titled) write(`\u001B]2;${title}\u001B\\`);
    if (!silent && rings(view.stage, now() - changedAt)) write('\u0007');
    changedAt = now();
  };
  if (titled) write('\u001B[22;2t');
  tell();
  const stop = store.state.subscribe(tell);
  return () => {
    stop();
    if (titled) write('\u001B[23;2t');
  };
};
