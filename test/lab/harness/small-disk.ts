import type { Lab, LabHost } from './lab.ts';

const work = (lab: Lab): string => `~postgres/pgaf-upgrade${lab.settings.pgdata}/@work`;

/** Puts the work directory of a host on a file system of its own, with what is in it, and fills that to the last byte. */
export const fillWorkDirectory = (lab: Lab, host: LabHost): Promise<string> =>
  lab.root(
    host,
    `set -e; w=${work(lab)}; cp -a $w /root/work
     mount -t tmpfs -o size=$(($(du -sk $w | cut -f1) + 64))k small $w
     cp -a /root/work/. $w/; head -c 4M /dev/zero >$w/filler 2>/dev/null || true`,
  );

/** Makes room there again: what is in it now goes back to where it was. */
export const giveWorkDirectoryRoom = (lab: Lab, host: LabHost): Promise<string> =>
  lab.root(
    host,
    `set -e; w=${work(lab)}; rm $w/filler; rm -rf /root/work; cp -a $w /root/work
     umount $w; find $w -mindepth 1 -delete; cp -a /root/work/. $w/; rm -rf /root/work`,
  );
