import type { EngineView } from '../engine/view/controller.ts';
import { plainNews } from './news.ts';

/** Writes what is new in a view: what it is doing while connecting, notices, and what stands on the full screen all the time. */
export const sayNews = (
  write: (lines: readonly string[]) => void,
  canEnd: boolean,
): ((view: EngineView) => void) => {
  const moreNews = plainNews({ canEnd });
  let doing = '';
  let noticed: EngineView['notices'][number] | undefined;
  return (view) => {
    if (view.stage.kind === 'connecting' && view.stage.doing !== doing) {
      doing = view.stage.doing;
      write([doing]);
    }
    // By themselves, not by their time: a step may notice several things within a millisecond.
    const fresh = view.notices.slice(noticed === undefined ? 0 : view.notices.lastIndexOf(noticed) + 1);
    noticed = fresh.at(-1) ?? noticed;
    write(fresh.map(({ text }) => `* ${text}`));
    write(moreNews(view));
  };
};
