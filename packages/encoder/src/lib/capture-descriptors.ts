/** Descriptors beside the standard three, fixed between the plan and the process that opens them. */
export const progressDescriptor = 3;
export const inputListDescriptor = 4;
export const watchDescriptor = 5;

/** What every capture is told, before its inputs. */
export const globalOptions: readonly string[] = [
  ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+warning'],
  // ffmpeg 7 looks for signals once in such a period, so it is also how long a stop may wait.
  ['-progress', `pipe:${progressDescriptor}`, '-stats_period', '0.25'],
].flat();
