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

/** Says what is done meanwhile, with the cluster's name where there are several. */
export const sayingOf =
  (files: readonly string[]) =>
  (name: string): ((doing: string) => void) =>
    files.length > 1 ? (doing) => sayDoing(`${name}: ${doing}`) : sayDoing;
