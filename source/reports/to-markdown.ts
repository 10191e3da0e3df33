import { type Block, inlines, type Prose } from './document.ts';
import { block, bullets, escapedProse, inlineCode, page, pipeTable } from './markdown.ts';

/** Prose keeps the blanks at its ends, so that inline pieces do not run together. */
const padded = (text: string): string =>
  `${/^\s/.test(text) ? ' ' : ''}${escapedProse(text)}${/\s$/.test(text) && text.trim() !== '' ? ' ' : ''}`;

const written = (text: Prose): string =>
  inlines(text)
    .map((one) => {
      if (typeof one === 'string') return padded(one);
      return one.kind === 'strong' ? `**${escapedProse(one.text)}**` : inlineCode(one.text);
    })
    .join('');

const writtenBlock = (one: Block): string | null => {
  switch (one.kind) {
    case 'heading':
      return `${'#'.repeat(one.level)} ${escapedProse(one.text)}`;
    case 'paragraph':
      return written(one.text);
    case 'list':
      return bullets(one.items.map(written));
    case 'table':
      return one.rows.length === 0
        ? null
        : pipeTable(
            one.head.map(escapedProse),
            one.rows.map((row) => row.map(written)),
          );
    case 'code':
      return block(one.text, one.language === 'sh' ? 'sh' : '');
    case 'fold':
      return page(`#### ${escapedProse(one.summary)}`, ...one.blocks.map(writtenBlock)).trimEnd();
    case 'chart':
      return null;
  }
};

/** The paper as Markdown. */
export const toMarkdown = (blocks: readonly Block[]): string => page(...blocks.map(writtenBlock));
