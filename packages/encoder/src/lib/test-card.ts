/**
 * The built-in source: a moving picture with a running clock, and once a second a white flash and a beep that
 * begin with the same sample and last 100 ms, so that anybody can measure sync in a recording of it.
 */
export interface TestCard {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
}

export const testCardDefaults: TestCard = { width: 1280, height: 720, frameRate: 30 };

/** Where the flash is, as shares of width and height: it stays there through any scaling. */
export const testCardFlash = { x: 0.75, y: 0, width: 0.25, height: 0.25 } as const;

/** Of flash and beep, in seconds; every second begins with one. */
export const testCardMark = { seconds: 0.1, hertz: 1000 } as const;

/**
 * The card as one filter graph for ffmpeg's lavfi input, with picture and sound as its two outputs: one graph,
 * so both run on one clock. Frame times are compared with a margin of 1 ms, for n/30 is no exact number.
 */
export function testCardGraph(card: TestCard): string {
  const { x, y, width, height } = testCardFlash;
  const box = `x=iw*${x}:y=ih*${y}:w=iw*${width}:h=ih*${height}:t=fill`;
  const { seconds, hertz } = testCardMark;
  const picture = [
    `testsrc2=size=${card.width}x${card.height}:rate=${card.frameRate}`,
    `drawbox=${box}:color=black`,
    `drawbox=${box}:color=white:enable='lt(mod(t+0.001,1),${seconds})'`,
  ].join(',');
  const sound = `aevalsrc=exprs='0.5*sin(2*PI*${hertz}*t)*lt(mod(t,1),${seconds})':sample_rate=48000`;
  return `${picture}[out0];${sound}[out1]`;
}
