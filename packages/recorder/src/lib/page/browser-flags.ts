export interface BrowserFlags {
  readonly profile: string;
  readonly width: number;
  readonly height: number;
  readonly language: string;
  /** `http://127.0.0.1:port` of the proxy through which alone it reaches anything. */
  readonly proxy: string;
  readonly sandbox: boolean;
  /** /dev/shm is too small for it. */
  readonly littleSharedMemory: boolean;
  /** Sound and picture of the camera and microphone that a page gets. */
  readonly silence: string;
  readonly blackness: string;
  /** WebRTC may send past the proxy. */
  readonly directMedia: boolean;
}

/** Chromium's command line: one window that is the whole display, nothing in it but the page, no way round the proxy. */
export function browserFlags(flags: BrowserFlags): string[] {
  return [
    ...['--remote-debugging-pipe', `--user-data-dir=${flags.profile}`],
    // The window. No bars, no bubbles, no first-run pages.
    ...['--kiosk', '--window-position=0,0', `--window-size=${flags.width},${flags.height}`],
    ...['--no-first-run', '--no-default-browser-check', '--hide-scrollbars', '--test-type'],
    ...[
      '--force-device-scale-factor=1',
      '--disable-notifications',
      '--noerrdialogs',
      '--disable-search-engine-choice-screen',
    ],
    `--disable-features=${switchedOff.join(',')}`,
    // The page plays at once and as if somebody looked at it.
    ...['--autoplay-policy=no-user-gesture-required', '--disable-background-timer-throttling'],
    ...['--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding'],
    // Nobody is there to answer.
    '--deny-permission-prompts',
    // Camera and microphone are there, black and silent, and nobody is asked.
    ...['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
    ...[
      `--use-file-for-fake-audio-capture=${flags.silence}`,
      `--use-file-for-fake-video-capture=${flags.blackness}`,
    ],
    // The network: everything, loopback too, through the proxy; no UDP past it.
    ...[`--proxy-server=${flags.proxy}`, '--proxy-bypass-list=<-loopback>', '--disable-quic'],
    ...(flags.directMedia
      ? []
      : [
          '--webrtc-ip-handling-policy=disable_non_proxied_udp',
          '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
        ]),
    // By itself it takes what a disk has, and a page is opened once or twice.
    `--disk-cache-size=${cacheBytes}`,
    // Nothing of its own account.
    ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ...[
      '--disable-default-apps',
      '--disable-extensions',
      '--disable-domain-reliability',
      '--disable-breakpad',
    ],
    ...[
      '--no-pings',
      '--audio-buffer-size=2048',
      '--password-store=basic',
      '--use-mock-keychain',
      '--block-new-web-contents',
    ],
    // Drawing on the processor without a GL in between: the same pictures for less.
    '--disable-gpu',
    `--lang=${flags.language}`,
    ...(flags.sandbox ? [] : ['--no-sandbox']),
    ...(flags.littleSharedMemory ? ['--disable-dev-shm-usage'] : []),
    'about:blank',
  ];
}

const cacheBytes = 64 * 1024 * 1024;

const switchedOff = [
  'Translate',
  'OptimizationHints',
  'MediaRouter',
  'DialMediaRouteProvider',
  'AutofillServerCommunication',
  'GlobalMediaControls',
  'HttpsUpgrades',
  'InterestFeedContentSuggestions',
  'CalculateNativeWinOcclusion',
];
