import type { Reach } from '../../cluster/checks/evidence.ts';
import type { Problem } from '../../cluster/result.ts';

/**
 * Which check a refused connection belongs to. The problem's own words tell a key that is not trusted from a host that
 * is silent; a test holds them to what remote/problems.ts and remote/desk.ts say.
 */
export const reachOf = (problem: Problem): Reach =>
  /host key|known_hosts|certificate authority/i.test(problem.what)
    ? { kind: 'host-key', problem }
    : { kind: 'unreachable', problem };

/** The host answers, and the login may not become the user. Source: remote/become.ts. */
export const isBecoming = (problem: Problem): boolean =>
  /may not become|cannot become|could not start a shell|has no user|may not use sudo/.test(problem.what);
