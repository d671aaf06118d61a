export interface S3Options {
  /** Absent: Amazon's own of the region. */
  readonly endpoint?: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The bucket stands in the path, not in the host name: what most servers other than Amazon's need. */
  readonly isPathStyle: boolean;
}
