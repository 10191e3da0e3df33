import { everyMoment } from './kills/every-moment.ts';
import { onlineCases } from './kills/online.ts';

everyMoment(onlineCases);
