/** Pixels of one frame. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Reads the size of a picture from its first bytes; nothing is decoded. Implemented by `adapters/sniff`. */
export interface PictureHeader {
  /** Undefined when these bytes do not hold it: more of the file may. */
  read(head: Uint8Array): PictureSize | undefined;
}
