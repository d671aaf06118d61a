/** Every wait of the client, in milliseconds. */
export interface Timeouts {
  /** For a connection to stand. */
  readonly connectMs: number;
  /** For a whole small request. */
  readonly requestMs: number;
  /** For the answer to `POST /prompt`: validation hashes input files, which takes a while for videos. */
  readonly submitMs: number;
  /** Between two chunks of a file, both ways. */
  readonly chunkMs: number;
  /** Between two looks at the queue while a prompt is followed whose messages do not come to our socket. */
  readonly pollMs: number;
  /** How long a prompt whose messages do come may be silent before a look: they could have stopped without a word. */
  readonly quietMs: number;
  /** Between two pings on the socket; a missing answer to one ends it. */
  readonly pingMs: number;
  /** How long a submission waits for the socket before it goes without. */
  readonly socketMs: number;
}

export const defaultTimeouts: Timeouts = {
  connectMs: 5_000,
  requestMs: 15_000,
  submitMs: 60_000,
  chunkMs: 30_000,
  pollMs: 500,
  quietMs: 5_000,
  pingMs: 5_000,
  socketMs: 2_000,
};
