import { setTimeout } from 'node:timers/promises';
import type { DemoCluster } from './cluster/cluster.ts';
import type { Scenario } from './scenarios.ts';
import type { Postmaster } from './servers/postmaster.ts';

/** The server on 17 that the application can reach; null before and behind. */
const writableOn17 = (cluster: DemoCluster): Postmaster | null =>
  cluster.hosts
    .filter(({ name }) => name !== 'monitor')
    .map(({ server }) => server)
    .find((server) => server?.options.major === 17 && !server.inRecovery) ?? null;

/** Until the application has written there: it may not have come to it yet. */
const written = async (server: Postmaster): Promise<void> => {
  while (server.running && !server.hasWritten) await setTimeout(50);
};

/**
 * Who answers in plain lines where nobody is to be asked (`--plain --yes demo`): yes to every step, the host's name where it is
 * asked for, once more after a failure, and in the scenario for it the rollback once 17 has taken writes.
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
  let patience: Promise<unknown> = Promise.resolve();
  const answer = async (question: string): Promise<string | null> => {
    const name = /Type the name of the host \(([^)]+)\)/.exec(question)?.[1];
    if (name !== undefined) return name;
    if (question.startsWith('Reason')) return '';
    if (question.startsWith('Next:')) {
      tries += 1;
      return tries > 3 ? 'quit' : 'retry';
    }
    if (!question.startsWith('Run ')) return null;
    await patience;
    const server = scenario.turnsBack && !turned ? writableOn17(cluster) : null;
    if (server !== null) {
      await written(server);
      turned = true;
      return 'rollback';
    }
    return optional ? 'skip' : 'y';
  };
  return {
    heard: (text) => {
      if (text.includes('it waits for a second person')) patience = setTimeout(2_000);
      if (/\nStep \d+ of \d+, /.test(text)) optional = /\nStep \d+ of \d+, .*\(optional\)\n/.test(text);
    },
    prompt: answer,
  };
};
