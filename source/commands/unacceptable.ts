import type { Problem } from '../cluster/result.ts';
import { catalogue } from '../runbook/checks/catalogue.ts';

/** A check that is accepted must exist, and a blocker cannot be. */
export const unacceptable = (accept: readonly string[], file: string): readonly Problem[] =>
  accept.flatMap((id): Problem[] => {
    const known = catalogue.find((one) => one.id === id);
    if (known === undefined)
      return [
        {
          what: `${file}: check.accept names ${id}, which is no check`,
          remedy: 'pgaf-upgrade check --list has them all',
        },
      ];
    return known.severity === 'blocker'
      ? [
          {
            what: `${file}: check.accept names ${id}, which is a blocker`,
            remedy: 'only warnings can be accepted',
          },
        ]
      : [];
  });
