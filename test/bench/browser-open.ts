import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBrowserPlayer } from '../media/browser-player.ts';
import { startRangeServer } from '../media/range-server.ts';
import { openBucket } from '../servers/bucket.ts';
import { startVersityGw } from '../servers/versitygw.ts';
import { runBench } from './lib/bench.ts';
import { smallHours } from './lib/content.ts';
import { gatewayStorage, startRecorder } from './lib/recorder-process.ts';
import { percentile } from './lib/verdict.ts';

const hours = 2;
/** Shares of the file's length, back and forth as people do. */
const seeks = [0.5, 0.1, 0.95, 0.02, 0.75, 0.33, 0.999];
const most = 3;
/** Of an empty canvas it is 0. */
const darkest = 20;

/** How many range requests Chromium makes before there is a picture: each is a round trip that people wait for. */
await runBench(`browser-open: a finished recording of ${hours} h in Chromium`, async (after) => {
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-bench-open-'));
  after(() => rm(directory, { recursive: true, force: true }));
  const server = await startVersityGw();
  after(() => server.stop());
  const bucket = openBucket(server);
  after(async () => bucket.close());
  const recorder = await startRecorder({
    source: {
      type: 'Stream',
      url: await smallHours(hours * 60),
      lostTimeoutSeconds: 5,
      startTimeoutSeconds: 20,
    },
    storages: [gatewayStorage(server)],
  });
  after(() => recorder.close());
  const { files } = await recorder.finished();
  const [file] = files;
  const path = join(directory, 'recording.mp4');
  await bucket.download(file?.key ?? '', path);

  const web = await startRangeServer(path);
  after(() => web.stop());
  const player = await startBrowserPlayer();
  after(() => player.close());
  const opened = await player.open(web.pageUrl);
  const toFirstFrame = web.requests.length;
  const perSeek: number[] = [];
  for (const share of seeks) {
    web.clear();
    const shown = await player.seek(share * opened.durationSeconds);
    if (shown.brightness < darkest) throw new Error(`there is no picture at ${shown.atSeconds} s`);
    perSeek.push(web.requests.length);
  }
  return [
    { name: 'length as the browser sees it', value: opened.durationSeconds, unit: 's' },
    { name: 'size', value: (file?.bytes ?? 0) / 1024 ** 2, unit: 'MiB' },
    { name: 'requests to the first frame', value: toFirstFrame, unit: '', most },
    { name: 'requests for a seek, the most of them', value: percentile(perSeek, 1), unit: '', most },
  ];
});
