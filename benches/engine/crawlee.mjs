// Crawlee with Playwright: PlaywrightCrawler, a fresh context per page. As whoever knows it well would set it up: it does not wait
// for the page's load event, and fingerprints are off, which only cost it time here; DEFAULTS=1 leaves both as they come.
// CHROME names the program; BLOCK=1 leaves images and fonts out.
import { Configuration, PlaywrightCrawler, log } from '@crawlee/playwright';
import { chromium } from 'playwright-core';
import { HEIGHT, MAX_BYTES, QUALITIES, SCROLL, SETTLE, WANT, WIDTH, embedded, idsIn, isList, serve } from './work.mjs';

log.setLevel(log.LEVELS.ERROR);
const DEFAULTS = Boolean(process.env.DEFAULTS);
const BLOCKED = ['.jpg', '.jpeg', '.png', '.webp', '.gif', '.ico', '.woff', '.woff2', '.mp4'];

serve(async () => {
  let atOnceNow = 2, tell = () => {};
  const make = () => new PlaywrightCrawler({
    minConcurrency: atOnceNow, maxConcurrency: atOnceNow, keepAlive: true, maxRequestRetries: 1, requestHandlerTimeoutSecs: 60,
    autoscaledPoolOptions: { autoscaleIntervalSecs: 1, maybeRunIntervalSecs: 0.1 },
    browserPoolOptions: DEFAULTS ? {} : { useFingerprints: false },
    launchContext: { launcher: chromium, useIncognitoPages: true, launchOptions: { executablePath: process.env.CHROME, headless: true, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] } },
    preNavigationHooks: [async ({ page, request, blockRequests }, options) => {
      if (!DEFAULTS) options.waitUntil = 'domcontentloaded';
      request.began = performance.now();
      const seen = { ids: new Set(), more: true, bytes: 0, wake: () => {} };
      page.sentinel = seen;
      await page.setViewportSize({ width: WIDTH, height: HEIGHT });
      if (process.env.BLOCK) await blockRequests({ urlPatterns: BLOCKED });
      page.on('response', async response => {
        if (!isList(response.url())) return;
        const list = idsIn(await response.text().catch(() => ''));
        list.ids.forEach(id => seen.ids.add(id));
        if (list.more !== null) seen.more = list.more;
        seen.wake();
      });
    }],
    async requestHandler({ page, request }) {
      const seen = page.sentinel, deadline = Date.now() + 20_000;
      while (seen.ids.size + embedded(request.url) < WANT && seen.more && Date.now() < deadline) {
        await new Promise(done => { seen.wake = done; setTimeout(done, seen.ids.size ? 600 : 3000) });
        if (seen.ids.size + embedded(request.url) < WANT && seen.more) await page.evaluate(SCROLL);
      }
      const html = await page.content();
      let picture = Buffer.alloc(0);
      await page.evaluate(SETTLE);
      for (const quality of QUALITIES) {
        picture = await page.screenshot({ type: 'jpeg', quality });
        if (picture.length <= MAX_BYTES) break;
      }
      tell({ url: request.url, ms: performance.now() - request.began, posts: seen.ids.size + embedded(request.url), html: html.length, picture: picture.length, bytes: 0 });
    },
    failedRequestHandler({ request }) { tell({ url: request.url, ms: 0, posts: 0, html: 0, picture: 0, bytes: 0, failed: request.errorMessages.at(-1) }) },
  }, new Configuration({ persistStorage: false, purgeOnStart: false, availableMemoryRatio: 0.9 }));
  let crawler, running, count = 0;
  return {
    async crawl(urls, atOnce, say) {
      atOnceNow = atOnce;
      let left = urls.length;
      const all = new Promise(done => { tell = result => { say(result); if (--left === 0) done() } });
      crawler ??= make();
      const requests = urls.map(url => ({ url, uniqueKey: `${count++}` }));
      if (running) await crawler.addRequests(requests);
      else running = crawler.run(requests);
      await all;
    },
    async close() { crawler?.stop(); await Promise.race([running, new Promise(done => setTimeout(done, 5000))]); },
  };
});
