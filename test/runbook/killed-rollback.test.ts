import { hasTablespaces } from './kills/cases.ts';
import { cleanupCases } from './kills/cleanup.ts';
import { everyMoment } from './kills/every-moment.ts';
import { jobCases } from './kills/jobs.ts';
import { rollbackCases } from './kills/rollback.ts';

everyMoment([...rollbackCases, ...cleanupCases, ...jobCases].filter((one) => !hasTablespaces(one)));
