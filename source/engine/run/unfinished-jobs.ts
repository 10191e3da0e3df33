import type { Observations } from '../../cluster/observations.ts';
import type { JobRecord, RemoteHost } from '../../remote/host.ts';
import type { Step, StepId } from '../../runbook/language/step.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import { ofKind, type Recorded } from '../journal/entry.ts';

/** A job as its host keeps it, with whose step it is. Jobs of another kind (one that ends another) are none. */
export interface KeptJob extends JobRecord {
  readonly host: string;
  readonly step: StepId;
  readonly attempt: number;
}

/** The host that a step is of, by its name (`D.node_1.swap`); where it says none, the one that was asked. */
const hostOfStep = (step: StepId, asked: string): string => /^[A-Z]\.(.+)\.[^.]+$/.exec(step)?.[1] ?? asked;

/**
 * Every job that the hosts keep of a run. A host that does not answer has none to show. A monitor beside a node, or two nodes
 * on one host, share a login and so a list: each job counts for the one whose step it is.
 */
export const keptJobs = async (
  run: string,
  hosts: ReadonlyMap<string, RemoteHost>,
): Promise<readonly KeptJob[]> => {
  const all = await Promise.all(
    [...hosts].map(async ([alias, host]): Promise<readonly KeptJob[]> => {
      // What is being dialed has been asked for its jobs in vain, or will be: nobody waits for it here.
      if (host.line !== 'connected') return [];
      const jobs = await host.jobs(run);
      return !jobs.ok
        ? []
        : jobs.value.flatMap((job) => {
            const [, step, attempt] = /^[^/]+\/(.+)\.(\d+)$/.exec(job.id) ?? [];
            if (step === undefined) return [];
            const owner = hostOfStep(step, alias);
            if (owner !== alias && hosts.has(owner)) return [];
            return [{ ...job, host: alias, step, attempt: Number(attempt) }];
          });
    }),
  );
  return all.flat();
};

/** The highest attempt of each step: only the last one can still matter. */
const latest = (jobs: readonly KeptJob[]): ReadonlyMap<StepId, KeptJob> => {
  const map = new Map<StepId, KeptJob>();
  for (const job of jobs) if ((map.get(job.step)?.attempt ?? 0) < job.attempt) map.set(job.step, job);
  return map;
};

/** The number under which each step would be tried next. */
export const nextAttempts = (
  jobs: readonly KeptJob[],
  journal: readonly Recorded[],
): ReadonlyMap<StepId, number> => {
  const next = new Map<StepId, number>();
  const used = (step: StepId, attempt: number) => next.set(step, Math.max(next.get(step) ?? 1, attempt + 1));
  for (const job of jobs) used(job.step, job.attempt);
  for (const { step, job } of ofKind(journal, 'confirmed'))
    used(step, Number(/\.(\d+)$/.exec(job)?.[1]) || 0);
  return next;
};

/**
 * The jobs that were judged: their exit code was seen, and then the servers were. A console that was killed while the
 * servers took their time has not judged.
 */
const judgedJobs = (journal: readonly Recorded[]): ReadonlySet<string> => {
  const judged = new Set<string>();
  const ended = new Map<StepId, string>();
  for (const record of journal) {
    if (!('entry' in record)) continue;
    const { entry } = record;
    if (entry.kind === 'ended' && entry.exitCode !== null) ended.set(entry.step, entry.job);
    if (entry.kind !== 'done' && entry.kind !== 'failed') continue;
    const job = ended.get(entry.step);
    if (job !== undefined) judged.add(job);
  }
  return judged;
};

/**
 * The jobs whose end nobody here has seen, in the order of the run: what still runs always; what has ended, where this
 * machine had begun it, or where the servers do not show the step as done.
 */
export const unfinishedJobs = (
  steps: readonly Step[],
  world: Observations,
  jobs: readonly KeptJob[],
  journal: readonly Recorded[],
): readonly { readonly step: Step; readonly job: KeptJob }[] => {
  const newest = latest(jobs);
  const seen = judgedJobs(journal);
  const begunHere = new Set(ofKind(journal, 'confirmed').map((entry) => entry.job));
  return steps.flatMap((step) => {
    const job = newest.get(step.id);
    if (job === undefined || job.host !== step.host) return [];
    if (job.state === 'running') return [{ step, job }];
    if (seen.has(job.id)) return [];
    const done = step.probe(world).state === 'done';
    // Gone with its host: nobody will ever know how it ended. Its probe says where the step stands, and earlier ones come first.
    if (job.state === 'vanished') return [];
    // So is one that failed because its host went down (systemctl loses its bus), and had done its work by then.
    if (job.restarted && job.code !== 0 && done) return [];
    if (step.fades === true && job.code === 0 && !done) return [];
    if (begunHere.has(job.id)) return [{ step, job }];
    // It ended well on another machine’s watch, and nothing of it is there: undone since (a restart takes what is in /run), so asked for anew.
    if (job.code === 0 && step.probe(world).state === 'pending') return [];
    return done ? [] : [{ step, job }];
  });
};

/** Where in the step's output file a job's log begins: as the journal has it, else where the file ends now. */
export const outputStart = (journal: readonly Recorded[], job: string, bytes: number): number => {
  const known =
    ofKind(journal, 'confirmed').findLast((entry) => entry.job === job)?.outputFrom ??
    ofKind(journal, 'attached').findLast((entry) => entry.job === job)?.outputFrom;
  return known === undefined || known > bytes ? bytes : known;
};

/** Which runbook a step is of, by its phase. */
export const directionOf = (step: StepId): Direction =>
  phaseDirections.find(([phase]) => phase.test(step))?.[1] ?? 'upgrade';
const phaseDirections: readonly (readonly [RegExp, Direction])[] = [
  [/^[Q-V]\./, 'rollback'],
  [/^W\./, 'cleanup'],
  [/^[J-M]\./, 'prepare'],
  [/^[PYZ]\./, 'rehearse'],
  [/^X\./, 'call-off'],
];
