import { took } from '../../cluster/amounts.ts';
import type { ClusterFacts } from '../../cluster/facts.ts';
import { comment, type Fragment, hereDocument, joined, quoted, sh } from '../../cluster/fragment.ts';
import { guideSentence } from '../../runbook/guide.ts';
import { oneLine } from '../markdown.ts';
import type { Plan, PlannedStep } from './shape.ts';
import { machine, rightHost } from './shell-machine.ts';
import {
  dangerWords,
  downtimeEnds,
  guideWords,
  parallelWords,
  pauseWords,
  placeWords,
  unresolvedWords,
  waitsOnOtherHosts,
  waitsWords,
  writesWords,
} from './words.ts';

/** Text in comments, whatever it holds: no line of it can become a command. */
const note = (text: string): Fragment => comment(oneLine(text));

const comments = (label: string, all: readonly string[]): readonly Fragment[] =>
  all.map((one) => note(`${label} ${one}`));

/** A line that ends the here-document and does not occur in it. */
const endOf = (text: string, number: number): string => {
  const all = new Set(text.split('\n'));
  let end = `END_OF_STEP_${number}`;
  while (all.has(end)) end = `${end}_`;
  return end;
};

const stepText = (step: PlannedStep): readonly Fragment[] => {
  if (step.script.kind === 'unresolved')
    return [sh`  printf '%s\n' ${quoted(oneLine(unresolvedWords(step.script.needs)))} >&2`, sh`  return 3`];
  const text = step.script.text.replace(/\n$/, '');
  return [hereDocument(sh`  cat`, endOf(text, step.number), text)];
};

const wrapped = (step: PlannedStep): readonly Fragment[] => {
  const waits = waitsWords(step);
  const together = parallelWords(step);
  const writes = writesWords[step.writes];
  return [
    note(`──── step ${step.number}: ${step.title}`),
    note(
      `${step.id}, as ${step.as}; ${dangerWords[step.danger]}${step.optional ? '; optional' : ''}; about ${took(step.estimateSeconds * 1000)}`,
    ),
    note(step.reason),
    note(`guide: ${guideWords(step)}`),
    ...(writes === null ? [] : [note(`NOTE: ${writes}`)]),
    ...(step.givesUp === null ? [] : [note(`GIVES UP: ${step.givesUp}`)]),
    ...(waits === null ? [] : [note(`WAIT: ${waits}`)]),
    ...(together === null ? [] : [note(`side by side: it ${together}`)]),
    ...comments('must hold before:', step.before),
    ...comments(`must hold after, within ${took(step.settleSeconds * 1000)}:`, step.after),
    note(`undo: ${step.undo}`),
    ...comments('if it fails, see:', step.seeOnFailure),
    sh`step_${step.number}() {`,
    ...stepText(step),
    sh`}`,
    sh``,
  ];
};

/** The steps of other hosts that lie between two of this one's, and where a phase ends. */
const between = (plan: Plan, host: string): readonly Fragment[] => {
  const all: Fragment[] = [];
  let phase: string | null = null;
  for (const step of plan.steps) {
    if (step.host !== host) continue;
    if (step.phase !== phase) {
      const found = plan.phases.find((one) => one.id === step.phase);
      all.push(
        note(`════ phase ${step.phase}: ${found?.title ?? ''}, ${found?.says ?? ''}`),
        note(`rollback once this phase is over: ${found?.rollback.says ?? ''}`),
        sh``,
      );
      phase = step.phase;
    }
    all.push(...wrapped(step));
  }
  return all;
};

/** One row of the list: number, user, danger, title, and what it waits for. */
const row = (step: PlannedStep): string => {
  const notes = [
    step.danger === 'point-of-no-return' ? 'IRREVERSIBLE' : null,
    step.optional ? 'optional' : null,
    step.script.kind === 'unresolved' ? 'not known yet' : null,
    step.state === 'done' ? 'done when this was written' : null,
    waitsOnOtherHosts(step).length === 0 ? null : `after ${placeWords(waitsOnOtherHosts(step))}`,
  ].filter((one) => one !== null);
  return oneLine(
    `${step.number} ${step.as}: ${step.title}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`,
  );
};

/** `23) run 23 postgres 'title' 'point of no return or nothing' 'what it waits for' ;;` */
const arm = (step: PlannedStep): Fragment =>
  sh`  ${step.number}) begin ${step.number} ${quoted(step.as)} ${quoted(oneLine(step.title))} ${quoted(oneLine(step.givesUp ?? ''))} ${quoted(oneLine(waitsWords(step) ?? ''))} ;;`;

const head = (plan: Plan, host: string): readonly Fragment[] => {
  const { cluster } = plan;
  const downtime = downtimeEnds(plan);
  const pause = pauseWords(plan);
  return [
    sh`#!/bin/sh`,
    note(
      `${cluster.name}: PostgreSQL ${cluster.from} -> ${cluster.to}, the steps of ${host}, to be done by hand.`,
    ),
    note(
      `Made by pgaf-upgrade on ${plan.madeAt}. The numbers are those of the whole runbook, over all hosts: one after the other, in their order, is always safe.`,
    ),
    note(`${guideSentence}.`),
    sh`# Two steps may run at the same time only where it says "side by side" above them; what a step must wait for`,
    sh`# on another host stands above it as WAIT, and on this host every step before it in the list that is not side by side.`,
    sh`#`,
    sh`#   sh FILE             lists the steps of this host; runs nothing`,
    sh`#   sh FILE show N      prints the commands of step N`,
    sh`#   sh FILE N           runs step N alone, after it has asked; as the user that the step names`,
    comment(`  sh FILE N ${oneLine(host)}   the same for an irreversible step, which wants the host's name`),
    sh`#`,
    ...(downtime === null
      ? []
      : [
          note(
            pause !== null
              ? `The application ${pause}.`
              : `The application cannot write from step ${downtime.from.number} on ${downtime.from.host} to step ${downtime.to.number} on ${downtime.to.host}, about ${took(plan.estimates.oneByOne.downtimeSeconds * 1000)} one step after the other, ${took(plan.estimates.downtimeSeconds * 1000)} if all that may run side by side does, and the time that people take.`,
          ),
        ]),
    sh`# What must hold before and after a step stands above it: look for yourself, this file does not.`,
    sh`# steps are called by their number, and titles hold ’`,
    sh`# shellcheck disable=SC2317,SC1112`,
    sh`set -u`,
    sh``,
  ];
};

/** The steps of one host as a shell script that runs one of them at a time, never all of them. POSIX sh. */
export const planShell = (plan: Plan, facts: ClusterFacts, host: string): string => {
  const own = plan.steps.filter((step) => step.host === host);
  return sh`
    ${[...head(plan, host), ...between(plan, host), rightHost(facts, host), machine(host)]}
    list() {
    ${own.map((step) => sh`  printf '%s\n' ${quoted(row(step))}`)}
    }

    [ $# -gt 0 ] || { list; exit 0; }
    if [ "$1" = show ]; then
      case \${2:-} in
      ${joined(
        own.map((step) => sh`${step.number}`),
        ' | ',
      )}) "step_$2"; exit ;;
      *) echo "There is no step \${2:-} on this host." >&2; exit 2 ;;
      esac
    fi
    [ $# -le 2 ] || { echo "One step at a time." >&2; exit 2; }
    typed=\${2:-}
    case $1 in
    ${own.map(arm)}
      *) echo "There is no step $1 on this host." >&2; exit 2 ;;
    esac

  `.text;
};
