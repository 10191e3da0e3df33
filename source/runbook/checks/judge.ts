import type { Evidence } from '../../cluster/checks/evidence.ts';
import { redactText } from '../../cluster/parse/redact.ts';
import { catalogue } from './catalogue.ts';
import type { Check, Finding, Severity } from './check.ts';

/** `unseen`: nothing stands against it as far as was seen, but something that would could not be inspected. */
export type Readiness = 'ready' | 'ready-with-warnings' | 'blocked' | 'unseen';

export interface NotSeen {
  readonly check: string;
  readonly severity: Severity;
  readonly host: string | null;
  readonly because: string;
}

export interface CheckJudgment {
  readonly outcome: Readiness;
  /** Blockers first. */
  readonly findings: readonly Finding[];
  /** Warnings that the cluster file accepts by name. */
  readonly accepted: readonly Finding[];
  readonly notSeen: readonly NotSeen[];
  /** Checks that found nothing anywhere and were seen everywhere. */
  readonly passed: readonly string[];
}

/** In characters: what a person reads of one finding; a setting can be as long as its server likes. */
const longestFinding = 2000;

/** What a host has said, as it may go to a screen, a report or a script: without secrets, and bounded. */
const shown = (text: string): string => {
  // on one line: a server's error and its DETAIL, say
  const safe = redactText(text.slice(0, longestFinding * 2))
    .replace(/\s*[\r\n]+\s*/g, ' · ')
    .trim();
  return safe.length > longestFinding ? `${safe.slice(0, longestFinding)} …` : safe;
};

const findingOf = (
  check: Check,
  answer: Extract<ReturnType<Check['judge']>[number], { kind: 'found' }>,
): Finding => ({
  check: check.id,
  severity: check.severity,
  host: answer.host,
  found: shown(answer.found),
  why: answer.why ?? check.why,
  remedy: answer.remedy,
  command: answer.command === undefined ? null : shown(answer.command),
});

/** Judges what was seen. `accept` names warnings that the operator knows of; a blocker cannot be accepted. */
export const judge = (
  evidence: Evidence,
  accept: readonly string[] = [],
  checks: readonly Check[] = catalogue,
): CheckJudgment => {
  const judged = checks.map((check) => ({ check, answers: check.judge(evidence) }));
  const all = judged.flatMap(({ check, answers }) =>
    answers.flatMap((answer) => (answer.kind === 'found' ? [findingOf(check, answer)] : [])),
  );
  const isAccepted = (finding: Finding): boolean =>
    finding.severity === 'warning' && accept.includes(finding.check);
  const findings = all.filter((finding) => !isAccepted(finding));
  const notSeen = judged.flatMap(({ check, answers }) =>
    answers.flatMap((answer) =>
      answer.kind === 'unknown'
        ? [{ check: check.id, severity: check.severity, host: answer.host, because: shown(answer.because) }]
        : [],
    ),
  );
  const outcomeOf = (): Readiness => {
    if (findings.some((finding) => finding.severity === 'blocker')) return 'blocked';
    if (notSeen.some((one) => one.severity === 'blocker')) return 'unseen';
    return findings.length > 0 ? 'ready-with-warnings' : 'ready';
  };
  return {
    outcome: outcomeOf(),
    findings,
    accepted: all.filter(isAccepted),
    notSeen,
    passed: judged.flatMap(({ check, answers }) => (answers.length === 0 ? [check.id] : [])),
  };
};
