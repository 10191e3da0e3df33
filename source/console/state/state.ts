import type { EngineView, RollbackPreview } from '../../engine/view/controller.ts';
import type { HostAlias, StepId } from '../../runbook/language/step.ts';

export const panes = ['monitor', 'checklist', 'output'] as const;
export type PaneId = (typeof panes)[number];

/** What the third pane shows of a step. */
export type Face = 'card' | 'output' | 'failure';

/** What a typed host's name is for; `approve`: as a second person, in a read-only console. */
export type NameFor = 'confirm' | 'retry' | 'to-stop' | 'approve';

/** What lies over the panes and takes the keys. A question of the engine is none of these: it is the stage. */
export type Dialog =
  | { readonly kind: 'help' }
  /** All warnings and notices of the run. */
  | { readonly kind: 'warnings' }
  | { readonly kind: 'quit' }
  /** The host's name must be typed. `to-stop`: it runs on from there to the next stop. */
  | { readonly kind: 'type-name'; readonly step: StepId; readonly runs: NameFor }
  | { readonly kind: 'retry'; readonly step: StepId }
  | { readonly kind: 'skip'; readonly step: StepId }
  /** Ending a running step: the host's name must be typed. */
  | { readonly kind: 'cancel'; readonly step: StepId }
  /** Ending the sessions of the clients of the server that the step stops: the host's name must be typed. */
  | { readonly kind: 'terminate-clients'; readonly step: StepId }
  /** Taking the lock over from a dead holder: a name must be typed. */
  | { readonly kind: 'take-over' }
  /** A line under the output that asks what to look for. */
  | { readonly kind: 'search' }
  /** The list of all steps; `on`: the one that was moved to, null before that. */
  | { readonly kind: 'steps'; readonly on: StepId | null }
  /** What a rollback would be, or, during one, what is left of it. `opening`: the console was started with it. */
  | { readonly kind: 'rollback'; readonly opening: boolean };

/** What the engine said about a rollback. */
export type Preview =
  | { readonly kind: 'looking' }
  | { readonly kind: 'known'; readonly preview: RollbackPreview }
  | { readonly kind: 'none'; readonly why: string };

export interface Hint {
  readonly text: string;
  readonly tone: 'plain' | 'warn' | 'bad';
}

/** Everything that the screen shows: the engine's view and what is the screen's own. Immutable. */
export interface ConsoleState {
  readonly view: EngineView;
  /** The view as it was when it last showed something else than before: what was only read again is not drawn anew. */
  readonly drawn: EngineView;
  readonly focus: PaneId;
  readonly zoom: boolean;
  /** null: the step that the engine is at. */
  readonly selected: StepId | null;
  /** null: what suits the step's status. */
  readonly face: Face | null;
  /** null: all hosts in the order of the run. */
  readonly hostFilter: HostAlias | null;
  /** First line shown, per step; null or absent follows the end. */
  readonly outputTop: Readonly<Record<StepId, number | null>>;
  /** First row shown of a card or failure, per step and face. */
  readonly cardTop: Readonly<Record<string, number>>;
  /** Rows scrolled in the monitor pane's events and in help. */
  readonly helpTop: number;
  readonly wrap: boolean;
  readonly dialog: Dialog | null;
  readonly typed: string;
  readonly preview: Preview;
  /** The last thing searched for in the output; '' for nothing. */
  readonly needle: string;
  /** The line where it was found last. */
  readonly found: { readonly step: StepId; readonly line: number } | null;
  /** The row of a card or failure where it was found last; `face` as in `cardTop`. */
  readonly foundRow: { readonly face: string; readonly row: number } | null;
  readonly hint: Hint | null;
  /** What somebody else than the product makes happen now: a demo's scenario. Null: nothing since the last step. */
  readonly staged: string | null;
  /** The window is too small to show a card, so nothing may be confirmed in it. */
  readonly tooSmall: boolean;
  /** Grows at most 30 times a second while output arrives, per step. */
  readonly outputVersion: Readonly<Record<StepId, number>>;
}

/** The screen as it opens. */
export const openingState = (view: EngineView): ConsoleState => ({
  view,
  drawn: view,
  focus: 'output',
  zoom: false,
  selected: null,
  face: null,
  hostFilter: null,
  outputTop: {},
  cardTop: {},
  helpTop: 0,
  wrap: true,
  dialog: null,
  typed: '',
  preview: { kind: 'looking' },
  needle: '',
  found: null,
  foundRow: null,
  hint: null,
  staged: null,
  tooSmall: false,
  outputVersion: {},
});
