import { took } from '../../cluster/amounts.ts';
import { type Inline, literal } from '../document.ts';
import type { NamedStep } from './steps.ts';

/** `2026-11-25 03:01:49` in UTC; `–` where there is no time. */
export const moment = (at: number | null): string =>
  at === null ? '–' : new Date(at).toISOString().slice(0, 19).replace('T', ' ');

export const timeOfDay = (at: number): string => new Date(at).toISOString().slice(11, 19);

/** Between two moments; never negative, clocks may step. */
export const between = (from: number, to: number): string => took(Math.max(0, to - from));

export const numberOf = (step: NamedStep): string => (step.number === null ? '–' : String(step.number));

export const stepWords = (step: NamedStep): readonly Inline[] => [
  step.number === null ? 'step on ' : `step ${step.number} on `,
  literal(step.host),
  `, ${step.title}`,
];
