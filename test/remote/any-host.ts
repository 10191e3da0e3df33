import type { JobEvents, JobSpec, RemoteHost } from '../../source/remote/host.ts';

export type AnyJob = Omit<JobSpec, 'script'> & { readonly script: string | null };
/** A host that a test may send any text: what the product sends comes from its template alone. */
export type AnyHost = Omit<RemoteHost, 'run' | 'job'> & {
  run(script: string, options: Parameters<RemoteHost['run']>[1]): ReturnType<RemoteHost['run']>;
  job(spec: AnyJob, events: JobEvents): ReturnType<RemoteHost['job']>;
};
