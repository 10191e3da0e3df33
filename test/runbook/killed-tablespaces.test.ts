import { cases, hasTablespaces } from './kills/cases.ts';
import { everyMoment } from './kills/every-moment.ts';

everyMoment(cases.filter(hasTablespaces));
