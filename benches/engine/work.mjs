// The work that every peer does, in one place, so that none does less: the profile's page, 30 posts from the page's own
// list calls by scrolling, and a picture of the window with its images under 100,000 bytes.
import { createInterface } from 'node:readline';

export const WANT = 30;
export const MAX_BYTES = 100_000;
export const WIDTH = 1280, HEIGHT = 900;

// TikTok's list and Instagram's, by the keys that carry them.
export function idsIn(body) {
  let json;
  try { json = JSON.parse(body.replace(/^for \(;;\);/, '')) } catch { return { ids: [], more: null } }
  if (Array.isArray(json.itemList)) return { ids: json.itemList.map(item => item.id), more: json.hasMore };
  const list = connectionIn(json.data);
  return list ? { ids: list.edges.map(edge => edge.node.pk || edge.node.id), more: list.page_info.has_next_page } : { ids: [], more: null };
}

function connectionIn(value) {
  if (!value || typeof value !== 'object') return null;
  if (Array.isArray(value.edges) && value.edges.length && value.edges[0].node && value.page_info) return value;
  for (const inner of Object.values(value)) { const found = connectionIn(inner); if (found) return found }
  return null;
}

// Instagram's page holds the first twelve itself; the rest come by calls.
export const embedded = url => url.includes('/@') ? 0 : 12;

export const isList = url => url.includes('/api/post/item_list') || url.includes('/graphql/query') || url.includes('/api/graphql');

// Runs in the page: scrolls to the end, as a visitor would.
export const SCROLL = `scrollTo(0, document.documentElement.scrollHeight)`;
// Runs in the page: to the top, the window's images, two frames.
export const SETTLE = `(async () => { scrollTo(0, 0);
  const seen = i => { const r = i.getBoundingClientRect(); return r.width > 1 && r.bottom > 0 && r.top < innerHeight };
  const end = performance.now() + 4000;
  while (performance.now() < end && [...document.images].some(i => !i.complete && seen(i))) await new Promise(d => setTimeout(d, 25));
  await new Promise(d => requestAnimationFrame(() => requestAnimationFrame(d))) })()`;
export const QUALITIES = [60, 45, 30, 15];

// The bench speaks by lines: {"warm": [urls]} prepares, {"run": [urls], "at_once": n} is measured, the end of input ends.
export function serve(open) {
  const say = value => process.stdout.write(JSON.stringify(value) + '\n');
  let crawler;
  const lines = createInterface({ input: process.stdin });
  (async () => {
    for await (const line of lines) {
      const order = JSON.parse(line);
      crawler ??= await open();
      await crawler.crawl(order.urls, order.at_once, result => say({ result }));
      say({ done: true });
    }
    if (crawler) await crawler.close();
    process.exit(0);
  })().catch(error => { console.error(error); process.exit(1) });
}
