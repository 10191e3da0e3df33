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
