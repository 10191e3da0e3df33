import { cleanupCases } from './kills/cleanup.ts';
import { everyMoment } from './kills/every-moment.ts';
import { rollbackCases } from './kills/rollback.ts';

everyMoment([...rollbackCases, ...cleanupCases]);
