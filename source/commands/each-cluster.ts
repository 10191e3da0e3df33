import { fail, messageOf, problem } from '../cluster/result.ts';
import type { OfCluster } from '../plain/many-clusters.ts';
import { sayDoing } from './say.ts';

/** Clusters that are worked on at the same time: what takes long is waiting for hosts. */
const atOnce = 16;

/** Does the same for every cluster file, several at a time. The answers are in the files' order. */
export const forEachCluster = async <Answer>(
  files: readonly string[],
  work: (file: string) => Promise<Answer>,
): Promise<readonly Answer[]> => {
  const answers: Answer[] = [];
  const left = files.entries();
  const worker = async (): Promise<void> => {
    for (const [at, file] of left) answers[at] = await work(file);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, files.length) }, worker));
  return answers;
};

/** What is asked of one cluster; a defect of ours is its own line, and takes no other cluster's answer along. */
export const answerOf = async <Answer>(
  file: string,
  asked: Promise<OfCluster<Answer>>,
): Promise<OfCluster<Answer>> => {
  try {
    return await asked;
  } catch (thrown) {
    const defect = problem('Internal error in the console.', 'Report this as a bug.', messageOf(thrown));
    return { file, name: null, answer: fail([defect]) };
  }
};

/** Says what is done meanwhile, with the cluster's name where there are several. */
export const sayingOf =
  (files: readonly string[]) =>
  (name: string): ((doing: string) => void) =>
    files.length > 1 ? (doing) => sayDoing(`${name}: ${doing}`) : sayDoing;
