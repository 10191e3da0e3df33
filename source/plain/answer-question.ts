import type { Answer, Question } from '../remote/host.ts';
import type { Prompt } from './prompt.ts';

/** Asks what the engine must know to connect. Without somebody to ask, a key is never trusted. */
export const answerQuestion = async (
  question: Question,
  write: (text: string) => void,
  prompt: Prompt | undefined,
): Promise<Answer> => {
  if (question.kind === 'passphrase') {
    if (prompt === undefined) {
      write(`The key ${question.identityFile} for ${question.alias} is locked, and nobody can be asked.\n`);
      return { kind: 'no' };
    }
    const secret = await prompt(`Passphrase of ${question.identityFile} (for ${question.alias}): `, {
      secret: true,
    });
    return secret === null || secret === '' ? { kind: 'no' } : { kind: 'secret', secret };
  }
  if (question.kind === 'prompt') {
    const { alias, host, says, prompt: wanted, echo } = question;
    if (prompt === undefined) {
      write(
        `${alias} (${host}) asks at login: ${wanted}\n  Nobody can be asked here: start it in a terminal.\n`,
      );
      return { kind: 'no' };
    }
    if (says !== '') write(`${alias} (${host}) says: ${says}\n`);
    const given = await prompt(`${alias} (${host}) asks: ${wanted} `, { secret: !echo });
    return given === null ? { kind: 'no' } : { kind: 'secret', secret: given };
  }
  write(
    `The key of ${question.alias} (${question.host}) is not known yet.\n  ${question.keyType} ${question.fingerprint}\n`,
  );
  const answer = (await prompt?.('Trust it for good? [y/N] ')) ?? null;
  return { kind: /^y(es)?$/i.test(answer?.trim() ?? '') ? 'yes' : 'no' };
};
