import type { DemoCluster } from './cluster/cluster.ts';
import type { Scenario } from './scenarios.ts';

/** Has 17 taken writes of the application, for a while? */
const hasWritten = (cluster: DemoCluster): boolean =>
  cluster.hosts.some(
    ({ name, server }) =>
      name !== 'monitor' && server !== null && server.options.major === 17 && !server.inRecovery,
  );

/**
 * Who answers in plain lines where nobody is to be asked (`--plain --yes demo`): yes to every step, the host's name at a
 * point of no return, once more after a failure, and in the scenario for it the way back once 17 has taken writes.
 */
export const plainAnswers = (
  scenario: Scenario,
  cluster: DemoCluster,
): {
  readonly prompt: (question: string) => Promise<string | null>;
  readonly heard: (text: string) => void;
} => {
  let optional = false;
  let turned = false;
  let tries = 0;
  const answer = (question: string): string | null => {
    const name = /Type the name of the host \(([^)]+)\)/.exec(question)?.[1];
    if (name !== undefined) return name;
    if (question.startsWith('Reason')) return '';
    if (question.startsWith('Now:')) {
      tries += 1;
      return tries > 3 ? 'quit' : 'retry';
    }
    if (!question.startsWith('Run ')) return null;
    if (scenario.turnsBack && !turned && hasWritten(cluster)) {
      turned = true;
      return 'back';
    }
    return optional ? 'skip' : 'y';
  };
  return {
    heard: (text) => {
      if (/\nStep \d+ of \d+, /.test(text)) optional = /\nStep \d+ of \d+, .*\(optional\)\n/.test(text);
    },
    prompt: async (question) => answer(question),
  };
};
