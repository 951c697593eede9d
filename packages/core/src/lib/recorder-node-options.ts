/**
 * Options of Node that every recorder is started with, by local mode and in the image alike. A recorder mostly
 * waits: code kept small, a young generation of 1 MiB instead of 16, no threads that help a collector of 20 MB, and no
 * optimizing compilers until something is really hot take some 25 MB off its memory. SFTP, of which JavaScript does every
 * packet, calls for the first of them earlier. The uploader asks for a collection
 * when enough of what it sent can go; the size of the old generation keeps V8 from collecting every few megabytes by
 * itself, for it counts the parts in it, and that took a quarter of an upload's time. See test/bench/copy.ts and upload.ts.
 */
export const recorderNodeOptions: readonly string[] = [
  '--optimize-for-size',
  '--max-semi-space-size=1',
  '--single-threaded-gc',
  '--v8-pool-size=1',
  '--invocation-count-for-maglev=1000000',
  '--invocation-count-for-turbofan=100000',
  '--initial-old-space-size=48',
  '--expose-gc',
];
