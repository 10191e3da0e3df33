import type { StepView } from '../../engine/view/controller.ts';
import type { Question } from '../../remote/host.ts';
import { undoWords } from '../../runbook/language/undo.ts';
import { clientsOf } from '../../wording/clients.ts';
import { nameWords, runOnWords, stopWords } from '../../wording/danger.ts';
import { standsWords } from '../../wording/failure-cause.ts';
import { calledIn } from '../../wording/farewell.ts';
import { timeOfDay } from '../../wording/text.ts';
import { stepNumber, stepOf } from '../state/selectors.ts';
import type { ConsoleState, NameFor } from '../state/state.ts';
import { clientRows } from './clients.ts';
import { field } from './field.ts';
import { labelled, proseRows } from './prose.ts';
import { blank, type Row, span } from './row.ts';

/** What a dialog shows. `alarm` looks like nothing else on the screen. */
export interface DialogText {
  readonly title: string;
  readonly alarm: boolean;
  readonly rows: readonly Row[];
}

const quitText = (state: ConsoleState, columns: number): DialogText => {
  const { stage, runDirectory } = state.view;
  const fleeting = state.view.fleeting === true;
  const running = stage.kind === 'running' ? stepOf(state.view, stage.step) : null;
  const goesOn =
    running === null
      ? 'Nothing is running now.'
      : `Step ${stepNumber(state.view, running.id)} (${running.title}) keeps running on ${running.host} without this console.`;
  const down =
    state.view.downtime.kind === 'down' ? ' The application stays down until the run goes on.' : '';
  return {
    title: 'Leave the console?',
    alarm: false,
    rows: [
      ...(fleeting
        ? proseRows(
            `The demo ends with the console, and nothing of it is left: not its cluster, not its journal. ${calledIn(state.view)} demo --keep leaves them.`,
            columns,
            'warn',
          )
        : [
            ...proseRows(goesOn + down, columns, running === null && down === '' ? 'plain' : 'warn'),
            ...proseRows(
              'Nothing is undone. Started again, the console inspects the servers and resumes there.',
              columns,
            ),
          ]),
      ...(fleeting || runDirectory === null ? [] : labelled('Journal', runDirectory, columns)),
      blank,
      [span('y', 'strong'), span(' leave     '), span('n', 'strong'), span(' stay')],
    ],
  };
};

const nameText = (state: ConsoleState, step: StepView, runs: NameFor, columns: number): DialogText => {
  const { view } = state;
  const onward = runs === 'to-stop';
  const words = nameWords(view, step);
  return {
    title: words?.title ?? `RUN TO ${stopWords(view, step.id).toUpperCase()}`,
    alarm: true,
    rows: [
      ...proseRows(`Step ${stepNumber(view, step.id)}: ${step.title}`, columns, 'strong'),
      ...(words === null
        ? []
        : [
            ...labelled('Then', words.afterwards, columns, 'bad'),
            ...labelled('Rollback', words.rollback, columns, 'bad'),
          ]),
      ...(onward
        ? labelled(
            'Runs on',
            `${runOnWords(view, step.id)} Esc stops it after the step that runs.`,
            columns,
            'warn',
          )
        : []),
      blank,
      [
        span(
          runs === 'approve'
            ? 'To approve it as a second person, type the name of the host: '
            : onward
              ? 'To run to the next stop, type the name of the host: '
              : 'To run it, type the name of the host: ',
        ),
        span(step.host, 'strong'),
      ],
      field('Host:', state.typed, columns),
    ],
  };
};

const cancelText = (state: ConsoleState, step: StepView, columns: number): DialogText => ({
  title: 'TERMINATE THE RUNNING STEP',
  alarm: true,
  rows: [
    ...proseRows(`Step ${stepNumber(state.view, step.id)}: ${step.title}`, columns, 'strong'),
    ...proseRows(
      `Everything that it started on ${step.host} is ended (TERM, then KILL; servers by a fast shutdown), then it is checked that nothing is left. What it has done so far stays done.`,
      columns,
    ),
    ...labelled('Undo', undoWords(step.undo), columns),
    blank,
    [span('To end it, type the name of the host: '), span(step.host, 'strong')],
    field('Host:', state.typed, columns),
  ],
});

/** What ends is said as a number that grows old while one types: the engine ends who is connected then. */
const terminateText = (state: ConsoleState, step: StepView, columns: number): DialogText => {
  const clients = clientsOf(state.view, step);
  return {
    title: `TERMINATE THE CLIENTS OF ${step.host.toUpperCase()}`,
    alarm: true,
    rows: [
      ...(clients === null ? [] : clientRows(clients, columns)),
      ...proseRows(
        'Their sessions end at once, and open transactions are rolled back. Clients that connect again by themselves come back.',
        columns,
        'warn',
      ),
      blank,
      [span('To terminate them, type the name of the host: '), span(step.host, 'strong')],
      field('Host:', state.typed, columns),
    ],
  };
};

const takeOverText = (state: ConsoleState, columns: number): DialogText => {
  const { stage, cluster } = state.view;
  const lock = stage.kind === 'watching' ? stage.lock : null;
  const holder = lock?.holder ?? '';
  return {
    title: 'TAKE THE LOCK OVER',
    alarm: true,
    rows: [
      ...proseRows(`${holder || 'Somebody unknown'} holds the lock of ${cluster.name}.`, columns, 'strong'),
      ...(lock === null
        ? []
        : proseRows(
            `No sign of life since ${timeOfDay(lock.aliveAt)}. What runs on the hosts goes on.`,
            columns,
          )),
      ...proseRows(
        'Make sure that nobody sits there any more: their console becomes read-only when it comes back.',
        columns,
        'warn',
      ),
      blank,
      [span('To take over, type '), span(holder || cluster.name, 'strong')],
      field('Name:', state.typed, columns),
    ],
  };
};

const skipText = (state: ConsoleState, step: StepView, columns: number): DialogText => ({
  title: `Skip step ${stepNumber(state.view, step.id)}?`,
  alarm: false,
  rows: [
    ...proseRows(`${step.title} on ${step.host} will not be run.`, columns, 'strong'),
    ...proseRows(
      step.optional
        ? 'This step is optional. A reason may be given; it stands in the report.'
        : 'Later steps rely on it. The reason stands in the journal and the report.',
      columns,
    ),
    blank,
    field('Reason:', state.typed, columns),
  ],
});

const retryText = (state: ConsoleState, step: StepView, columns: number): DialogText => ({
  title: `Retry step ${stepNumber(state.view, step.id)}?`,
  alarm: false,
  rows: [
    ...proseRows(
      `${step.title} on ${step.host}, as ${step.as}: the same script once more.`,
      columns,
      'strong',
    ),
    ...(step.status.kind === 'failed' && step.status.failure.probe !== null
      ? labelled('Servers', standsWords(step.status.failure.probe), columns)
      : []),
    blank,
    [span('Enter', 'strong'), span(' retry     '), span('Esc', 'strong'), span(' cancel')],
  ],
});

const questionText = (question: Question, typed: string, columns: number): DialogText => {
  if (question.kind === 'passphrase') {
    return {
      title: 'Passphrase',
      alarm: false,
      rows: [
        ...proseRows(`The key ${question.identityFile}, for ${question.alias}, is locked.`, columns),
        blank,
        field('Passphrase:', '*'.repeat([...typed].length), columns),
      ],
    };
  }
  if (question.kind === 'prompt') {
    return {
      title: 'Question at login',
      alarm: false,
      rows: [
        ...proseRows(`${question.alias} (${question.host}) asks before it lets the console in.`, columns),
        ...(question.says === '' ? [] : labelled('It says', question.says, columns)),
        ...labelled('It asks', question.prompt, columns, 'strong'),
        blank,
        field('Answer:', question.echo ? typed : '*'.repeat([...typed].length), columns),
      ],
    };
  }
  return {
    title: 'Unknown host key',
    alarm: false,
    rows: [
      ...proseRows(
        `Nobody has trusted the key of ${question.alias} yet. Is this really the server?`,
        columns,
        'strong',
      ),
      ...labelled('Host', question.host, columns),
      ...labelled('Key', `${question.keyType} ${question.fingerprint}`, columns, 'strong'),
      ...proseRows(`Compare it on the server: ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub`, columns, 'dim'),
      [
        span('y', 'strong'),
        span(' trust it for good     '),
        span('n', 'strong'),
        span(' or Enter: do not, and stop'),
      ],
    ],
  };
};

/** The dialog over the third pane; null when there is none. What lies over all panes, and the search line, are their own. */
export const dialogText = (state: ConsoleState, columns: number): DialogText | null => {
  const { dialog, view } = state;
  if (dialog?.kind === 'quit') return quitText(state, columns);
  if (view.stage.kind === 'question') return questionText(view.stage.question, state.typed, columns);
  if (dialog?.kind === 'take-over') return takeOverText(state, columns);
  const step = dialog !== null && 'step' in dialog ? stepOf(view, dialog.step) : null;
  if (dialog === null || step === null) return null;
  if (dialog.kind === 'terminate-clients') return terminateText(state, step, columns);
  if (dialog.kind === 'cancel') return cancelText(state, step, columns);
  if (dialog.kind === 'type-name') return nameText(state, step, dialog.runs, columns);
  return dialog.kind === 'skip' ? skipText(state, step, columns) : retryText(state, step, columns);
};
