import { localTime } from '../../cluster/times.ts';
import { type Block, paragraph } from '../document.ts';
import { holdsRecord, withoutRecord } from '../record.ts';
import type { Attempt, Story } from './story.ts';
import { between } from './words.ts';

/** The last lines of what a try printed; null: the output is not here. */
export type Tail = (step: string, from: number, to: number | null) => readonly string[] | null;

const title = ({ step, at }: Attempt): string =>
  `${step.number ?? step.id} · ${step.host} · ${step.title} · ${localTime(at)}`;

const ended = ({ command, cancelled, at }: Attempt): string => {
  if (command === null) return 'no end of the command is known';
  const code = command.exitCode === null ? 'its exit code is not known' : `exit code ${command.exitCode}`;
  return `${code} after ${between(at, command.at)}${cancelled === null ? '' : ', ended by the operator'}`;
};

const commandBlock = (one: Attempt, first: Attempt | undefined, tail: Tail): Block => {
  const lines = tail(one.step.id, one.output.from, one.output.to);
  const script =
    first === undefined || first === one
      ? one.script
      : withoutRecord(one.script, `here stood the record, as in the first such script of this report`);
  return {
    kind: 'fold',
    summary: title(one),
    blocks: [
      paragraph(`As ${one.as} on ${one.step.host}: ${ended(one)}.`),
      { kind: 'code', language: 'sh', text: script },
      ...(lines === null
        ? [paragraph('Its output is not in the run’s directory.')]
        : lines.length === 0
          ? [paragraph('It printed nothing.')]
          : [
              paragraph('It printed, at last:'),
              { kind: 'code', language: 'text', text: lines.join('\n') } as const,
            ]),
    ],
  };
};

/** Each command that ran: the script as it was confirmed, how it ended, what it printed last. */
export const commandBlocks = ({ attempts }: Story, tail: Tail): readonly Block[] => {
  if (attempts.length === 0) return [paragraph('None ran.')];
  const first = attempts.find((one) => holdsRecord(one.script));
  return attempts.map((one) => commandBlock(one, first, tail));
};
