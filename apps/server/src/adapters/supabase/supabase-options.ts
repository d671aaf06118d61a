export interface SupabaseOptions {
  /** Of the project, e.g. `https://abc.supabase.co`, without a slash at the end. */
  readonly url: string;
  /** A secret key (`sb_secret_…`) or a service-role token: it opens every bucket. */
  readonly secretKey: string;
  readonly bucket: string;
}

/** Both forms of key are taken from either header by the gateway; servers without one read the second. */
export function toHeaders({ secretKey }: Pick<SupabaseOptions, "secretKey">): Record<string, string> {
  return { apikey: secretKey, authorization: `Bearer ${secretKey}` };
}

export const toStorageUrl = ({ url }: Pick<SupabaseOptions, "url">): string => `${url}/storage/v1`;
