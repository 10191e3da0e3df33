import { took } from '../../cluster/amounts.ts';
import { type Inline, literal } from '../document.ts';
import type { NamedStep } from './steps.ts';

/** Between two moments; never negative, clocks may step. */
export const between = (from: number, to: number): string => took(Math.max(0, to - from));

export const numberWords = (step: NamedStep): string => (step.number === null ? '–' : String(step.number));

export const stepWords = (step: NamedStep): readonly Inline[] => [
  step.number === null ? 'step on ' : `step ${step.number} on `,
  literal(step.host),
  `, ${step.title}`,
];
