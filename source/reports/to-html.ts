import { chart } from './chart.ts';
import { type Block, inlines, type Prose } from './document.ts';
import { Html, html } from './html.ts';
import { style } from './style.ts';

const fileUrl = (path: string): string => `file://${path.split('/').map(encodeURIComponent).join('/')}`;

const written = (text: Prose): readonly Html[] =>
  inlines(text).map((one) => {
    if (typeof one === 'string') return html`${one.replace(/\s+/g, ' ')}`;
    if (one.kind === 'file') return html`<a href="${fileUrl(one.text)}"><code>${one.text}</code></a>`;
    return one.kind === 'literal' ? html`<code>${one.text}</code>` : html`<strong>${one.text}</strong>`;
  });

const row = (tag: 'th' | 'td', cells: readonly Prose[]): Html => {
  const [open, close] = [new Html(`<${tag}>`), new Html(`</${tag}>`)];
  return html`<tr>${cells.map((cell) => html`${open}${written(cell)}${close}`)}</tr>
`;
};

const headings = { 1: 'h1', 2: 'h2', 3: 'h3' } as const;

const writtenBlock = (one: Block): Html => {
  switch (one.kind) {
    case 'heading': {
      const tag = headings[one.level];
      return html`${new Html(`<${tag}>`)}${one.text}${new Html(`</${tag}>`)}
`;
    }
    case 'paragraph':
      return html`<p>${written(one.text)}</p>
`;
    case 'list':
      return html`<ul>
${one.items.map(
  (item) => html`<li>${written(item)}</li>
`,
)}</ul>
`;
    case 'table':
      return one.rows.length === 0
        ? new Html('')
        : html`<div class="wide"><table>
<thead>${row('th', one.head)}</thead>
<tbody>
${one.rows.map((cells) => row('td', cells))}</tbody></table></div>
`;
    case 'code':
      return html`<pre>${one.text.replace(/\n$/, '')}</pre>
`;
    case 'fold':
      return html`<details><summary>${one.summary}</summary>
${one.blocks.map(writtenBlock)}</details>
`;
    case 'chart':
      return html`<div class="wide">${chart(one.title, one.lanes, one.shades)}</div>
<p class="legend">A bar is a command, from its confirmation until the servers showed its end: green done, red failed, amber no end known. Shaded: the application could not write.</p>
`;
  }
};

/** The paper as one HTML page that needs nothing else: no script, no style sheet, no font, no picture from anywhere. */
export const toHtml = (title: string, blocks: readonly Block[]): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
${blocks.map(writtenBlock)}</main>
</body>
</html>
`.text;
