import type { ClientsView } from '../../engine/view/controller.ts';
import { clientLines, clientsSentence, moreClients } from '../../wording/clients.ts';
import { padLeft, padRight, tame, widthOf } from '../../wording/text.ts';
import { labelled } from './prose.ts';
import { type Row, span } from './row.ts';

/** Less than the labels': names are what one looks for. */
const indent = '  ';

/** Who is connected to the server that the step stops: a sentence, then a line for each group, what they do one below the other. */
export const clientRows = (view: ClientsView, columns: number): readonly Row[] => {
  const lines = clientLines(view);
  const counts = Math.max(0, ...lines.map(({ sessions }) => widthOf(sessions)));
  const doings = Math.max(0, ...lines.map(({ doing, old }) => widthOf(doing) + (old ? 2 : 0)));
  const room = columns - indent.length - counts - 1 - 2 - doings;
  const names = Math.min(Math.max(0, ...lines.map(({ who }) => widthOf(tame(who)))), Math.max(12, room));
  const more = moreClients(view);
  const tone = view.kind === 'unknown' ? 'warn' : 'strong';
  return [
    ...labelled('Clients', clientsSentence(view), columns, tone),
    ...lines.map(
      ({ sessions, who, doing, old }): Row => [
        span(`${indent}${padLeft(sessions, counts)} ${padRight(tame(who), names)}  `),
        span(tame(doing), old ? 'warn' : 'plain'),
        ...(old ? [span(' !', 'warn')] : []),
      ],
    ),
    ...(more === null ? [] : [[span(`${indent}${more}`, 'dim')]]),
  ];
};
