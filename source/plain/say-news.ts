import type { EngineView } from '../engine/view/controller.ts';
import { plainNews } from './news.ts';

/** Writes what is new in a view: what it is doing while connecting, notices, and what stands on the full screen all the time. */
export const sayNews = (
  write: (lines: readonly string[]) => void,
  canEnd: boolean,
): ((view: EngineView) => void) => {
  const moreNews = plainNews({ canEnd });
  let doing = '';
  let noticed = 0;
  return (view) => {
    if (view.stage.kind === 'connecting' && view.stage.doing !== doing) {
      doing = view.stage.doing;
      write([doing]);
    }
    const fresh = view.notices.filter(({ at }) => at > noticed);
    noticed = Math.max(noticed, ...fresh.map(({ at }) => at));
    write(fresh.map(({ text }) => `* ${text}`));
    write(moreNews(view));
  };
};
