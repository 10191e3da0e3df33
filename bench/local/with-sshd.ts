import { OpenSshd, sshdObstacle } from '../host/sshd.ts';
import { type BenchOptions, notMeasured, type Outcome } from '../report/figure.ts';

/** Runs against an OpenSSH server of this machine, which is gone afterwards. */
export const withSshd = async (
  options: BenchOptions,
  run: (sshd: OpenSshd) => Promise<Outcome>,
): Promise<Outcome> => {
  const obstacle = sshdObstacle();
  if (obstacle !== null) return notMeasured(obstacle);
  const sshd = await OpenSshd.start(options.directory);
  try {
    return await run(sshd);
  } finally {
    await sshd.stop();
  }
};
