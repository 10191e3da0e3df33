import { hostname, userInfo } from 'node:os';
import type { Config } from '../cluster/config.ts';
import { fail, ok, type Problem, problem, type Result } from '../cluster/result.ts';
import { runName } from '../cluster/words.ts';
import { stateHome } from '../engine/journal/journal.ts';
import { approvalsBy, whyNoApproval } from '../engine/run/approvals.ts';
import { inNameOf, openSession, type Session } from '../engine/run/session.ts';
import { approvedWith } from '../engine/view/approved-with.ts';
import { Checklist } from '../engine/view/checklist.ts';
import type { EngineView, StepView } from '../engine/view/controller.ts';
import { ViewStore } from '../engine/view/view-store.ts';
import { describeStep } from '../plain/describe.ts';
import { connect } from '../remote/connect.ts';
import type { Ask } from '../remote/host.ts';
import { nameWords } from '../wording/danger.ts';
import { terminalAsk } from './asking.ts';
import { readConfig } from './read-config.ts';
import { sayDoing, sayProblems } from './say.ts';
import { answer, askOn } from './terminal.ts';

export interface ApproveArguments {
  readonly file: string;
  /** Its number or its id. */
  readonly step: string | undefined;
}

const couldNot = (...problems: readonly Problem[]): 2 => {
  sayProblems(problems);
  return 2;
};

const stepIn = ({ steps }: EngineView, said: string): StepView | null =>
  steps.find(({ id }, index) => id === said || String(index + 1) === said) ?? null;

const cardOf = (view: EngineView, step: StepView): readonly string[] => {
  const words = nameWords(view, step);
  return [
    ...describeStep(view, step),
    ...approvedWith(view, step).flatMap((led) => (led.id === step.id ? [] : describeStep(view, led))),
    '',
    `Rollback now: ${view.verdict.says}`,
    ...(words === null ? [] : [`${words.title}: ${words.afterwards}`, `Rollback then: ${words.rollback}`]),
  ];
};

/** Who approves, and how they are asked and hear. */
export interface ApprovalSeat {
  /** user@machine */
  readonly operator: string;
  readonly stateHome: string;
  readonly ask: Ask;
  readonly say: (doing: string) => void;
  /** Whether they approve the step of this card. */
  readonly approves: (card: readonly string[], step: StepView) => Promise<boolean>;
}

/** Whether it was approved, and by whom it is run. */
export interface Approved {
  readonly approved: boolean;
  readonly holder: string;
}

/** With every host reached: shows the step as the operator's console has it, and asks. */
const approveIn = async (
  session: Session,
  said: string,
  { operator, approves }: ApprovalSeat,
): Promise<Result<Approved>> => {
  const standing = await session.lock.read();
  if (!standing.ok) return standing;
  const { run, lock } = standing.value;
  const id = runName.safeParse(run?.id);
  if (run === null || run.finished !== null || !id.success)
    return fail(
      problem(
        'No run of this cluster is under way.',
        'The operator begins it; then its steps can be approved.',
      ),
    );
  const store = new ViewStore();
  const checklist = new Checklist(store);
  const known = inNameOf(session, id.data);
  store.set({
    cluster: {
      name: known.facts.name,
      from: known.facts.nodes[0]?.oldVersion ?? '',
      to: known.facts.nodes[0]?.newVersion ?? '',
      mode: known.facts.mode,
    },
  });
  checklist.load(known, run.direction);
  const { view } = store;
  const step = stepIn(view, said);
  if (step === null)
    return fail(
      problem(
        `There is no step “${said}”.`,
        'Name it by its number, or by its id, as plan and console have it.',
      ),
    );
  // While nobody holds it, who will run the step is not known: their console compares the names then.
  const holder = lock.kind === 'held' ? (lock.holder?.operator ?? '') : '';
  const why = whyNoApproval(view, step, holder, operator);
  if (why !== null)
    return fail(problem(`This step cannot be approved here: ${why}.`, 'Nothing was written down.'));
  if (!(await approves(cardOf(view, step), step))) return ok({ approved: false, holder });
  const login = session.hosts.get('monitor')?.address.user ?? '';
  const written = await session.lock.approve(approvalsBy(view, step, id.data, operator, login));
  return written.ok ? ok({ approved: true, holder }) : written;
};

/** Approves a step as a second person. Errors: it cannot be reached, or not be approved by this login. */
export const approveFrom = async (
  seat: ApprovalSeat,
  config: Config,
  step: string,
): Promise<Result<Approved>> => {
  const session = await openSession({ ...seat, config, connect, heard: () => undefined });
  if (!session.ok) return session;
  try {
    return await approveIn(session.value, step, seat);
  } finally {
    await session.value.feed.close();
    await Promise.all([...session.value.hosts.values()].map((host) => host.close()));
  }
};

/** `pgaf-upgrade approve FILE STEP`: a second person approves a step, from a login of their own. 0 approved, 1 not, 2 it could not be. */
export const approve = async ({ file, step }: ApproveArguments): Promise<number> => {
  const config = readConfig(file, 'approve');
  if (!config.ok) return couldNot(...config.error);
  if (step === undefined)
    return couldNot(
      problem('The step is missing.', 'Name it by its number or its id: `pgaf-upgrade approve FILE STEP`.'),
    );
  const operator = `${userInfo().username}@${hostname()}`;
  const asking = terminalAsk();
  const given = await approveFrom(
    {
      operator,
      stateHome: stateHome(process.env),
      ask: asking.ask,
      say: sayDoing,
      approves: async (card, { host }) => {
        asking.close();
        answer.write(`${card.join('\n')}\n\n`);
        const prompt = askOn('answer');
        const typed = await prompt.ask(`To approve it as ${operator}, type the name of the host, ${host}: `);
        prompt.close();
        return typed?.trim() === host;
      },
    },
    config.value,
    step,
  );
  asking.close();
  if (!given.ok) return couldNot(given.error);
  const { approved, holder } = given.value;
  answer.write(
    approved
      ? `Approved. ${holder || 'The operator'} hears of it within some seconds.\n`
      : 'Not approved: nothing was written down.\n',
  );
  return approved ? 0 : 1;
};
