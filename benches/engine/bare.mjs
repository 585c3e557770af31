// A bare loop over the Chrome DevTools Protocol, through a pipe, without any library: the least that a browser costs.
// CHROME names the program; BLOCK=1 leaves images, fonts and media out.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HEIGHT, MAX_BYTES, QUALITIES, SCROLL, SETTLE, WANT, WIDTH, embedded, idsIn, isList, serve } from './work.mjs';

const BLOCKED = ['jpg', 'jpeg', 'png', 'webp', 'gif', 'ico', 'woff', 'woff2', 'mp4'].map(end => `*.${end}`);

class Link {
  constructor(child) {
    this.child = child; this.next = 1; this.calls = new Map(); this.sessions = new Map(); this.rest = [];
    child.stdio[4].on('data', chunk => {
      let from = 0, at;
      while ((at = chunk.indexOf(0, from)) >= 0) {
        this.rest.push(chunk.subarray(from, at));
        this.hear(JSON.parse(Buffer.concat(this.rest).toString()));
        this.rest = []; from = at + 1;
      }
      if (from < chunk.length) this.rest.push(chunk.subarray(from));
    });
  }
  hear(message) {
    if (message.id) {
      const call = this.calls.get(message.id); this.calls.delete(message.id);
      if (call) message.error ? call.no(new Error(message.error.message)) : call.yes(message.result);
    } else this.sessions.get(message.sessionId)?.(message.method, message.params);
  }
  call(method, params = {}, sessionId) {
    const id = this.next++;
    return new Promise((yes, no) => {
      this.calls.set(id, { yes, no });
      this.child.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0');
    });
  }
}

async function profile(link, url) {
  const began = performance.now();
  const { browserContextId } = await link.call('Target.createBrowserContext', { disposeOnDetach: true });
  try {
    const { targetId } = await link.call('Target.createTarget', { url: 'about:blank', browserContextId });
    const { sessionId } = await link.call('Target.attachToTarget', { targetId, flatten: true });
    const page = (method, params) => link.call(method, params, sessionId);
    const lists = new Map(), ids = new Set();
    let more = true, bytes = 0, wake = () => {};
    link.sessions.set(sessionId, (method, params) => {
      if (method === 'Network.responseReceived' && isList(params.response.url)) lists.set(params.requestId, true);
      if (method !== 'Network.loadingFinished') return;
      bytes += params.encodedDataLength;
      if (!lists.has(params.requestId)) return;
      page('Network.getResponseBody', { requestId: params.requestId }).then(got => {
        const list = idsIn(got.base64Encoded ? Buffer.from(got.body, 'base64').toString() : got.body);
        list.ids.forEach(id => ids.add(id));
        if (list.more !== null) more = list.more;
        wake();
      }, () => {});
    });
    await Promise.all([page('Page.enable'), page('Network.enable'),
      page('Emulation.setDeviceMetricsOverride', { width: WIDTH, height: HEIGHT, deviceScaleFactor: 1, mobile: false })]);
    if (process.env.BLOCK) await page('Network.setBlockedURLs', { urls: BLOCKED });
    await page('Page.navigate', { url });
    const deadline = Date.now() + 20_000;
    while (ids.size + embedded(url) < WANT && more && Date.now() < deadline) {
      await new Promise(done => { wake = done; setTimeout(done, ids.size ? 600 : 3000) });
      if (ids.size + embedded(url) < WANT && more) await page('Runtime.evaluate', { expression: SCROLL });
    }
    const html = (await page('Runtime.evaluate', { expression: 'document.documentElement.outerHTML', returnByValue: true })).result.value;
    let picture = Buffer.alloc(0);
    if (!process.env.NO_PICTURE) {
      await page('Runtime.evaluate', { expression: SETTLE, awaitPromise: true });
      for (const quality of QUALITIES) {
        picture = Buffer.from((await page('Page.captureScreenshot', { format: 'jpeg', quality, optimizeForSpeed: true })).data, 'base64');
        if (picture.length <= MAX_BYTES) break;
      }
    }
    link.sessions.delete(sessionId);
    return { url, ms: performance.now() - began, posts: ids.size + embedded(url), html: html.length, picture: picture.length, bytes };
  } finally {
    await link.call('Target.disposeBrowserContext', { browserContextId });
  }
}

serve(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bare-'));
  const child = spawn(process.env.CHROME, ['--headless', '--remote-debugging-pipe', '--disable-gpu', '--no-sandbox', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-extensions', '--disable-sync', '--disable-dev-shm-usage',
    '--mute-audio', '--hide-scrollbars', `--user-data-dir=${folder}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const link = new Link(child);
  return {
    async crawl(urls, atOnce, tell) {
      const open = [...urls];
      const lane = async () => { for (let url; (url = open.shift());) tell(await profile(link, url)) };
      await Promise.all(Array.from({ length: atOnce }, lane));
    },
    async close() {
      const ended = new Promise(done => child.once('exit', done));
      await Promise.race([link.call('Browser.close').catch(() => {}), new Promise(done => setTimeout(done, 2000))]);
      await Promise.race([ended, new Promise(done => setTimeout(done, 3000))]);
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
});
